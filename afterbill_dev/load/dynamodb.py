"""DynamoDB's throughput around the memory twins: units of table and index, and throttling beyond them."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from afterbill.model.errors import TransientError
from afterbill_dev.load import limits
from afterbill_dev.load.clock import Bucket, Clock


@dataclass(frozen=True, slots=True)
class Cost:
    """Units of one call: written to the table, written to one partition of an index, read."""

    written: float = 0
    indexed: float = 0
    read: float = 1
    seconds: float = limits.DYNAMODB_CALL.value


_ATTEMPTS = 3
"""As `clients.client` asks for, with the pauses of botocore's standard mode: up to one second, then up to two."""
_WRITE = Cost(written=2)
COSTS: dict[str, Cost] = {
    "commit": Cost(written=10, indexed=1, seconds=limits.DYNAMODB_TRANSACTION.value),
    "claim": Cost(written=6, indexed=1, seconds=limits.DYNAMODB_TRANSACTION.value),
    "claim_reminder": Cost(written=4, seconds=limits.DYNAMODB_TRANSACTION.value),
    "claim_follow_up": Cost(written=4, seconds=limits.DYNAMODB_TRANSACTION.value),
    "mark_sent": Cost(written=2, indexed=2),
    "defer": Cost(written=4, indexed=2, seconds=limits.DYNAMODB_TRANSACTION.value),
    "release": Cost(written=6, indexed=1, seconds=limits.DYNAMODB_TRANSACTION.value),
    "deliver": Cost(written=2, indexed=1),
    "record": Cost(written=3, indexed=1),
    "look_up": Cost(read=6),
    "situation": Cost(read=3),
}
"""Units of the calls that matter, near those that `make bench` counts; every other call that changes something
costs `_WRITE`, every other one a read."""
_CHANGES = ("close", "keep", "mark", "put", "release", "set", "store", "suppress", "take", "give", "visit", "confirm")


def cost_of(call: str) -> Cost:
    """Return what this call of a port costs."""
    return COSTS.get(call) or (_WRITE if call.startswith(_CHANGES) else Cost())


@dataclass
class DynamoDb:
    """The throughput of one table: `writes` and `reads` a second for the table and each index."""

    clock: Clock
    writes: float
    reads: float
    luck: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  # pauses between attempts
    throttled: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        # Unused capacity is kept for five minutes for a partition; the cap of an on-demand table has no such reserve.
        self._table, self._reads = Bucket(self.writes), Bucket(self.reads)
        self._partition = Bucket(limits.DYNAMODB_PARTITION_WRITES.value)

    def spend(self, call: str) -> None:
        """Pay for one call; raises TransientError, as the adapters do, where the client's attempts were throttled."""
        cost = cost_of(call)
        for attempt in range(_ATTEMPTS):
            self.clock.spend(cost.seconds)
            reached = self._reached(cost)
            if not reached:
                self.units.update({"written": round(cost.written + cost.indexed), "read": round(cost.read)})
                return
            self.throttled[reached] += 1
            self.clock.first(reached)
            if attempt + 1 < _ATTEMPTS:
                self.clock.spend(self.luck.uniform(0, 2**attempt))
        message = f"{call}: ThrottlingException"
        raise TransientError(message)

    def _reached(self, cost: Cost) -> str:
        """Return the limit that this call meets now, else an empty text and the units are used."""
        time = self.clock.time
        if not self._reads.take(time, cost.read):
            return "MaxReadUnits"
        if cost.written and not self._table.take(time, cost.written):
            return "MaxWriteUnits"
        if cost.indexed and not self._partition.take(time, cost.indexed):
            return "partition"
        return ""


class Port:
    """A twin behind the throughput of its table; built as the adapters are, from a client and the table's name."""

    def __init__(self, twin: Any, dynamodb: DynamoDb, table: str = "afterbill") -> None:  # noqa: ANN401  # any port
        self._twin, self.dynamodb, self.table = twin, dynamodb, table

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the method of the twin, which pays first."""
        method, pay = getattr(self._twin, name), self.dynamodb.spend

        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # any port
            pay(name)
            return method(*arguments, **named)

        setattr(self, name, call)
        return call
