"""ReviewMarks and ClickReviews, in memory and in DynamoDB."""

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
def reviews(world):
    return ReviewsTable(world.dynamodb, TABLE) if world.dynamodb else MemoryReviews(world.responses.invitations)


def clicked(world, **changes):
    """A clicked invitation as the review would store it."""
    sent(world)
    return replace(world.responses.visit(ID, TAP), **changes)


def answered(world):
    return clicked(world, answer=UNCONFIRMED, answered_at=SOON, answered_day="2026-11-22")


def test_a_mark_keeps_its_first_time_and_counts_what_follows(reviews):
    reviews.mark_for_review(ID, NOW)
    reviews.mark_for_review(ID, SOON)
    reviews.mark_for_review(OTHER_ID, SOON)

    marks = sorted(reviews.marks(), key=lambda one: one.invitation_id)
    assert marks == [ReviewMark(ID, 2, NOW), ReviewMark(OTHER_ID, 1, SOON)]


def test_a_mark_is_removed_only_as_it_was_read(reviews):
    reviews.mark_for_review(ID, NOW)
    (read,) = reviews.marks()
    reviews.mark_for_review(ID, SOON)

    assert not reviews.clear(read)
    (read,) = reviews.marks()
    assert reviews.clear(read)
    assert not reviews.clear(read)
    assert list(reviews.marks()) == []


def test_a_mark_set_anew_is_another_one(reviews):
    reviews.mark_for_review(ID, NOW)
    (read,) = reviews.marks()
    assert reviews.clear(read)
    reviews.mark_for_review(ID, SOON)

    assert not reviews.clear(read)
    assert list(reviews.marks()) == [ReviewMark(ID, 1, SOON)]


def test_an_unconfirmed_answer_is_stored_with_its_moment_and_day(world, reviews):
    reviewed = answered(world)

    assert reviews.store_review(reviewed, reviewed)
    assert reviews.invitation(ID) == reviewed


def test_a_label_is_stored_without_an_answer(world, reviews):
    reviewed = clicked(world, label="hidden_link hurried")

    assert reviews.store_review(reviewed, reviewed)
    assert reviews.invitation(ID) == reviewed


def test_an_answer_takes_the_place_of_a_label(world, reviews):
    reviewed = clicked(world, label="hidden_link")
    assert reviews.store_review(reviewed, reviewed)

    assert reviews.store_review(
        replace(reviewed, label="", answer=UNCONFIRMED, answered_at=SOON, answered_day="2026-11-22"), reviewed
    )
    assert (reviews.invitation(ID).answer, reviews.invitation(ID).label) == (UNCONFIRMED, "")


def test_a_newer_tap_keeps_the_first_moment_and_day(world, reviews):
    first = answered(world)
    assert reviews.store_review(first, first)
    newer = replace(
        first, answer=Answer(2, confirmed=False), answered_at=SOON + timedelta(days=1), answered_day="later"
    )

    assert reviews.store_review(newer, newer)
    stored = reviews.invitation(ID)
    assert (stored.answer, stored.answered_at, stored.answered_day) == (newer.answer, SOON, "2026-11-22")


def test_a_confirmed_answer_is_not_touched(world, reviews):
    reviewed = answered(world)
    world.responses.record(ID, Answer(3, "said"), SOON, "2026-11-22")

    assert not reviews.store_review(reviewed, reviewed)
    assert not reviews.store_review(replace(reviewed, answer=None, label="hurried"), reviewed)
    stored = reviews.invitation(ID)
    assert (stored.answer, stored.label) == (Answer(3, "said"), "")


def test_a_confirmed_answer_removes_the_label_and_the_doubt(world, reviews):
    assert reviews.store_review(*[clicked(world, label="hurried")] * 2)
    world.responses.record(ID, Answer(9), SOON, "2026-11-22")

    stored = reviews.invitation(ID)
    assert (stored.answer, stored.label) == (Answer(9), "")


def test_what_was_judged_without_the_newest_visit_is_not_stored(world, reviews):
    reviewed = answered(world)
    world.responses.visit(ID, replace(TAP, kind=Kind.HIDDEN, rating=None))

    assert not reviews.store_review(reviewed, reviewed)
    assert reviews.invitation(ID).answer is None


def test_what_was_erased_stays_erased(world, reviews):
    reviewed = answered(world)

    assert not reviews.store_review(replace(reviewed, id=OTHER_ID), reviewed)
    assert reviews.invitation(OTHER_ID) is None
