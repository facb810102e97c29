"""The reports by name; each module is imported when it is first computed."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from afterbill.insight.reports.asked import Report

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

REPORTS: Mapping[str, str] = {name: f"{__package__}.{name}" for name in NAMES}
"""The module of each report."""


def report_of(name: str) -> Report:
    """Return the report of this name; KeyError where there is none."""
    # A module with a function `compute` is what the protocol describes.
    return cast("Report", import_module(REPORTS[name]))
