"""Sweeps, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.invitations import InvitationsTable
from afterbill.adapters.dynamodb.items import encode, utc_day
from afterbill.intake.ports import FactWrites
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Deferral, SkipReason, State
from afterbill.outreach.ports import Place, SweepProgress
from afterbill_cli.memory.table import MemoryTable
from tests.contract.conftest import TABLE
from tests.contract.people import (
    ADA,
    DUE,
    ID,
    NOW,
    OTHER_ID,
    THIRD_ID,
    claimed,
    invitation,
    mailed,
    sending,
    sent,
    stored,
)

DAY = "2026-11-22"
HOUR = timedelta(hours=1)


def unsent(world, since=DUE - HOUR, until=DUE + HOUR, day=DAY):
    """Ids of what is not sent, of all pages, in their order."""
    page = world.sweeps.not_sent(day, since, until)
    ids = [place.id for place in page.places]
    while page.end:
        page = world.sweeps.not_sent(day, since, until, page.end)
        ids += [place.id for place in page.places]
    return ids


def test_nothing_is_unsettled_where_nothing_is_due(world):
    stored(world)

    assert unsent(world, day="2026-11-21") == []
    assert unsent(world, until=DUE - timedelta(seconds=1)) == []
    assert unsent(world, since=DUE + timedelta(seconds=1)) == []


@pytest.mark.parametrize("state", [State.PENDING, State.SENDING, State.UNKNOWN])
def test_what_has_not_gone_out_is_unsettled_on_the_day_it_was_due(world, state):
    stored(world, invitation(state=state))

    assert world.sweeps.not_sent(DAY, DUE, DUE).places == [Place(DAY, DUE, ID)]


def test_a_closed_invitation_is_settled(world):
    stored(world, invitation(state=State.CLOSED))

    assert unsent(world) == []


def test_what_went_out_is_settled(world):
    sent(world)

    assert unsent(world) == []


def test_the_whole_time_is_searched_in_its_order_and_no_more(world):
    for id_, later in ((OTHER_ID, HOUR), (ID, -HOUR), (THIRD_ID, 2 * HOUR)):
        world.facts.commit(FactWrites(invitation=invitation(id_, due_at=DUE + later)))

    assert unsent(world) == [ID, OTHER_ID]


def test_a_survey_is_found_by_whole_seconds(world):
    world.facts.commit(FactWrites(invitation=invitation(due_at=DUE + timedelta(milliseconds=500))))

    assert unsent(world, since=DUE, until=DUE + timedelta(seconds=1)) == [ID]


def test_all_pages_of_a_day_are_read(world):
    """DynamoDB answers in pages of 1 MB; pages of two items show the same, those without anything open too."""
    if world.dynamodb:
        world.dynamodb.meta.events.register("provide-client-params.dynamodb.Query", pages_of_two)
    ids = [f"{number:032x}" for number in range(7)]
    for id_ in ids:
        due_at = DUE + timedelta(seconds=int(id_, 16))
        state = State.CLOSED if id_ in ids[2:4] else State.PENDING
        one = replace(invitation(id_, due_at=due_at), objects={})
        world.facts.commit(FactWrites(invitation=one))
        if state is State.CLOSED:
            world.sweeps.close(replace(one, customer_id=""), SkipReason.EXPIRED)

    assert unsent(world) == [*ids[:2], *ids[4:]]


def test_surveys_of_one_second_are_all_found_page_by_page(world):
    if world.dynamodb:
        world.dynamodb.meta.events.register("provide-client-params.dynamodb.Query", pages_of_two)
    ids = [f"{number:032x}" for number in range(5)]
    for id_ in ids:
        world.facts.commit(FactWrites(invitation=replace(invitation(id_), objects={})))

    assert sorted(unsent(world)) == ids


def pages_of_two(params, **_):
    return params | {"Limit": 2}


def test_several_are_read_at_once(world):
    one, _ = stored(world)

    assert world.sweeps.read_invitations([ID, OTHER_ID]) == {ID: one}
    assert world.sweeps.read_invitations([]) == {}


def test_a_claim_nobody_heard_of_again_is_unknown_then_closed_as_failed(world):
    ours, _ = sending(world)

    world.sweeps.mark_unknown(ours)
    assert unsent(world) == [ID]
    read = world.sweeps.read_invitations([ID])[ID]
    world.sweeps.close(read, SkipReason.FAILED)

    assert world.sweeps.read_invitations([ID]) == {ID: replace(ours, state=State.CLOSED, reason="failed")}
    assert unsent(world) == []


@pytest.mark.parametrize(
    "progress",
    [
        SweepProgress(NOW, NOW),
        SweepProgress(NOW - HOUR, NOW, Place(DAY, DUE, ID)),
        SweepProgress(NOW - HOUR, NOW, Place(DAY, DUE, ID), first_open=DUE),
    ],
)
def test_the_next_sweep_goes_on_where_the_last_one_said(world, progress):
    assert world.sweeps.sweep_progress() is None

    world.sweeps.store_sweep_progress(SweepProgress(DUE, DUE, Place(DAY, DUE, ID), first_open=DUE))
    world.sweeps.store_sweep_progress(progress)

    assert world.sweeps.sweep_progress() == progress


def test_a_claim_before_its_time_is_looked_for_where_it_was_claimed(world):
    """Its sender may be gone: it must not be out of sight until the moment for which it was held back."""
    stored(world)
    one = world.invitations.invitation(ID)
    held = one.defer(Deferral(NOW, SkipReason.STOPPED, DUE + timedelta(days=7)))
    assert world.invitations.defer(held, world.invitations.situation(one).customer)

    woken = replace(claimed(held), deferred_until=NOW)
    situation = world.invitations.situation(woken)
    assert world.invitations.claim(woken, situation.customer, situation.recipient)

    assert unsent(world, until=NOW + HOUR) == [ID]
    assert unsent(world, since=DUE + timedelta(days=6), until=DUE + timedelta(days=8), day="2026-11-29") == []


def moved(world):
    """The day under which the index has the invitation, and the moment by which it is sorted."""
    (item,) = [
        item
        for item in world.dynamodb.scan(TableName=TABLE, IndexName=keys.BY_DAY)["Items"]
        if keys.invitation_id(item) == ID
    ]
    return item[keys.DAY_BUCKET]["S"], item[keys.DAY_AT]["S"]


def test_a_survey_stays_in_its_place_when_it_goes_out_on_the_day_it_was_ready(aws_world):
    stored(aws_world)
    before = moved(aws_world)

    who = aws_world.facts.customers(["customer-1"])["customer-1"]
    one = claimed(aws_world.invitations.invitation(ID))
    assert aws_world.invitations.claim(one, who, ADA)
    aws_world.invitations.mark_sent(mailed(one))

    assert moved(aws_world) == before == ("DAY#2026-11-22", "2026-11-22T13:20:00Z")


def test_a_survey_moves_to_the_day_on_which_it_goes_out(aws_world):
    one, _ = sending(aws_world)
    aws_world.sweeps.confirm_sent(one, "m", NOW + timedelta(days=1), "2026-11-23")

    assert moved(aws_world) == ("DAY#2026-11-23", "2026-11-22T13:20:00Z")


def test_what_is_to_be_sent_stands_under_the_local_day_of_its_ready_moment(aws_world):
    tomorrow = InvitationsTable(aws_world.dynamodb, TABLE, lambda at: utc_day(at + timedelta(hours=12)))
    one, who = stored(aws_world)
    later = replace(one, deferred_until=DUE + HOUR, generation=2)

    assert tomorrow.defer(later, who)

    assert moved(aws_world) == ("DAY#2026-11-23", "2026-11-22T14:20:00Z")


def test_what_is_given_back_is_looked_for_when_it_is_ready_again(world):
    one, who = sending(world)
    world.invitations.release(replace(one, deferred_until=NOW + HOUR, generation=2), who, ADA)

    assert unsent(world, until=NOW) == []
    assert unsent(world, until=NOW + HOUR) == [ID]


@pytest.mark.parametrize("until", [DUE, DUE + HOUR, DUE + timedelta(milliseconds=500), NOW + timedelta(microseconds=1)])
def test_a_wait_is_read_as_it_was_written_however_short(world, until):
    one, who = stored(world, invitation(deferred_until=until))
    assert one.deferred_until == until

    later = until + timedelta(microseconds=7)
    assert world.invitations.defer(replace(one, deferred_until=later, generation=2), who)
    assert world.invitations.defer(replace(one, deferred_until=until, generation=3), who)
    assert world.sweeps.read_invitations([ID])[ID].deferred_until == until


def test_a_progress_with_what_could_not_be_read_comes_back(world):
    aside = (Place(DAY, DUE, ID), Place(DAY, DUE + HOUR, OTHER_ID))
    kept = SweepProgress(DUE, DUE + HOUR, aside[0], DUE, aside)

    world.sweeps.store_sweep_progress(kept)

    assert world.sweeps.sweep_progress() == kept


@pytest.mark.parametrize("attributes", [{"since": "yesterday"}, {"place": ["2026-11-22"]}, {"unreadable": [3]}])
def test_a_progress_that_cannot_be_read_is_told_until_it_is_replaced(aws_world, attributes):
    progress = SweepProgress(DUE, DUE + HOUR)
    aws_world.sweeps.store_sweep_progress(progress)
    item = aws_world.dynamodb.get_item(TableName=TABLE, Key=keys.sweep())["Item"]
    aws_world.dynamodb.put_item(TableName=TABLE, Item=item | encode(attributes))

    with pytest.raises(UnreadableError, match=r"^STATE sweep: "):
        aws_world.sweeps.sweep_progress()

    aws_world.sweeps.store_sweep_progress(progress)
    assert aws_world.sweeps.sweep_progress() == progress


def test_the_twin_in_memory_tells_it_too():
    table = MemoryTable(swept=UnreadableError("STATE sweep"))
    with pytest.raises(UnreadableError):
        table.sweep_progress()
