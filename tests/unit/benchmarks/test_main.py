import json

from benchmarks.__main__ import main
from benchmarks.table import Row


def fine():
    return [Row("calls", 1, "calls", 1)]


def broken():
    raise KeyError("gone")


def test_within_the_budgets_it_ends_well(tmp_path):
    assert main([fine], tmp_path / "bench.json") == 0


def test_a_part_that_fails_is_told_and_costs_the_others_nothing(tmp_path, capsys):
    result = tmp_path / "made" / "bench.json"

    assert main([broken, fine], result) == 1

    rows = json.loads(result.read_text())["rows"]
    assert [(row["what"], row["verdict"]) for row in rows] == [("test_main failed", "OVER"), ("calls", "ok")]
    assert "KeyError: 'gone'" in capsys.readouterr().out
