"""Counts what functions ask of AWS, and what their writes cost, by listening to their clients."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.hooks import BaseEventHooks

from benchmarks.units import Item, table_units, write_units

_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"})
_TRANSACTION = 2
"""Every item of a transaction is charged twice, those that are only checked too."""


class Meter:
    """Calls by operation name, and write units, of all clients made after it began to listen.

    `table` is a client that was made before, and reads what writes change.
    """

    def __init__(self, table: Any, name: str, indexes: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401  # a client
        self.table, self.name, self.indexes = table, name, indexes
        self.calls: Counter[str] = Counter()
        self.units = 0

    def listen(self, events: BaseEventHooks) -> None:
        """Be told of every call; `events` belong to the session that makes the clients."""
        events.register("provide-client-params.*.*", self._begin)
        events.register("after-call.*.*", self._end)

    def reset(self) -> None:
        """Forget what was counted."""
        self.calls.clear()
        self.units = 0

    def _begin(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_rest: object) -> None:  # noqa: ANN401  # botocore's
        self.calls[model.name] += 1
        if model.name in _WRITES:
            context["benchmark"] = (params, self.items())

    def _end(self, context: dict[str, Any], **_rest: object) -> None:
        if "benchmark" not in context:
            return
        params, before = context.pop("benchmark")
        after = self.items()
        for key, factor in _written(params):
            old, new = before.get(key), after.get(key)
            self.units += write_units(old, new, self.indexes) + (factor - 1) * table_units(old, new)

    def items(self) -> dict[tuple[str, str], Item]:
        """What the table holds now, by key; not counted."""
        return {_key(item): item for item in self.table.scan(TableName=self.name)["Items"]}


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
