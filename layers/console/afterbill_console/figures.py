"""Stored reports as pages show them: what is there at once, and what comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from afterbill.insight.ports import Asking
from afterbill.insight.reports.reading import naming, read_report
from afterbill_console.deps import ConsoleDeps
from afterbill_console.visit import Visit

OLD = timedelta(hours=26)
"""The age from which a page says that a report is old: each is computed once a night at least."""


class State(StrEnum):
    """The stages of a report."""

    THERE = "there"
    COMPUTING = "computing"
    LIMITED = "limited"
    """Too many were asked for in this hour."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A report: `document` is empty unless it is there. `why` of it says why a report that is there says nothing."""

    state: State
    document: Mapping[str, Any]

    def __bool__(self) -> bool:
        return self.state is State.THERE

    def old(self, now: datetime) -> bool:
        """Return whether it should have been computed again since."""
        return bool(self) and now - datetime.fromisoformat(self.document["computed_at"]) > OLD


def figures(visit: Visit, deps: ConsoleDeps, name: str, by: tuple[str, ...] = ()) -> Figures:
    """Return a report as the filters want it: one read if it is stored; else it is asked for, and comes.

    It names no customer: pages that may show people look them up themselves.
    """
    found = with_people(visit, deps, name, by)
    return Figures(found.state, naming(found.document, ()))


def with_people(visit: Visit, deps: ConsoleDeps, name: str, by: tuple[str, ...] = ()) -> Figures:
    """Return the same with the ids of the customers that it names: for whoever may see people.

    Some of them may be gone since, or may not be used any more.
    """
    request = visit.filters.request(name, deps.rules, by)
    document = read_report(request, deps.reports, visit.now)
    if document is not None:
        return Figures(State.THERE, document)
    limited = deps.requests.ask(request, visit.now) is Asking.LIMITED
    return Figures(State.LIMITED if limited else State.COMPUTING, {})
