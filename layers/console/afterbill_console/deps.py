"""Everything that pages take from outside; a function of the stack and the tests each fill it in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING

from afterbill.insight.reports.asked import ReportRules

if TYPE_CHECKING:
    from afterbill.insight.ports import ReportRequests, StoredReports
    from afterbill.privacy.ports import AuditTrail
    from afterbill_console.actions import ActionsDeps
    from afterbill_console.health.deps import StackDeps
    from afterbill_console.people.deps import PeopleDeps
    from afterbill_console.ports import Operators, Preferences, Sessions


@dataclass(frozen=True, slots=True)
class ConsoleDeps:
    """The stores of the console, the operator's rules and zone; `origin` is its own address, without a path."""

    sessions: "Sessions"
    operators: "Operators"
    preferences: "Preferences"
    reports: "StoredReports"
    requests: "ReportRequests"
    audit: "AuditTrail"
    people: "PeopleDeps"
    stack: "StackDeps"
    actions: "ActionsDeps"
    rules: ReportRules
    zone: tzinfo
    origin: str
    company: str
    accent: Mapping[str, str] = field(default_factory=dict)
