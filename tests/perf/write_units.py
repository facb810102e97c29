"""Write units of a request by the rules DynamoDB documents, because moto's ConsumedCapacity does not follow them.

moto 5.2.5 says 1 unit for a put of 3 KB, 0.5 for an update, and nothing for a transaction or an index. The rules
(DynamoDB developer guide: Read and write operations, Global secondary indexes, Transactions, Item sizes), and how they
are applied here:

- An item costs one unit per started kilobyte; of an update the larger of the item before and after it counts.
- In a transaction every item costs twice as much.
- An index is written when an item enters or leaves it or an attribute that it projects changes: one unit per started
  kilobyte of what the index holds. When a key of the index changes, the old entry is deleted and a new one put: two
  writes. Indexes follow asynchronously, so a transaction does not double them.
- The size of an item: names and texts in UTF-8 bytes, a byte for two digits of a number and one more, one byte for
  true, false and null, three for a list or map and one more for each element.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tests.contract.template import properties

Item = Mapping[str, Any]
_KEYS = ("pk", "sk")


def item_size(item: Item) -> int:
    """Bytes."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            return math.ceil(len(held.lstrip("-").replace(".", "")) / 2) + 1
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(one.encode()) for one in held)
        case "L":
            return 3 + sum(1 + _value_size(one) for one in held)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(one) for name, one in held.items())
    raise AssertionError(f"no rule for values of kind {kind}")


def units(size: int) -> int:
    """Write units of so many bytes."""
    return max(1, math.ceil(size / 1024))


def write_units(before: Item | None, after: Item | None, *, transaction: bool) -> int:
    """What it costs to make the one item of the other, with all indexes; a failed condition leaves both the same."""
    largest = max(item_size(one) for one in (before or {}, after or {}))
    return units(largest) * (2 if transaction else 1) + sum(_index_units(before, after))


def _index_units(before: Item | None, after: Item | None) -> Iterator[int]:
    for index in properties("Table")["GlobalSecondaryIndexes"]:
        keys = [key["AttributeName"] for key in index["KeySchema"]]
        projected = (*keys, *index["Projection"].get("NonKeyAttributes", ()))
        old, new = (_entry(one, keys, projected) for one in (before, after))
        if old == new:
            continue
        moved = old and new and any(old[key] != new[key] for key in keys)
        if moved or not (old and new):
            yield sum(units(item_size(one)) for one in (old, new) if one)
        else:
            yield units(max(item_size(old), item_size(new)))


def _entry(item: Item | None, keys: list[str], projected: tuple[str, ...]) -> dict[str, Any]:
    """What the index holds of the item: nothing while one of its keys is missing."""
    if not item or not all(key in item for key in keys):
        return {}
    return {name: item[name] for name in (*_KEYS, *projected) if name in item}
