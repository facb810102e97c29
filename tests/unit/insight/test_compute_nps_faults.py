"""Whatever happens in whatever order, and wherever a run is killed: the scores equal a plain recount in the end."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from afterbill.insight.compute_nps import LEASE, Outcome
from afterbill.insight.nps import Tally
from afterbill.insight.tally import days_touched
from afterbill.model.invitation import Delivery
from afterbill.model.questions import Question
from tests.unit.insight.score_world import World, snapshot_of
from tests.unit.mortal import KilledError, Mortal


def survives(world, calls):
    """Whether a run needs fewer than so many half calls."""
    try:
        world.run(Mortal(world.table, calls))
    except KilledError:
        return False
    return True


def history():
    world = World()
    world.answered("a", 9, plan="pro")
    world.answered("b", 2, world.today - timedelta(days=40), plan="basic")
    world.settled_run()
    world.mark(*world.answer("b", 10), *world.store("a", None))
    world.answered("c", 7, plan="new")
    world.answered("d", 5, plan="new", question="csat")
    world.wait(seconds=20)
    return world


def half_calls():
    return next(calls for calls in range(1, 1000) if survives(history(), calls))


@pytest.mark.parametrize("calls", range(1, half_calls()))
def test_a_run_killed_at_any_call_is_made_good_by_the_next(calls):
    world = history()
    assert not survives(world, calls)

    world.wait(seconds=LEASE.total_seconds())

    # Killed at its very end, nothing may be left to do.
    assert world.run().outcome in {Outcome.COMPUTED, Outcome.UNCHANGED}
    assert world.run().outcome is Outcome.UNCHANGED
    assert_same(world.stored(), world.recount(), tally_of=lambda tally: tally)


IDS = st.sampled_from("abcd")
DAYS = st.sampled_from([0, 1, 6, 7, 23, 29, 30, 53, 60, 365, 800])
PLANS = st.sampled_from(["basic", "pro", "enterprise"])
QUESTIONS = st.sampled_from([None, None, Question.CSAT, Question.CES])
CHANGES = st.one_of(
    st.tuples(st.just("send"), IDS, DAYS, PLANS, QUESTIONS),
    st.tuples(st.just("answer"), IDS, st.integers(0, 10), DAYS, st.booleans(), st.sampled_from(["", "price"])),
    st.tuples(st.just("deliver"), IDS, st.sampled_from(Delivery)),
    st.tuples(st.just("erase"), IDS),
)
STEPS = st.one_of(
    CHANGES,
    CHANGES,
    st.tuples(st.just("switch"), st.booleans()),
    st.tuples(st.just("marks arrive"), st.randoms(use_true_random=False)),
    st.tuples(
        st.just("run"),
        st.sampled_from([0.0, 6.0, 20.0, 1000.0, 90000.0]),
        st.one_of(st.just(1000), st.integers(1, 150)),
    ),
)


class Laggard(World):
    """A stream that brings marks late, twice and in disorder, and an index that lags behind the table."""

    def __post_init__(self):
        super().__post_init__()
        self.under_way = []
        self.seen = [(self.now, {})]
        self.table.invitations = {}

    def changed(self, days):
        """Half of the marks, by the parity of their days, come at once."""
        self.mark(*(day for day in days if day.toordinal() % 2))
        self.under_way += (day for day in days if not day.toordinal() % 2)
        self.seen.append((self.now, dict(self.invitations)))

    def marks_arrive(self, chance):
        chance.shuffle(self.under_way)
        keep = [day for day in self.under_way if chance.random() < 0.3]
        self.mark(*self.under_way, *keep)
        self.under_way = keep

    def run(self, table=None, goes_on=lambda: True):
        """The index shows what the table held ten seconds ago."""
        self.table.invitations = [then for at, then in self.seen if at <= self.now - timedelta(seconds=10)][-1]
        return super().run(table, goes_on)


def step(world, name, *arguments):
    if name == "send":
        id_, days, plan, *question = arguments
        asked = {"question": question[0]} if any(question) else {}
        if id_ not in world.invitations:
            world.changed(world.send(id_, world.today - timedelta(days=days), plan=plan, **asked))
    elif name == "answer":
        id_, rating, days, *details = arguments
        if id_ in world.invitations:
            ratings = world.invitations[id_].scale.ratings
            given = dict(zip(("confirmed", "reason"), details, strict=False))
            day = world.today - timedelta(days=days)
            world.changed(world.answer(id_, ratings[rating % len(ratings)], day, **given))
    elif name == "deliver":
        id_, delivery = arguments
        if id_ in world.invitations:
            world.changed(world.store(id_, replace(world.invitations[id_], delivery=delivery)))
    elif name == "erase":
        world.changed(world.store(arguments[0], None))
    elif name == "switch":
        (world.count_unconfirmed,) = arguments
    elif name == "marks arrive":
        world.marks_arrive(*arguments)
    else:
        seconds, calls = arguments
        world.wait(seconds=seconds)
        survives(world, calls)


BEFORE_THE_INDEX_CAUGHT_UP = [("send", "a", 0, "pro"), ("send", "b", 1, "pro"), ("run", 6.0, 1000)]
MONTH_BEFORE_CHANGES = [
    *(("send", id_, days, "pro") for id_, days in (("a", 23), ("b", 53))),
    *(("answer", id_, 9, days) for id_, days in (("a", 23), ("b", 53))),
    ("run", 20.0, 1000),
    ("answer", "b", 0, 53),
]


SWITCHED_THERE_AND_BACK = [
    ("send", "a", 53, "pro", Question.CSAT),
    ("answer", "a", 4, 53, False, "price"),
    ("run", 20.0, 1000),
    ("switch", False),
    ("run", 20.0, 60),
    ("switch", True),
]
SWITCHED_OFF = [*SWITCHED_THERE_AND_BACK[:4], ("send", "b", 1, "pro"), ("answer", "b", 3, 0, False, "")]


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@example(BEFORE_THE_INDEX_CAUGHT_UP)
@example(MONTH_BEFORE_CHANGES)
@example(SWITCHED_THERE_AND_BACK)
@example(SWITCHED_OFF)
@given(st.lists(STEPS, max_size=40))
def test_any_history_ends_in_the_scores_of_a_recount_from_scratch(steps):
    world = Laggard(now=World().now - timedelta(seconds=60))
    world.seen = [(world.now - timedelta(days=1), {})]
    for each in steps:
        step(world, *each)

    world.mark(*world.under_way)
    world.wait(seconds=LEASE.total_seconds())
    world.run()
    assert world.run().outcome is Outcome.UNCHANGED

    assert_same(world.stored(), world.recount(), tally_of=lambda tally: tally)
    assert_same(with_comparison(world), with_comparison(from_scratch(world)), tally_of=lambda row: row[0])


def assert_same(stored, expected, tally_of):
    """Windows nothing is left in may stay, and say so; those nothing ever was in need not be there."""
    both = stored.keys() & expected.keys()
    assert {key: stored[key] for key in both} == {key: expected[key] for key in both}
    apart = [rows for one in (stored, expected) for key, rows in one.items() if key not in both]
    assert {tally_of(row) for rows in apart for row in rows.values()} <= {Tally()}


def with_comparison(world):
    return {key: {row.value: (row.tally, row.comparison) for row in rows} for key, rows in world.table.scored.items()}


def from_scratch(world):
    fresh = World(now=world.now, invitations=world.invitations, count_unconfirmed=world.count_unconfirmed)
    fresh.mark(*(day for one in world.invitations.values() for day in days_touched(None, snapshot_of(one))))
    fresh.run()
    return fresh
