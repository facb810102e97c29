"""Reading a report: the stored one, else the one that was computed because somebody asked, else it is asked for."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
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

FAILED_FOR = timedelta(minutes=10)
"""The time in which a report that could not be computed says so; then it is asked for again."""


def read_report(request: ReportRequest, files: "StoredReports", now: datetime) -> dict[str, Any] | None:
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
    if computed is None or (not computed["fingerprint"] and _age(computed, now) > FAILED_FOR):
        return None
    return _within(computed, request, EVERYTHING)


def customers_in(part: object) -> list[str]:
    """Return the ids of the customers that a report names, each once: lists that are called `customers`."""
    found: dict[str, None] = {}
    if isinstance(part, Mapping):
        named = part.get("customers")
        found |= dict.fromkeys(map(str, named)) if isinstance(named, list) else {}
        found |= dict.fromkeys(id_ for inner in part.values() for id_ in customers_in(inner))
    elif isinstance(part, list):
        found |= dict.fromkeys(id_ for inner in part for id_ in customers_in(inner))
    return list(found)


def naming(part: Any, usable: Collection[str]) -> Any:  # noqa: ANN401  # whatever a report holds
    """Return the report without the ids of customers who are not among these: since it was computed some are gone."""
    if not isinstance(part, Mapping):
        return part
    return {
        name: [id_ for id_ in value if id_ in usable]
        if name == "customers" and isinstance(value, list)
        else naming(value, usable)
        for name, value in part.items()
    }


def _age(stored: Mapping[str, Any], now: datetime) -> timedelta:
    return now - datetime.fromisoformat(stored["computed_at"])


def _within(stored: Mapping[str, Any], request: ReportRequest, scope: Scope) -> dict[str, Any] | None:
    body = stored["scopes"].get(scope_key(scope))
    if body is None:
        return None
    asked = replace(request.asked, window=_window(stored["window"]))
    return document(request.name, asked, scope, body, datetime.fromisoformat(stored["computed_at"]))


def _window(days: Mapping[str, str]) -> Window:
    return Window(days["name"], date.fromisoformat(days["first"]), date.fromisoformat(days["last"]))
