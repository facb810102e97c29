"""The names of the reports."""

NAMES = (
    "trend",
    "segments",
    "journey",
    "drivers",
    "billing",
    "products",
    "revenue",
    "outcomes",
    "coverage",
    "changes",
    "overview",
)
"""Every report, in the order in which operators read of them."""

HOURLY = ("trend", "segments", "coverage", "overview")
"""The reports that are computed again after every run of the archive, the others once a night."""

WHOLE = frozenset({"billing", "changes", "outcomes", "overview", "revenue"})
"""The reports that follow customers through the whole archive, whatever the window."""
