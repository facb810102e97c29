"""What the judging of taps asks of the table: one suite, the table in memory and DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.taps import TapsTable
from afterbill.answers.ports import Tapped
from afterbill.model.invitation import Answer
from afterbill.model.visits import Kind, Visit
from afterbill_cli.memory.taps import MemoryTaps
from tests.contract.conftest import TABLE
from tests.contract.people import ID, NOW, OTHER_ID, sent

SOON = NOW + timedelta(minutes=1)
TAP = Visit(SOON, Kind.SEEN, 9, "0badcafe", "safari")
UNCONFIRMED = Answer(9, confirmed=False)


@pytest.fixture
def taps(world):
    return TapsTable(world.dynamodb, TABLE) if world.dynamodb else MemoryTaps(world.responses.invitations)


def tapped(world, **changes):
    """A tapped invitation as the judge would store it."""
    sent(world)
    return replace(world.responses.visit(ID, TAP), **changes)


def answered(world):
    return tapped(world, answer=UNCONFIRMED, answered_at=SOON, answered_day="2026-11-22")


def test_a_mark_keeps_its_first_time_and_counts_what_follows(taps):
    taps.await_settling(ID, NOW)
    taps.await_settling(ID, SOON)
    taps.await_settling(OTHER_ID, SOON)

    marks = sorted(taps.unsettled(), key=lambda one: one.invitation_id)
    assert marks == [Tapped(ID, 2, NOW), Tapped(OTHER_ID, 1, SOON)]


def test_a_mark_is_removed_only_as_it_was_read(taps):
    taps.await_settling(ID, NOW)
    (read,) = taps.unsettled()
    taps.await_settling(ID, SOON)

    assert not taps.settled(read)
    (read,) = taps.unsettled()
    assert taps.settled(read)
    assert not taps.settled(read)
    assert list(taps.unsettled()) == []


def test_a_mark_set_anew_is_another_one(taps):
    taps.await_settling(ID, NOW)
    (read,) = taps.unsettled()
    assert taps.settled(read)
    taps.await_settling(ID, SOON)

    assert not taps.settled(read)
    assert list(taps.unsettled()) == [Tapped(ID, 1, SOON)]


def test_an_unconfirmed_answer_is_stored_with_its_moment_and_day(world, taps):
    told = answered(world)

    assert taps.settle_answer(told)
    assert taps.invitation(ID) == told


def test_a_label_is_stored_without_an_answer(world, taps):
    told = tapped(world, label="hidden_link hurried")

    assert taps.settle_answer(told)
    assert taps.invitation(ID) == told


def test_an_answer_takes_the_place_of_a_label(world, taps):
    told = tapped(world, label="hidden_link")
    assert taps.settle_answer(told)

    assert taps.settle_answer(replace(told, label="", answer=UNCONFIRMED, answered_at=SOON, answered_day="2026-11-22"))
    assert (taps.invitation(ID).answer, taps.invitation(ID).label) == (UNCONFIRMED, "")


def test_a_newer_tap_keeps_the_first_moment_and_day(world, taps):
    first = answered(world)
    assert taps.settle_answer(first)
    newer = replace(
        first, answer=Answer(2, confirmed=False), answered_at=SOON + timedelta(days=1), answered_day="later"
    )

    assert taps.settle_answer(newer)
    known = taps.invitation(ID)
    assert (known.answer, known.answered_at, known.answered_day) == (newer.answer, SOON, "2026-11-22")


def test_a_confirmed_answer_is_not_touched(world, taps):
    told = answered(world)
    world.responses.record(ID, Answer(3, "said"), SOON, "2026-11-22")

    assert not taps.settle_answer(told)
    assert not taps.settle_answer(replace(told, answer=None, label="hurried"))
    known = taps.invitation(ID)
    assert (known.answer, known.label) == (Answer(3, "said"), "")


def test_a_confirmed_answer_removes_the_label_and_the_doubt(world, taps):
    assert taps.settle_answer(tapped(world, label="hurried"))
    world.responses.record(ID, Answer(9), SOON, "2026-11-22")

    known = taps.invitation(ID)
    assert (known.answer, known.label) == (Answer(9), "")


def test_what_was_judged_without_the_newest_visit_is_not_stored(world, taps):
    told = answered(world)
    world.responses.visit(ID, replace(TAP, kind=Kind.HIDDEN, rating=None))

    assert not taps.settle_answer(told)
    assert taps.invitation(ID).answer is None


def test_what_was_erased_stays_erased(world, taps):
    told = answered(world)

    assert not taps.settle_answer(replace(told, id=OTHER_ID))
    assert taps.invitation(OTHER_ID) is None
