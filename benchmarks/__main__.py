"""`python -m benchmarks`: prints the table, writes .local/bench.json, exits 1 when a budget is exceeded.

A part that fails is a row of the table, exceeds, and costs the others nothing.
"""

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    calls,
    console,
    costs,
    counting,
    deciding,
    importing,
    layers,
    mail,
    page,
    reading,
    recounting,
    reports,
    reviewing,
    rivals,
    starts,
    sweeping,
    webhooks,
)
from benchmarks.layers import PLACE
from benchmarks.table import Row, as_json, as_text, machine

Part = Callable[[], list[Row]]

_PARTS: tuple[Part, ...] = (
    starts.rows,
    calls.rows,
    costs.rows,
    deciding.rows,
    webhooks.rows,
    rivals.rows,
    mail.rows,
    page.rows,
    console.rows,
    recounting.rows,
    counting.rows,
    reviewing.rows,
    reading.rows,
    reports.rows,
    sweeping.rows,
    importing.rows,
    layers.rows,
)
_RESULT = PLACE.with_suffix(".json")
_LONGEST_NOTE = 120


def main(parts: Sequence[Part] = _PARTS, result: Path = _RESULT) -> int:
    """Measure everything; what leaves most objects behind comes late."""
    where = machine()
    rows = [row for part in parts for row in _measured(part)]
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(as_json(rows, where), encoding="utf-8")
    print(as_text(rows, where))
    print(f"written to {result}")
    return any(row.over for row in rows)


def _measured(part: Part) -> list[Row]:
    """The rows of one part, or the one that says why there are none."""
    name, begin = part.__module__.rpartition(".")[2], time.monotonic()
    print(f"measuring {name} ...", file=sys.stderr, flush=True)
    try:
        rows = part()
    except Exception as error:  # noqa: BLE001  # whatever it is, the table is printed
        traceback.print_exc()
        rows = [Row(f"{name} failed", 1, "failure", 0, f"{type(error).__name__}: {error}"[:_LONGEST_NOTE])]
    print(f"  {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
