"""The queue of reports that are asked for, in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from afterbill.insight.ports import Asking
from afterbill.insight.reports.reading import MOST_ASKED
from afterbill.insight.reports.requested import ReportRequest


@dataclass
class MemoryReportRequests:
    """ReportRequests over a list; `turns` is what was asked for in the newest hour."""

    asked: list[ReportRequest] = field(default_factory=list)
    hour: str = ""
    turns: set[str] = field(default_factory=set)

    def ask(self, request: ReportRequest, now: datetime) -> Asking:
        """Ask once in ten minutes, as often as the hour allows."""
        at = now.astimezone(UTC)
        if (hour := f"{at:%Y-%m-%dT%H}") != self.hour:
            self.hour, self.turns = hour, set()
        turn = f"{request.id}@{at.minute // 10}"
        if turn in self.turns:
            return Asking.WAITING
        if len(self.turns) >= MOST_ASKED:
            return Asking.LIMITED
        self.turns.add(turn)
        self.asked.append(request)
        return Asking.ASKED
