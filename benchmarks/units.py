"""Write units of DynamoDB, by its rules for item sizes, since no DynamoDB on a laptop counts them.

Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats" and "Provisioned throughput considerations for
global secondary indexes": a started KB of the larger image is one unit, twice that inside a transaction; an index pays
one unit per started KB of its entry if that changed, and one more if its key did.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Item = Mapping[str, Mapping[str, Any]]

_KB = 1024
_READ_BYTES = 4 * _KB
_CONTAINER = 3


def write_units(before: Item | None, after: Item | None, indexes: Sequence[Mapping[str, Any]]) -> int:
    """What changing one item costs in the table and its indexes (as CreateTable takes them), outside transactions."""
    return table_units(before, after) + sum(index_units(before, after, index) for index in indexes)


def read_units(items: Sequence[Item], *, together: bool, consistent: bool) -> float:
    """What reading costs: a started 4 KB of each item is one unit, of all items `together` in a query, at least one.

    Half of that where the read may be a moment old. A filter makes no query cheaper: `items` are all it looked at.
    """
    sizes = [sum(map(item_bytes, items))] if together or not items else [item_bytes(item) for item in items]
    units = sum(max(1, math.ceil(size / _READ_BYTES)) for size in sizes)
    return units if consistent else units / 2


def table_units(before: Item | None, after: Item | None) -> int:
    """Of the table alone; a write that changes nothing, or deletes what is not there, costs one unit as well."""
    return max(1, _started_kb(before), _started_kb(after))


def index_units(before: Item | None, after: Item | None, index: Mapping[str, Any]) -> int:
    """Of one index: an entry exists while the item has both key attributes."""
    old, new = (_entry(item, index) if item else None for item in (before, after))
    if old == new:
        return 0
    moved = old and new and any(old[name] != new[name] for name in _names(index["KeySchema"]))
    return _started_kb(old) + _started_kb(new) if moved else max(_started_kb(old), _started_kb(new))


def _entry(item: Item, index: Mapping[str, Any]) -> Item | None:
    keys = _names(index["KeySchema"])
    if not all(name in item for name in keys):
        return None
    projected = {"pk", "sk", *keys, *index["Projection"].get("NonKeyAttributes", ())}
    return {name: value for name, value in item.items() if name in projected}


def _names(schema: Sequence[Mapping[str, str]]) -> list[str]:
    return [key["AttributeName"] for key in schema]


def _started_kb(item: Item | None) -> int:
    return math.ceil(item_bytes(item) / _KB) if item else 0


def item_bytes(item: Item) -> int:
    """Attribute names and values, in UTF-8."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "B":
            return len(content if kind == "B" else str(content).encode())
        case "N":
            return math.ceil(len(str(content).replace(".", "").strip("-0")) / 2) + 1 + str(content).startswith("-")
        case "M":
            return _CONTAINER + item_bytes(content) + len(content)
        case "SS":
            return sum(len(one.encode()) for one in content)
        case "L":
            return _CONTAINER + sum(1 + _value_bytes(one) for one in content)
        case "BOOL" | "NULL":
            return 1
        case _:
            raise ValueError(f"no attribute of ours is of type {kind}")
