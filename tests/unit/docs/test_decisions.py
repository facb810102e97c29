"""Decisions are numbered, short, and say what reversing them costs."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "adr"
DECISIONS = sorted(FOLDER.glob("*.md"))
ONE_PAGE = 45
SECTIONS = ["Context", "Decision", "Rejected", "Price of reversal"]


def test_numbers_have_no_gap_and_no_double():
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_four_parts_on_one_page(decision: Path):
    text = decision.read_text(encoding="utf-8")

    assert re.fullmatch(r"\d{4}(-[a-z0-9]+)+", decision.stem)
    assert text.startswith(f"# {decision.name[:4]} ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(text.splitlines()) <= ONE_PAGE


def test_the_architecture_lists_every_decision_under_its_own_title():
    listed = re.findall(r"^- \[(.+)\]\(adr/(.+)\)$", (FOLDER.parent / "architecture.md").read_text(), re.MULTILINE)

    assert listed == [(path.read_text().partition("\n")[0].removeprefix("# "), path.name) for path in DECISIONS]
