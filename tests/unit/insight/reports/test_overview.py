"""The overview says what its reports say, whether it is made of stored documents or computed because somebody asks."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from afterbill.insight.periods import Window, rolling
from afterbill.insight.reports.asked import EVERYTHING
from afterbill.insight.reports.requested import scope_key
from afterbill.model.errors import UnreadableError
from afterbill_cli.memory.stored_reports import MemoryReportArchive, MemoryReports
from afterbill_reports.archive.columns import place
from afterbill_reports.reports import compute, coverage, overview, revenue, segments, sql, trend
from afterbill_reports.reports.compute import ReportDeps, compute_stored
from tests.unit.insight.reports.fact_world import NOVEMBER, TODAY, Archive, answer, asked, fact
from tests.unit.insight.reports.plain_recount import counted, net_score
from tests.unit.insight.reports.worth_world import RULES, business

ROWS = business(3, customers=150)
NIGHT = datetime(TODAY.year, TODAY.month, TODAY.day, 1, tzinfo=UTC)
PLACE = "reports/overview/nps/90d.json"


@pytest.fixture(scope="module", autouse=True)
def _few_documents():
    """Store the parts of one window and one month alone: the others are made in the same way."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compute, "NAMES", (*overview.PARTS, "overview"))
        patched.setattr(compute, "ROLLING", (90,))
        patched.setattr(compute, "MONTHS", 1)
        yield


@pytest.fixture(scope="module")
def archive():
    return Archive(ROWS)


@pytest.fixture(scope="module")
def body(archive):
    return overview.compute(archive, asked(), RULES)[EVERYTHING]


class Stack:
    """Reports over the archive, as compute_reports stores them."""

    def __init__(self, engine):
        self.archive = MemoryReportArchive(
            engine, {place("facts", day): "1" for day in {row["fact_day"] for row in ROWS} | {TODAY}}
        )
        self.stored = MemoryReports()
        self.deps = ReportDeps(self.archive, self.stored, RULES, ZoneInfo("UTC"), "code")

    def run(self, hours=0, *, nightly=True):
        return compute_stored(self.deps, NIGHT + timedelta(hours=hours), lambda: True, nightly=nightly)

    def change(self):
        self.archive.versions[place("facts", TODAY)] += "+"

    def report(self, name):
        return self.stored.load(f"reports/{name}/nps/90d.json")


@pytest.fixture(scope="module")
def night(archive):
    """What is stored after one night; tests put it back as it was."""
    stack = Stack(archive)
    stack.run()
    return dict(stack.stored.documents)


@pytest.fixture
def stack(archive, night):
    made = Stack(archive)
    made.stored.documents.update(night)
    return made


def test_the_score_is_that_of_the_trend_with_every_rating(archive, body):
    said = trend.compute(archive, asked(), RULES)[EVERYTHING]

    assert {**body["total"], "ratings": body["ratings"]} == said["total"]


@pytest.mark.parametrize(("answers", "by"), [(300, "day"), (100, "week"), (12, "week"), (0, "week")])
def test_where_few_answer_it_goes_by_week(answers, by):
    rows = [answer(9, NOVEMBER.last - timedelta(days=number % 30)) for number in range(answers)]
    archive = Archive(rows or [fact()])
    said = overview.compute(archive, asked(), RULES)[EVERYTHING]

    rows_by = trend.compute(archive, asked(by=(by,)), RULES)[EVERYTHING]["rows"]
    assert said["by"] == by
    assert [(row["value"], row["days"], row["n"], row["score"], row["real"]) for row in said["rows"]] == [
        (row["value"], row["days"], row["n"], row["score"], row["real"]) for row in rows_by
    ]


def test_a_short_window_stays_by_day():
    days = Window("7d", TODAY - timedelta(days=6), TODAY)

    assert overview.compute(Archive([answer(9)]), asked(days), RULES)[EVERYTHING]["by"] == "day"


def test_three_months_of_few_answers_goes_by_month():
    days = Window("90d", TODAY - timedelta(days=89), TODAY)

    assert overview.compute(Archive([answer(9)]), asked(days), RULES)[EVERYTHING]["by"] == "month"


def test_the_ratings_are_those_of_the_answers(body):
    answers = counted(ROWS, NOVEMBER.first, NOVEMBER.last, "nps")

    given = Counter(row["rating"] for row in answers)
    assert body["ratings"] == [given[rating] for rating in range(11)]
    assert body["total"]["score"] == net_score(answers)


def test_real_changes_and_differences_are_those_of_the_reports(archive, body):
    for name, report, column in (("changes", trend, "change"), ("differences", segments, "difference")):
        by = (body["by"],) if report is trend else ()
        said = report.compute(archive, asked(by=by), RULES)[EVERYTHING]
        wanted = {(row.get("dimension"), row["value"], row[column]) for row in said["rows"] if row["real"]}
        found = {(row.get("dimension"), row["value"], row[column]) for row in body[name]["rows"]}
        assert found == wanted
        assert body[name]["comparisons"] == said["comparisons"]


def test_no_more_than_twenty_are_listed_and_the_others_counted():
    rows = [{"value": str(number), "real": True, "p": 1 / (number + 1), "dimension": "plan"} for number in range(50)]
    said = overview.composed(asked(), {"segments": {"rows": rows, "comparisons": 90}})["differences"]

    assert [row["value"] for row in said["rows"]] == [str(number) for number in range(49, 29, -1)]
    assert (said["more"], said["comparisons"]) == (30, 90)


def test_the_steps_are_those_of_coverage(archive, body):
    said = coverage.compute(archive, asked(), RULES)[EVERYTHING]

    assert body["funnel"] == {name: said[name] for name in ("rows", "skips", "waiting")}


def test_what_is_at_risk_is_that_of_revenue_with_those_without_an_amount(archive, body):
    said = revenue.compute(archive, asked(), RULES)[EVERYTHING]

    unhappy = next(row for row in said["rows"] if row["category"] == "detractor")
    assert body["revenue"]["at_risk"] == {**said["at_risk"], "without_amount": unhappy["without_amount"]}
    assert body["revenue"]["without_rate"] == said["without_rate"]


def test_nothing_is_at_risk_that_has_no_amount_and_the_reason_stands_there():
    row = {"category": "detractor", "customers": 3, "recurring_minor": None, "without_amount": 3, "why": "no_amounts"}
    said = overview.composed(asked(), {"revenue": {"rows": [row], "at_risk": {"recurring_minor": 0}, "customers": 3}})

    assert said["revenue"]["at_risk"] == {"recurring_minor": None, "without_amount": 3, "why": "no_amounts"}


def test_the_newest_answers_are_named_of_everything_and_within_a_scope(archive):
    found = overview.compute(archive, asked(), RULES)

    for scope in (EVERYTHING, ("touchpoint", "renewed")):
        answers = counted(ROWS, NOVEMBER.first, NOVEMBER.last, "nps")
        rows = [row for row in answers if scope == EVERYTHING or row["touchpoint"] == scope[1]]
        wanted = sorted(((str(row["answered_at"]), row["id"]) for row in rows), reverse=True)
        assert found[scope]["newest"] == [id_ for _, id_ in wanted[: overview.MOST_NEWEST]]


def test_a_report_that_says_nothing_leaves_its_part_null():
    said = overview.composed(asked(), {"trend": {"rows": [], "why": "not_archived", "because": "It begins later."}})

    assert (said["total"], said["ratings"], said["changes"], said["funnel"], said["revenue"]) == (None,) * 5
    assert (said["why"], said["because"]) == ("not_archived", "It begins later.")


def test_made_of_stored_documents_it_is_what_would_be_computed(archive, stack):
    stored = stack.stored.load(PLACE)

    computed = overview.compute(archive, asked(rolling(90, TODAY)), RULES)
    assert stored["scopes"].keys() == {scope_key(scope) for scope in computed}
    parts = {name: NIGHT.isoformat(timespec="seconds") for name in overview.PARTS}
    for scope, one in computed.items():
        assert stored["scopes"][scope_key(scope)] == {**one, "parts": parts}


def test_a_second_night_over_the_same_days_stores_nothing(stack):
    assert stack.run().stored == 0


def test_an_hourly_run_takes_the_revenue_of_the_night_and_says_so(stack):
    stack.change()
    stack.run(hours=5, nightly=False)

    parts = stack.stored.load(PLACE)["scopes"][""]["parts"]
    assert parts["revenue"] == NIGHT.isoformat(timespec="seconds")
    assert parts["trend"] == (NIGHT + timedelta(hours=5)).isoformat(timespec="seconds")


def test_before_the_first_night_there_is_no_revenue(archive):
    stack = Stack(archive)
    stack.run(nightly=False)

    said = stack.stored.load(PLACE)["scopes"][""]
    assert said["revenue"] is None
    assert said["parts"].keys() == {"trend", "segments", "coverage"}


def test_of_each_dimension_those_with_most_answers_are_kept():
    said = {f"plan={number}": {"total": {"n": number}} for number in range(9)} | {"": {"rows": []}, "country=DE": {}}

    assert sorted(overview.leading(said)) == ["", "country=DE", *(f"plan={number}" for number in range(4, 9))]


class Unreadable(MemoryReports):
    """Documents of which those of one report cannot be read, though they are there."""

    def load(self, place):
        if "segments" in place:
            raise UnreadableError(place)
        return super().load(place)


def test_a_document_that_cannot_be_read_counts_as_none(stack, night):
    stack.stored = Unreadable(dict(night))
    stack.deps = replace(stack.deps, stored=stack.stored, code="other code")
    run = stack.run()

    assert run.failed == []
    assert stack.stored.load(PLACE)["scopes"][""]["differences"] is None


def test_newest_answers_that_athena_tells_as_a_text_are_ids_too():
    ids = [f"{number:032x}" for number in range(2)]

    class Athena:
        def rows(self, _sql, _parameters):
            return [(*[None] * len(sql.COLUMNS), f"[{', '.join(ids)}]")]

    assert list(overview.newest(Athena(), asked(), RULES).values()) == [ids]
