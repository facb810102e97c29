"""ReviewMarks and ClickReviews, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import write_batches
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.answers.ports import ReviewMark
from afterbill.answers.review_clicks import review_clicks
from afterbill.model.invitation import Answer, State
from afterbill.model.visits import Integrity, Kind, Visit
from afterbill_cli.memory.scores import MemoryReviews
from tests.contract.conftest import TABLE
from tests.contract.people import ID, NOW, OTHER_ID, invitation, sent
from tests.contract.test_scores_table import KilledError, MortalClient

SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)
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


def test_marks_come_the_oldest_first_and_only_those_of_before(reviews):
    reviews.mark_for_review([OTHER_ID], SOON)
    reviews.mark_for_review([OTHER_ID, ID], NOW)
    reviews.mark_for_review([ID], LATER)

    assert list(reviews.marks(LATER)) == [
        ReviewMark(NOW, ID, frozenset({ID, OTHER_ID})),
        ReviewMark(SOON, OTHER_ID, frozenset({OTHER_ID})),
    ]


def test_marks_of_one_moment_and_name_are_one(reviews):
    reviews.mark_for_review([ID], NOW)
    reviews.mark_for_review([ID, OTHER_ID], NOW)
    reviews.mark_for_review([OTHER_ID], NOW)

    assert [sorted(mark.invitation_ids) for mark in reviews.marks(SOON)] == [[ID, OTHER_ID], [OTHER_ID]]


def test_marks_are_removed_and_no_others(reviews):
    for second in range(60):
        reviews.mark_for_review([ID], NOW + timedelta(seconds=second))
    *others, last = reviews.marks(LATER)

    reviews.clear(others)
    reviews.clear(others)

    assert list(reviews.marks(LATER)) == [last]


def test_a_mark_set_anew_is_another_one(reviews):
    reviews.mark_for_review([ID], NOW)
    read = list(reviews.marks(LATER))
    reviews.mark_for_review([ID], SOON)
    reviews.clear(read)

    assert [mark.marked_at for mark in reviews.marks(LATER)] == [SOON]


def test_a_mark_that_cannot_be_read_hides_no_other(aws_world):
    reviews = ReviewsTable(aws_world.dynamodb, TABLE)
    aws_world.dynamodb.put_item(TableName=TABLE, Item=keys.review("2026-11-22", ID))
    aws_world.dynamodb.put_item(TableName=TABLE, Item=keys.review("1st", ID) | {"ids": {"SS": [ID]}})
    reviews.mark_for_review([ID], NOW)

    *errors, mark = reviews.marks(LATER)

    assert [str(error) for error in errors] == [f"REVIEW 1st#{ID}: ValueError", f"REVIEW 2026-11-22#{ID}: no ids"]
    assert mark.invitation_ids == {ID}


def test_what_is_read_to_be_reviewed_is_as_it_stands(world, reviews):
    one = sent(world)

    assert reviews.read_invitations([ID, OTHER_ID]) == {ID: one}


def test_an_unconfirmed_answer_is_stored_with_its_moment_and_day(world, reviews):
    reviewed = answered(world)

    assert reviews.store_review(reviewed, reviewed)
    assert reviews.read_invitations([ID])[ID] == reviewed


def test_a_label_is_stored_without_an_answer(world, reviews):
    reviewed = clicked(world, label="hidden_link hurried")

    assert reviews.store_review(reviewed, reviewed)
    assert reviews.read_invitations([ID])[ID] == reviewed


def test_an_answer_takes_the_place_of_a_label(world, reviews):
    reviewed = clicked(world, label="hidden_link")
    assert reviews.store_review(reviewed, reviewed)

    assert reviews.store_review(
        replace(reviewed, label="", answer=UNCONFIRMED, answered_at=SOON, answered_day="2026-11-22"), reviewed
    )
    assert (reviews.read_invitations([ID])[ID].answer, reviews.read_invitations([ID])[ID].label) == (UNCONFIRMED, "")


def test_a_newer_tap_keeps_the_first_moment_and_day(world, reviews):
    first = answered(world)
    assert reviews.store_review(first, first)
    newer = replace(
        first, answer=Answer(2, confirmed=False), answered_at=SOON + timedelta(days=1), answered_day="later"
    )

    assert reviews.store_review(newer, newer)
    stored = reviews.read_invitations([ID])[ID]
    assert (stored.answer, stored.answered_at, stored.answered_day) == (newer.answer, SOON, "2026-11-22")


def test_a_confirmed_answer_is_not_touched(world, reviews):
    reviewed = answered(world)
    world.responses.record(ID, Answer(3, "said"), SOON, "2026-11-22")

    assert not reviews.store_review(reviewed, reviewed)
    assert not reviews.store_review(replace(reviewed, answer=None, label="hurried"), reviewed)
    stored = reviews.read_invitations([ID])[ID]
    assert (stored.answer, stored.label) == (Answer(3, "said"), "")


def test_a_confirmed_answer_removes_the_label_and_the_doubt(world, reviews):
    assert reviews.store_review(*[clicked(world, label="hurried")] * 2)
    world.responses.record(ID, Answer(9), SOON, "2026-11-22")

    stored = reviews.read_invitations([ID])[ID]
    assert (stored.answer, stored.label) == (Answer(9), "")


def test_what_was_judged_without_the_newest_visit_is_not_stored(world, reviews):
    reviewed = answered(world)
    world.responses.visit(ID, replace(TAP, kind=Kind.HIDDEN, rating=None))

    assert not reviews.store_review(reviewed, reviewed)
    assert reviews.read_invitations([ID])[ID].answer is None


def test_what_was_erased_stays_erased(world, reviews):
    reviewed = answered(world)

    assert not reviews.store_review(replace(reviewed, id=OTHER_ID), reviewed)
    assert reviews.read_invitations([OTHER_ID]) == {}


def backlog(world, count):
    """So many clicked surveys with a mark each, the last of which cannot be read; in DynamoDB."""
    reviews = ReviewsTable(world.dynamodb, TABLE)
    ids = [f"{number:032x}" for number in range(count)]
    for id_ in ids:
        one = replace(invitation(id_), state=State.SENT, sent_at=NOW, sent_day="2026-11-22", visits=(TAP,))
        world.dynamodb.put_item(TableName=TABLE, Item=invitation_item(one))
        reviews.mark_for_review([id_], SOON)
    spoilt = keys.invitation(ids[-1]) | {"state": {"S": "archived"}}
    world.dynamodb.put_item(TableName=TABLE, Item=spoilt)
    return reviews, ids


def review(reviews):
    return review_clicks(reviews, Integrity(), LATER, lambda at: at.date().isoformat())


@pytest.mark.parametrize("calls", [0, 1, 2, 3, 16, 30, 31, 32, 33])
def test_a_run_killed_at_a_call_to_dynamodb_is_made_good_by_the_next(aws_world, calls):
    reviews, ids = backlog(aws_world, 30)
    with pytest.raises(KilledError):
        review(ReviewsTable(MortalClient(aws_world.dynamodb, calls), TABLE))

    review(reviews)

    found = reviews.read_invitations(ids)
    assert [found[id_].answer for id_ in ids[:-1]] == [UNCONFIRMED] * 29
    assert {id_ for mark in reviews.marks(LATER + timedelta(days=1)) for id_ in mark.invitation_ids} == {ids[-1]}


def test_marks_are_read_page_by_page_as_they_are_consumed(aws_world):
    """A page of DynamoDB is 1 MB: some three hundred full marks."""
    reviews, pages = ReviewsTable(aws_world.dynamodb, TABLE), []
    full = {"ids": {"SS": [f"{number:032x}" for number in range(100)]}}
    marks = [keys.review(f"2026-11-22T13:30:15.{number:06}+00:00", ID) | full for number in range(400)]
    write_batches(aws_world.dynamodb, TABLE, [{"PutRequest": {"Item": mark}} for mark in marks])
    aws_world.dynamodb.meta.events.register("before-call.dynamodb.Query", lambda **_: pages.append(1))

    found = reviews.marks(LATER)
    next(found)
    assert len(pages) == 1
    assert len(list(found)) == 399
    assert len(pages) == 2
