"""Surveys that wait until their customer uses the product, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.intake.ports import FactWrites
from afterbill.model.invitation import Deferral, SkipReason, State
from tests.contract.people import ADA, DUE, ID, NOW, OTHER_ID, claimed, customer, invitation, stored, waiting

UNTIL = DUE + timedelta(days=14)


def waits(one, reason=SkipReason.NOT_SEEN):
    return one.defer(Deferral(NOW, reason, UNTIL))


def person(world):
    return world.facts.customers(["customer-1"])["customer-1"]


@pytest.mark.parametrize("listed", [{}, waiting(), waiting(OTHER_ID)])
def test_one_is_kept_with_its_customer_and_keeps_no_other_waiting(world, listed):
    one, who = stored(world, who=customer(waiting=listed))

    assert world.invitations.defer(waits(one), who)

    assert person(world).when_seen == {ID}
    assert set(person(world).waiting) == set(listed) - {ID}
    assert world.invitations.invitation(ID).until_seen


def test_several_are_kept(world):
    for id_ in (ID, OTHER_ID):
        one, _ = stored(
            world, invitation(id_, objects={}), replace(customer(), version=0) if id_ == ID else person(world)
        )
        assert world.invitations.defer(waits(one), person(world))

    assert person(world).when_seen == {ID, OTHER_ID}


def test_an_event_about_the_customer_forgets_none(world):
    one, who = stored(world)
    world.invitations.defer(waits(one), who)

    assert world.facts.commit(FactWrites(customers=(replace(person(world), name="Ada"),)))

    assert person(world).when_seen == {ID}


def test_a_customer_who_was_erased_is_not_made_anew(world):
    one, _ = stored(world)

    assert world.invitations.defer(waits(one), customer("customer-9"))

    assert "customer-9" not in world.facts.customers(["customer-9"])


@pytest.mark.parametrize("listed", [{ID}, {ID, OTHER_ID}, {OTHER_ID}, set()])
def test_a_claim_takes_its_own_out(world, listed):
    one, who = stored(world, who=customer(when_seen=frozenset(listed)))

    assert world.invitations.claim(claimed(one), who, ADA)

    assert person(world).when_seen == listed - {ID}


@pytest.mark.parametrize("until", [None, DUE, NOW])
def test_a_claim_before_its_time_ends_the_wait(world, until):
    one, who = stored(world, invitation(deferred_until=UNTIL if until == NOW else until))

    assert world.invitations.claim(replace(claimed(one), deferred_until=until), who, ADA)

    assert world.invitations.invitation(ID).deferred_until == until


@pytest.mark.parametrize("cooldown", [timedelta(0), timedelta(days=90)])
def test_closing_takes_it_out(world, cooldown):
    one, who = stored(world, invitation(cooldown=cooldown))
    world.invitations.defer(waits(one), who)

    world.invitations.close(replace(waits(one), closed_at=NOW), SkipReason.NOT_SEEN)

    assert (person(world).when_seen, world.invitations.invitation(ID).state) == (frozenset(), State.CLOSED)


def test_closing_one_that_its_customer_knows_nothing_of_is_closing(world):
    one, _ = stored(world, waits(invitation()))

    world.invitations.close(replace(one, closed_at=NOW), SkipReason.NOT_SEEN)

    assert (person(world).version, world.invitations.invitation(ID).state) == (1, State.CLOSED)
