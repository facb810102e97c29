"""What was measured beside what is allowed: as text for people, as JSON for programs."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_CPU_INFORMATION = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, "x" (a ratio) or a count of its `unit`; `budget` is the most it may be, None where none is set."""

    what: str
    measured: float
    unit: str
    budget: float | None = None
    note: str = ""

    @property
    def over(self) -> bool:
        """Whether the budget is exceeded; the printed figure decides, so that nobody sees 1.25 refused by 1.25."""
        return self.budget is not None and float(_figure(self.measured)) > self.budget

    @property
    def verdict(self) -> str:
        """`ok`, `OVER`, or nothing where there is no budget."""
        return "" if self.budget is None else "OVER" if self.over else "ok"


def machine() -> dict[str, Any]:
    """What the figures depend on, and when they were taken (UTC, to the second)."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu() -> str:
    lines = _CPU_INFORMATION.read_text(encoding="utf-8").splitlines() if _CPU_INFORMATION.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def as_json(rows: Iterable[Row], where: dict[str, Any]) -> str:
    """`{"machine": {...}, "rows": [{"what": ..., "verdict": ...}, ...]}`."""
    listed = [{**asdict(row), "measured": round(row.measured, 4), "verdict": row.verdict} for row in rows]
    return json.dumps({"machine": where, "rows": listed}, indent=2) + "\n"


def as_text(rows: Sequence[Row], where: dict[str, Any]) -> str:
    """A line about the machine, then aligned columns."""
    cells = [("what", "measured", "unit", "budget", "", "note"), *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join([", ".join(f"{name} {value}" for name, value in where.items()), *_lines(cells, widths)])


def _cells(row: Row) -> tuple[str, ...]:
    allowed = "" if row.budget is None else f"<= {_figure(row.budget)}"
    return row.what, _figure(row.measured), row.unit, allowed, row.verdict, row.note


def _lines(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterable[str]:
    for row in cells:
        what, measured, *rest = (
            text.rjust(width) if column == 1 else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([what, measured, *rest]).rstrip()


def _figure(number: float) -> str:
    """Whole numbers plainly, others with two digits behind the point."""
    return str(int(number)) if number == int(number) else f"{number:.2f}"
