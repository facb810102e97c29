"""Uses of a mail's links as JSON lines, written by us or by others (docs/answer-integrity.md)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NoReturn

from afterbill.model.errors import AfterbillError

NUMBERS = tuple(map(str, range(11)))
HIDDEN, PAGE = "hidden", "page"
_LINKS = (*NUMBERS, HIDDEN, PAGE, "first", "all")
PICK = "PICK"
"""Not a request: another number is chosen on a page that is open, and not sent."""
RELOAD = "RELOAD"
"""A page is loaded again, by a reload, the back button, or the restoring of a tab; nobody clicked its number now.

It reports its number only where that was not told before: the page had not been shown long enough.
"""
_METHODS = ("GET", "HEAD", "POST", PICK, RELOAD)
_DONE = {"POST": "sent", PICK: "chosen", RELOAD: "loaded again"}
_BETWEEN = 0.1
"""Seconds between the links that a line with "all" uses."""
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


class TrafficError(AfterbillError):
    """A file of traffic cannot be read; the text names the file, the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of one link, `at` seconds after the mail was sent; `link` is a number, hidden or page.

    `visible` is how long the page was visible, in seconds, after it lay in the `background` for so many; `ahead` says
    that the request only looked ahead.
    """

    at: float
    link: str
    client: str
    person: bool
    method: str = "GET"
    script: bool = False
    visible: float = 0.0
    background: float = 0.0
    network: str = ""
    agent: str = DESK
    ahead: bool = False

    @property
    def number(self) -> int | None:
        """The number of the link, None for the others."""
        return int(self.link) if self.link in NUMBERS else None


@dataclass(frozen=True, slots=True)
class Mailing:
    """One mail and every use of its links in their order; `delivered` is None where nobody reported it."""

    kind: str
    uses: tuple[Use, ...]
    delivered: float | None = 0.0


def mailing(kind: str, uses: Sequence[Use], delivered: float | None = 0.0) -> Mailing:
    """A mail, whatever the order of `uses`."""
    return Mailing(kind, tuple(sorted(uses, key=lambda use: use.at)), delivered)


def read(path: Path, people: Mapping[str, bool]) -> list[Mailing]:
    """The mails of a file; `people` is True for our own names of people.

    A mail's kind is the names of its clients, in the order of the alphabet.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrafficError(f"{path}: {error}") from error
    rows = [
        _row(line, f"{path.name}, line {number}", people)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    if not rows:
        raise TrafficError(f"{path.name}: it has no line")
    rows.sort(key=lambda row: row[0])
    return [_mail([row[1:] for row in group]) for _, group in groupby(rows, key=lambda row: row[0])]


def _mail(rows: Sequence[tuple[list[Use], Any]]) -> Mailing:
    uses = [use for some, _ in rows for use in some]
    reported = [delivered for _, delivered in rows if delivered != ""]
    return mailing(" + ".join(sorted({use.client for use in uses})), uses, reported[-1] if reported else 0.0)


def _row(line: str, place: str, people: Mapping[str, bool]) -> tuple[str, list[Use], Any]:
    try:
        line_object = json.loads(line)
    except ValueError as error:
        raise TrafficError(f"{place}: no JSON: {error}") from error
    if not isinstance(line_object, dict):
        raise TrafficError(f"{place}: must be one JSON object")
    return _Line(line_object, place).row(people)


class _Line:
    """One object of a file, and where it stands."""

    def __init__(self, fields: Mapping[str, Any], place: str) -> None:
        self._fields, self._place = fields, place

    def row(self, people: Mapping[str, bool]) -> tuple[str, list[Use], Any]:
        invitation, client = self._text("invitation", None), self._text("client", None)
        self._default_person = people.get(client)
        delivered = self._number("delivered", None) if self._fields.get("delivered", "") not in ("", None) else None
        uses = list(self._uses(invitation, client))
        return invitation, uses, delivered if "delivered" in self._fields else ""

    def _uses(self, invitation: str, client: str) -> Iterator[Use]:
        person = self._flag("person", default=self._default_person)
        link, method = self._one_of("link", _LINKS, PAGE), self._one_of("method", _METHODS, "GET")
        if method in _DONE and link not in NUMBERS:
            self._refuse("link", f"the number that is {_DONE[method]} with {method}, 0 to 10", link)
        links = {"all": (HIDDEN, *NUMBERS), "first": (HIDDEN,)}.get(link, (link,))
        for place, each in enumerate(links):
            yield Use(
                at=self._number("at", None) + place * _BETWEEN,
                link=each,
                client=client,
                person=person,
                method=method,
                script=self._flag("script"),
                visible=self._number("visible", 0.0),
                background=self._number("background", 0.0),
                network=self._text("network", f"{invitation} {client}"),
                agent=self._text("user_agent", PHONE if person else DESK),
                ahead=self._flag("prefetch"),
            )

    def _text(self, name: str, default: str | None) -> str:
        value = self._fields.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value:
            self._refuse(name, "a text", value)
        return value

    def _one_of(self, name: str, choices: Sequence[str], default: str) -> str:
        value = self._text(name, default)
        choice = next((each for each in choices if each.casefold() == value.casefold()), None)
        if choice is None:
            self._refuse(name, f"one of {', '.join(choices)}", value)
        return choice

    def _flag(self, name: str, *, default: bool | None = False) -> bool:
        value = self._fields.get(name, default)
        if not isinstance(value, bool):
            self._refuse(name, "true or false", value)
        return bool(value)

    def _number(self, name: str, default: float | None) -> float:
        value = self._fields.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e8:  # noqa: PLR2004  # 3 years
            self._refuse(name, "a number of seconds", value)
        return float(value)

    def _refuse(self, name: str, wanted: str, value: object) -> NoReturn:
        reason = f"not {json.dumps(value)}" if name in self._fields else "and is missing"
        raise TrafficError(f"{self._place}: `{name}` must be {wanted}, {reason}")
