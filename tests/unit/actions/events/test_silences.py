"""A source that fell silent is told once for each silence."""

import pytest

from afterbill.model.errors import TransientError
from afterbill_actions.events import EventType, silence
from afterbill_actions.silences import SilenceDeps, silence_deps, tell_silences
from afterbill_cli.memory.actions.bus import MemoryBus
from tests.factories import DAY, HOUR, NOON
from tests.unit.actions.events.stream_world import Woken, check

NOW = NOON + 9 * DAY


@pytest.fixture
def deps():
    return SilenceDeps(MemoryBus(), Woken())


def test_a_silence_is_told_once(deps):
    told = tell_silences({"shop": NOON}, {}, deps, NOW)
    again = tell_silences({"shop": NOON}, told, deps, NOW + HOUR)

    (event,) = deps.bus.taken
    check(event)
    assert told == again == {"shop": NOON}
    assert deps.wakes.told == [event]


def test_the_next_silence_is_another_one(deps):
    told = tell_silences({"shop": NOON}, {}, deps, NOW)
    heard = tell_silences({}, told, deps, NOW + DAY)
    tell_silences({"shop": NOON + 10 * DAY}, heard, deps, NOW + 20 * DAY)

    assert len({event.id for event in deps.bus.taken}) == 2


def test_what_the_bus_does_not_take_is_told_by_the_next_run(deps):
    deps.bus.refused = {silence("shop", NOON, NOW).id}
    told = tell_silences({"shop": NOON, "till": NOON}, {}, deps, NOW)
    deps.bus.refused.clear()
    tell_silences({"shop": NOON, "till": NOON}, told, deps, NOW)

    assert told == {"till": NOON}
    assert [event.detail["source"] for event in deps.bus.taken] == ["till", "shop"]


def test_what_cannot_be_woken_for_is_told_again_under_the_same_id(deps):
    class Down:
        def tell(self, event):
            raise TransientError(event.id)

    assert tell_silences({"shop": NOON}, {}, SilenceDeps(deps.bus, Down()), NOW) == {}
    tell_silences({"shop": NOON}, {}, deps, NOW)
    assert len({event.id for event in deps.bus.taken}) == 1


@pytest.mark.parametrize("types", [(), (EventType.SOURCE_SILENT,)])
@pytest.mark.parametrize("asked", [(), (EventType.SOURCE_SILENT,)])
def test_only_those_are_told_who_want_to_hear_of_it(types, asked):
    bus, wakes = MemoryBus(), Woken()
    told = tell_silences({"shop": NOON}, {}, silence_deps(bus, wakes, types, asked), NOW)

    assert told == {"shop": NOON}
    assert (len(bus.taken), len(wakes.told)) == (len(types), len(asked))
