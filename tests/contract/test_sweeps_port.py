"""Sweeps, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.intake.ports import FactWrites
from afterbill.model.invitation import SkipReason, State
from tests.contract.people import DUE, ID, OTHER_ID, THIRD_ID, invitation, sending, stored

HOUR = "2026-11-22T13"


def test_nothing_is_unsettled_where_nothing_is_due(world):
    stored(world)

    assert list(world.sweeps.not_sent("2026-11-22T12")) == []


@pytest.mark.parametrize("state", [State.PENDING, State.SENDING, State.UNKNOWN])
def test_what_has_not_gone_out_is_unsettled_in_the_hour_it_was_due(world, state):
    stored(world, invitation(state=state))

    assert list(world.sweeps.not_sent(HOUR)) == [ID]


def test_a_closed_invitation_is_settled(world):
    stored(world, invitation(state=State.CLOSED))

    assert list(world.sweeps.not_sent(HOUR)) == []


def test_the_whole_hour_is_searched_and_no_more(world):
    first = DUE.replace(minute=0)
    for id_, due_at in ((ID, first), (OTHER_ID, first + timedelta(minutes=59, seconds=59)), (THIRD_ID, first)):
        later = timedelta(hours=1) if id_ == THIRD_ID else timedelta(0)
        world.facts.commit(FactWrites(invitation=invitation(id_, due_at=due_at + later)))

    assert sorted(world.sweeps.not_sent(HOUR)) == [ID, OTHER_ID]


def test_all_pages_of_an_hour_are_read(world):
    """DynamoDB answers in pages of 1 MB; pages of two items show the same."""
    if world.dynamodb:
        world.dynamodb.meta.events.register("provide-client-params.dynamodb.Query", pages_of_two)
    ids = [f"{number:032x}" for number in range(7)]
    for id_ in ids:
        world.facts.commit(FactWrites(invitation=replace(invitation(id_), objects={})))

    assert sorted(world.sweeps.not_sent(HOUR)) == ids


def pages_of_two(params, **_):
    return params | {"Limit": 2}


def test_a_claim_nobody_heard_of_again_is_unknown_then_closed_as_failed(world):
    ours, _ = sending(world)

    world.sweeps.mark_unknown(ours)
    assert list(world.sweeps.not_sent(HOUR)) == [ID]
    world.sweeps.close(world.sweeps.invitation(ID), SkipReason.FAILED)

    assert world.sweeps.invitation(ID) == replace(ours, state=State.CLOSED, reason="failed")
    assert list(world.sweeps.not_sent(HOUR)) == []


def test_the_next_sweep_starts_where_the_last_one_said(world):
    assert world.sweeps.swept_until() is None

    world.sweeps.set_swept_until("2026-11-22T12")
    world.sweeps.set_swept_until(HOUR)

    assert world.sweeps.swept_until() == HOUR
