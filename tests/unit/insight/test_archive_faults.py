"""Runs that are killed, repeated, and handed their marks in any order, leave the same files."""

import random
from copy import deepcopy
from datetime import timedelta

import pytest

from afterbill_reports.archive.run import LEASE
from tests.unit.insight.archiving import DAY, TODAY, ArchiveWorld, past
from tests.unit.mortal import KilledError, Mortal

PORTS = ("table", "files", "rows", "queue")
HOUR = timedelta(minutes=61)


def history() -> ArchiveWorld:
    """Facts of three days with an answer, words, an erasure, and a day that froze; then the next night."""
    world = past(ArchiveWorld())
    facts = [world.fact(number, ago=number % 3 * DAY) for number in range(1, 7)]
    world.later(HOUR)
    world.stored_at(TODAY - 727 * DAY, {"id": "7", "customer_id": "ada"})
    world.answer(facts[0], 9, "Words.")
    removed = world.answer(facts[1], 0, "Others.")
    world.later(HOUR)
    world.erase(removed)
    world.answer(facts[2], 5)
    world.queue.messages.clear()
    world.now += 12 * timedelta(hours=1)
    return world


def stored(world: ArchiveWorld) -> object:
    return world.files.files, world.table.marked, world.table.state


def expected() -> object:
    world = history()
    world.run()
    return stored(world)


class Killed(Mortal):
    """Counts the calls of all ports of one run together."""

    budget: list[int]

    def __init__(self, table, budget):
        self.table, self.budget = table, budget

    @property
    def left(self):
        return self.budget[0]

    @left.setter
    def left(self, value):
        self.budget[0] = value


def survives(world: ArchiveWorld, calls: int) -> bool:
    budget = [calls]
    try:
        world.run(**{name: Killed(getattr(world, name), budget) for name in PORTS})
    except KilledError:
        return False
    return True


def half_calls() -> int:
    return next(calls for calls in range(1, 1000) if survives(history(), calls))


@pytest.mark.parametrize("calls", range(1, half_calls()))
def test_a_run_killed_at_any_call_is_made_good_by_the_next(calls):
    world = history()
    assert not survives(world, calls)

    world.now += LEASE
    world.run()

    assert stored(world) == expected()
    # Reports were asked for at least once, after all files were there.
    assert {"kind": "stored", "nightly": True} in world.queue.messages


def test_a_run_repeated_changes_nothing():
    world = history()
    world.run()
    before = deepcopy(stored(world))

    for key in list(world.files.files):
        world.table.mark_changed(world.now - 3 * HOUR, {TODAY}, set())
        world.run()
        assert stored(world) == before, key


@pytest.mark.parametrize("seed", range(20))
def test_marks_that_come_late_twice_and_in_any_order_come_to_the_same_files(seed):
    """The stream may bring a change after a run that has seen its effect, and may bring it again."""
    world, chance = history(), random.Random(seed)
    marks = [*world.table.marked.values()] * 2
    chance.shuffle(marks)
    world.table.marked.clear()
    while marks:
        for _ in range(min(len(marks), chance.randint(1, 3))):
            mark = marks.pop()
            world.table.mark_changed(world.now - 2 * HOUR, {mark.day}, {mark.day} if mark.urgent else set())
        world.run()

    world.night()
    again = history()
    again.run()
    again.night()
    assert world.files.files == again.files.files
    assert world.table.marked == {}
