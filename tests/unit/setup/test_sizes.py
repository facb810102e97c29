"""Modules stay small, and nothing is said twice."""

from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LONGEST_MODULE = 250
LONGEST_COPY = 9
MODULES = sorted(
    path for folder in ("benchmarks", "functions", "infra", "layers", "ops") for path in (ROOT / folder).rglob("*.py")
)
SOURCES = sorted(
    path
    for folder in ("functions", "layers", "ops")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".html", ".txt", ".css", ".toml"} and path.name != "requirements.txt"
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_can_be_read_in_one_sitting(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= LONGEST_MODULE


def test_no_two_places_share_ten_lines() -> None:
    places = defaultdict(list)
    for path in SOURCES:
        lines = [(number, line.strip()) for number, line in enumerate(path.read_text().splitlines(), 1) if line.strip()]
        for start in range(len(lines) - LONGEST_COPY):
            run = lines[start : start + LONGEST_COPY + 1]
            places[tuple(text for _, text in run)].append(f"{name(path)}:{run[0][0]}")

    assert [where for where in places.values() if len(where) > 1] == []
