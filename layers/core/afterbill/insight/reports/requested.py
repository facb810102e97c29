"""A report that somebody asks for: checked by fixed lists, and named by what it asks, so that twice is once."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from afterbill.insight.periods import ROLLING, Window, WindowError, month_of, rolling, window_of
from afterbill.insight.reports.asked import EVERYTHING, OWN, PERIODS, Asked, ReportRules, Scope
from afterbill.insight.reports.registry import NAMES
from afterbill.insight.tally import LONGEST_VALUE
from afterbill.model.errors import AfterbillError
from afterbill.model.questions import Question

LONGEST_DAYS = 1830
"""Days of the longest window: five years."""

EARLIEST = date(2000, 1, 1)
"""The first day of any window."""

MOST_FILTERS = 2

_DAYS = re.compile(r"([1-9][0-9]{0,3})d")
_RANGE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})")


class RequestError(AfterbillError):
    """A request for a report that does not exist; the text names what is wrong and what there is."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A report by name, for whole days; make it with `checked`.

    The days are fixed when it is asked for: "30d" of tomorrow is another request.
    """

    name: str
    window: Window
    question: Question = Question.NPS
    where: tuple[Scope, ...] = ()
    by: tuple[str, ...] = ()
    compare: Window | None = None

    @property
    def asked(self) -> Asked:
        """The request as reports take it."""
        return Asked(self.window, self.question, self.where, self.compare, self.by)

    @property
    def place(self) -> str:
        """The name of the document that answers this request and is computed for it alone."""
        return f"asked/{self.id}.json"

    @property
    def stored_place(self) -> str:
        """The name of the document that is computed every night and may hold the answer; empty where none does.

        It does where `scope_key(scope)` is among its scopes.
        """
        plain = not self.by and self.compare is None and len(self.where) <= 1
        return stored_place(self.name, self.question, self.window.name) if plain and self._usual else ""

    @property
    def scope(self) -> Scope:
        """The one filter; EVERYTHING where there is none."""
        return self.where[0] if self.where else EVERYTHING

    @property
    def _usual(self) -> bool:
        name = self.window.name
        return name in {f"{days}d" for days in ROLLING} or name == month_of(self.window.first).name

    @property
    def canonical(self) -> str:
        """The request as JSON; two that ask the same are the same text."""
        return json.dumps(self.payload(), sort_keys=True, separators=(",", ":"))

    @property
    def id(self) -> str:
        """Thirty-two characters that stand for this request and no other."""
        return sha256(self.canonical.encode()).hexdigest()[:32]

    def payload(self) -> dict[str, Any]:
        """Return what JSON holds; `request_of` is the inverse."""
        return {
            "report": self.name,
            "window": _days_of(self.window),
            "question": self.question.value,
            "where": [list(scope) for scope in sorted(self.where)],
            "by": list(self.by),
            "compare": _days_of(self.compare) if self.compare else None,
        }


def stored_place(name: str, question: Question, window: str) -> str:
    """Return the name of the document of every scope, by the name of its window."""
    return f"reports/{name}/{question.value}/{window}.json"


def scope_key(scope: Scope) -> str:
    """Return the name of a scope in a document: `plan=Team`, empty for everything."""
    return "=".join(scope) if scope != EVERYTHING else ""


def window_asked(text: str, today: date) -> Window:
    """Return the window of `30d`, any other number of days, `2026-11` or `2026-11-01..2026-11-22`.

    RequestError for anything else, for more days than LONGEST_DAYS, and for days that have yet to come.
    """
    try:
        window = _checked_window(_window_named(text, today))
    except (ValueError, OverflowError) as error:
        raise RequestError(f"no window {text!r}: {error}") from error
    except WindowError as error:
        raise RequestError(f"{error}, any number of days such as 45d, or 2026-11-01..2026-11-22") from error
    if window.first > today:
        raise RequestError(f"window {text!r} has yet to come: today is {today}")
    return window


def checked(request: ReportRequest, rules: ReportRules) -> ReportRequest:
    """Return the request as it is named; RequestError for a report, dimension or filter that there is not."""
    if request.name not in NAMES:
        raise RequestError(f"no report {request.name!r}: choose {', '.join(NAMES)}")
    dimensions = (*OWN, *rules.segments)
    named = [name for name in request.by if request.name != "trend" or name not in PERIODS]
    for name in (*named, *(dimension for dimension, _ in request.where)):
        if name not in dimensions:
            raise RequestError(f"no dimension {name!r}: choose {', '.join(dimensions)}")
    if len(request.where) > MOST_FILTERS or len(dict(request.where)) < len(request.where):
        raise RequestError(f"at most {MOST_FILTERS} filters, each of another dimension")
    if any(not 0 < len(value) <= LONGEST_VALUE for _, value in request.where):
        raise RequestError(f"a filter has a value of 1 to {LONGEST_VALUE} characters")
    return ReportRequest(
        request.name,
        _checked_window(request.window),
        request.question,
        tuple(sorted(request.where)),
        tuple(dict.fromkeys(request.by)),
        _checked_window(request.compare) if request.compare else None,
    )


def request_of(payload: Mapping[str, Any], rules: ReportRules) -> ReportRequest:
    """Return the request that `payload` holds, checked; RequestError for anything else."""
    try:
        request = ReportRequest(
            payload["report"],
            _window_in(payload["window"]),
            Question(payload["question"]),
            tuple((_text(name), _text(value)) for name, value in payload["where"]),
            tuple(map(_text, payload["by"])),
            _window_in(payload["compare"]) if payload["compare"] else None,
        )
    except (LookupError, TypeError, ValueError) as error:
        raise RequestError(f"no request for a report: {type(error).__name__}") from error
    return checked(request, rules)


def _window_named(text: str, today: date) -> Window:
    if found := _DAYS.fullmatch(text):
        return rolling(int(found[1]), today)
    if found := _RANGE.fullmatch(text):
        return Window(text, *map(date.fromisoformat, found.groups()))
    return window_of(text, today)


def _days_of(window: Window) -> dict[str, str]:
    return {"name": window.name, "first": str(window.first), "last": str(window.last)}


def _window_in(days: Mapping[str, str]) -> Window:
    first, last = date.fromisoformat(days["first"]), date.fromisoformat(days["last"])
    name = _text(days["name"])
    if name in {month_of(first).name, f"{(last - first).days + 1}d", f"{first}..{last}"}:
        return Window(name, first, last)
    raise ValueError(name)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _checked_window(window: Window) -> Window:
    if not timedelta(0) <= window.last - window.first < timedelta(days=LONGEST_DAYS) or window.first < EARLIEST:
        raise RequestError(f"a window has 1 to {LONGEST_DAYS} days from {EARLIEST} on: {window.first} to {window.last}")
    return window
