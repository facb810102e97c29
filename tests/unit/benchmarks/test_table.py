import json

from benchmarks.table import Row, as_json, as_text

WHERE = {"cpu": "one", "cores": 2}
ROWS = [Row("start", 1.3, "x", 1.25, "slow"), Row("calls", 1, "calls", 1), Row("rate", 70201.9, "per s")]


def test_a_figure_above_its_budget_is_over():
    assert [row.verdict for row in ROWS] == ["OVER", "ok", ""]


def test_what_is_printed_decides():
    assert not Row("start", 1.2549, "x", 1.25).over
    assert Row("start", 1.2551, "x", 1.25).over


def test_the_text_names_the_machine_and_aligns_its_columns():
    first, heading, start, calls, rate = as_text(ROWS, WHERE).splitlines()

    assert first == "cpu one, cores 2"
    assert heading == "what   measured  unit   budget         note"
    assert start == "start      1.30  x      <= 1.25  OVER  slow"
    assert calls == "calls         1  calls  <= 1     ok"
    assert rate == "rate   70201.90  per s"


def test_programs_get_every_row_with_its_verdict():
    read = json.loads(as_json(ROWS, WHERE))

    assert read["machine"] == WHERE
    assert read["rows"][0] == {
        "what": "start",
        "measured": 1.3,
        "unit": "x",
        "budget": 1.25,
        "note": "slow",
        "verdict": "OVER",
    }
