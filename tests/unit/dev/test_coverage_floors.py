"""The coverage floors name what is not reached."""

import json
from pathlib import Path
from typing import Any

import pytest

from afterbill_dev.setup import coverage_floors

RULES = "layers/core/afterbill/insight/nps.py"
ELSEWHERE = "afterbill_cli/cli.py"


def report(folder: Path, share: float, **files: dict[str, Any]) -> Path:
    path = folder / "coverage.json"
    path.write_text(json.dumps({"totals": {"percent_covered": share}, "files": files}))
    return path


def file(lines: list[int], branches: list[list[int]]) -> dict[str, Any]:
    return {"executed_lines": [1, 2, 9], "missing_lines": lines, "missing_branches": branches}


def test_complete_rules_and_enough_of_the_rest_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coverage_floors.main(report(tmp_path, 96.5, **{RULES: file([], []), ELSEWHERE: file([3], [])}))

    assert capsys.readouterr().out.startswith("coverage: 96.50 %")


@pytest.mark.parametrize(
    ("part", "complete"), [("pages/health.py", True), ("filters.py", True), ("adapters/keys.py", False)]
)
def test_the_console_is_complete_but_for_its_adapters(part: str, complete: bool) -> None:
    assert coverage_floors.is_complete(f"layers/console/afterbill_console/{part}") is complete


def test_a_line_missed_in_the_rules_fails_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        coverage_floors.main(report(tmp_path, 99.9, **{RULES: file([7], []), ELSEWHERE: file([3], [])}))

    assert f"{RULES}: not reached: 7\n" in capsys.readouterr().out


def test_missed_lines_with_none_reached_between_them_are_one_range(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        coverage_floors.main(report(tmp_path, 99.9, **{RULES: file([4, 5, 8, 12], [])}))

    assert f"{RULES}: not reached: 4-8, 12\n" in capsys.readouterr().out


def test_a_branch_missed_in_the_rules_fails_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        coverage_floors.main(report(tmp_path, 99.9, **{RULES: file([], [[4, 6], [9, -1]])}))

    assert f"{RULES}: not reached: 4->6, 9->exit\n" in capsys.readouterr().out


def test_a_branch_out_of_a_missed_line_is_not_told_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        coverage_floors.main(report(tmp_path, 99.9, **{RULES: file([4], [[4, 6]])}))

    assert f"{RULES}: not reached: 4\n" in capsys.readouterr().out


def test_too_little_overall_names_every_gap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        coverage_floors.main(report(tmp_path, 94.99, **{RULES: file([], []), ELSEWHERE: file([3], [])}))

    assert f"{ELSEWHERE}: not reached: 3\n" in capsys.readouterr().out
