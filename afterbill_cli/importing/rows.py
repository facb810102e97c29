"""A record, checked: the event that teaches what it says, or everything that is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from afterbill.model.billing import BillingEvent, CustomerRef
from afterbill_cli.importing import checks
from afterbill_cli.importing.fields import ATTRIBUTES, EMAIL, ID, OF_ATTRIBUTES, UPDATED_AT
from afterbill_cli.importing.problems import Problem
from afterbill_cli.importing.records import Record

SOURCE = "import"
"""Whose word it is, where no --source is said."""
_NO_SOURCE = "rows have an id that is not read: --source says whose it is"
_MOST_BYTES = 10_000
"""Of all values of one row: a hundred customers have to fit into one transaction of 4 MB."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a record teaches, and what is worth knowing about it."""

    event: BillingEvent
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks records; ids are those of `source`, what has no time of its own is true since `now`."""

    source: str | None
    now: datetime

    def row(self, record: Record) -> Row | list[Problem]:
        """The row, or its problems."""
        if record.problems:
            return list(record.problems)
        good: dict[str, str] = {}
        problems = [] if EMAIL in record.said else [_empty(record)]
        for name, value in record.said.items():
            try:
                good[name] = self._check(name)(value)
            except checks.WrongError as wrong:
                problems.append(Problem(record.line, name, wrong.text, wrong.hint))
        size = sum(len(value.encode("utf-8", "replace")) for value in record.said.values())
        if size > _MOST_BYTES and not problems:
            problems.append(Problem(record.line, "", f"{size} bytes in all, more than {_MOST_BYTES}", "Leave some out"))
        if problems:
            return problems
        nameless = (_NO_SOURCE,) if ID in good and not self.source else ()
        return Row(self._event(record.line, good), (*_notes(good), *nameless))

    def _check(self, name: str) -> Callable[[str], str]:
        if name == UPDATED_AT or (name in OF_ATTRIBUTES and name.endswith("_at")):
            return partial(checks.time_text, now=self.now)
        return _CHECKS.get(name, checks.text)

    def _event(self, line: int, said: Mapping[str, str]) -> BillingEvent:
        attributes = {name: said[name] for name in OF_ATTRIBUTES if name in said}
        attributes |= {name.removeprefix(ATTRIBUTES): said[name] for name in said if name.startswith(ATTRIBUTES)}
        return BillingEvent(
            source=self.source or SOURCE,
            event_id=f"line {line}",
            occurred_at=datetime.fromisoformat(said[UPDATED_AT]) if UPDATED_AT in said else self.now,
            customer=CustomerRef(
                id=said.get(ID) if self.source else None,
                email=said[EMAIL],
                name=said.get("name"),
                locale=said.get("locale"),
                country=said.get("country"),
                time_zone=said.get("time_zone"),
                phone=said.get("phone"),
                attributes=attributes,
            ),
            plan=said.get("plan"),
        )


_CHECKS: Mapping[str, Callable[[str], str]] = {
    EMAIL: checks.address,
    ID: checks.identifier,
    "locale": checks.locale,
    "country": checks.country,
    "time_zone": checks.time_zone,
    "phone": checks.phone,
}


def _empty(record: Record) -> Problem:
    return Problem(record.line, EMAIL, "is empty", "Every customer needs one: add it, or remove the row")


def _notes(said: Mapping[str, str]) -> list[str]:
    notes = []
    if checks.is_role(said[EMAIL]):
        notes.append("addresses of offices and programs (billing@, noreply@) are imported, and never asked")
    if ("consent_at" in said) != ("consent_text" in said):
        notes.append("rows have only one of consent_at and consent_text: without both there is no proof of a consent")
    return notes
