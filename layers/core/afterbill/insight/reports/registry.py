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
)
"""Every report, in the order in which operators read of them."""

HOURLY = ("trend", "segments", "coverage")
"""The reports that are computed again after every run of the archive, the others once a night."""

WHOLE = frozenset({"billing", "changes", "outcomes", "revenue"})
"""The reports that follow customers through the whole archive, whatever the window."""
