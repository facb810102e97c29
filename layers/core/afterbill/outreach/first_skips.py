"""Tell an operator that surveys of a source are skipped, with the first one that is."""

from dataclasses import dataclass, field
from datetime import datetime

from afterbill.model.billing import OperatorTask
from afterbill.model.invitation import Invitation, SkipReason
from afterbill.outreach.ports import Tasks

ALL = "all"
"""The id of the one task of a source: it stands for every fact that is skipped for the same reason."""

_TOLD = frozenset({SkipReason.NO_BASIS})
"""Reasons that an operator may not know of: nothing is wrong, and nobody is ever asked."""


@dataclass(frozen=True, slots=True)
class FirstSkips:
    """One task for each source; each process writes for it once, whatever the number of surveys."""

    tasks: Tasks
    told: set[str] = field(default_factory=set)

    def tell(self, invitation: Invitation, reason: SkipReason, now: datetime) -> None:
        """Keep a task about the first survey of a source that was skipped for lack of a legal basis."""
        if reason not in _TOLD or invitation.source in self.told:
            return
        details = {"touchpoint": invitation.touchpoint, "invitation": invitation.id}
        self.tasks.keep_task(OperatorTask(invitation.source, reason, ALL, now, details=details), "", now)
        self.told.add(invitation.source)
