"""`make corpus`: show the meaning of each webhook in a folder, as a table or as JSON, without any API."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from afterbill.connectors import registry
from afterbill.model.billing import BillingEvent, ObjectReference, OperatorTask, ParsedElement
from afterbill.model.errors import AfterbillError, PayloadError
from afterbill.model.privacy import PrivacyAsk
from afterbill.model.webhooks import Source
from afterbill_cli import samples

_NO_WEBHOOKS = frozenset({".md", ".rst", ".py", ".pyc", ".toml"})
_API_ANSWERS = "api.json"
"""How the file of what an API answered ends, by path, beside the webhooks that refer to it."""
_PEOPLE = frozenset({"client", "contact", "customer"})
"""Kinds of objects that are customers at billing systems."""
_ABOUT_SOMEBODY = BillingEvent | OperatorTask | PrivacyAsk
_TERMS = ("recurring", "method", "reason")
HEADINGS = ("file", "outcome", "touchpoints", "email", "amount_minor", "currency", "test", *_TERMS)


class Outcome(StrEnum):
    """The result for a webhook: a fact, a profile update, ignored, or unreadable."""

    EVENT = "event"
    PROFILE = "profile"
    IGNORED = "ignored"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading of one file; `elements` are in the order of the webhook, `problem` is its first error."""

    file: str
    elements: tuple[ParsedElement, ...] = ()
    problem: str = ""

    @property
    def facts(self) -> list[BillingEvent | ObjectReference]:
        """The facts; only the provider's API knows what an ObjectReference is about."""
        events = [one for one in self.elements if isinstance(one, BillingEvent | ObjectReference)]
        return [one for one in events if not _is_profile(one)]

    @property
    def outcome(self) -> Outcome:
        """The most important outcome of its elements."""
        if self.facts:
            return Outcome.EVENT
        if any(_names_customer(one) for one in self.elements):
            return Outcome.PROFILE
        return Outcome.ERROR if self.problem else Outcome.IGNORED

    def stated(self) -> dict[str, Any]:
        """One object of the JSON output; amounts in the smallest unit of their currency."""
        events = [_event(one) for one in self.facts]
        addresses = [one.customer.address for one in self.elements if isinstance(one, _ABOUT_SOMEBODY)]
        read = [one for one in self.elements if isinstance(one, BillingEvent)]
        fields: dict[str, Any] = {
            "file": self.file,
            "outcome": self.outcome.value,
            "events": events,
            "email": next(filter(None, addresses), None),
            "test": any(one.test for one in read),
            "recurring": _each(_price(one) for one in read),
            "method": _each(one.payment_method for one in read),
            "reason": _each(one.reported_reason or one.reported_comment for one in read),
        }
        return fields | ({"error": self.problem} if self.problem else {})

    def cells(self) -> tuple[str, ...]:
        """Return one row of the table; several events share a cell."""
        fields = self.stated()
        columns = (
            [_cell(one[name]) for one in fields["events"]] for name in ("touchpoint", "amount_minor", "currency")
        )
        touchpoints, amounts, currencies = (" ".join(column) or "-" for column in columns)
        test = "test" if fields["test"] else "-"
        stated = (fields["file"], fields["outcome"], touchpoints, _cell(fields["email"]), amounts, currencies, test)
        return (*stated, *(" ".join(fields[name]) or "-" for name in _TERMS))


def read_folder(folder: Path) -> Iterator[Reading]:
    """Read every webhook in the folders named after providers, in order of their names; list the rest on stderr.

    A folder that is itself one of a provider stands for the only one.
    """
    if not folder.is_dir():
        raise AfterbillError(f"{folder} is no folder: it must hold one folder for each provider")
    root = folder.resolve()
    alone = _provider(root) is not None
    for place in [root] if alone else sorted(root.iterdir()):
        provider = _provider(place)
        if provider is None:
            print(f"left out: {place.name}, which is no folder of a provider", file=sys.stderr)
            continue
        for file in sorted(path for path in place.rglob("*") if path.is_file()):
            name = str(file.relative_to(root.parent if alone else root))
            if file.suffix in _NO_WEBHOOKS or file.name.startswith(".") or file.name.endswith(_API_ANSWERS):
                print(f"left out: {name}, which is no webhook", file=sys.stderr)
            else:
                yield read(file, provider, name)


def read(file: Path, provider: str, name: str) -> Reading:
    """One webhook, as a source without any settings would understand it."""
    try:
        offered = registry.load(provider)
        webhook = samples.read(file, offered.ABOUT, provider)
        elements = offered.normalise(webhook, Source(provider, provider))
    except AfterbillError as error:
        return Reading(name, (), str(error))
    except Exception as error:  # noqa: BLE001  # a mistake in one module must not hide what the others say
        return Reading(name, (), f"a mistake of ours: {type(error).__name__}: {error}")
    return Reading(name, elements, next((str(one) for one in elements if isinstance(one, PayloadError)), ""))


def as_table(readings: Iterable[Reading]) -> str:
    """Aligned columns, and a count per outcome."""
    rows = [reading.cells() for reading in readings]
    table = [HEADINGS, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join([*lines, "", _counts(rows)])


def as_tsv(readings: Iterable[Reading]) -> Iterator[str]:
    """Yield the rows with tabs between the cells."""
    yield "\t".join(HEADINGS)
    yield from ("\t".join(reading.cells()) for reading in readings)


def _lines(readings: Iterable[Reading], chosen: argparse.Namespace) -> Iterable[str]:
    if chosen.json:
        return (json.dumps(reading.stated(), ensure_ascii=False) for reading in readings)
    return as_tsv(readings) if chosen.tsv else [as_table(readings)]


def _counts(rows: Sequence[Sequence[str]]) -> str:
    counts = ((outcome, sum(row[1] == outcome for row in rows)) for outcome in Outcome)
    return f"{len(rows)} webhooks: " + ", ".join(f"{count} {outcome}" for outcome, count in counts)


def _provider(place: Path) -> str | None:
    try:
        return samples.provider_of(place.name) if place.is_dir() else None
    except AfterbillError:
        return None


def _names_customer(element: ParsedElement) -> bool:
    """True when the element is about a customer; links between objects and verifiers are not."""
    if isinstance(element, ObjectReference):
        return _is_profile(element)
    if not isinstance(element, _ABOUT_SOMEBODY):
        return False
    return bool(element.customer.id or element.customer.address)


def _is_profile(element: BillingEvent | ObjectReference) -> bool:
    return element.kind.lower() in _PEOPLE if isinstance(element, ObjectReference) else not element.touchpoint


def _event(element: BillingEvent | ObjectReference) -> dict[str, Any]:
    if isinstance(element, ObjectReference):
        return {"touchpoint": None, "email": None, "amount_minor": None, "currency": None}
    return {
        "touchpoint": element.touchpoint,
        "email": element.customer.address,
        "amount_minor": element.money.amount if element.money else None,
        "currency": element.money.currency if element.money else None,
    }


def _price(event: BillingEvent) -> str:
    """Return a recurring amount as `4900EUR/month` or `9900EUR/3months`."""
    if not event.recurring:
        return ""
    one, many = event.recurring, event.recurring.every != 1
    return f"{one.money.amount}{one.money.currency}/{one.every if many else ''}{one.unit}{'s' if many else ''}"


def _each(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, values)))


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


def main(arguments: list[str] | None = None) -> int:
    """Print the table or, line by line, the JSON; 0 whatever the webhooks are, 1 where there is no such folder."""
    parser = argparse.ArgumentParser(prog="make corpus", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds PROVIDER/FILE, as events/webhooks")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one object a line")
    shape.add_argument("--tsv", action="store_true", help="cells with tabs between them, as in tests/corpus")
    chosen = parser.parse_args(arguments)
    try:
        readings = read_folder(chosen.folder)
        for line in _lines(readings, chosen):
            print(line)
    except AfterbillError as error:
        print(f"make corpus: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
