"""Surveys inside the operator's product: to the one they are for, once."""

from dataclasses import replace

import pytest

from afterbill.answers.in_product import user_hash, waits
from afterbill.answers.offer_survey import (
    OfferDeps,
    Offered,
    Outcome,
    RequestProblem,
    answer_survey,
    dismiss_survey,
    find_survey,
    show_survey,
)
from afterbill.answers.rate_limit import RateLimiter
from afterbill.model.customer import Suppression
from afterbill.model.invitation import Answer, State
from afterbill_cli.memory.keys import MemoryUserKeys
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, HOUR, MINUTE, NOON, SECOND, customer, day_of, invitation

SECRET = MemoryUserKeys().known[0]
EVERY = (find_survey, show_survey, answer_survey, dismiss_survey)
ABOUT_ONE = (show_survey, answer_survey, dismiss_survey)


@pytest.fixture
def table():
    """Ada, whom the shop calls cus_1, and a survey that waits for her in the product."""
    one = invitation(state=State.SENT, sent_at=NOON, channel="mail", segments={"source": "shop", "channel": "mail"})
    return MemoryTable(
        invitations={one.id: one},
        people={"ada": customer(offered=one.id), "bob": customer(id="bob")},
        aliases={"shop#cus_1": "ada", "shop#cus_2": "bob"},
    )


@pytest.fixture
def look_again():
    """Ids of the invitations that are checked again."""
    return []


@pytest.fixture
def offering(table, look_again):
    return OfferDeps(table, table, MemoryUserKeys(), "shop", day_of, look_again.append, frozenset({"price"}))


def by(user, **fields):
    return {"user": user, "hash": user_hash(user, SECRET)} | fields


def the(table):
    (one,) = table.invitations.values()
    return one


def change(table, **changes):
    table.invitations[the(table).id] = replace(the(table), **changes)
    return the(table)


def found(offering, now=NOON + HOUR):
    return find_survey(by("cus_1"), offering, now).survey


def about(offering, user="cus_1", **fields):
    return by(user, survey=found(offering), **fields)


class TestRestricted:
    """A restricted customer is offered nothing, and their visit is not even noted."""

    @pytest.fixture(autouse=True)
    def restricted(self, table):
        table.people["ada"] = replace(table.people["ada"], restricted_at=NOON, when_seen=frozenset({"cd" * 16}))

    def test_nothing_is_offered(self, offering, table, look_again):
        before = table.people["ada"]

        assert find_survey(by("cus_1"), offering, NOON + HOUR) == Offered(Outcome.OFFERED)
        assert (table.people["ada"], look_again) == (before, [])

    def test_nor_is_what_waits_for_them_shown(self, table):
        assert not waits(the(table), table.people["ada"], NOON + HOUR)
        assert waits(the(table), replace(table.people["ada"], restricted_at=None), NOON + HOUR)


class TestFinding:
    def test_the_survey_that_waits_is_found_by_its_user(self, offering, table):
        offered = find_survey(by("cus_1"), offering, NOON + HOUR)

        assert (offered.outcome, offered.invitation) == (Outcome.OFFERED, the(table))
        assert offered.survey.startswith(the(table).id)

    @pytest.mark.parametrize("user", ["cus_2", "nobody", "Ada O'Neill äöü 🎉", "shop#cus_1", "x" * 200])
    def test_others_are_offered_nothing(self, offering, user):
        offered = find_survey(by(user), offering, NOON + HOUR)

        assert (offered.outcome, offered.survey, offered.invitation) == (Outcome.OFFERED, "", None)

    @pytest.mark.parametrize(
        "changes",
        [
            {"shown_at": NOON},
            {"dismissed_at": NOON},
            {"answer": Answer(9)},
            {"state": State.CLOSED},
            {"state": State.SENDING},
            {"customer_id": "bob"},
            {"sent_at": NOON - 31 * DAY},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_what_was_shown_dismissed_answered_or_closed_waits_for_nobody(self, offering, table, changes):
        change(table, **changes)

        assert found(offering) == ""

    def test_an_invitation_that_is_gone_waits_for_nobody(self, offering, table):
        table.invitations.clear()

        assert found(offering) == ""

    @pytest.mark.parametrize("changes", [{"suppressed": "unsubscribed"}, {"deleted": True}])
    def test_who_objected_or_left_is_not_asked(self, offering, table, changes):
        table.people["ada"] = replace(table.people["ada"], **changes)

        assert found(offering) == ""

    def test_a_bounce_is_about_an_address_and_not_about_the_product(self, offering, table):
        table.suppress(table.people["ada"].address_hash, Suppression.BOUNCED, NOON, None)

        assert found(offering)

    def test_an_objection_at_another_source_closes_the_product_too(self, offering, table):
        table.suppress(table.people["ada"].address_hash, Suppression.UNSUBSCRIBED, NOON, None)

        assert found(offering) == ""

    def test_the_user_was_seen_once_a_day(self, offering, table):
        seen = []
        for now in (NOON, NOON + HOUR, NOON + DAY - SECOND, NOON + DAY):
            found(offering, now)
            seen.append(table.people["ada"].last_seen_at)

        assert seen == [NOON, NOON, NOON, NOON + DAY]

    def test_what_waited_for_the_user_is_checked_now_and_by_this_page_alone(self, offering, table, look_again):
        table.people["ada"] = replace(table.people["ada"], offered="", when_seen=frozenset("ba"))

        first, second = (find_survey(by("cus_1"), offering, NOON + number * MINUTE) for number in range(2))

        assert look_again == ["a", "b"]
        assert (first.soon, second.soon) == (True, False)
        assert (table.people["ada"].when_seen, table.people["ada"].last_seen_at) == (frozenset(), NOON)

    def test_that_somebody_is_waited_for_is_written_whenever_they_were_seen_last(self, offering, table):
        """Touchpoints may want somebody who was seen within the hour."""
        table.people["ada"] = replace(table.people["ada"], last_seen_at=NOON, when_seen=frozenset("a"))

        find_survey(by("cus_1"), offering, NOON + HOUR)

        assert table.people["ada"].last_seen_at == NOON + HOUR

    def test_a_survey_that_waits_already_comes_first(self, offering, table):
        table.people["ada"] = replace(table.people["ada"], when_seen=frozenset("a"))

        offered = find_survey(by("cus_1"), offering, NOON)

        assert (offered.invitation, offered.soon) == (the(table), False)

    def test_nothing_is_forgotten_where_the_customer_changed_meanwhile(self, offering, table):
        table.people["ada"] = replace(table.people["ada"], when_seen=frozenset("a"))

        def checked(_):
            table.people["ada"] = replace(table.people["ada"], version=9)

        find_survey(by("cus_1"), replace(offering, look_again=checked), NOON)

        assert (table.people["ada"].when_seen, table.people["ada"].last_seen_at) == (frozenset("a"), None)

    def test_nothing_is_learned_of_somebody_unproven(self, offering, table):
        find_survey({"user": "cus_1", "hash": "0" * 64}, offering, NOON)

        assert table.people["ada"].last_seen_at is None


class TestProof:
    @pytest.mark.parametrize("use", EVERY)
    @pytest.mark.parametrize(
        "hash_",
        [
            user_hash("cus_2", SECRET),
            user_hash("cus_1", "another secret"),
            user_hash("cus_1", SECRET).upper(),
            user_hash("cus_1", SECRET)[:63],
            "é" * 64,
            "x",
        ],
        ids=["of another user", "of another secret", "in capitals", "cut off", "not ASCII", "short"],
    )
    def test_a_forged_or_stolen_hash_is_refused(self, offering, use, hash_):
        fields = {"user": "cus_1", "hash": hash_, "survey": found(offering), "rating": "9"}

        assert use(fields, offering, NOON + HOUR).outcome is Outcome.UNPROVEN

    @pytest.mark.parametrize("use", EVERY)
    @pytest.mark.parametrize(
        ("fields", "problem"),
        [
            (None, RequestProblem.BODY),
            ({}, RequestProblem.USER),
            ({"user": "", "hash": "x"}, RequestProblem.USER),
            ({"user": "x" * 201, "hash": "x"}, RequestProblem.USER),
            ({"user": "cus_1"}, RequestProblem.HASH),
        ],
    )
    def test_what_is_missing_is_named(self, offering, use, fields, problem):
        offered = use(fields, offering, NOON)

        assert (offered.outcome, offered.problem) == (Outcome.INVALID, problem)

    def test_each_secret_of_the_list_proves(self, offering):
        keys = MemoryUserKeys(known=("new", SECRET))

        assert found(replace(offering, keys=keys))

    def test_a_secret_that_was_rotated_in_a_moment_ago_counts_at_once(self, offering):
        later = replace(offering, keys=MemoryUserKeys(upcoming=("new",)))
        fields = {"user": "cus_1", "hash": user_hash("cus_1", "new")}

        assert find_survey(fields, later, NOON).outcome is Outcome.OFFERED

    @pytest.mark.parametrize("use", EVERY)
    def test_a_user_who_asks_too_often_waits_and_others_do_not(self, offering, use):
        hurried = replace(offering, throttle=RateLimiter(most=1))
        find_survey(by("cus_1"), hurried, NOON)

        assert use(by("cus_1", survey="x", rating="9"), hurried, NOON).outcome is Outcome.TOO_MANY
        assert use(by("cus_2", survey="x", rating="9"), hurried, NOON).outcome is not Outcome.TOO_MANY

    def test_somebody_else_cannot_use_up_what_a_user_may_ask(self, offering):
        hurried = replace(offering, throttle=RateLimiter(most=1))
        for _ in range(5):
            find_survey({"user": "cus_1", "hash": "0" * 64}, hurried, NOON)

        assert found(hurried)


class TestWhoseItIs:
    @pytest.mark.parametrize("use", ABOUT_ONE)
    def test_a_survey_of_another_user_is_not_found(self, offering, use):
        stolen = about(offering, "cus_2", rating="9")

        assert use(stolen, offering, NOON + HOUR).outcome is Outcome.NOT_FOUND

    @pytest.mark.parametrize("use", ABOUT_ONE)
    @pytest.mark.parametrize("survey", ["ab" * 16, "ab" * 32, "é" * 64, "x", "' OR 1=1"])
    def test_an_invented_name_is_not_found(self, offering, use, survey):
        assert use(by("cus_1", survey=survey, rating="9"), offering, NOON).outcome is Outcome.NOT_FOUND

    @pytest.mark.parametrize("use", ABOUT_ONE)
    def test_a_survey_must_be_named(self, offering, use):
        assert use(by("cus_1", rating="9"), offering, NOON).problem is RequestProblem.SURVEY


class TestShowing:
    def test_the_first_of_two_tabs_shows_it(self, offering, table):
        fields = about(offering)

        first, second = (show_survey(fields, offering, NOON + HOUR) for _ in range(2))

        assert (first.show, second.show) == (True, False)
        assert the(table).shown_at == NOON + HOUR

    def test_while_it_is_shown_it_is_offered_nowhere_else(self, offering):
        show_survey(about(offering), offering, NOON)

        assert found(offering, NOON + HOUR) == ""

    def test_another_window_asks_again_for_the_page_before_may_just_be_leaving(self, offering):
        fields = about(offering)
        show_survey(fields, offering, NOON)
        assert find_survey(by("cus_1"), offering, NOON + SECOND).soon

        show_survey(fields | {"gone": "true"}, offering, NOON + SECOND)
        offered = find_survey(by("cus_1"), offering, NOON + SECOND)
        assert (offered.survey, offered.soon) == (fields["survey"], False)

    def test_a_window_that_is_gone_leaves_it_to_the_next(self, offering, table):
        fields = about(offering)
        show_survey(fields, offering, NOON)

        gone = show_survey(fields | {"gone": "true"}, offering, NOON + MINUTE)

        assert (gone.outcome, gone.show) == (Outcome.SHOWN, False)
        assert found(offering, NOON + MINUTE) == fields["survey"]
        assert show_survey(fields, offering, NOON + MINUTE).show
        assert (the(table).shown_at, the(table).showings) == (NOON, 2)

    def test_a_window_that_died_without_a_word_keeps_it_for_a_day(self, offering):
        show_survey(about(offering), offering, NOON)

        assert found(offering, NOON + DAY - SECOND) == ""
        assert found(offering, NOON + DAY)

    def test_it_is_shown_three_times_at_most(self, offering):
        fields, shown = about(offering), []
        for hours in range(4):
            shown.append(show_survey(fields, offering, NOON + hours * HOUR).show)
            show_survey(fields | {"gone": "true"}, offering, NOON + hours * HOUR)

        assert shown == [True, True, True, False]
        assert found(offering, NOON + 5 * DAY) == ""
        assert not find_survey(by("cus_1"), offering, NOON + 5 * HOUR).soon

    @pytest.mark.parametrize("changes", [{"dismissed_at": NOON}, {"answer": Answer(3)}, {"shown_until": None}])
    def test_only_what_is_shown_and_not_settled_can_be_left(self, offering, table, changes):
        fields = about(offering)
        show_survey(fields, offering, NOON)
        before = change(table, **changes)

        show_survey(fields | {"gone": "true"}, offering, NOON + HOUR)

        assert the(table) == before

    @pytest.mark.parametrize("changes", [{"dismissed_at": NOON}, {"answer": Answer(3)}, {"state": State.CLOSED}])
    def test_what_was_settled_in_the_meantime_is_not_shown(self, offering, table, changes):
        fields = about(offering)
        change(table, **changes)

        assert not show_survey(fields, offering, NOON + HOUR).show

    def test_what_has_closed_or_is_gone_is_not_shown(self, offering, table):
        fields = about(offering)

        assert not show_survey(fields, offering, NOON + 31 * DAY).show
        table.invitations.clear()
        assert not show_survey(fields, offering, NOON + HOUR).show


class TestAnswering:
    def test_an_answer_is_recorded_as_given_in_the_product(self, offering, table):
        fields = about(offering, rating="9", reason="price", comment=" Schnell ", contact_ok="on")

        assert answer_survey(fields, offering, NOON + HOUR).outcome is Outcome.RECORDED
        assert the(table).answer == Answer(9, "Schnell", "price", contact_ok=True)
        assert (the(table).channel, the(table).segments["channel"]) == ("in_app", "in_app")
        assert (the(table).answered_at, the(table).answered_day) == (NOON + HOUR, "2026-11-22")

    def test_repeats_change_the_same_answer(self, offering, table):
        first = about(offering, rating="9")
        for fields in (first, first | {"rating": "2"}):
            answer_survey(fields, offering, NOON + HOUR)

        assert the(table).answer == Answer(2)

    @pytest.mark.parametrize(
        ("fields", "problem"),
        [
            ({}, RequestProblem.RATING),
            ({"rating": "11"}, RequestProblem.RATING),
            ({"rating": "-1"}, RequestProblem.RATING),
            ({"rating": "9.0"}, RequestProblem.RATING),
            ({"rating": "true"}, RequestProblem.RATING),
            ({"rating": "[9]"}, RequestProblem.RATING),
            ({"rating": "9", "reason": "invented"}, RequestProblem.REASON),
            ({"rating": "9", "comment": "x" * 10_001}, RequestProblem.COMMENT),
        ],
    )
    def test_what_is_no_answer_is_named_and_changes_nothing(self, offering, table, fields, problem):
        before = the(table)

        offered = answer_survey(about(offering, **fields), offering, NOON + HOUR)

        assert (offered.outcome, offered.problem) == (Outcome.INVALID, problem)
        assert the(table) == before

    def test_a_rating_of_another_questions_scale_is_none(self, offering, table):
        change(table, segments={"question": "csat"})

        assert answer_survey(about(offering, rating="9"), offering, NOON + HOUR).problem is RequestProblem.RATING
        assert the(table).answer is None

    def test_a_closed_survey_takes_none(self, offering, table):
        fields = about(offering, rating="9")

        assert answer_survey(fields, offering, NOON + 31 * DAY).outcome is Outcome.CLOSED
        assert the(table).answer is None

    def test_one_that_is_gone_is_not_found(self, offering, table):
        fields = about(offering, rating="9")
        table.invitations.clear()

        assert answer_survey(fields, offering, NOON).outcome is Outcome.NOT_FOUND


class TestDismissing:
    def test_a_dismissed_survey_never_comes_back(self, offering, table):
        fields = about(offering)

        first, second = (dismiss_survey(fields, offering, NOON + number * HOUR) for number in (1, 2))

        assert first.outcome is second.outcome is Outcome.DISMISSED
        assert the(table).dismissed_at == NOON + HOUR
        assert found(offering) == ""

    def test_an_answer_is_not_dismissed(self, offering, table):
        fields = about(offering, rating="9")
        answer_survey(fields, offering, NOON + HOUR)

        dismiss_survey(fields, offering, NOON + HOUR)

        assert (the(table).answer, the(table).dismissed_at) == (Answer(9), None)
