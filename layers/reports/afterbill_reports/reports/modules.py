"""The reports by name; each module is imported when it is first computed."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from afterbill.insight.reports.asked import Report
from afterbill.insight.reports.registry import NAMES

REPORTS: Mapping[str, str] = {name: f"{__package__}.{name}" for name in NAMES}
"""The module of each report."""


def report_of(name: str) -> Report:
    """Return the report of this name; KeyError where there is none."""
    # A module with a function `compute` is what the protocol describes.
    return cast("Report", import_module(REPORTS[name]))
