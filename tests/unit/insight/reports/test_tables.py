"""Reports as flat tables."""

from afterbill.insight.reports.tables import header, tables

DOCUMENT = {
    "report": "outcomes",
    "window": "30d",
    "first": "2026-10-24",
    "last": "2026-11-22",
    "where": {},
    "skips": [{"reason": "cooldown", "count": 3}],
    "rows": [
        {"value": "Team", "n": 3, "reasons": [{"reason": "price", "n": 2}, {"reason": "service", "n": 1}]},
        {"low": 1},
    ],
    "outcomes": {"refund": {"rows": [{"day": 0}], "logrank": {"chi2": None}, "strata": ["plan", "country"]}},
    "nothing": [],
}


def test_every_list_of_rows_is_a_table_and_rows_are_the_first():
    assert [table.name for table in tables(DOCUMENT)] == ["rows", "skips", "outcomes.refund.rows"]


def test_the_columns_are_those_of_all_rows_in_their_order():
    rows, *_ = tables(DOCUMENT)

    assert rows.columns == ["value", "n", "reasons", "low"]
    assert rows.rows[0]["reasons"] == "price 2; service 1"


def test_the_header_is_what_is_no_table():
    assert header(DOCUMENT) == {
        "report": "outcomes",
        "window": "30d",
        "first": "2026-10-24",
        "last": "2026-11-22",
        "outcomes.refund.logrank.chi2": None,
        "outcomes.refund.strata": "plan; country",
        "nothing": "",
    }
