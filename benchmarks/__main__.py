"""`python -m benchmarks`: prints the table, writes .local/bench.json, exits 1 when a budget is exceeded."""

import sys
from collections.abc import Callable

from benchmarks import (
    calls,
    deciding,
    importing,
    layers,
    mail,
    page,
    reading,
    recounting,
    reviewing,
    rivals,
    starts,
    webhooks,
)
from benchmarks.layers import PLACE
from benchmarks.table import Row, as_json, as_text, machine

_PARTS: tuple[Callable[[], list[Row]], ...] = (
    starts.rows,
    calls.rows,
    deciding.rows,
    webhooks.rows,
    rivals.rows,
    mail.rows,
    page.rows,
    recounting.rows,
    reviewing.rows,
    reading.rows,
    importing.rows,
    layers.rows,
)
_RESULT = PLACE.with_suffix(".json")


def main() -> int:
    """Measure everything; what leaves most objects behind comes late."""
    where = machine()
    rows = []
    for part in _PARTS:
        print(f"measuring {part.__module__.rpartition('.')[2]} ...", file=sys.stderr, flush=True)
        rows += part()
    PLACE.mkdir(parents=True, exist_ok=True)
    _RESULT.write_text(as_json(rows, where), encoding="utf-8")
    print(as_text(rows, where))
    print(f"written to {_RESULT}")
    return any(row.over for row in rows)


if __name__ == "__main__":
    sys.exit(main())
