"""Runs that are too short: each goes on where the one before it stood, and nothing is done twice."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from random import Random

import pytest

from afterbill.insight import recount
from afterbill.insight.compute_nps import LEASE, Outcome
from afterbill.insight.ports import Page, Progress, Rescoring
from afterbill.insight.tally import Answered
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Delivery
from tests.unit.insight.score_world import World
from tests.unit.mortal import KilledError, Mortal

PLANS = ("basic", "pro", "enterprise", "trial")
QUESTIONS = ("nps", "nps", "csat")


class Time:
    """So many looks at the clock, then the time is over."""

    def __init__(self, looks):
        self.looks = looks
        self.left = looks

    def __call__(self):
        self.left -= 1
        return self.left >= 0

    @property
    def taken(self):
        return self.looks - self.left


class Pages:
    """Passes calls on, and notes the pages that are read and the scores that are stored."""

    def __init__(self, table):
        self.table = table
        self.read = []
        self.scored = []

    def __getattr__(self, name):
        return getattr(self.table, name)

    def answers_of(self, day, position):
        return self._noted("answers", day, position, self.table.answers_of(day, position))

    def sends_of(self, day, position):
        return self._noted("sends", day, position, self.table.sends_of(day, position))

    def _noted(self, kind, day, position, pages):
        for page in pages:
            self.read.append((kind, day, position))
            position = page.position
            yield page

    def replace_scores(self, dimension, scores):
        self.scored.append((dimension, tuple(scores)))
        self.table.replace_scores(dimension, scores)


def busy(seed=1, mails=300, ago=(0, 1, 2, 3, 4, 5, 40)):
    """Some days with many mails, in pages of five."""
    random, world = Random(seed), World()
    world.table.page_size = 5
    for number in range(mails):
        day = world.today - timedelta(days=random.choice(ago))
        asked = {"question": random.choice(QUESTIONS), "plan": random.choice(PLANS)}
        world.mark(*world.send(str(number), day, **asked))
        if random.random() < 0.4:
            world.mark(*world.answer(str(number), random.randint(1, 5), day, confirmed=random.random() < 0.8))
        world.mark(*world.deliver(str(number), random.choice([*Delivery])))
    world.wait(seconds=20)
    return world


def undisturbed(seed):
    """Looks at the clock that a run takes, the pages it reads and the world behind it."""
    world, time = busy(seed), Time(10_000)
    table = Pages(world.table)
    assert world.run(table, time).outcome is Outcome.COMPUTED
    return time.taken, table.read, world


@pytest.mark.parametrize("seed", range(5))
def test_runs_with_a_tenth_of_their_time_end_in_the_same_scores_and_do_nothing_twice(seed):
    looks, pages, whole = undisturbed(seed)
    world = busy(seed)
    table = Pages(world.table)

    for number in count(1):
        world.wait(minutes=1)
        if world.run(table, Time(looks // 10)).outcome is Outcome.UNCHANGED:
            break
        assert number < 40

    assert number > 10
    assert world.stored() == whole.stored() == world.recount()
    assert sorted(table.read) == sorted(pages)


@pytest.mark.parametrize("calls", [40, 45, 70])
def test_runs_that_are_all_killed_after_some_calls_come_to_an_end(calls, monkeypatch):
    monkeypatch.setattr(recount, "CHECKPOINT", 10)
    world = busy()
    killed = 0

    for _ in range(1000):
        world.wait(seconds=LEASE.total_seconds())
        try:
            outcome = world.run(Mortal(world.table, calls)).outcome
        except KilledError:
            killed += 1
        else:
            if outcome is Outcome.UNCHANGED:
                break

    assert killed > 5
    assert world.run().outcome is Outcome.UNCHANGED
    assert world.stored() == world.recount()


def test_a_run_that_is_killed_loses_no_more_than_a_checkpoint(monkeypatch):
    monkeypatch.setattr(recount, "CHECKPOINT", 20)
    world = busy(ago=[0])
    first, second = Pages(world.table), Pages(world.table)

    class Killed(Time):
        def __call__(self):
            if not super().__call__():
                raise KilledError
            return True

    with pytest.raises(KilledError):
        world.run(first, Killed(31))
    world.wait(seconds=LEASE.total_seconds())
    world.run(second)

    assert len(first.read) > 25
    assert len(set(first.read) & set(second.read)) <= 4


def test_a_day_that_changes_all_the_time_is_counted_to_its_end_and_again():
    world = busy(ago=[0])
    world.run(goes_on=Time(6))
    (under_way,) = [mark.under_way for mark in world.table.marks().items if mark.under_way]

    world.mark(world.today)
    world.wait(seconds=20)
    table = Pages(world.table)
    run = world.run(table)

    assert ("answers", world.today, "") not in table.read
    assert world.tallies("all", "7d")
    assert under_way.version < next(mark.version for mark in world.table.marks().items)
    assert run.waiting == 1
    assert world.run(Pages(world.table)).waiting == 0
    assert world.stored() == world.recount()


def test_what_is_left_of_a_count_whose_numbers_have_gone_begins_anew():
    world = busy(ago=[0])
    world.run(goes_on=Time(6))
    world.table.counts.clear()

    world.wait(minutes=1)
    assert world.run().waiting == 0
    assert world.stored() == world.recount()


def test_days_are_counted_in_turn_and_one_that_is_cut_short_is_the_first_again():
    world = busy(mails=60, ago=(0, 1, 2))
    turns = {mark.day: mark.turn for mark in world.table.marks().items}
    order = sorted(turns, key=lambda day: (turns[day], day))
    table = Pages(world.table)

    world.run(table, Time(2))
    world.wait(minutes=1)
    world.run(table, Time(3))

    assert {day for _, day, _ in table.read} == {order[0]}
    assert {mark.day: mark.turn for mark in world.table.marks().items} == turns


def test_a_day_that_killed_a_run_is_the_last_of_the_next():
    world = busy(mails=60, ago=(0, 1, 2))
    turns = {mark.day: mark.turn for mark in world.table.marks().items}
    first, *others = sorted(turns, key=lambda day: (turns[day], day))

    def dies(name):
        raise KilledError(name)

    class Deadly(Pages):
        def answers_of(self, day, position):
            return dies("reading") if day == first else super().answers_of(day, position)

    with pytest.raises(KilledError):
        world.run(Deadly(world.table))
    world.wait(seconds=LEASE.total_seconds())
    table = Deadly(world.table)
    with pytest.raises(KilledError):
        world.run(table)

    assert {day for _, day, _ in table.read} == set(others)
    assert [mark.day for mark in world.table.marks().items] == [first]


@pytest.mark.parametrize("error", [TransientError("throttled"), ValueError("a position that is none")])
def test_a_day_that_cannot_be_read_is_told_and_holds_up_no_other(error):
    world = busy(mails=60, ago=(0, 1, 2))
    bad = min(mark.day for mark in world.table.marks().items)

    class Unreadable(Pages):
        def sends_of(self, day, position):
            if day == bad:
                raise error
            return super().sends_of(day, position)

    run = world.run(Unreadable(world.table))

    assert run.errors == (error,)
    assert [mark.day for mark in world.table.marks().items] == [bad]
    assert world.tallies("all", "7d")["all"].sent > 0


@pytest.mark.parametrize(
    ("error", "kept"), [(TransientError("throttled"), True), (ValueError("a position that is none"), False)]
)
def test_what_was_counted_of_a_day_survives_a_failure_that_passes_by_itself_alone(error, kept):
    world = busy(ago=[0])
    world.run(goes_on=Time(6))

    class Unreadable(Pages):
        def answers_of(self, *_):
            raise error

    world.wait(minutes=1)
    world.run(Unreadable(world.table))

    assert any(mark.under_way for mark in world.table.marks().items) is kept


def test_an_item_that_makes_no_sense_costs_itself():
    world = World()
    world.answered("a", 9)
    world.answered("b", 5, question="csat")

    class Odd(Pages):
        def answers_of(self, day, _position):
            yield Page([Answered(11), Answered(3, {"question": "weather"})], "1", ["INVITATION#c: no rating"])
            yield from super().answers_of(day, "")

    world.wait(seconds=20)
    run = world.run(Odd(world.table))

    assert run.outcome is Outcome.COMPUTED
    assert run.unreadable == (
        "INVITATION#c: no rating",
        "a rating is a whole number from 0 to 10, not 11",
        "a question that nobody knows: 'weather'",
    )
    assert world.stored() == world.recount()


def test_scores_for_which_there_was_no_time_come_before_further_days_are_counted():
    world = busy(mails=60, ago=[0])
    assert world.run(goes_on=Time(60)).outcome is Outcome.COMPUTED
    world.answered("late", 5, world.today - timedelta(days=1))
    world.wait(seconds=20)
    assert world.run(goes_on=Time(5)).outcome is Outcome.UNFINISHED
    world.answered("later", 5, world.today - timedelta(days=2))
    world.wait(seconds=20)
    table = Pages(world.table)

    assert world.run(table, Time(3)).outcome is Outcome.UNFINISHED
    assert table.read == []
    assert table.scored
    assert world.run().outcome is Outcome.COMPUTED
    assert world.stored() == world.recount()


def test_a_rescoring_of_yesterday_begins_anew_with_its_months():
    world = World()
    world.answered("old", 9, world.today - timedelta(days=100))
    world.wait(seconds=20)
    world.run(goes_on=Time(5))
    assert world.table.progress().rescoring
    world.wait(days=1)

    world.run()

    assert replace(world.table.progress(), frozen=None) == Progress(world.today)
    assert world.stored().items() >= world.recount().items()


def test_a_dimension_whose_scores_are_stored_is_not_computed_again():
    world = World()
    world.answered("a", 9)
    world.wait(seconds=20)
    first, second = Pages(world.table), Pages(world.table)

    world.run(first, Time(7))
    assert world.table.progress().rescoring == Rescoring(
        world.today,
        unconfirmed=True,
        months=frozenset({world.today.replace(day=1)}),
        done=frozenset(dict(first.scored)),
    )
    world.run(second)

    assert first.scored
    assert not set(first.scored) & set(second.scored)


def test_a_backlog_holds_up_the_newest_day_by_one_day_alone():
    world = busy(mails=60, ago=(1, 2, 3, 4))
    world.wait(seconds=1)
    world.answered("new", 9)
    world.wait(seconds=20)
    table = Pages(world.table)

    world.run(table)

    assert list(dict.fromkeys(day for _, day, _ in table.read))[:3] == [
        world.today - timedelta(days=4),
        world.today,
        world.today - timedelta(days=3),
    ]
