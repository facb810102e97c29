"""Recounting a day is linear in its responses: counted by the real use case over the twin in memory."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from afterbill.insight.compute_nps import Computed, Counting, compute_nps
from afterbill.insight.ports import DirtyDays, Recounts
from afterbill.model.invitation import Answer, Delivery, Invitation, State
from afterbill_cli.memory.scores import MemoryScores
from benchmarks.table import Row
from benchmarks.timing import seconds

SIZES = (1_000, 10_000, 100_000)
_GROWTH = 1.5
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_ZONE = ZoneInfo("Europe/Berlin")
_YEARS = timedelta(days=730)
_PLANS, _COUNTRIES, _LOCALES = 12, 40, 6
_ROUNDS = 5


def rows() -> list[Row]:
    """Throughput by size, and how time per response grows from one size to the next."""
    each = [_seconds_per_response(size) for size in SIZES]
    growth = max(more / fewer for fewer, more in pairwise(each))
    throughput = [Row(f"recount of {size} responses", 1 / one, "per s") for size, one in zip(SIZES, each, strict=True)]
    return [*throughput, Row("time per response, for ten times as many", growth, "x", _GROWTH)]


class Table(Recounts, DirtyDays, Protocol):
    """A table that takes marks too."""


def recount(table: Table) -> Computed:
    """One run of the use case, with the day of all responses marked a minute before."""
    table.mark(_NOW.date(), _NOW - timedelta(minutes=1))
    return compute_nps(table, _NOW, "benchmark", Counting(_ZONE, _YEARS), lambda: True)


def responses(size: int) -> MemoryScores:
    """A table with so many responses."""
    return MemoryScores({one.id: one for one in _answered(size)})


def _answered(size: int) -> Iterator[Invitation]:
    """So many answered on one day, over the dimension values of a mid-sized business."""
    day = _NOW.astimezone(_ZONE).date().isoformat()
    first = Invitation(
        id="",
        fact="",
        customer_id="c",
        touchpoint="payment_succeeded",
        stage="purchase",
        source="stripe",
        channel="mail",
        locale="de",
        created_at=_NOW,
        occurred_at=_NOW,
        due_at=_NOW,
        expiry=timedelta(days=30),
        state=State.SENT,
        delivery=Delivery.DELIVERED,
        sent_day=day,
        answered_day=day,
    )
    for number in range(size):
        segments = {
            "touchpoint": first.touchpoint,
            "stage": first.stage,
            "source": first.source,
            "plan": f"plan {number % _PLANS}",
            "country": f"country {number % _COUNTRIES}",
            "locale": f"locale {number % _LOCALES}",
            "channel": first.channel,
        }
        yield replace(first, id=str(number), answer=Answer(number % 11), segments=segments)


def _seconds_per_response(size: int) -> float:
    """Of a whole run with one day to recount; the best of a few, since nothing makes it faster by chance."""
    world = responses(size)
    gc.collect()
    return min(seconds(partial(recount, world)) for _ in range(_ROUNDS)) / size
