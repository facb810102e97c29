"""`python -m benchmarks`: prints the table, writes .local/bench.json, exits 1 when a budget is exceeded."""

import sys
from collections.abc import Callable

from benchmarks import layers, starts
from benchmarks.layers import PLACE
from benchmarks.table import Row, as_json, as_text, machine

_PARTS: tuple[Callable[[], list[Row]], ...] = (layers.rows, starts.rows)
_RESULT = PLACE.with_suffix(".json")


def main() -> int:
    """Measure everything, in order of how much it disturbs what comes after."""
    where = machine()
    rows = [row for part in _PARTS for row in part()]
    PLACE.mkdir(parents=True, exist_ok=True)
    _RESULT.write_text(as_json(rows, where), encoding="utf-8")
    print(as_text(rows, where))
    print(f"written to {_RESULT}")
    return any(row.over for row in rows)


if __name__ == "__main__":
    sys.exit(main())
