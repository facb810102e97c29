"""Privacy: requests and receipts, periods, and the audit trail.

The first page takes the session, a query of the requests and the item of the last retention pass; the trail takes the
session and a query of one day. Neither names a person but by our own ids, and those lead to a look that is noted.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from afterbill.model.privacy import PrivacyRequest, RequestState
from afterbill.privacy.holdings import PERIODS
from afterbill.privacy.retention import RetentionProgress
from afterbill_console.deps import ConsoleDeps
from afterbill_console.pages.tasks import urgency
from afterbill_console.visit import Content, Shown, Visit

MOST_ACTS, MOST_REQUESTS = 100, 60
_PERIODS = ("responses", "comments", "visits", "customers", "audit", "archive")


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return requests, receipts and periods."""
    requests = deps.people.requests.requests()
    open_ones = sorted((one for one in requests if one.state is not RequestState.DONE), key=lambda one: one.due_at)
    done = sorted((one for one in requests if one.done_at), key=_done_at, reverse=True)
    variables = {
        "open": [(one, urgency(one.due_at, visit.now)) for one in open_ones[:MOST_REQUESTS]],
        "done": done[:MOST_REQUESTS],
        "more": max(0, len(open_ones) - MOST_REQUESTS) + max(0, len(done) - MOST_REQUESTS),
        "periods": [(name, getattr(deps.people.retention, name).days) for name in _PERIODS],
        "held": _held(deps.people.retained.retention_progress()),
    }
    return Content("privacy.html", variables)


def _done_at(one: PrivacyRequest) -> datetime:
    return one.done_at or one.requested_at


def _held(progress: RetentionProgress | None) -> dict[str, Any] | None:
    """Return what the last pass found, by kind; None before the first one."""
    if progress is None:
        return None
    kinds = [(kind.value, stock) for kind, stock in progress.held.items() if kind in PERIODS or stock.overdue]
    return {"at": progress.finished_at or progress.begun_at, "overdue": progress.overdue, "kinds": kinds}


def audit(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the acts of one day of UTC, the newest first."""
    query = visit.request.query
    day = _day(query.get("day", ""), visit.now.astimezone(UTC).date())
    who, what = query.get("who", "").strip(), query.get("what", "").strip()
    begin = datetime.combine(day, time(), UTC)
    acts = deps.audit.acts(begin, begin + timedelta(days=1) - timedelta(microseconds=1))
    found = [act for act in acts if _named(who, act.who) and _named(what, act.what)][::-1]
    shown = found[:MOST_ACTS]
    days = {"before": day - timedelta(days=1), "after": day + timedelta(days=1) if begin.date() < visit.today else None}
    variables = {"day": day, "who": who, "what": what, "acts": shown, "more": len(found) - len(shown), **days}
    return Content("audit.html", variables)


def _named(part: str, text: str) -> bool:
    return part.casefold() in text.casefold()


def _day(text: str, today: date) -> date:
    """Read a day; today where there is none, or none that has acts."""
    try:
        return min(date.fromisoformat(text), today)
    except ValueError:
        return today
