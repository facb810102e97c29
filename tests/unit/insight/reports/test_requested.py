"""A report that somebody asks for: what there is, and that the same question is the same request."""

from datetime import date

import pytest

from afterbill.insight.periods import Window, month_of, rolling
from afterbill.insight.reports.asked import EVERYTHING, Asked, ReportRules
from afterbill.insight.reports.registry import HOURLY, NAMES, WHOLE
from afterbill.insight.reports.requested import (
    ReportRequest,
    RequestError,
    checked,
    request_of,
    scope_key,
    stored_place,
    window_asked,
)
from afterbill.model.questions import Question
from afterbill_reports.reports import statement
from afterbill_reports.reports.modules import REPORTS, report_of

TODAY = date(2026, 11, 30)
RULES = ReportRules(segments=("industry",))
LAST_MONTH = rolling(30, TODAY)


def test_the_report_takes_what_was_asked():
    request = ReportRequest("trend", LAST_MONTH, Question.CSAT, (("plan", "Team"),), ("week",), month_of(TODAY))

    assert request.asked == Asked(LAST_MONTH, Question.CSAT, (("plan", "Team"),), month_of(TODAY), ("week",))


def test_the_same_question_in_another_order_is_the_same_request():
    where = (("plan", "Team"), ("country", "DE"))
    one, other = (checked(ReportRequest("trend", LAST_MONTH, where=filters), RULES) for filters in (where, where[::-1]))

    assert one.id == other.id
    assert one.place == f"asked/{one.id}.json"
    assert len(one.id) == 32


@pytest.mark.parametrize(
    "other",
    [
        ReportRequest("drivers", LAST_MONTH),
        ReportRequest("trend", rolling(30, date(2026, 12, 1))),
        ReportRequest("trend", LAST_MONTH, Question.CES),
        ReportRequest("trend", LAST_MONTH, where=(("plan", "Team"),)),
        ReportRequest("trend", LAST_MONTH, by=("plan",)),
        ReportRequest("trend", LAST_MONTH, compare=month_of(TODAY)),
    ],
)
def test_another_question_is_another_request(other):
    assert other.id != ReportRequest("trend", LAST_MONTH).id


@pytest.mark.parametrize(
    "request_",
    [
        ReportRequest("trend", LAST_MONTH),
        ReportRequest("segments", month_of(TODAY), Question.REBUY, (("industry", "Water"), ("plan", "Team"))),
        ReportRequest("segments", LAST_MONTH, by=("plan", "country"), compare=month_of(date(2025, 11, 1))),
        ReportRequest("trend", Window("2026-01-01..2026-02-03", date(2026, 1, 1), date(2026, 2, 3))),
    ],
)
def test_a_request_goes_to_json_and_back(request_):
    assert request_of(request_.payload(), RULES) == request_


@pytest.mark.parametrize(
    ("request_", "place", "scope"),
    [
        (ReportRequest("trend", LAST_MONTH), "reports/trend/nps/30d.json", EVERYTHING),
        (ReportRequest("trend", month_of(TODAY), Question.CES), "reports/trend/ces/2026-11.json", EVERYTHING),
        (
            ReportRequest("trend", LAST_MONTH, where=(("plan", "Team"),)),
            "reports/trend/nps/30d.json",
            ("plan", "Team"),
        ),
    ],
)
def test_the_usual_windows_are_stored_for_everything_and_by_one_value(request_, place, scope):
    assert (request_.stored_place, request_.scope) == (place, scope)


@pytest.mark.parametrize(
    "request_",
    [
        ReportRequest("trend", rolling(45, TODAY)),
        ReportRequest("trend", LAST_MONTH, by=("plan",)),
        ReportRequest("trend", LAST_MONTH, compare=month_of(TODAY)),
        ReportRequest("trend", LAST_MONTH, where=(("plan", "Team"), ("country", "DE"))),
    ],
)
def test_nothing_else_is_stored(request_):
    assert request_.stored_place == ""


def test_a_scope_is_named_by_its_value():
    assert [scope_key(EVERYTHING), scope_key(("plan", "Team"))] == ["", "plan=Team"]
    assert stored_place("trend", Question.NPS, "7d") == "reports/trend/nps/7d.json"


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("30d", LAST_MONTH),
        ("45d", rolling(45, TODAY)),
        ("2026-10", month_of(date(2026, 10, 1))),
        ("2026-01-01..2026-02-03", Window("2026-01-01..2026-02-03", date(2026, 1, 1), date(2026, 2, 3))),
    ],
)
def test_a_window_is_a_number_of_days_a_month_or_two_days(text, window):
    assert window_asked(text, TODAY) == window


@pytest.mark.parametrize(
    "text",
    [
        *("", "d", "0d", "30", "soon", "1831d", "9999d", "2026-13", "0000-01", "9999-12", "1999-12"),
        *("2026-02-01..2026-01-01", "2026-02-30..2026-03-01", "0001-01-01..0001-01-02", "2000-01-01..2026-01-01"),
        *("2027-01", "2027-01-01..2027-01-31"),
    ],
)
def test_any_other_window_is_refused(text):
    with pytest.raises(RequestError):
        window_asked(text, TODAY)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (ReportRequest("weather", LAST_MONTH), "no report 'weather': choose trend, segments"),
        (ReportRequest("trend", LAST_MONTH, by=("colour",)), "no dimension 'colour': choose touchpoint"),
        (ReportRequest("trend", LAST_MONTH, where=(("id", "x"),)), "no dimension 'id'"),
        (ReportRequest("trend", LAST_MONTH, where=(("plan", ""),)), "a filter has a value of 1 to 100 characters"),
        (ReportRequest("trend", LAST_MONTH, where=(("plan", "x" * 101),)), "a filter has a value of 1 to 100"),
        (ReportRequest("trend", LAST_MONTH, where=(("plan", "a"), ("plan", "b"))), "at most 2 filters, each of an"),
        (
            ReportRequest("trend", LAST_MONTH, where=(("plan", "a"), ("country", "b"), ("locale", "c"))),
            "at most 2 filters",
        ),
        (ReportRequest("trend", Window("x", TODAY, date(2026, 1, 1))), "a window has 1 to 1830 days"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_there_is(request_, told):
    with pytest.raises(RequestError, match=told):
        checked(request_, RULES)


@pytest.mark.parametrize(
    "change",
    [
        {"report": 3},
        {"report": ["trend"]},
        {"question": "thumbs"},
        {"where": [["plan", 3]]},
        {"where": [["plan"]]},
        {"where": None},
        {"by": [3]},
        {"window": None},
        {"window": {"name": "7d", "first": "2026-11-01", "last": "2026-11-30"}},
        {"window": {"name": 7, "first": "2026-11-01", "last": "2026-11-30"}},
        {"window": {"name": "30d", "first": "2026-11-01", "last": "soon"}},
        {"compare": {"name": "7d"}},
    ],
)
def test_a_message_that_is_no_request_is_refused(change):
    with pytest.raises(RequestError):
        request_of(ReportRequest("trend", LAST_MONTH).payload() | change, RULES)


@pytest.mark.parametrize("key", ["report", "window", "question", "where", "by", "compare"])
def test_a_message_without_a_part_is_refused(key):
    payload = ReportRequest("trend", LAST_MONTH).payload()
    del payload[key]

    with pytest.raises(RequestError):
        request_of(payload, RULES)


def test_every_report_has_a_module_of_its_name():
    assert {name: module.rpartition(".")[2] for name, module in REPORTS.items()} == {name: name for name in NAMES}
    assert {*HOURLY, *WHOLE} <= set(NAMES)


def test_a_module_is_loaded_when_its_report_is_computed(monkeypatch):
    monkeypatch.setitem(REPORTS, "trend", statement.__name__)

    assert report_of("trend") is statement
