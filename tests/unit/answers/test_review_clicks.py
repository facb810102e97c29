"""The outcome of clicks: answers, labels, and nothing where somebody confirmed."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.answers.click_signals import Signal
from afterbill.answers.review_clicks import ReviewRun
from afterbill.model.invitation import Answer, State
from afterbill.model.visits import Kind, Visit
from afterbill_cli.memory.scores import MemoryReviews
from tests.factories import NOON, SECOND
from tests.unit.answers.click_world import ID, World
from tests.unit.mortal import KilledError, Mortal

UNCONFIRMED = Answer(9, confirmed=False)


@pytest.fixture
def world():
    return World()


def test_a_clean_click_becomes_an_unconfirmed_answer_of_its_own_time(world):
    world.click(9, 60)

    assert world.review() == ReviewRun(answers=1)
    one = world.invitation
    assert (one.answer, one.answered_at, one.answered_day, one.label) == (
        UNCONFIRMED,
        NOON + 60 * SECOND,
        "2026-11-22",
        "",
    )
    assert world.table.waiting == {}


def test_a_click_is_not_judged_before_its_time(world):
    world.click(9, 60)

    assert world.review(after=600) == ReviewRun()
    assert world.invitation.answer is None
    assert world.review(after=0.001).answers == 1


def test_a_machine_s_click_is_labelled_with_all_that_speaks_against_it(world):
    world.trap(1)
    world.click(0, 2, "gateway")
    world.click(10, 3, "gateway")

    assert world.review() == ReviewRun(labelled=Counter([Signal.HIDDEN_LINK, Signal.HURRIED]))
    assert (world.invitation.answer, world.invitation.label) == (None, "hidden_link hurried")
    assert world.table.waiting == {}


def test_the_newest_clean_click_counts(world):
    world.click(9, 60)
    world.click(6, 90)
    world.review()

    assert world.invitation.answer == replace(UNCONFIRMED, rating=6)


def test_of_two_tabs_the_one_that_was_opened_later_counts(world):
    world.visit(Kind.OPENED, 3)
    world.click(9, 20)
    world.at(60)
    world.visit(Kind.SEEN, 3)
    world.review()

    assert world.invitation.answer == UNCONFIRMED


def test_a_number_chosen_on_the_page_takes_the_place_of_the_clicked_one(world):
    world.click(3, 60)
    world.at(62)
    world.visit(Kind.SEEN, 9)
    world.review()

    assert world.invitation.answer == UNCONFIRMED


def test_a_person_s_click_counts_whatever_a_machine_did_around_it(world):
    world.trap(1)
    world.click(3, 2, "gateway")
    world.click(9, 120)
    world.trap(400, "detonation")
    world.click(0, 401, "detonation")

    assert world.review() == ReviewRun(answers=1)
    assert (world.invitation.answer, world.invitation.label) == (UNCONFIRMED, "")


def test_a_person_s_click_removes_the_label_that_a_machine_left(world):
    world.trap(1)
    world.click(3, 2, "gateway")
    world.review()
    assert world.invitation.label == "hidden_link"

    world.click(9, 5000)
    world.review()

    assert (world.invitation.answer, world.invitation.label) == (UNCONFIRMED, "")


def test_a_machine_hours_later_changes_nothing_of_an_answer(world):
    world.click(9, 60)
    world.review()
    before = world.invitation
    world.trap(8000)
    world.click(0, 8001, "gateway")

    assert world.review() == ReviewRun()
    assert replace(world.invitation, visits=()) == replace(before, visits=())


def test_a_newer_click_replaces_an_older_one_and_the_first_day_stays(world):
    world.click(9, 60)
    world.review()
    world.click(2, 86400)
    world.review()

    one = world.invitation
    assert (one.answer, one.answered_day) == (replace(UNCONFIRMED, rating=2), "2026-11-22")
    assert one.answered_at == NOON + 60 * SECOND


def test_a_confirmed_answer_is_never_touched(world):
    world.click(9, 60)
    world.confirm(4)
    world.click(0, 90)

    assert world.review() == ReviewRun()
    assert world.invitation.answer == Answer(4, "said")
    assert world.table.waiting == {}


def test_who_confirms_while_the_run_reads_wins(world):
    world.click(9, 60)

    class Slow(MemoryReviews):
        def store_review(self, invitation, read):
            world.confirm(4)
            return super().store_review(invitation, read)

    slow = Slow(world.responses.invitations, world.table.waiting)

    assert world.review(table=slow) == ReviewRun(waiting=1)
    assert world.review() == ReviewRun()
    assert world.invitation.answer == Answer(4, "said")


def test_what_is_opened_while_the_run_reads_is_heard_by_the_next(world):
    world.click(9, 60)

    class Slow(MemoryReviews):
        def store_review(self, invitation, read):
            world.visit(Kind.HIDDEN)
            return super().store_review(invitation, read)

    slow = Slow(world.responses.invitations, world.table.waiting)

    assert world.review(table=slow) == ReviewRun(waiting=1)
    assert world.review().answers == 1


def test_a_click_while_the_run_writes_has_a_mark_of_its_own(world):
    world.click(9, 60)

    class Slow(MemoryReviews):
        def clear(self, marks):
            world.visit(Kind.SEEN, 6)
            super().clear(marks)

    world.review(table=Slow(world.responses.invitations, world.table.waiting))
    world.review()
    assert world.invitation.answer == replace(UNCONFIRMED, rating=6)


def test_newer_clicks_wait_while_older_ones_are_settled(world):
    world.click(9, 60)
    world.click(6, 400)

    assert world.review(after=300) == ReviewRun(answers=1)
    assert world.invitation.answer == UNCONFIRMED
    assert world.review(after=302) == ReviewRun(answers=1)
    assert world.invitation.answer == replace(UNCONFIRMED, rating=6)


def test_a_flood_does_not_put_judging_off(world):
    for minute in range(12):
        world.click(9, 60 * minute)

    assert world.review(after=0).answers == 1


def test_what_was_erased_or_closed_or_is_too_late_is_nothing(world):
    world.click(9, 60)
    world.responses.invitations[ID] = replace(world.invitation, state=State.CLOSED)
    assert world.review() == ReviewRun()
    assert world.invitation.answer is None

    world = World()
    world.click(9, 31 * 86400)
    assert world.review() == ReviewRun()

    world.click(9, 60)
    del world.responses.invitations[ID]
    assert world.review() == ReviewRun()
    assert world.table.waiting == {}


def test_a_number_of_another_scale_is_no_answer(world):
    world.click(9, 60)
    world.responses.invitations[ID] = replace(world.invitation, segments={"question": "csat"})

    assert world.review() == ReviewRun()
    assert world.invitation.answer is None


def test_a_click_dated_after_its_mark_by_another_clock_is_not_forgotten(world):
    world.at(60)
    world.table.mark_for_review([ID], world.now)
    world.responses.visit(ID, Visit(NOON + 60.5 * SECOND, Kind.SEEN, 9, "home", "safari"))

    assert world.review(after=600.1) == ReviewRun(waiting=1)
    assert world.review() == ReviewRun(answers=1)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("click"), st.integers(0, 10), st.sampled_from(["home", "office", "gateway"])),
        st.tuples(st.just("trap"), st.sampled_from(["home", "gateway"])),
        st.tuples(st.just("wait"), st.sampled_from([1, 5, 40, 700, 9000])),
        st.tuples(st.just("review"), st.integers(1, 12)),
    ),
    max_size=14,
)


def play(world, steps, *, kill):
    for name, *arguments in steps:
        if name == "click":
            world.visit(Kind.OPENED, *arguments)
            world.visit(Kind.SEEN, *arguments)
        elif name == "trap":
            world.visit(Kind.HIDDEN, None, *arguments)
        elif name == "wait":
            world.now += arguments[0] * SECOND
        else:
            try:
                world.review(0, Mortal(world.table, *arguments) if kill else None)
            except KilledError:
                continue
    world.review()


@given(STEPS)
def test_a_run_killed_anywhere_is_made_good_by_the_next(steps):
    mortal, plain = World(), World()
    play(mortal, steps, kill=True)
    play(plain, steps, kill=False)

    assert mortal.invitation.answer == plain.invitation.answer
    assert mortal.invitation.label == plain.invitation.label
    assert mortal.table.waiting == {}
    assert mortal.review() == ReviewRun()


@given(STEPS, STEPS)
def test_whatever_happens_a_confirmed_answer_stays(before, after):
    world = World()
    play(world, before, kill=False)
    world.confirm(4)
    play(world, after, kill=True)

    assert (world.invitation.answer, world.invitation.label) == (Answer(4, "said"), "")
