"""Reading a report: from what is stored, and from what was computed because somebody asked."""

from datetime import UTC, date, datetime, timedelta

import pytest

from afterbill.insight.periods import Window, month_of, rolling
from afterbill.insight.reports.asked import ReportRules
from afterbill.insight.reports.query import report_in, scope_in
from afterbill.insight.reports.reading import customers_in, naming, read_report
from afterbill.insight.reports.requested import ReportRequest
from afterbill.model.errors import UnreadableError
from afterbill.model.query import QueryError
from afterbill.model.questions import Question

NOW, TODAY = datetime(2026, 11, 22, 12, tzinfo=UTC), date(2026, 11, 22)
YESTERDAY = TODAY - timedelta(days=1)
STORED, BODY = "reports/trend/nps/30d.json", {"rows": [], "by": "day"}
MONTH, LAST = rolling(30, TODAY), rolling(30, YESTERDAY)


class Files(dict):
    """StoredReports over a dictionary that counts its calls; an error in it is raised."""

    calls = 0

    def load(self, place):
        self.calls += 1
        found = self.get(place)
        if isinstance(found, UnreadableError):
            raise found
        return found


def stored(window=LAST, **scopes):
    days = {"name": window.name, "first": str(window.first), "last": str(window.last)}
    return {
        "fingerprint": "f",
        "computed_at": "2026-11-22T01:10:00+00:00",
        "window": days,
        "scopes": scopes or {"": BODY},
    }


def trend(window=MONTH, **parts):
    return ReportRequest("trend", window, **parts)


def test_a_stored_one_is_read_in_one_call_and_tells_its_own_days():
    files = Files({STORED: stored()})

    assert read_report(trend(), files, NOW) == {
        "report": "trend",
        "window": "30d",
        "first": "2026-10-23",
        "last": "2026-11-21",
        "question": "nps",
        "where": {},
        "computed_at": "2026-11-22T01:10:00+00:00",
        **BODY,
    }
    assert files.calls == 1


def test_a_value_is_read_from_the_same_document():
    files = Files({STORED: stored(**{"plan=Team": {"rows": [1]}})})

    found = read_report(trend(where=(("plan", "Team"),)), files, NOW)

    assert (found["where"], found["rows"], files.calls) == ({"plan": "Team"}, [1], 1)


def test_what_nobody_stored_is_none_after_a_look_at_what_was_asked_for():
    files = Files({STORED: stored()})

    assert read_report(trend(where=(("plan", "Solo"),)), files, NOW) is None
    assert files.calls == 2


@pytest.mark.parametrize(
    "request_",
    [
        trend(rolling(45, TODAY)),
        trend(by=("plan",)),
        trend(compare=month_of(TODAY)),
        trend(where=(("plan", "Team"), ("country", "DE"))),
    ],
    ids=["window", "by", "compare", "two filters"],
)
def test_what_is_never_stored_is_looked_for_under_its_own_name(request_):
    files = Files({request_.place: stored(request_.window)})

    found = read_report(request_, files, NOW)

    assert (found["where"], files.calls) == (dict(request_.where), 1)


def test_a_stored_one_that_is_damaged_is_as_good_as_none():
    files = Files({STORED: UnreadableError(STORED)})

    assert read_report(trend(), files, NOW) is None


def test_a_computed_one_that_is_damaged_is_an_error():
    request = trend(rolling(45, TODAY))

    with pytest.raises(UnreadableError):
        read_report(request, Files({request.place: UnreadableError(request.place)}), NOW)


@pytest.mark.parametrize(("minutes", "asked_again"), [(10, False), (11, True)])
def test_one_that_could_not_be_computed_says_so_for_a_while_and_is_asked_for_again(minutes, asked_again):
    request = trend(rolling(45, TODAY))
    failed = stored(request.window) | {"fingerprint": "", "computed_at": (NOW - timedelta(minutes=minutes)).isoformat()}

    assert (read_report(request, Files({request.place: failed}), NOW) is None) == asked_again


NAMING = {
    "rows": [{"n": 2, "customers": 3}],
    "candidates": {"referral": {"n": 2, "customers": ["a", "b"]}, "upsell": {"customers": ["b"]}},
}


def test_the_customers_that_a_report_names_are_found_wherever_they_stand():
    assert customers_in(NAMING) == ["a", "b"]


def test_who_is_gone_or_restricted_is_named_no_more():
    assert naming(NAMING, {"a"}) == NAMING | {
        "candidates": {"referral": {"n": 2, "customers": ["a"]}, "upsell": {"customers": []}}
    }


def test_a_query_says_what_a_command_says():
    pairs = [
        ("window", "2026-11"),
        ("question", "csat"),
        ("where", "plan:Team: 5 seats"),
        ("where", "country:DE"),
        ("by", "touchpoint"),
        ("compare", "2026-10-01..2026-10-07"),
        ("export", "csv"),
    ]

    assert report_in("trend", pairs, ReportRules(), TODAY) == (
        ReportRequest(
            "trend",
            Window("2026-11", date(2026, 11, 1), TODAY),
            Question.CSAT,
            (("country", "DE"), ("plan", "Team: 5 seats")),
            ("touchpoint",),
            Window("2026-10-01..2026-10-07", date(2026, 10, 1), date(2026, 10, 7)),
        ),
        "csv",
    )


def test_an_empty_query_is_of_30_days():
    assert report_in("trend", [], ReportRules(), TODAY) == (trend(), "json")


def test_what_the_rules_do_not_know_is_told():
    with pytest.raises(QueryError, match="no dimension 'shoe'"):
        report_in("trend", [("where", "shoe:42")], ReportRules(), TODAY)


@pytest.mark.parametrize("text", ["", "plan", ":Team", "plan:"])
def test_a_filter_has_a_dimension_and_a_value(text):
    with pytest.raises(ValueError, match="plan:Team"):
        scope_in(text)
