"""Modules stay small, and nothing is said twice."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LONGEST_MODULE = 400
LONGEST_COPY = 9
MODULES = sorted(
    path
    for folder in ("afterbill_cli", "afterbill_dev", "benchmarks", "functions", "infra", "layers")
    for path in (ROOT / folder).rglob("*.py")
)
SOURCES = sorted(
    path
    for folder in ("afterbill_cli", "afterbill_dev", "functions", "layers")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".html", ".txt", ".css", ".toml"} and path.name != "requirements.txt"
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_can_be_read_in_one_sitting(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= LONGEST_MODULE


def imported(text: str) -> set[int]:
    """Numbers of the lines that only name what is used; two modules may well use the same."""
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom))
    return {number for node in nodes for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def test_no_two_places_share_ten_lines() -> None:
    places = defaultdict(list)
    for path in SOURCES:
        text = path.read_text()
        names = imported(text) if path.suffix == ".py" else set()
        lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if number not in names]
        lines = [(number, line) for number, line in lines if line]
        for start in range(len(lines) - LONGEST_COPY):
            run = lines[start : start + LONGEST_COPY + 1]
            places[tuple(text for _, text in run)].append(f"{name(path)}:{run[0][0]}")

    assert [where for where in places.values() if len(where) > 1] == []
