"""The sweep over a table of many open surveys: calls counted by the real use case over the twins in memory.

Each method of the twin is one call, as in DynamoDB and SQS (tests/contract); its pages are of a thousand, where those
of the index, of a megabyte, hold more.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.model.invitation import Invitation
from afterbill.outreach.sweep import Finding, SweepDeps, sweep
from afterbill_cli.memory.queues import MemorySendQueue
from afterbill_cli.memory.table import MemoryTable
from benchmarks.table import Row

OPEN = 20_000
"""Surveys that have not gone out."""
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_SPREAD = timedelta(hours=6)
"""The overdue ones were due within so much time, the others will be within as much."""
_BESIDE = 40
"""Most calls for pages of the index and for the stored place."""


def rows() -> list[Row]:
    """Calls of the table in one run that finds everything; what is due later is not looked at."""
    measured = [
        (sweep_once(OPEN, overdue), name) for overdue, name in ((OPEN, "all overdue"), (OPEN // 2, "half overdue"))
    ]
    return [row for calls, name in measured for row in _rows(calls, name)]


def _rows(calls: Counter[str], name: str) -> list[Row]:
    reads = calls["read_invitations"]
    beside = ", ".join(f"{number} {each}" for each, number in sorted(calls.items()) if each != "read_invitations")
    return [
        Row(f"calls that read invitations, sweep of {OPEN} open surveys, {name}", reads, "calls", OPEN / 100),
        Row(f"calls for the index and its place, the same, {name}", calls.total() - reads, "calls", _BESIDE, beside),
    ]


def sweep_once(size: int, overdue: int) -> Counter[str]:
    """The calls of one run by method; AssertionError if it did not queue every overdue survey."""
    table = _Counted(MemoryTable({one.id: one for one in _open(size, overdue)}))
    sweeps: Any = table
    deps = SweepDeps(sweeps, MemorySendQueue(), timedelta(minutes=15), lambda at: at.date().isoformat())
    found = sweep(deps, _NOW).found
    if found != {Finding.OVERDUE: overdue}:
        raise AssertionError(f"of {size} open surveys, {overdue} of them overdue, a sweep found {found}")
    return table.calls


@dataclass
class _Counted:
    """A table whose calls are counted."""

    table: MemoryTable
    calls: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        self.calls[name] += 1
        method: Callable[..., Any] = getattr(self.table, name)
        return method


def _open(size: int, overdue: int) -> Iterator[Invitation]:
    """The overdue ones were due for hours, the others are due in as many."""
    for number in range(size):
        away = _SPREAD * (number + 1) / size
        due_at = _NOW - timedelta(hours=1) - away if number < overdue else _NOW + away
        yield Invitation(
            id=f"{number:032x}",
            fact="stripe||in_1|payment|",
            customer_id="c",
            touchpoint="payment_succeeded",
            stage="purchase",
            source="stripe",
            channel="mail",
            locale="de",
            created_at=due_at - timedelta(days=3),
            occurred_at=due_at - timedelta(days=3),
            due_at=due_at,
            expiry=timedelta(days=30),
        )
