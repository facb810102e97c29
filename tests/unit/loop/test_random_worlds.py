"""A few hundred random worlds: whatever happens in them, what we promise holds."""

import itertools
from collections import Counter
from datetime import timedelta
from functools import cache

import pytest

from afterbill.model.invitation import SkipReason, State
from tests.unit.loop.random_world import RandomWorld
from tests.unit.loop.trouble import COOLDOWN

WORLDS = 300
SEEDS = [range(first, first + WORLDS // 10) for first in range(0, WORLDS, WORLDS // 10)]


@cache
def lived(seed: int) -> RandomWorld:
    """A world at its end, the same for every test that looks at it."""
    world = RandomWorld(seed)
    world.run()
    return world


def explained(world: RandomWorld, id_: str) -> bool:
    """Whether something happened in this world that justifies the reason for which a fact was not asked about."""
    stored, luck = world.world.stored, world.luck
    one = stored.invitations[id_]
    customer = stored.customer(one.customer_id)
    happened = {
        SkipReason.NOT_ASKED: one.touchpoint == "refunded",
        SkipReason.NO_CUSTOMER: not one.customer_id,
        SkipReason.SUPPRESSED: customer is not None and bool(customer.suppressed or stored.suppressions),
        SkipReason.STOPPED: bool(stored.stops or (customer and (customer.last_adverse_at or customer.subscriptions))),
        SkipReason.COOLDOWN: luck.cooldown == COOLDOWN,
        SkipReason.SUPERSEDED: luck.cooldown == COOLDOWN,
        SkipReason.REJECTED: luck.refusals > 0,
        SkipReason.FAILED: world.interrupted > 0 or luck.silences > 0,
        SkipReason.NO_ADDRESS: world.interrupted > 0,
        SkipReason.EXPIRED: world.interrupted > 0,
        SkipReason.LIMIT: luck.per_hour > 0,
        SkipReason.WINDOW: luck.window is not None,
    }
    return happened[SkipReason(one.reason)]


@pytest.mark.parametrize("seeds", SEEDS, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_in_every_world_what_we_promise_holds(seeds: range) -> None:
    for seed in seeds:
        world = lived(seed)
        stored = world.world.stored.invitations

        assert stored.keys() == world.facts.keys(), "every fact is accounted for, and nothing else"
        assert {one.state for one in stored.values()} <= {State.SENT, State.CLOSED}, "nothing stays open"
        assert max(world.handed_over.values(), default=1) == 1, "no survey and no reminder is handed over twice"
        assert max(world.hours.values(), default=0) <= (world.luck.per_hour or 99), "no hour has more than the cap"
        assert all(stored[id_].state is State.SENT for id_ in world.proved), "what is proved to be sent is sent"
        closed = {id_: one.reason for id_, one in stored.items() if one.state is State.CLOSED}
        assert [reason for id_, reason in closed.items() if not explained(world, id_)] == [], seed

        failed = {id_ for id_, one in stored.items() if one.reason == SkipReason.FAILED}
        assert not failed & (world.proved | world.answers.keys()), "only what nobody heard of has failed"
        for id_, rating in world.answers.items():
            answer = stored[id_].answer
            assert answer is not None
            assert answer.rating == rating, "the last answer counts"

        if world.luck.cooldown:
            for _, times in itertools.groupby(sorted((mail.to, at) for at, mail in world.surveys), lambda one: one[0]):
                moments = [at for _, at in times]
                gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
                assert all(gap >= COOLDOWN for gap in gaps), "nobody is asked twice within the cooldown"


def test_the_worlds_are_as_bad_as_they_should_be() -> None:
    """Guards the simulation itself: each kind of trouble happens, and most surveys go out all the same."""
    reasons: Counter[str] = Counter()
    waits: Counter[str] = Counter()
    interrupted = arrived = answered = reminded = 0
    for seed in range(60):
        world = lived(seed)
        for one in world.world.stored.invitations.values():
            reasons[one.reason] += 1
            waits.update(wait.reason for wait in one.deferrals)
            reminded += one.reminded_at is not None
        interrupted += world.interrupted
        arrived += world.arrived.total()
        answered += len(world.answers)
    assert interrupted > 100
    assert arrived > 50
    assert answered > 20
    assert reminded > 2
    wanted = {SkipReason.STOPPED, SkipReason.SUPPRESSED, SkipReason.FAILED, SkipReason.REJECTED, SkipReason.COOLDOWN}
    assert wanted <= reasons.keys()
    for reason in (SkipReason.COOLDOWN, SkipReason.SUPERSEDED, SkipReason.WINDOW, SkipReason.LIMIT):
        assert waits[reason] > 2


def test_without_trouble_every_payment_that_stands_is_asked_about() -> None:
    calm = 0
    for seed in range(300):
        luck = RandomWorld(seed).luck
        if luck.faults or luck.refusals or luck.silences or luck.cooldown > timedelta(0):
            continue
        calm += 1
        closed = {one.reason for one in lived(seed).world.stored.invitations.values() if one.state is State.CLOSED}
        assert closed <= {"not_asked", "no_customer", "stopped", "suppressed"}
    assert calm > 5
