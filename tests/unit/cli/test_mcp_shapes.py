"""What assistants get of reports: bounded, cleaned, and with what is left out."""

from datetime import UTC, timedelta

import pytest

from afterbill.model.errors import TransientError
from afterbill_cli.mcp import server
from afterbill_cli.mcp.shapes import (
    MOST_CHARACTERS,
    MOST_ROWS,
    bounded,
    clean,
    cleaned,
    report_shape,
    score_shape,
    written,
)
from tests.unit.cli import report_documents as documents

NOW = documents.AT + timedelta(hours=1)


def segments(number, value="x"):
    rows = [{"dimension": "plan", "value": f"{value}{one}", **documents.GOOD} for one in range(number)]
    return documents.document("segments", rows=rows, comparisons=0)


def test_ten_thousand_segments_are_fifty_and_it_is_said():
    body = report_shape("segments", segments(10_000), NOW)

    assert len(body["rows"]) == MOST_ROWS
    assert body["left_out"] == ["rows: 50 of 10000 are shown"]


def test_rows_that_are_long_are_fewer():
    body = bounded({"rows": [{"value": "é" * 3000}] * 40})

    assert len(written(body)) <= MOST_CHARACTERS
    assert body["left_out"] == [f"rows: {len(body['rows'])} of 40 are shown"]
    assert bounded({"rows": [{"value": "y" * 2 * MOST_CHARACTERS}] * 2})["left_out"] == ["rows: 1 of 2 are shown"]


def test_lists_within_rows_are_bounded_too():
    body = bounded({"rows": [{"reasons": [*range(60)]}]})

    assert body["left_out"] == ["rows[].reasons: 50 of 60 are shown"]


def test_a_report_of_last_night_is_not_called_old():
    assert report_shape("segments", segments(1), NOW)["reading"] == []
    [old] = report_shape("segments", segments(1), NOW + timedelta(days=2))["reading"]
    assert old.startswith("Old: computed 2026-11-23T00:10:02+00:00")


def test_a_report_that_says_nothing_says_why():
    assert report_shape("products", documents.EMPTY, NOW)["reading"] == [documents.EMPTY["because"]]


def test_reports_name_no_customer():
    body = report_shape("changes", documents.CHANGES, NOW)

    assert body["candidates"]["referral"] == {"n": 2, "customers": []}


def test_where_no_scores_are_stored_it_is_said():
    empty = {"question": "nps", "window": "30d", "computed_at": None, "scores": [], "anonymous": []}

    assert score_shape(empty, "all", NOW)["reading"] == [
        "No scores are stored for these: nobody answered, or no such month was counted."
    ]


def test_answers_that_anybody_could_give_stand_apart():
    row = {"value": "booth", "score": 10.0, "n": 30, "significant": None, "question": "nps", "dimension": "anonymous"}
    about = {"question": "nps", "window": "30d", "computed_at": documents.AT.isoformat(), "scores": []}

    [anonymous] = score_shape({**about, "anonymous": [row]}, "all", NOW)["anonymous"]

    assert (anonymous["value"], anonymous["few"], anonymous["verdict"]) == ("booth", False, "nothing to compare with")


def test_names_of_plans_are_texts_of_outsiders():
    assert cleaned({"value": "Pro\u202e\x1b[31m\nfor ada@example.com", "day": "2026-11-22"}) == {
        "value": "Pro for [e-mail]",
        "day": "2026-11-22",
    }


def test_a_text_that_is_cut_leaves_no_half_of_a_number():
    text = "\u200b" * 4700 + "x " * 45 + "4242 4242 4242 4242" + " y" * 5000

    left = clean(text, longest=600)

    assert left.endswith(" ...")
    assert "424" not in left


def raising(error):
    def answer(_name, _given, _now):
        raise error

    return server._answered(answer, "trend", {})


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TransientError("the table is throttling"), "the table is throttling"),
        (RuntimeError("ada@example.com said"), "the server failed at this call; its own log (stderr) says where"),
    ],
)
def test_what_fails_is_told_without_content(error, told, capsys):
    result = raising(error)

    assert (result.is_error, result.content[0].text) == (True, told)
    log = capsys.readouterr().err
    assert log.startswith(f"mcp: trend: {type(error).__name__}")
    assert "ada" not in log


def test_a_call_is_timed_by_its_moment():
    result = server._answered(
        lambda name, given, now: {"name": name, "given": given, "utc": now.tzinfo is UTC}, "x", {}
    )

    assert result.structured_content == {"name": "x", "given": {}, "utc": True}
