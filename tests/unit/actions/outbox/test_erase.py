"""What was written elsewhere about a person who is erased."""

from dataclasses import replace
from datetime import timedelta

from afterbill.model.invitation import Answer
from afterbill.model.privacy import Person, Removed
from afterbill_actions.effects import Written
from afterbill_actions.erase import ForgettableEffects
from afterbill_actions.outbox import EntryState, Operation
from afterbill_cli.memory.people import MemoryPeople
from tests.simulation.action_town import MINUTE, Town

ID = "invitation-0001"
PERSON = "customer-01"


def wing(town):
    names = list(town.configured.connections)
    return ForgettableEffects(town.effects, town.outbox, town.connections, town.wakes, names, town.clock)


def answered(run=MINUTE):
    town = Town()
    town.answer(ID, Answer(3, "turn 0"))
    town.run(most=run)
    return town


def erased(town):
    person = MemoryPeople(town.table).person(PERSON)
    counted = wing(town).forget(person)
    del town.table.invitations[ID]
    return counted


def held(town):
    return {name: list(system.held.values()) for name, system in town.systems.items()}


def test_all_that_was_written_is_removed_there():
    town = answered()
    assert all(held(town).values())

    assert erased(town) == {Removed.WRITTEN_ELSEWHERE: 3}
    town.run()

    assert held(town)["helpdesk"] == held(town)["shop"] == []
    assert not any(entry.content or entry.customer_id for entry in town.outbox.held.values())
    assert ID not in town.effects.held


def test_the_entries_that_erase_hold_the_other_systems_record_and_nobody():
    town = answered()

    erased(town)

    erasures = [one for one in town.outbox.held.values() if one.operation is Operation.ERASE]
    assert {one.connection: one.content for one in erasures}["helpdesk"] == {"id": "helpdesk-0"}
    assert {one.customer_id for one in erasures} == {""}


def test_what_was_still_to_be_written_is_let_be():
    town = answered(timedelta(seconds=31))
    waiting = {
        place: replace(one, state=EntryState.OPEN, customer_id=PERSON) for place, one in town.outbox.held.items()
    }
    town.outbox.held |= waiting
    town.effects.held.clear()

    erased(town)

    states = {one.state for one in town.outbox.held.values() if one.operation is Operation.WRITE}
    assert states == {EntryState.DROPPED}
    assert not any(one.customer_id for one in town.outbox.held.values())


def test_an_attempt_of_which_nobody_heard_is_looked_for():
    town = answered()
    record = town.effects.held[ID]
    town.effects.held[ID] = replace(record, written={})
    cut_off = {place: replace(one, state=EntryState.OPEN, attempts=1) for place, one in town.outbox.held.items()}
    town.outbox.held |= cut_off

    assert erased(town) == {Removed.WRITTEN_ELSEWHERE: 3}
    town.run()

    assert held(town)["helpdesk"] == held(town)["shop"] == []


def test_what_is_written_at_this_very_moment_is_removed_as_well():
    town = Town()
    town.answer(ID, Answer(3, "turn 0"))
    helpdesk = town.systems["helpdesk"]
    answer, erasing = helpdesk.send, []

    def send(request):
        reply = answer(request)
        if not erasing:
            erasing.append(erased(town))
        return reply

    helpdesk.send = send
    town.run()

    assert erasing
    assert held(town)["helpdesk"] == held(town)["shop"] == []


def test_a_repeat_after_a_crash_does_no_harm():
    town = answered()
    before = dict(town.effects.held)
    erased(town)
    town.effects.held |= before
    town.pass_time(MINUTE)

    wing(town).forget(Person(PERSON, invitations={ID: None}))
    town.run()

    assert held(town)["helpdesk"] == held(town)["shop"] == []
    assert not town.entries(EntryState.OPEN, EntryState.PARKED)


def test_an_erasure_that_lists_is_over_and_leaves_a_task():
    town = answered()
    town.effects.keep_written(ID, "low/chat.put", Written("chat", "put", "v", town.now, {"id": "chat-0"}))

    erased(town)
    town.run()

    assert all(one.over for one in town.outbox.held.values())
