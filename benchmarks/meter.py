"""Counts what functions ask of AWS, and what their writes cost, by listening to their clients."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.hooks import BaseEventHooks

from afterbill.adapters.dynamodb.keys import BY_FACT_HOUR, CHANGED
from benchmarks.units import Item, index_units, read_units, table_units, write_units

_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"})
_READS = frozenset({"GetItem", "BatchGetItem", "Query"})
_LEASED = "CONNECTION#"
_TRANSACTION = 2
"""Every item of a transaction is charged twice, those that are only checked too."""


class Meter:
    """Calls by operation name, and units written and read, of all clients made after it began to listen.

    Units that the archive is written with, in its index and for its marks, are counted apart; `leases` are those of
    all units that hold the lease of a connection.

    `table` is a client that was made before, and reads what writes change.
    """

    def __init__(self, table: Any, name: str, indexes: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401  # a client
        self.table, self.name = table, name
        self.indexes = [index for index in indexes if index["IndexName"] != BY_FACT_HOUR]
        self.archive = [index for index in indexes if index["IndexName"] == BY_FACT_HOUR]
        self.calls: Counter[str] = Counter()
        self.units, self.archived, self.leases, self.reads = 0, 0, 0, 0.0

    def listen(self, events: BaseEventHooks) -> None:
        """Be told of every call; `events` belong to the session that makes the clients."""
        events.register("provide-client-params.*.*", self._begin)
        events.register("after-call.*.*", self._end)

    def reset(self) -> None:
        """Forget what was counted."""
        self.calls.clear()
        self.units, self.archived, self.leases, self.reads = 0, 0, 0, 0.0

    def _begin(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_rest: object) -> None:  # noqa: ANN401  # botocore's
        self.calls[model.name] += 1
        if model.name in _WRITES:
            context["benchmark"] = (params, self.items())
        if model.name in _READS:
            context["read"] = params

    def _end(self, parsed: dict[str, Any], context: dict[str, Any], **_rest: object) -> None:
        if "read" in context:
            self.reads += _read(context.pop("read"), parsed)
        if "benchmark" not in context:
            return
        params, before = context.pop("benchmark")
        after = self.items()
        for key, factor in _written(params):
            old, new = before.get(key), after.get(key)
            if key[0] == CHANGED:
                self.archived += write_units(old, new, [])
                continue
            units = write_units(old, new, self.indexes) + (factor - 1) * table_units(old, new)
            self.units += units
            self.leases += units if key[0].startswith(_LEASED) else 0
            self.archived += sum(index_units(old, new, index) for index in self.archive)

    def items(self) -> dict[tuple[str, str], Item]:
        """What the table holds now, by key; not counted."""
        return {_key(item): item for item in self.table.scan(TableName=self.name)["Items"]}


def _read(params: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """The units of a read; keys without an item cost as much as the smallest."""
    asked = params.get("RequestItems")
    if asked:
        ((name, one),) = asked.items()
        found = answer["Responses"][name]
        missing = len(one["Keys"]) - len(found)
        consistent = one.get("ConsistentRead", False)
        units = read_units(found, together=False, consistent=consistent) if found else 0
        return units + missing * (1 if consistent else 0.5)
    items = answer.get("Items") or [item for item in (answer.get("Item"),) if item]
    return read_units(items, together=True, consistent=params.get("ConsistentRead", False))


def _written(params: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], int]]:
    """The key of every item a request writes or checks, and how often it is charged."""
    for action in params.get("TransactItems", ()):
        ((_, one),) = action.items()
        yield _key(one.get("Item") or one["Key"]), _TRANSACTION
    for requests in params.get("RequestItems", {}).values():
        for request in requests:
            ((_, one),) = request.items()
            yield _key(one.get("Item") or one["Key"]), 1
    if alone := params.get("Item") or params.get("Key"):
        yield _key(alone), 1


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
