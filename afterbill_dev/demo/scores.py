"""The product's scores beside a recount that shares no code with it."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from afterbill_dev.demo.progress import DemoError
from afterbill_dev.paths import LOCAL, ROOT

SCORE_FILE = LOCAL / "score.json"
COMMAND = ("score", "--window", "30d", "--by", "touchpoint")


@dataclass(frozen=True)
class Row:
    """One line of the score; `score` is None where nobody answered."""

    sent: int
    n: int
    promoters: int
    passives: int
    detractors: int
    score: float | None


def recount(sent: Mapping[str, int], given: Mapping[str, Sequence[int]]) -> dict[str, Row]:
    """By touchpoint: the share of 9 and 10 minus the share of 0 to 6, in percent, to one decimal."""
    return {touchpoint: _row(number, given.get(touchpoint, ())) for touchpoint, number in sent.items()}


def _row(sent: int, ratings: Sequence[int]) -> Row:
    promoters = sum(rating in {9, 10} for rating in ratings)
    detractors = sum(rating in range(7) for rating in ratings)
    n = len(ratings)
    score = round(100 * (promoters - detractors) / n, 1) + 0.0 if n else None
    return Row(sent, n, promoters, n - promoters - detractors, detractors, score)


def computed() -> dict[str, Row]:
    """Return the scores that `afterbill score` prints; its JSON is kept in SCORE_FILE."""
    SCORE_FILE.write_text(_afterbill("--json"))
    rows: list[dict[str, Any]] = json.loads(SCORE_FILE.read_text())["scores"]
    return {row["value"]: Row(**{name: row[name] for name in Row.__dataclass_fields__}) for row in rows}


def _afterbill(*options: str) -> str:
    command = [sys.executable, "-m", "afterbill_cli.cli", *COMMAND, *options]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if ended.returncode != 0:
        raise DemoError(f"`afterbill {' '.join(COMMAND)}` failed: {ended.stderr}")
    return ended.stdout


def count_equal(product: Mapping[str, Row], own: Mapping[str, Row]) -> int:
    """Count the touchpoints at which both are equal."""
    return sum(product.get(name, NOTHING) == own.get(name, NOTHING) for name in product.keys() | own.keys())


def comparison(product: Mapping[str, Row], own: Mapping[str, Row]) -> str:
    """Return a table of both, with differences marked."""
    lines = [f"{'touchpoint':<18} {'sent':>5} {'answers':>8} {'promoters':>10} {'passives':>9} {'detractors':>11}"]
    lines[0] += f" {'score':>7} {'recount':>8}"
    for touchpoint in sorted(product.keys() | own.keys(), key=lambda name: (-own.get(name, NOTHING).n, name)):
        row, counted = product.get(touchpoint, NOTHING), own.get(touchpoint, NOTHING)
        figures = f"{row.sent:>5} {row.n:>8} {row.promoters:>10} {row.passives:>9} {row.detractors:>11}"
        verdict = "" if row == counted else f"   DIFFERS: {_difference(row, counted)}"
        lines.append(f"{touchpoint:<18} {figures} {_shown(row.score):>7} {_shown(counted.score):>8}{verdict}")
    return "\n".join(lines)


def _difference(row: Row, counted: Row) -> str:
    pairs = zip(asdict(row).items(), asdict(counted).values(), strict=True)
    return ", ".join(f"{name} {value}, recounted {own}" for (name, value), own in pairs if value != own)


def _shown(score: float | None) -> str:
    return "-" if score is None else f"{score:+.1f}"


NOTHING = Row(0, 0, 0, 0, 0, None)
