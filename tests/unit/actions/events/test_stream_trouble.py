"""Streams of answers through a poller as Lambda's, with calls that fail, are lost, or end the process: nothing is lost.

The poller goes on from the first record that failed, and halves a batch that ended a process.
"""

import random
from itertools import pairwise

import pytest

from afterbill.model.errors import TransientError
from afterbill_actions.events import Objection
from afterbill_actions.publish import publish
from afterbill_actions.version import version_of
from tests.factories import MINUTE, invitation
from tests.unit.actions.events.stream_world import GIVEN, World, answered, change, sent
from tests.unit.mortal import KilledError

PEOPLE, CHANGES = 6, 8


class Trouble:
    """Calls that fail before or after they took effect, or end the process, as often as `luck` has it."""

    def __init__(self, over, luck):
        self.over, self.luck = over, luck

    def __getattr__(self, name):
        def call(*arguments, **named):
            fate = self.luck.random()
            if fate < 0.15:
                raise self.luck.choice([KilledError, TransientError])(name)
            result = getattr(self.over, name)(*arguments, **named)
            if fate < 0.3:
                raise self.luck.choice([KilledError, TransientError])(name)
            return result

        return call


class TroubledBus(Trouble):
    """Some of the events of a call are not taken; a call that fails as a whole is told, not raised."""

    def publish(self, events):
        if self.luck.random() < 0.1:
            raise KilledError
        taken = [event for event in events if self.luck.random() < 0.8]
        self.over.publish(taken)
        # What was taken may be told to be missed: the answer was lost.
        return [event.id for event in events if event not in taken or self.luck.random() < 0.1]


def stream(luck):
    """Changes of several people's answers, one after the other for each, mingled; some object."""
    ways = []
    for number in range(PEOPLE):
        id_, customer = f"{number:032x}", f"customer-{number}"
        stands = [invitation(id=id_, customer_id=customer), sent(id=id_, customer_id=customer)]
        for step in range(luck.randrange(CHANGES)):
            confirmed = step > 0 or luck.random() < 0.7
            comment = f"word {step}" if confirmed else ""
            stands.append(answered(luck.randrange(11), comment, confirmed=confirmed, id=id_, customer_id=customer))
        way = [change(*pair, GIVEN + place * MINUTE) for place, pair in enumerate(pairwise(stands))]
        way += [Objection(GIVEN + 9 * MINUTE, customer, "unsubscribed")] * (luck.random() < 0.3)
        ways.append(way)
    mingled = []
    while any(ways):
        mingled.append(luck.choice([way for way in ways if way]).pop(0))
    return dict(zip((f"{number:04}" for number in range(len(mingled))), mingled, strict=True))


def poll(records, publish, luck):
    """Hand the records over, in order and as often as it takes."""
    waiting, size = list(records), len(records)
    while waiting:
        batch = waiting[: luck.randint(1, max(1, size))]
        try:
            failed = publish({id_: records[id_] for id_ in batch})
        except KilledError:
            size = max(1, len(batch) // 2)
            continue
        done = batch.index(failed[0]) if failed else len(batch)
        waiting, size = waiting[done:], len(records)


def outcome(world):
    return (
        {(event.id, str(event.type), repr(sorted(event.detail.items(), key=str))) for event in world.bus.taken},
        {id_: one.published for id_, one in world.effects.held.items()},
    )


@pytest.mark.parametrize("seed", range(60))
def test_whatever_fails_each_change_is_told_once_under_its_id_and_each_response_marked_and_settled(seed):
    luck = random.Random(seed)
    records, smooth, world = stream(luck), World(), World()
    assert not publish(records, lambda one: one, smooth.deps()).failed
    deps = world.deps(
        bus=TroubledBus(world.bus, luck), effects=Trouble(world.effects, luck), wakes=Trouble(world.wakes, luck)
    )

    poll(records, lambda some: publish(some, lambda one: one, deps).failed, luck)

    assert outcome(world) == outcome(smooth)
    assert {event.id for event in world.wakes.told} == {event.id for event in smooth.wakes.told}
    newest = {settled[0]: settled for settled in smooth.wakes.settled}
    assert {settled[0]: settled for settled in world.wakes.settled if settled == newest[settled[0]]} == newest
    finals = {one.after.id: one.after for one in records.values() if not isinstance(one, Objection)}
    assert {id_: version_of(one.answer) for id_, one in finals.items() if one.answer} == outcome(world)[1]
