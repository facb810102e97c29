"""The sweep of versions: what the stream lost is told all the same, and nothing else is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.invitation import Answer
from afterbill_actions.effects import Effects
from afterbill_actions.ports import VersionSweep
from afterbill_actions.sweep_versions import MOST_SUSPECTS, PASS, SETTLED, SweepDeps, sweep_versions
from afterbill_actions.version import version_of
from afterbill_cli.memory.actions.version_sweeps import MemoryVersionSweeps
from afterbill_cli.memory.answered import MemoryAnswered
from tests.factories import DAY, HOUR, MINUTE, SECOND, customer
from tests.unit.actions.events.stream_world import GIVEN, WORDS, World, answered, change, sent
from tests.unit.mortal import KilledError, Mortal

ID = "ab" * 16
BEGUN = GIVEN - 2 * HOUR
THREE = version_of(Answer(3, WORDS))


class Swept(World):
    """A stack whose sweep has run before anything was answered."""

    def __init__(self):
        super().__init__()
        self.sweeps = MemoryVersionSweeps(VersionSweep(BEGUN, BEGUN, BEGUN))
        self.answered = MemoryAnswered(self.table, page_size=3)

    def give(self, one, published=""):
        """An answer in the table; `published` is what the publisher marked, its own version by default."""
        self.table.invitations[one.id] = one
        if published is not None:
            version = published or version_of(one.answer)
            self.effects.held[one.id] = Effects(one.id, version, one.answered_at, 1)

    def sweep(self, now, goes_on=lambda: True, **publishing):
        deps = SweepDeps(self.answered, self.sweeps, self.deps(**publishing), lambda at: at.date())
        return sweep_versions(deps, now, goes_on)

    def sweep_until(self, end, now=GIVEN + HOUR):
        runs = []
        while now <= end:
            runs.append(self.sweep(now))
            now += 15 * MINUTE
        return runs


@pytest.fixture
def world():
    return Swept()


def test_an_answer_that_the_stream_lost_is_told_in_the_second_run(world):
    world.give(answered(3), published=None)

    assert world.sweep(GIVEN + HOUR).told == 0
    assert world.silent
    assert world.sweep(GIVEN + HOUR + 15 * MINUTE).told == 1
    assert world.types() == ["ResponseRecorded"]
    assert world.effects.held[ID].published == THREE
    assert [settled[:2] for settled in world.wakes.settled] == [(ID, THREE)]


def test_its_event_has_the_id_that_the_stream_would_have_given_it(world):
    stream = World()
    stream.publish(change(sent(), answered(3)))
    stream.publish(change(answered(3), answered(9)), types=["ResponseChanged"])
    world.give(answered(3), published=None)
    world.sweep_until(GIVEN + 2 * HOUR)
    world.give(answered(9), published=THREE)
    world.sweep_until(GIVEN + 6 * HOUR, GIVEN + 4 * HOUR)

    assert [event.id for event in world.bus.taken] == [event.id for event in stream.bus.taken]
    assert [event.detail.get("rating") for event in world.bus.taken] == [3, 9]


def test_what_the_stream_comes_to_meanwhile_is_not_told_again(world):
    world.give(answered(3), published=None)
    world.sweep(GIVEN + HOUR)
    world.give(answered(3))

    assert [run.told for run in world.sweep_until(GIVEN + 9 * HOUR)] == [0] * 33
    assert not world.bus.taken


def test_a_suspect_that_changed_once_more_is_looked_at_again(world):
    world.give(answered(3), published=None)
    world.sweep(GIVEN + HOUR)
    world.give(answered(9), published=None)

    assert world.sweep(GIVEN + HOUR + 15 * MINUTE).told == 0
    assert sum(run.told for run in world.sweep_until(GIVEN + 4 * HOUR, GIVEN + 2 * HOUR)) == 1


def test_a_pass_begins_an_hour_after_the_one_before(world):
    world.give(answered(3))

    assert [run.looked_at for run in world.sweep_until(GIVEN + 2 * HOUR + 15 * MINUTE)] == [1, 0, 0, 0, 1, 0]


def test_a_run_that_has_no_time_goes_on_where_it_stood(world):
    for number in range(10):
        world.give(answered(3, id=f"{number:032x}"), published=None)
    steps = iter([True, True, True, False])
    first = world.sweep(GIVEN + HOUR, lambda: next(steps))
    rest = world.sweep(GIVEN + HOUR + 15 * MINUTE)

    assert (first.looked_at, first.told) == (3, 0)
    assert (rest.looked_at, rest.told) == (7, 3)
    assert world.sweep(GIVEN + HOUR + 30 * MINUTE).told == 7


def test_no_more_versions_wait_than_one_item_holds(world):
    world.answered.page_size = 300
    for number in range(MOST_SUSPECTS + 5):
        world.give(answered(3, id=f"{number:032x}"), published=None)
    world.sweep(GIVEN + HOUR)

    assert len(world.sweeps.state.suspects) == MOST_SUSPECTS


@pytest.mark.parametrize(
    "one",
    [
        answered(3, answered_at=BEGUN - SECOND),
        answered(3, channel="import"),
        answered(3, answered_at=GIVEN - 9 * DAY, answered_day="2026-11-16"),
    ],
    ids=["from before there was a publisher", "imported", "of older days"],
)
def test_nobody_tells_of_an_answer(world, one):
    world.give(one, published=None)
    world.sweep_until(GIVEN + 4 * HOUR)

    assert world.silent


def test_of_somebody_whose_data_are_restricted_nothing_is_told(world):
    world.table.people["ada"] = customer(restricted_at=GIVEN)
    world.give(answered(3), published=None)
    world.sweep_until(GIVEN + 4 * HOUR)

    assert world.silent


def test_the_first_run_begins_to_listen(world):
    world.sweeps.state = None
    world.give(answered(3), published=None)
    world.sweep_until(GIVEN + 4 * HOUR)

    assert world.silent
    assert world.sweeps.state.since == GIVEN + HOUR


def test_a_mark_whose_message_is_lost_wakes_once_more_as_it_did(world):
    world.publish(change(sent(), answered(3)))
    world.table.invitations[ID] = answered(3)
    (first,) = world.wakes.settled
    world.sweep_until(GIVEN + 9 * HOUR)

    assert world.wakes.settled == [first, (*first[:3], timedelta(0))]


def test_every_mark_of_hours_is_woken_for_once_by_some_pass(world):
    for number in range(40):
        at = GIVEN + number * 7 * MINUTE
        one = answered(3, id=f"{number:032x}", answered_at=at)
        world.give(one)
    world.sweep_until(GIVEN + 9 * HOUR)

    assert sorted(settled[0] for settled in world.wakes.settled) == [f"{number:032x}" for number in range(40)]


@pytest.mark.parametrize("versions", [1, 2])
def test_an_old_answer_is_woken_for_only_where_it_changed(world, versions):
    world.give(answered(3))
    marked = world.effects.held[ID]
    world.table.invitations[ID] = answered(3, answered_at=GIVEN - DAY - HOUR)
    world.effects.held[ID] = replace(marked, versions=versions)
    world.sweep_until(GIVEN + 3 * HOUR)

    assert len(world.wakes.settled) == versions - 1


def test_without_workflows_nothing_is_woken(world):
    world.give(answered(3))
    world.sweep(GIVEN + HOUR, wakes=None)

    assert not world.wakes.settled


# Faults


def test_what_cannot_be_told_waits_for_the_next_run(world):
    class Away:
        def publish(self, events):
            return [event.id for event in events]

    world.give(answered(3), published=None)
    world.sweep(GIVEN + HOUR)
    run = world.sweep(GIVEN + HOUR + 15 * MINUTE, bus=Away())

    assert (run.told, run.failed) == (0, 1)
    assert world.sweep(GIVEN + HOUR + 30 * MINUTE).told == 1


def test_an_answer_that_cannot_be_read_costs_itself(world):
    world.give(answered(3), published=None)
    world.give(answered(3, id="cd" * 16), published=None)
    world.table.unreadable.add("cd" * 16)
    runs = world.sweep_until(GIVEN + HOUR + 15 * MINUTE)

    assert [len(run.unreadable) for run in runs] == [1, 0]
    assert runs[1].told == 1


def test_effects_that_cannot_be_read_cost_themselves(world):
    class Strange:
        def __init__(self, over):
            self.over = over

        def effects(self, ids):
            if "cd" * 16 in ids:
                raise UnreadableError("EFFECTS#" + "cd" * 16)
            return self.over.effects(ids)

        def mark_published(self, *arguments):
            self.over.mark_published(*arguments)

    world.give(answered(3), published=None)
    world.give(answered(3, id="cd" * 16), published=None)
    first = world.sweep(GIVEN + HOUR, effects=Strange(world.effects))
    second = world.sweep(GIVEN + HOUR + 15 * MINUTE, effects=Strange(world.effects))

    assert [str(error) for error in first.unreadable] == ["EFFECTS#" + "cd" * 16]
    assert second.told == 1


def test_a_state_that_cannot_be_read_begins_anew(world):
    class Strange(MemoryVersionSweeps):
        def load(self):
            raise UnreadableError("STATE publish_sweep")

    world.sweeps = Strange()
    run = world.sweep(GIVEN + HOUR)

    assert [str(error) for error in run.unreadable] == ["STATE publish_sweep"]
    assert world.sweeps.state.since == GIVEN + HOUR


def test_a_table_that_does_not_answer_ends_the_run_and_the_next_one_goes_on(world):
    class Down(MemoryAnswered):
        def answered(self, *_place, **_order):
            raise TransientError("querying the table")

    world.give(answered(3), published=None)
    up, world.answered = world.answered, Down(world.table)
    with pytest.raises(TransientError):
        world.sweep(GIVEN + HOUR)
    world.answered = up

    assert sum(run.told for run in world.sweep_until(GIVEN + 2 * HOUR)) == 1


@pytest.mark.parametrize("part", ["bus", "effects", "wakes"])
@pytest.mark.parametrize("calls", range(1, 7))
def test_killed_at_any_call_nothing_is_lost_and_nothing_told_under_another_id(part, calls):
    world = Swept()
    world.give(answered(3), published=None)
    world.give(answered(9, id="cd" * 16), published=None)
    now = GIVEN + HOUR
    try:
        for _ in range(2):
            world.sweep(now, **{part: Mortal(getattr(world, part), calls)})
            now += 15 * MINUTE
    except KilledError:
        pass
    world.sweep_until(now + 4 * HOUR, now)

    assert {event.id for event in world.bus.taken} == {event.id for event in _whole()}
    assert {id_: one.published for id_, one in world.effects.held.items()} == {
        one.id: version_of(one.answer) for one in world.table.invitations.values()
    }
    assert {settled[:2] for settled in world.wakes.settled} >= {(ID, THREE)}


def _whole():
    world = Swept()
    world.give(answered(3), published=None)
    world.give(answered(9, id="cd" * 16), published=None)
    world.sweep_until(GIVEN + 2 * HOUR)
    return world.bus.taken


def test_a_pass_leaves_time_for_the_message_of_a_mark():
    assert SETTLED < PASS
