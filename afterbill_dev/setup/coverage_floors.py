"""Fails, naming files and lines, when the tests reach less of the code than they must.

Reads the report of `coverage json`: every line and branch of the wings, the connectors, actions and the console, and a
share of everything else.
"""

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

OVERALL_PERCENT = 95.0
COMPLETE = (
    *(
        f"layers/core/afterbill/{part}/"
        for part in ("answers", "connectors", "content", "insight", "intake", "model", "outreach")
    ),
    *(f"layers/reports/afterbill_reports/{part}/" for part in ("archive", "reports", "statistics")),
    "layers/actions/afterbill_actions/",
    "layers/console/afterbill_console/",
)
ADAPTERS = ("layers/actions/afterbill_actions/adapters/", "layers/console/afterbill_console/adapters/")
"""The parts of actions and of the console that are no wing."""


def main(report: Path) -> None:
    """Print what is missing and exit with 1 if any of it must not be."""
    measured = json.loads(report.read_text())
    share = measured["totals"]["percent_covered"]
    gaps = {name: list(missing(file)) for name, file in sorted(measured["files"].items())}
    forbidden = {name: parts for name, parts in gaps.items() if parts and is_complete(name)}
    for name, parts in (gaps if share < OVERALL_PERCENT else forbidden).items():
        if parts:
            print(f"{name}: not reached: {', '.join(parts)}")
    print(
        f"coverage: {share:.2f} % of lines and branches (at least {OVERALL_PERCENT:g} %), "
        f"{len(forbidden)} incomplete files in wings, connectors, actions and console (none allowed)"
    )
    if forbidden or share < OVERALL_PERCENT:
        sys.exit(1)


def is_complete(name: str) -> bool:
    """Return True for a file of which no line and no branch may be missed."""
    return name.startswith(COMPLETE) and not name.startswith(ADAPTERS)


def missing(file: dict[str, Any]) -> Iterator[str]:
    """Lines as `12` or `12-15`, branches as `12->15` (`12->exit` where the function ends)."""
    lines: set[int] = set(file["missing_lines"])
    for missed, run in groupby(sorted(lines.union(file["executed_lines"])), key=lines.__contains__):
        first, *rest = run
        if missed:
            yield f"{first}-{rest[-1]}" if rest else str(first)
    for start, end in file["missing_branches"]:
        if start not in lines:
            yield f"{start}->{end if end > 0 else 'exit'}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
