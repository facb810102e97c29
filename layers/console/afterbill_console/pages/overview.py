"""The overview: how it stands, and what changed."""

from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures
from afterbill_console.visit import Content, Shown, Visit


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page."""
    trend = figures(visit, deps, "trend")
    return Content("overview.html", {"trend": trend}, refresh=None if trend else 5)
