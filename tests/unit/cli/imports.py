"""Files to import, and what checking them finds."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from afterbill.model.billing import BillingEvent
from afterbill_cli.importing.customer_columns import FieldMap
from afterbill_cli.importing.customer_rows import CustomerChecker, RowCounts, events, validate
from afterbill_cli.importing.duplicates import Seen
from afterbill_cli.importing.records import Layout
from afterbill_cli.importing.report import ProblemLog
from afterbill_cli.importing.times import TimeSpelling

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class CheckResult:
    """The result of checking a file."""

    checked: RowCounts
    problems: ProblemLog
    events: list[BillingEvent] = field(default_factory=list)

    @property
    def messages(self) -> list[str]:
        """The problems as a person reads them."""
        return [f"{one.line} {one.column}: {one.text}. {one.hint}" for one in self.problems.first]

    @property
    def addresses(self) -> list[str | None]:
        """The addresses of the rows to import."""
        return [one.customer.email for one in self.events]


def check(
    file: Path,
    content: str | bytes,
    source: str | None = "shop",
    time_format: str | None = None,
    now: datetime = NOW,
    **layout: Any,
) -> CheckResult:
    """Write it, and check it as of noon in London; times are those of Berlin."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    chosen = Layout(file, **{"fields": FieldMap()} | layout)
    checker, problems = CustomerChecker(source, now, TimeSpelling(BERLIN, time_format)), ProblemLog()
    with Seen() as seen:
        checked = validate(chosen, checker, seen, problems, lambda _: None)
        return CheckResult(checked, problems, [event for _, event in events(chosen, checker, seen, 0)])
