"""Revenue and outcomes: what customers of each category pay and do; each view reads one report."""

from dataclasses import replace

from afterbill_console.deps import ConsoleDeps
from afterbill_console.pages.revenue import amounts, billing, changes, outcomes, products
from afterbill_console.visit import Shown, Visit

PATH = "/app/revenue"

VIEWS = {
    "revenue": amounts.show,
    "outcomes": outcomes.show,
    "billing": billing.show,
    "products": products.show,
    "changes": changes.show,
}
"""By the parameter `view`; the first one is shown without it."""


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the view that the address names."""
    chosen = visit.request.query.get("view", "")
    chosen = chosen if chosen in VIEWS else next(iter(VIEWS))
    content = VIEWS[chosen](visit, deps)
    views = [(name, visit.filters.link(PATH, view=name)) for name in VIEWS]
    return replace(content, variables={**content.variables, "view": chosen, "views": views})
