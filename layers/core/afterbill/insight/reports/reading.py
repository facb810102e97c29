"""Reading a report: the stored one, else the one that was computed because somebody asked, else it is asked for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import EVERYTHING, Scope, document
from afterbill.insight.reports.requested import ReportRequest, scope_key
from afterbill.model.errors import UnreadableError

if TYPE_CHECKING:
    from afterbill.insight.ports import StoredReports

WAIT_SECONDS = 90
"""After which nobody waits for a report that is asked for: it is computed in less, or does not fit."""

MOST_ASKED = 60
"""Reports that are computed on demand in one hour, whoever asks."""

PERSONAL = frozenset({"changes"})
"""Reports with ids of customers: who reads one is noted."""


def read_report(request: ReportRequest, files: "StoredReports") -> dict[str, Any] | None:
    """Return the report as it is read, None where it has to be asked for; one call if it is stored, else two.

    A stored one that cannot be read counts as none; UnreadableError for one that was computed for this request.
    """
    if request.stored_place:
        try:
            stored = files.load(request.stored_place)
        except UnreadableError:
            stored = None
        if stored and (found := _within(stored, request, request.scope)):
            return found
    computed = files.load(request.place)
    return _within(computed, request, EVERYTHING) if computed else None


def customers_in(body: Mapping[str, Any]) -> list[str]:
    """Return the ids of the customers that a report names, each once."""
    found: dict[str, None] = {}
    rows = [row for rows in body.values() if isinstance(rows, list) for row in rows if isinstance(row, dict)]
    found.update(dict.fromkeys(str(row["customer"]) for row in rows if row.get("customer")))
    return list(found)


def _within(stored: Mapping[str, Any], request: ReportRequest, scope: Scope) -> dict[str, Any] | None:
    body = stored["scopes"].get(scope_key(scope))
    if body is None:
        return None
    asked = replace(request.asked, window=_window(stored["window"]))
    return document(request.name, asked, scope, body, datetime.fromisoformat(stored["computed_at"]))


def _window(days: Mapping[str, str]) -> Window:
    return Window(days["name"], date.fromisoformat(days["first"]), date.fromisoformat(days["last"]))
