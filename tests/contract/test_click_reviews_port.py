"""What the judging of taps asks of the table: one suite, the table in memory and DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.answers.ports import ReviewMark
from afterbill.model.invitation import Answer
from afterbill.model.visits import Kind, Visit
from afterbill_cli.memory.scores import MemoryReviews
from tests.contract.conftest import TABLE
from tests.contract.people import ID, NOW, OTHER_ID, sent

SOON = NOW + timedelta(minutes=1)
TAP = Visit(SOON, Kind.SEEN, 9, "0badcafe", "safari")
UNCONFIRMED = Answer(9, confirmed=False)


@pytest.fixture
def taps(world):
    return ReviewsTable(world.dynamodb, TABLE) if world.dynamodb else MemoryReviews(world.responses.invitations)


def tapped(world, **changes):
    """A tapped invitation as the judge would store it."""
    sent(world)
    return replace(world.responses.visit(ID, TAP), **changes)


def answered(world):
    return tapped(world, answer=UNCONFIRMED, answered_at=SOON, answered_day="2026-11-22")


def test_a_mark_keeps_its_first_time_and_counts_what_follows(taps):
    taps.mark_for_review(ID, NOW)
    taps.mark_for_review(ID, SOON)
    taps.mark_for_review(OTHER_ID, SOON)

    marks = sorted(taps.marks(), key=lambda one: one.invitation_id)
    assert marks == [ReviewMark(ID, 2, NOW), ReviewMark(OTHER_ID, 1, SOON)]


def test_a_mark_is_removed_only_as_it_was_read(taps):
    taps.mark_for_review(ID, NOW)
    (read,) = taps.marks()
    taps.mark_for_review(ID, SOON)

    assert not taps.clear(read)
    (read,) = taps.marks()
    assert taps.clear(read)
    assert not taps.clear(read)
    assert list(taps.marks()) == []


def test_a_mark_set_anew_is_another_one(taps):
    taps.mark_for_review(ID, NOW)
    (read,) = taps.marks()
    assert taps.clear(read)
    taps.mark_for_review(ID, SOON)

    assert not taps.clear(read)
    assert list(taps.marks()) == [ReviewMark(ID, 1, SOON)]


def test_an_unconfirmed_answer_is_stored_with_its_moment_and_day(world, taps):
    told = answered(world)

    assert taps.store_review(told)
    assert taps.invitation(ID) == told


def test_a_label_is_stored_without_an_answer(world, taps):
    told = tapped(world, label="hidden_link hurried")

    assert taps.store_review(told)
    assert taps.invitation(ID) == told


def test_an_answer_takes_the_place_of_a_label(world, taps):
    told = tapped(world, label="hidden_link")
    assert taps.store_review(told)

    assert taps.store_review(replace(told, label="", answer=UNCONFIRMED, answered_at=SOON, answered_day="2026-11-22"))
    assert (taps.invitation(ID).answer, taps.invitation(ID).label) == (UNCONFIRMED, "")


def test_a_newer_tap_keeps_the_first_moment_and_day(world, taps):
    first = answered(world)
    assert taps.store_review(first)
    newer = replace(
        first, answer=Answer(2, confirmed=False), answered_at=SOON + timedelta(days=1), answered_day="later"
    )

    assert taps.store_review(newer)
    known = taps.invitation(ID)
    assert (known.answer, known.answered_at, known.answered_day) == (newer.answer, SOON, "2026-11-22")


def test_a_confirmed_answer_is_not_touched(world, taps):
    told = answered(world)
    world.responses.record(ID, Answer(3, "said"), SOON, "2026-11-22")

    assert not taps.store_review(told)
    assert not taps.store_review(replace(told, answer=None, label="hurried"))
    known = taps.invitation(ID)
    assert (known.answer, known.label) == (Answer(3, "said"), "")


def test_a_confirmed_answer_removes_the_label_and_the_doubt(world, taps):
    assert taps.store_review(tapped(world, label="hurried"))
    world.responses.record(ID, Answer(9), SOON, "2026-11-22")

    known = taps.invitation(ID)
    assert (known.answer, known.label) == (Answer(9), "")


def test_what_was_judged_without_the_newest_visit_is_not_stored(world, taps):
    told = answered(world)
    world.responses.visit(ID, replace(TAP, kind=Kind.HIDDEN, rating=None))

    assert not taps.store_review(told)
    assert taps.invitation(ID).answer is None


def test_what_was_erased_stays_erased(world, taps):
    told = answered(world)

    assert not taps.store_review(replace(told, id=OTHER_ID))
    assert taps.invitation(OTHER_ID) is None
