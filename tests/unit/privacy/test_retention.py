"""The retention pass: what ends, what stays, how a pass goes on, and what it counts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from afterbill.answers.external import COLLECTED
from afterbill.model.customer import MARGIN, Customer, prolong
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.retention import Retention
from afterbill.model.visits import CondensedVisits, Visit
from afterbill.model.visits import Kind as Use
from afterbill.privacy.holdings import GRACE, Holding, HoldingsPage, Kind, Stock, settled, stock
from afterbill.privacy.retention import (
    EVERY,
    TURNS,
    Applied,
    RetentionProgress,
    Walk,
    apply_retention,
)
from afterbill_cli.memory.retention import MemoryRetention
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, HOUR, NOON

PERIODS = Retention()
YEAR = 365 * DAY
LONG_AGO = NOON - 500 * DAY
CLOSED = NOON - HOUR
SEEN = Visit(LONG_AGO, Use.SEEN, 9, "0badcafe", "safari")
RECENT = Visit(NOON - DAY, Use.SEEN, 3, "0badcafe", "firefox")
CONDENSED = CondensedVisits(LONG_AGO, LONG_AGO + HOUR, 60, 2, "hurried")


def response(**changes: Any) -> Holding:
    return replace(Holding(("INVITATION#1", "INVITATION"), Kind.RESPONSES, closes_at=CLOSED), **changes)


def answered(at: datetime = LONG_AGO, **changes: Any) -> Holding:
    return response(comment="Too dear", answered_at=at, **changes)


def left(holding: Holding, periods: Retention = PERIODS, **restricted: bool) -> Holding | None:
    return settled(holding, periods, restricted, NOON)


class TestComments:
    def test_an_old_comment_goes(self) -> None:
        assert left(answered()) == response(answered_at=LONG_AGO)

    def test_a_comment_stays_until_its_period_is_over(self) -> None:
        young = answered(NOON - YEAR + HOUR)

        assert left(young) == young

    def test_a_comment_stays_while_the_answer_may_change(self) -> None:
        still_open = answered(closes_at=NOON)

        assert left(still_open) == still_open

    def test_a_comment_without_a_moment_stays(self) -> None:
        assert left(response(comment="Too dear")) == response(comment="Too dear")

    def test_reported_words_go_a_period_after_the_fact_though_an_answer_may_change(self) -> None:
        old = response(reported_comment="Too dear", occurred_at=LONG_AGO, closes_at=NOON + DAY)

        assert left(old) == replace(old, reported_comment="")

    def test_reported_words_stay_until_their_period_is_over(self) -> None:
        young = response(reported_comment="Too dear", occurred_at=NOON - YEAR + HOUR)

        assert left(young) == young

    def test_a_comment_of_somebody_restricted_stays(self) -> None:
        kept = answered(customer_id="ada")

        assert left(kept, ada=True) == kept
        assert left(kept, ada=False) != kept

    def test_what_was_never_sent_has_nothing_to_end(self) -> None:
        assert left(answered(closes_at=None)) == answered(closes_at=None)


class TestVisits:
    def test_old_visits_go_with_their_label(self) -> None:
        assert left(response(visits=(SEEN,), condensed=(CONDENSED,), label="hurried")) == response()

    def test_each_visit_has_its_own_end(self) -> None:
        assert left(response(visits=(SEEN, RECENT), label="hurried")) == response(visits=(RECENT,), label="hurried")


class TestEnds:
    def test_an_end_moves_with_the_period(self) -> None:
        kept = response(kept_from=NOON, expires_at=NOON + 730 * DAY)

        moved = left(kept, replace(PERIODS, responses=400 * DAY))

        assert moved == replace(kept, expires_at=NOON + 400 * DAY)

    def test_an_end_that_is_right_within_a_day_stays(self) -> None:
        kept = response(kept_from=NOON, expires_at=NOON + 730 * DAY + 12 * HOUR)

        assert left(kept) == kept

    def test_what_should_have_ended_ends_now(self) -> None:
        """DynamoDB leaves alone what ended more than five years ago."""
        kept = response(kept_from=NOON - 700 * DAY, expires_at=NOON + 30 * DAY)

        assert left(kept, replace(PERIODS, responses=400 * DAY)) == replace(kept, expires_at=NOON)

    def test_what_has_ended_is_not_brought_back(self) -> None:
        over = response(kept_from=NOON - 500 * DAY, expires_at=NOON - HOUR)

        assert left(over) == over

    def test_an_end_with_another_reason_stays(self) -> None:
        code = Holding(("CODE#1", "CODE"), Kind.SHORT_LINKS, expires_at=NOON + YEAR)

        assert left(code) == code

    def test_what_an_answer_would_set_moves_and_the_nearer_end_stays(self) -> None:
        opened = response(kept_from=NOON, expires_at=NOON + 7 * DAY, answered_until=NOON + YEAR)

        assert left(opened) == replace(opened, answered_until=NOON + 730 * DAY)

    def test_an_answered_one_that_may_expire_sooner_has_one_end(self) -> None:
        said = response(kept_from=NOON, expires_at=NOON + YEAR, answered_until=NOON + YEAR)

        assert left(said) == replace(said, expires_at=NOON + 730 * DAY, answered_until=NOON + 730 * DAY)

    @pytest.mark.parametrize(("days", "moved"), [(400, 750), (1000, 1000)])
    def test_the_end_of_an_anonymous_row_moves_by_a_longer_period_alone(self, days: int, moved: int) -> None:
        row = response(kept_from=NOON + 20 * DAY, expires_at=NOON + days * DAY, anonymous=True)

        assert left(row) == replace(row, expires_at=NOON + moved * DAY)

    @pytest.mark.parametrize(("days", "moves"), [(29, True), (31, False)])
    def test_surveys_of_somebody_restricted_stay_as_long_as_they_are(
        self, days: int, moves: bool
    ) -> None:  # of a table
        survey = response(customer_id="ada", kept_from=LONG_AGO, expires_at=NOON + days * DAY)

        assert left(survey, ada=True) == (replace(survey, expires_at=NOON + 2 * MARGIN) if moves else survey)

    def test_an_answer_to_come_of_somebody_restricted_ends_no_sooner(self) -> None:
        soon = response(customer_id="ada", expires_at=NOON + DAY, answered_until=NOON + 2 * DAY)
        end = NOON + 2 * MARGIN

        assert left(soon, ada=True) == replace(soon, expires_at=end, answered_until=end)


class TestCustomers:
    def test_a_customer_ends_by_the_period_and_its_margin(self) -> None:
        legacy = Holding(("CUSTOMER#ada", "CUSTOMER"), Kind.CUSTOMERS, kept_from=NOON)

        assert left(legacy) == replace(legacy, expires_at=NOON + 730 * DAY + MARGIN)

    @pytest.mark.parametrize(("days", "moves"), [(29, True), (31, False)])
    def test_one_who_is_restricted_never_ends(self, days: int, moves: bool) -> None:  # of a table
        ada = Holding(
            ("CUSTOMER#ada", "CUSTOMER"),
            Kind.CUSTOMERS,
            expires_at=NOON + days * DAY,
            kept_from=LONG_AGO,
            restricted=True,
        )

        after = left(ada)

        assert after == (replace(ada, kept_from=NOON, expires_at=NOON + 2 * MARGIN) if moves else ada)

    def test_a_name_ends_with_its_customer(self) -> None:
        name = Holding(("ALIAS#shop#1", "ALIAS"), Kind.NAMES, customer_id="ada")

        assert left(name) is None
        assert left(name, ada=False) == name
        assert left(name, ada=True) == name

    def test_a_survey_does_not_outlive_its_customer(self) -> None:
        survey = response(customer_id="ada")

        assert left(survey) is None
        assert left(survey, ada=False) == survey


class TestProlong:
    def test_a_sign_of_life_keeps_a_customer_for_the_period_and_a_margin(self) -> None:
        ada = prolong(Customer("ada"), YEAR, NOON)

        assert (ada.active_at, ada.kept_until) == (NOON, NOON + YEAR + MARGIN)

    def test_the_end_moves_once_in_thirty_days(self) -> None:
        ada = prolong(Customer("ada"), YEAR, NOON)

        assert prolong(ada, YEAR, NOON + MARGIN) is ada
        assert prolong(ada, YEAR, NOON + MARGIN + HOUR).active_at == NOON + MARGIN + HOUR

    def test_who_is_there_for_a_test_is_forgotten_with_it(self) -> None:
        tester = Customer("tester", forget_at=NOON)

        assert prolong(tester, YEAR, NOON) is tester


def counted(holding: Holding, periods: Retention = PERIODS) -> Any:
    return stock(holding, periods, NOON)


class TestCounts:
    def test_an_item_is_counted_with_what_lies_in_it(self) -> None:
        found = counted(answered(since=LONG_AGO, visits=(SEEN,), label="hurried"))

        assert {kind: one.number for kind, one in found.items()} == {
            Kind.RESPONSES: 1,
            Kind.COMMENTS: 1,
            Kind.VISITS: 1,
        }

    def test_a_label_alone_has_no_moment(self) -> None:
        assert counted(response(label="hurried"))[Kind.VISITS] == Stock(1)

    def test_a_comment_is_overdue_nine_days_after_its_end(self) -> None:
        end = NOON - GRACE
        closed = end - DAY

        assert counted(answered(end - YEAR, closes_at=closed))[Kind.COMMENTS] == Stock(1, end - YEAR, end)
        assert counted(answered(end - YEAR - HOUR, closes_at=closed))[Kind.COMMENTS].overdue == 1

    def test_words_and_visits_end_when_their_survey_closes_at_the_earliest(self) -> None:
        week = replace(PERIODS, comments=7 * DAY, visits=7 * DAY)
        still_open = answered(closes_at=NOON + DAY, visits=(SEEN,))

        found = counted(still_open, week)

        assert (found[Kind.COMMENTS].until, found[Kind.VISITS].until) == (NOON + DAY, NOON + DAY)
        assert (found[Kind.COMMENTS].overdue, found[Kind.VISITS].overdue) == (0, 0)

    def test_what_somebody_restricted_has_said_is_never_overdue(self) -> None:
        found = stock(answered(visits=(SEEN,), expires_at=LONG_AGO), PERIODS, NOON, kept=True)

        assert {(one.until, one.overdue) for one in found.values()} == {(None, 0)}

    def test_the_end_of_an_anonymous_row_is_the_stored_one(self) -> None:
        row = response(anonymous=True, kept_from=LONG_AGO - YEAR, expires_at=NOON + DAY)

        assert counted(row)[Kind.RESPONSES] == Stock(1, None, NOON + DAY)

    def test_a_comment_without_a_moment_has_no_end(self) -> None:
        assert counted(response(comment="Too dear"))[Kind.COMMENTS] == Stock(1)

    def test_reported_words_count_from_the_fact(self) -> None:
        end = NOON - GRACE
        reported = response(reported_comment="Too dear", occurred_at=end - YEAR)

        assert counted(reported)[Kind.COMMENTS] == Stock(1, end - YEAR, end)
        both = replace(reported, comment="Dear", answered_at=NOON)
        assert counted(both)[Kind.COMMENTS] == Stock(1, end - YEAR, end)

    def test_an_item_is_overdue_that_is_still_there_nine_days_after_its_end(self) -> None:
        late = Holding(("CODE#1", "CODE"), Kind.SHORT_LINKS, expires_at=NOON - GRACE - HOUR)

        assert counted(late)[Kind.SHORT_LINKS].overdue == 1

    def test_the_earlier_of_the_stored_and_the_configured_end_counts(self) -> None:
        kept = response(kept_from=NOON, expires_at=NOON + 730 * DAY)

        assert counted(kept, replace(PERIODS, responses=400 * DAY))[Kind.RESPONSES].until == NOON + 400 * DAY


@pytest.fixture
def table() -> MemoryTable:
    sent = Invitation(
        "1", "stripe|acct|in_1|paid|", "ada", touchpoint="renewed", stage="loyalty", source="stripe", channel="mail",
        locale="de", created_at=LONG_AGO, occurred_at=LONG_AGO, due_at=LONG_AGO, expiry=30 * DAY, state=State.SENT,
        sent_at=LONG_AGO, answer=Answer(3, "Too dear", "price"), answered_at=LONG_AGO, visits=(SEEN,), label="hurried",
    )  # fmt: skip
    ada = prolong(Customer("ada"), PERIODS.customers, NOON)
    return MemoryTable(
        invitations={"1": sent},
        people={"ada": ada},
        aliases={"shop#1": "ada", "shop#2": "gone"},
        phones={"hash": "gone"},
    )


@pytest.fixture
def passes(table: MemoryTable) -> MemoryRetention:
    return MemoryRetention(table)


def run(passes: MemoryRetention, now: datetime = NOON, periods: Retention = PERIODS, **more: Any) -> Applied:
    return apply_retention(Walk(passes, periods, now), **more)


def once() -> Any:
    """A run whose time is over after one page."""
    turns: Iterator[bool] = iter([False])
    return lambda: next(turns)


class TestPass:
    def test_what_is_too_old_goes_and_what_counts_stays(self, table: MemoryTable, passes: MemoryRetention) -> None:
        applied = run(passes)

        one = table.invitations["1"]
        assert (one.answer, one.visits, one.label) == (Answer(3, "", "price"), (), "")
        assert (table.people.keys(), table.phones) == ({"ada"}, {})
        assert applied.changed == {Kind.RESPONSES: 1, Kind.PHONES: 1}
        assert (applied.finished, applied.overdue) == (True, 0)

    def test_every_name_has_its_turn_in_one_of_thirteen_passes(
        self, table: MemoryTable, passes: MemoryRetention
    ) -> None:
        table.aliases = {f"shop#{number}": "gone" for number in range(50)} | {"shop#ada": "ada"}

        left = [run(passes, NOON + number * EVERY) and len(table.aliases) for number in range(TURNS)]

        assert 40 < left[0] < 50
        assert table.aliases == {"shop#ada": "ada"}

    def test_a_survey_keeps_its_customer_so_nobody_is_looked_up_for_it(
        self, table: MemoryTable, passes: MemoryRetention
    ) -> None:
        del table.people["ada"]

        for number in range(TURNS):
            run(passes, NOON + number * EVERY)

        assert table.invitations["1"].customer_id == "ada"

    def test_an_answer_from_elsewhere_of_somebody_who_is_gone_leaves_what_counts(
        self, table: MemoryTable, passes: MemoryRetention
    ) -> None:
        del table.people["ada"]
        table.invitations["1"] = replace(table.invitations["1"], answered_day="2025-07-10", reason=COLLECTED)

        applied = [run(passes, NOON + number * EVERY) for number in range(TURNS)]

        tombstone, row = table.invitations["1"], table.invitations[f"{1:032x}"]
        assert sum(one.changed.get(Kind.RESPONSES, 0) for one in applied) in {1, 2}  # its words may go before
        assert (tombstone.reason, tombstone.customer_id, tombstone.answer) == ("erased", "", None)
        assert row.answer == Answer(3, "", "price")

    def test_surveys_of_somebody_restricted_are_prolonged_before_they_end(
        self, table: MemoryTable, passes: MemoryRetention, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        table.people["ada"] = replace(table.people["ada"], restricted_at=NOON)
        event = Holding(("EVENT", "1"), Kind.EVENTS, None, NOON + DAY, NOON - 729 * DAY, customer_id="ada")
        settled_to: list[Holding | None] = []
        monkeypatch.setattr(passes, "holdings", lambda _after: HoldingsPage([event], None))
        monkeypatch.setattr(passes, "settle", lambda _before, after: not settled_to.append(after))

        run(passes)

        assert settled_to == [replace(event, expires_at=NOON + 2 * MARGIN)]

    def test_a_second_pass_finds_nothing_to_do(self, passes: MemoryRetention) -> None:
        run(passes)

        assert run(passes, NOON + EVERY).changed == {}

    def test_a_pass_begins_once_in_seven_days(self, passes: MemoryRetention) -> None:
        for at in (NOON, NOON + EVERY - HOUR, NOON + EVERY):
            run(passes, at)

        assert [one.begun_at for one in passes.stored] == [NOON, NOON + EVERY]

    def test_a_pass_begins_where_somebody_asks_for_it(self, passes: MemoryRetention) -> None:
        run(passes)
        run(passes, NOON + HOUR, begin=True)

        assert [one.begun_at for one in passes.stored] == [NOON, NOON + HOUR]

    def test_a_pass_begins_at_once_by_other_periods(self, table: MemoryTable, passes: MemoryRetention) -> None:
        run(passes)
        run(passes, NOON + HOUR, replace(PERIODS, customers=400 * DAY))

        assert table.people["ada"].kept_until == NOON + 430 * DAY

    def test_a_pass_goes_on_where_the_last_run_stopped(self, table: MemoryTable, passes: MemoryRetention) -> None:
        passes.page_size = 2
        assert not run(passes, goes_on=once()).finished
        table.aliases["shop#0"] = "ada"  # it stands before the place

        run(passes, NOON + HOUR)

        assert passes.stored[-1].over
        assert passes.stored[-1].held[Kind.NAMES].number == 2

    def test_a_pass_under_way_begins_anew_by_other_periods(self, passes: MemoryRetention) -> None:
        passes.page_size = 1
        run(passes, goes_on=once())
        run(passes, NOON + HOUR, replace(PERIODS, visits=30 * DAY))

        assert (passes.stored[-1].begun_at, passes.stored[-1].over) == (NOON + HOUR, True)

    def test_a_run_stores_its_place_now_and_then(self, table: MemoryTable, passes: MemoryRetention) -> None:
        passes.page_size = 1
        table.aliases |= {f"shop#{number}": "ada" for number in range(40)}
        pauses: list[int] = []

        run(passes, pause=lambda: pauses.append(1))

        assert [one.over for one in passes.stored] == [False, False, True]
        assert len(pauses) == 43

    def test_what_changed_meanwhile_is_left_to_the_next_pass(
        self, passes: MemoryRetention, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(passes, "settle", lambda _before, _after: False)

        applied = run(passes)

        assert applied.changed == {}
        assert applied.overdue == 2  # the comment and the visits
        assert passes.stored[-1].held[Kind.RESPONSES].due == 1

    def test_what_cannot_be_read_costs_itself(self, table: MemoryTable, passes: MemoryRetention) -> None:
        table.unreadable = {"1"}

        applied = run(passes)

        assert (applied.passed_over, applied.unreadable) == (1, ["INVITATION#1"])
        assert applied.changed == {Kind.PHONES: 1}

    def test_few_of_many_are_told(self) -> None:
        applied = Applied()
        for number in range(30):
            applied.pass_over(UnreadableError(str(number)))

        assert (applied.passed_over, len(applied.unreadable)) == (30, 20)

    def test_where_the_progress_cannot_be_read_a_pass_begins(self, passes: MemoryRetention) -> None:
        passes.progress = UnreadableError("STATE retention")

        assert run(passes).unreadable == ["STATE retention"]
        assert passes.stored[-1].over

    @pytest.mark.parametrize(("later", "overdue"), [(timedelta(0), 0), (HOUR, 1)])
    def test_passes_that_come_to_no_end_are_overdue(
        self, passes: MemoryRetention, later: timedelta, overdue: int
    ) -> None:
        passes.page_size = 1
        passes.progress = RetentionProgress(NOON - GRACE, PERIODS, over=True, finished_at=NOON - GRACE)

        assert run(passes, NOON + later, goes_on=once()).overdue == overdue

    def test_a_walk_that_only_looks_changes_nothing(self, table: MemoryTable, passes: MemoryRetention) -> None:
        walk = Walk(passes, PERIODS, NOON, change=False)

        [(found, end)] = walk.pages()

        assert end is None
        assert {kind: (one.number, one.due) for kind, one in found.items()} == {
            Kind.RESPONSES: (1, 1),
            Kind.COMMENTS: (1, 1),
            Kind.VISITS: (1, 1),
            Kind.CUSTOMERS: (1, 0),
            Kind.NAMES: (2, 1),
            Kind.PHONES: (1, 1),
        }
        assert table.aliases["shop#2"] == "gone"
