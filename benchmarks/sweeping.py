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
"""Surveys that have not gone out; half of them are overdue, the others due later."""
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_SPREAD = timedelta(hours=6)
"""The overdue ones were due within so much time, the others will be within as much."""


def rows() -> list[Row]:
    """Calls of the table in one run that finds everything."""
    calls = sweep_once(OPEN)
    listed = ", ".join(f"{number} {name}" for name, number in sorted(calls.items()))
    return [Row(f"table calls to sweep {OPEN} open surveys, half overdue", calls.total(), "calls", OPEN / 100, listed)]


def sweep_once(size: int) -> Counter[str]:
    """The calls of one run by method; AssertionError if it did not queue every overdue survey."""
    table = _Counted(MemoryTable({one.id: one for one in _open(size)}))
    sweeps: Any = table
    found = sweep(SweepDeps(sweeps, MemorySendQueue(), timedelta(minutes=15), lambda at: at.date().isoformat()), _NOW)
    if found != {Finding.OVERDUE: size // 2}:
        raise AssertionError(f"of {size} open surveys, half of them overdue, a sweep found {found}")
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


def _open(size: int) -> Iterator[Invitation]:
    """One half was due for hours, the other is due in as many."""
    for number in range(size):
        late = _SPREAD * (number // 2 + 1) / (size // 2)
        due_at = _NOW - timedelta(hours=1) - late if number % 2 else _NOW + late
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
