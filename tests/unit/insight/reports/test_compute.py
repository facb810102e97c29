"""Reports are computed where something changed, each by itself, and say what they could not read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import sqlglot

from afterbill.insight.periods import Window, month_of, rolling
from afterbill.insight.reports.asked import EVERYTHING, ReportRules
from afterbill.insight.reports.registry import HOURLY, NAMES
from afterbill.insight.reports.requested import ReportRequest
from afterbill.model.errors import TransientError
from afterbill.model.questions import Question
from afterbill_cli.memory.stored_reports import MemoryReportArchive, MemoryReports
from afterbill_reports.archive.columns import place
from afterbill_reports.reports import compute, overview
from afterbill_reports.reports.compute import Outcome, ReportDeps, compute_asked, compute_stored
from afterbill_reports.reports.values import VALUES
from tests.unit.mortal import KilledError, Mortal

NOW = datetime(2026, 11, 30, 2, tzinfo=UTC)
TODAY = NOW.date()
BEGINS = date(2026, 9, 15)
DAYS = [BEGINS + timedelta(days=number) for number in range((TODAY - BEGINS).days + 1)]


class World:
    """An archive of eleven weeks, and reports that say which window they saw; `failing` ones fail."""

    def __init__(self, monkeypatch):
        self.failing: dict[str, Exception] = {}
        self.questions = [("nps", BEGINS, TODAY)]
        self.archive = MemoryReportArchive(self, {place("facts", day): "1" for day in DAYS})
        self.stored = MemoryReports()
        self.deps = ReportDeps(self.archive, self.stored, ReportRules(), ZoneInfo("Europe/Berlin"), "code 1")
        monkeypatch.setattr(compute, "report_of", self.report_of)

    def rows(self, sql, parameters):
        if sql == VALUES:
            return [("Team", 9), ("Basic", 3)]
        if sql == overview.NEWEST:
            return []
        assert (sql, parameters) == (compute.QUESTIONS, {})
        return self.questions

    def report_of(self, name):
        def body(_engine, asked, _rules):
            if error := self.failing.get(name):
                raise error
            return {EVERYTHING: {"rows": [], "of": asked.window.name}, ("plan", "Team"): {"rows": [], "few": True}}

        return SimpleNamespace(compute=body)

    def run(self, *, nightly=True, now=NOW, goes_on=lambda: True):
        return compute_stored(self.deps, now, goes_on, nightly=nightly)

    def ask(self, request, *, asked_at=NOW, now=NOW):
        return compute_asked(self.deps, request.payload(), asked_at, now)

    def change(self, day):
        self.archive.versions[place("facts", day)] += "+"

    def windows_of(self, name):
        return [one.split("/")[-1].removesuffix(".json") for one in self.stored.documents if f"reports/{name}/" in one]


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def times(number):
    answers = iter([True] * number)
    return lambda: next(answers, False)


def test_every_night_each_report_is_stored_for_every_window_that_the_archive_reaches(world):
    run = world.run()

    windows = ["7d", "30d", "90d", "365d", "2026-11", "2026-10", "2026-09"]
    assert {name: world.windows_of(name) for name in NAMES} == dict.fromkeys(NAMES, windows)
    assert (run.stored, run.unchanged, run.finished, run.failed) == (len(NAMES) * len(windows), 0, True, [])


def test_two_years_and_a_month_are_stored_at_most(world):
    world.archive.versions[place("facts", date(2020, 1, 1))] = "1"
    world.run()

    assert len(world.windows_of("trend")) == 4 + 25
    assert world.windows_of("trend")[-1] == "2024-11"


def test_between_two_nights_a_few_reports_are_stored(world):
    world.run(nightly=False)

    assert {name for name in NAMES if world.windows_of(name)} == set(HOURLY)


def test_a_document_tells_what_it_is_and_has_every_scope(world):
    world.run()

    document = world.stored.load("reports/trend/nps/7d.json")
    assert document["scopes"].keys() == {"", "plan=Team"}
    assert document["name"] == "trend"
    assert document["question"] == "nps"
    assert document["window"] == {"name": "7d", "first": "2026-11-24", "last": "2026-11-30"}
    assert document["computed_at"] == "2026-11-30T02:00:00+00:00"


def test_an_empty_archive_has_no_reports(world):
    world.archive.versions.clear()

    assert (world.run().stored, world.archive.opened) == (0, [])


def test_reports_of_an_archive_that_became_empty_say_so(world):
    world.run()
    world.archive.versions.clear()
    run = world.run()

    assert (run.stored, run.unchanged) == (len(NAMES) * 7, 0)
    assert world.stored.load("reports/changes/nps/30d.json")["scopes"][""]["why"] == "not_archived"
    assert world.run().stored == 0


def test_other_questions_are_stored_for_the_windows_in_which_they_were_answered(world):
    world.questions += [("csat", date(2026, 10, 3), date(2026, 10, 4)), ("thumbs", TODAY, TODAY), ("ces", None, None)]
    world.run()

    of_csat = [name for name in world.stored.documents if name.startswith("reports/trend/csat")]
    assert of_csat == [f"reports/trend/csat/{window}.json" for window in ("90d", "365d", "2026-10")]
    assert not [name for name in world.stored.documents if "/ces/" in name]


def test_a_question_that_nobody_answers_any_more_has_no_answers_in_the_windows_that_end_today(world):
    world.questions += [("csat", TODAY, TODAY)]
    world.run()
    later = NOW + timedelta(days=8)
    world.run(now=later)

    assert world.stored.load("reports/trend/csat/7d.json")["window"]["last"] == str(later.date())


def test_a_question_whose_answers_are_gone_has_none_in_any_window(world):
    world.questions += [("csat", TODAY, TODAY)]
    world.run()
    world.questions.pop()
    later = NOW + timedelta(hours=1)
    world.change(TODAY)
    world.run(now=later)

    for window in ("7d", "2026-11"):
        document = world.stored.load(f"reports/trend/csat/{window}.json")
        assert document["computed_at"] == later.isoformat(timespec="seconds")


def test_facts_that_are_dated_ahead_wait_for_their_day(world):
    ahead = TODAY + timedelta(days=900)
    world.archive.versions[place("facts", ahead)] = "1"
    world.run()
    world.ask(ReportRequest("outcomes", rolling(8, TODAY)))

    assert {max(days) for days in world.archive.opened} == {TODAY}


def test_what_is_up_to_date_is_not_computed_again(world):
    first, second = world.run(), world.run(now=NOW + timedelta(hours=1))

    assert (second.stored, second.unchanged) == (0, first.stored)
    assert world.stored.load("reports/trend/nps/7d.json")["computed_at"] == "2026-11-30T02:00:00+00:00"


def test_a_day_that_changed_is_in_the_months_that_it_may_count_in_and_in_no_earlier_one(world):
    world.run()
    before = dict(world.stored.documents)
    world.change(date(2026, 10, 5))
    world.run(now=NOW + timedelta(hours=1))

    changed = {name for name in before if before[name] != world.stored.documents[name]}
    assert {name for name in changed if "/trend/" in name and "-" in name} == {
        "reports/trend/nps/2026-10.json",
        "reports/trend/nps/2026-11.json",
    }


def test_another_day_is_another_window(world):
    world.run()
    world.run(now=NOW + timedelta(days=1))

    assert world.stored.load("reports/trend/nps/7d.json")["window"]["last"] == "2026-12-01"


@pytest.mark.parametrize("change", [{"code": "code 2"}, {"rules": ReportRules(currency="CHF")}])
def test_other_code_or_rules_compute_everything_anew(world, change):
    first = world.run()
    world.deps = ReportDeps(
        world.archive,
        world.stored,
        change.get("rules", ReportRules()),
        ZoneInfo("Europe/Berlin"),
        change.get("code", "code 1"),
    )

    assert world.run().stored == first.stored


def test_a_report_that_follows_customers_has_its_months_again_within_a_week(world):
    world.run()
    computed = set()
    for days in range(1, 8):
        now = NOW + timedelta(days=days)
        world.change(TODAY)
        world.run(now=now)
        document = world.stored.load("reports/outcomes/nps/2026-09.json")
        computed.add(document["computed_at"])

    assert len(computed) == 2


def test_a_change_within_the_month_does_not_wait_for_that(world):
    world.run()
    world.change(date(2026, 9, 20))
    later = NOW + timedelta(hours=1)
    world.run(now=later)

    document = world.stored.load("reports/outcomes/nps/2026-09.json")
    assert document["computed_at"] == later.isoformat(timespec="seconds")


def test_a_report_that_fails_leaves_the_others_and_the_last_good_one_with_its_time(world):
    world.run()
    good = dict(world.stored.documents)
    world.failing["trend"] = ZeroDivisionError("no answers")
    later = NOW + timedelta(days=1)
    run = world.run(now=later)

    assert {place.split("/")[1] for place, _ in run.failed} == {"trend"}
    assert str(run.failed[0][1]) == "no answers"
    assert world.stored.documents["reports/trend/nps/7d.json"] == good["reports/trend/nps/7d.json"]
    assert world.stored.load("reports/segments/nps/7d.json")["computed_at"] == later.isoformat(timespec="seconds")


def test_what_failed_is_tried_again_by_the_next_run(world):
    world.failing["trend"] = ZeroDivisionError()
    world.run()
    world.failing.clear()

    run = world.run()

    assert (run.stored, run.failed) == (7 + 7, []), "seven documents, and the overviews of which they are a part"


def test_a_run_ends_with_its_time_and_the_next_goes_on(world):
    whole = len(NAMES) * 7
    first, second = world.run(goes_on=times(10)), world.run()

    assert (first.stored, first.finished) == (10, False)
    assert (second.stored, second.unchanged, second.finished) == (whole - 10, 10, True)


def test_days_that_cannot_be_read_are_named_where_they_would_count(world):
    world.archive.damaged = {date(2026, 11, 3)}
    run = world.run()

    assert run.left_out == [date(2026, 11, 3)]
    left_out = {
        window: world.stored.load(f"reports/trend/nps/{window}.json")["scopes"][""].get("left_out")
        for window in ("30d", "2026-11", "2026-10")
    }
    assert left_out == {"30d": ["2026-11-03"], "2026-11": ["2026-11-03"], "2026-10": None}


def test_a_day_that_can_be_read_again_is_counted_again(world):
    request = ReportRequest("trend", rolling(45, TODAY))
    world.archive.damaged = {date(2026, 11, 3)}
    world.run()
    world.ask(request)
    world.archive.damaged = set()
    run = world.run()

    assert "left_out" not in world.stored.load("reports/trend/nps/30d.json")["scopes"][""]
    assert run.unchanged, "what the day does not count in stays as it is"
    assert world.ask(request).outcome is Outcome.COMPUTED
    assert "left_out" not in world.stored.load(request.place)["scopes"][""]


def test_a_day_that_stays_damaged_computes_nothing_anew(world):
    world.archive.damaged = {date(2026, 11, 3)}
    world.run()

    assert world.run().stored == 0


def test_a_window_that_begins_before_the_archive_says_so(world):
    world.run()

    begins = {
        window: world.stored.load(f"reports/trend/nps/{window}.json")["scopes"]["plan=Team"].get("archived_from")
        for window in ("7d", "365d", "2026-09")
    }
    assert begins == {"7d": None, "365d": "2026-09-15", "2026-09": "2026-09-15"}


@pytest.mark.parametrize("port", ["stored", "archive"])
def test_a_run_that_was_killed_anywhere_is_completed_by_the_next(monkeypatch, port):
    whole = World(monkeypatch)
    whole.run(nightly=False)
    for calls in range(1, 200):
        world = World(monkeypatch)
        mortal = Mortal(getattr(world, port), calls)
        deps = {name: getattr(world.deps, name) for name in ("archive", "stored", "rules", "zone", "code")}
        try:
            compute_stored(ReportDeps(**deps | {port: mortal}), NOW, lambda: True, nightly=False)
        except KilledError:
            pass
        else:
            break
        world.run(nightly=False)
        assert world.stored.documents == whole.stored.documents
    assert calls > 4


# On demand


REQUEST = ReportRequest("segments", Window("45d", date(2026, 10, 17), TODAY), where=(("plan", "Team"),))


def test_what_is_asked_for_is_computed_from_the_days_it_reads_and_stored(world):
    run = world.ask(REQUEST)

    assert (run.outcome, run.place) == (Outcome.COMPUTED, REQUEST.place)
    assert world.stored.load(REQUEST.place)["scopes"][""] == {"rows": [], "of": "45d"}
    assert world.archive.opened == [DAYS]


def test_a_value_that_nobody_has_is_told(world):
    request = replace(REQUEST, where=(("plan", "Taem"),))
    world.ask(request)

    body = world.stored.load(request.place)["scopes"][""]
    assert (body["why"], body["because"].rpartition(": ")[2]) == ("no_such_value", "did you mean 'Team'?")


def test_only_the_days_that_may_count_are_read(world):
    world.archive.versions[place("facts", date(2026, 1, 1))] = "1"
    world.ask(ReportRequest("trend", rolling(7, TODAY)))
    world.ask(ReportRequest("outcomes", rolling(7, TODAY)))

    assert world.archive.opened == [DAYS, [date(2026, 1, 1), *DAYS]]


def test_a_window_to_compare_with_is_read_too(world):
    world.archive.versions[place("facts", date(2025, 1, 1))] = "1"
    world.ask(ReportRequest("trend", rolling(7, TODAY), compare=month_of(date(2025, 1, 1))))

    assert world.archive.opened[0][0] == date(2025, 1, 1)


def test_the_same_request_again_computes_nothing(world):
    world.ask(REQUEST)

    assert world.ask(REQUEST, now=NOW + timedelta(minutes=1)).outcome is Outcome.THERE


def test_after_a_change_it_does(world):
    world.ask(REQUEST)
    world.change(TODAY)

    assert world.ask(REQUEST).outcome is Outcome.COMPUTED


def test_a_request_that_nobody_waits_for_is_refused(world):
    assert world.ask(REQUEST, asked_at=NOW - timedelta(minutes=61)).outcome is Outcome.OLD
    assert not world.stored.documents


def test_an_invalid_request_is_refused_with_the_reason(world):
    payload = REQUEST.payload() | {"where": [["plan; DROP TABLE facts", "x"]]}
    run = compute_asked(world.deps, payload, NOW, NOW)

    assert run.outcome is Outcome.INVALID
    assert "no dimension" in str(run.error)


@pytest.mark.parametrize(
    ("files", "because"),
    [(True, "The archive begins on 2026-09-15, after these days."), (False, "The archive is still empty.")],
)
def test_days_that_the_archive_does_not_reach_are_said_to_be_so(world, files, because):
    if not files:
        world.archive.versions.clear()
    request = ReportRequest("trend", month_of(date(2025, 3, 1)))
    run = world.ask(request)

    body = world.stored.load(request.place)["scopes"][""]
    assert run.outcome is Outcome.COMPUTED
    assert (body["rows"], body["why"], body["because"]) == ([], "not_archived", because)
    assert body.get("archived_from") == ("2026-09-15" if files else None)


def test_a_request_that_fails_is_answered_and_tried_again_when_asked_again(world):
    world.failing["segments"] = RuntimeError("too large")
    run = world.ask(REQUEST)

    assert (run.outcome, str(run.error)) == (Outcome.FAILED, "too large")
    assert world.stored.load(REQUEST.place)["scopes"][""]["why"] == "failed"
    world.failing.clear()
    assert world.ask(REQUEST).outcome is Outcome.COMPUTED


def test_what_may_pass_by_itself_is_left_to_the_queue(world):
    world.failing["segments"] = TransientError("slow down")

    with pytest.raises(TransientError):
        world.ask(REQUEST)
    assert not world.stored.documents


def test_nps_is_stored_without_a_single_answer(world):
    world.questions = []
    world.run(nightly=False)

    assert world.stored.load(f"reports/trend/{Question.NPS.value}/7d.json")


def test_its_own_statement_is_trinos_too():
    assert isinstance(sqlglot.parse_one(compute.QUESTIONS, read="trino"), sqlglot.exp.Select)
