"""What the sweep queues again costs one read where it was not needed, and never makes the queue longer and longer."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from afterbill.model.invitation import SkipReason, State
from afterbill.outreach import sweep as sweeping
from afterbill.outreach.delivery import Outcome, SendResult
from afterbill.outreach.ports import AGAIN
from afterbill.outreach.sweep import MOST_WAITING, Finding
from tests.factories import DAY, HOUR, MINUTE, NOON, SECOND, customer, hash_address, invitation, policy
from tests.world import World, due_survey

ID = invitation().id
OVERDUE = 20 * MINUTE + SECOND


@dataclass
class Calls:
    """A port whose calls are counted."""

    port: Any
    made: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        self.made[name] += 1
        return getattr(self.port, name)


def due(**rules: Any) -> World:
    world = due_survey()
    world.policy = policy(**{"reminder": 7 * DAY, "patience": 30 * DAY, **rules})
    world.change(ID, patience=30 * DAY)
    return world


def test_what_is_still_pending_goes_out() -> None:
    world = due()
    assert world.send(ID, AGAIN) == SendResult(Outcome.SENT)
    assert list(world.set_timers.schedules) == [f"{ID}-d2"]


@pytest.mark.parametrize("state", sorted(set(State) - {State.PENDING}))
@pytest.mark.parametrize("channel", ["mail", "in_app"])
def test_what_is_not_pending_costs_one_read(state: State, channel: str) -> None:
    world = due()
    world.change(ID, state=state, channel=channel, sent_at=NOON, claimed_at=NOON, attempt="a")
    world.table = world.caps = world.timer = world.queue = calls = Calls(world.stored)
    assert world.send(ID, AGAIN) == SendResult(Outcome.NOT_PENDING)
    assert calls.made == {"invitation": 1}


def test_nor_does_one_that_is_gone_stop_anything() -> None:
    assert World().send(ID, AGAIN) == SendResult(Outcome.NOT_PENDING)


@pytest.mark.parametrize("reason", [SkipReason.WINDOW, SkipReason.STOPPED, SkipReason.NOT_SEEN])
def test_one_that_was_put_off_meanwhile_has_a_timer_of_its_own(reason: SkipReason) -> None:
    world = due()
    world.change(ID, deferred_until=world.now + MINUTE, reason=reason)
    assert world.send(ID, AGAIN) == SendResult(Outcome.EARLY)
    assert (world.queued.messages, world.set_timers.schedules) == ([], {})


def test_while_sending_is_halted_it_goes_round_once() -> None:
    world = due()
    world.counters.pause = "too many bounces"
    assert world.send(ID, AGAIN) == SendResult(Outcome.HALTED, "too many bounces")
    assert world.queued.messages == []


def test_a_long_queue_is_left_to_itself_and_what_is_overdue_is_counted() -> None:
    world = due()
    world.now += OVERDUE
    world.queued.messages = [(ID, 1, MINUTE)] * (MOST_WAITING + 1)
    assert world.sweep() == {Finding.OVERDUE: 1}
    assert len(world.queued.messages) == MOST_WAITING + 1
    world.queued.messages.pop()
    assert world.sweep() == {Finding.OVERDUE: 1}
    assert world.queued.messages[-1][:2] == (ID, AGAIN)


def test_a_lost_claim_is_looked_after_behind_a_long_queue_too() -> None:
    world = due()
    world.change(ID, state=State.SENDING, attempt="a", claimed_at=world.now)
    world.now += OVERDUE
    world.queued.messages = [(ID, 1, MINUTE)] * (MOST_WAITING + 1)
    assert world.sweep() == {Finding.UNKNOWN: 1}
    assert world.queued.messages[-1][:2] == (ID, 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_backlog_drains_as_fast_as_surveys_go_out(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred times less of everything: 500 overdue surveys, some of whose messages are lost, and 40 new ones a run.

    The budget is calls of the table: it lets about 90 surveys go out between two sweeps.
    """
    monkeypatch.setattr(sweeping, "MOST_WAITING", 10)
    luck, world = random.Random(seed), World(policy=policy(reminder=7 * DAY, patience=30 * DAY))
    world.table = calls = Calls(world.stored)
    backlog = [(add(world, number), 1) for number in range(500)]
    luck.shuffle(backlog)
    messages, runs, duplicates = backlog[luck.randrange(100) :], 0, 0
    world.now += HOUR
    while any(one.state is State.PENDING for one in world.stored.invitations.values()):
        runs += 1
        assert runs < 14, f"{len(messages)} messages wait"
        if runs <= 3:
            messages += [(add(world, 1000 * runs + number), 1) for number in range(40)]
        world.queued.messages = [(*message, MINUTE) for message in messages]
        world.sweep()
        messages = [(id_, number) for id_, number, _ in world.queued.messages]
        assert len(messages) <= 10 + len(world.stored.invitations)
        world.queued.messages, began = [], calls.made.total()
        while messages and calls.made.total() - began < 90 * 4:
            sent = world.send(*messages.pop(0))
            duplicates += sent.outcome is Outcome.NOT_PENDING
        world.now += 15 * MINUTE
    assert len(world.outbox) == len(world.stored.invitations) == 620
    assert duplicates <= 10 * runs


def add(world: World, number: int) -> str:
    """One more survey that is due, of a customer of its own."""
    id_ = f"{number:032x}"
    address = f"{number}@example.com"
    world.stored.invitations[id_] = invitation(id=id_, customer_id=id_, due_at=world.now, patience=30 * DAY)
    world.stored.people[id_] = customer(id=id_, address=address, address_hash=hash_address(address))
    return id_
