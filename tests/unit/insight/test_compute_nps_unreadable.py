"""What compute_nps itself stored and cannot read, as after a rollback: it costs itself, and is made good."""

from dataclasses import replace
from datetime import timedelta

from afterbill.insight.compute_nps import Outcome
from afterbill.insight.ports import Progress
from afterbill.insight.tally import OTHER_QUESTIONS
from afterbill.model.errors import UnreadableError
from tests.unit.insight.score_world import World

DAY = timedelta(days=1)
STRANGE = UnreadableError("TALLY#plan 2026-11-20: a tally of another length")


def counted():
    """Two days of answers, counted and scored; a day later the scores are due anew."""
    world = World()
    world.answered("a", 9, world.today, plan="pro")
    world.answered("b", 2, world.today - 2 * DAY, plan="basic")
    world.settled_run()
    return world


def spoil(world, *dimensions, day):
    for dimension in dimensions:
        world.table.tallied[dimension][day] = STRANGE


def test_a_day_whose_tally_cannot_be_read_is_left_out_told_and_counted_again():
    world = counted()
    day = world.today - 2 * DAY
    spoil(world, "plan", day=day)
    world.wait(days=1)

    run = world.run()

    assert (run.outcome, run.unreadable) == (Outcome.COMPUTED, (str(STRANGE),))
    assert world.tallies("plan", "30d").keys() == {"pro"}
    assert world.tallies("all", "30d")["all"].n == 2
    assert set(world.table.dirty) == {day}

    assert world.settled_run().unreadable == ()
    assert world.stored().items() >= world.recount().items()
    assert world.table.dirty == {}


def test_it_holds_up_no_day_that_is_marked():
    world = counted()
    spoil(world, "plan", day=world.today - 2 * DAY)
    world.answered("c", 0, world.today, plan="new")

    world.settled_run()

    assert world.tallies("plan", "30d").keys() == {"pro", "new"}


def test_a_day_that_cannot_be_read_in_several_dimensions_is_marked_once():
    world = counted()
    day = world.today - 2 * DAY
    spoil(world, "plan", "all", "channel", day=day)
    world.wait(days=1)

    world.run()

    assert world.table.dirty[day].version == 1


def test_a_frozen_day_that_cannot_be_read_is_told_and_stays_as_it_is():
    world = counted()
    world.recountable = DAY
    spoil(world, "plan", day=world.today - 2 * DAY)
    world.wait(days=1)

    assert world.run().unreadable == (str(STRANGE),)
    assert world.table.dirty == {}
    assert world.run().outcome is Outcome.UNCHANGED


def test_a_question_that_nobody_knows_is_left_as_it_was_and_not_forgotten():
    world = counted()
    moods = {"mood:all": {world.today: {}}}
    world.table.tallied |= moods
    world.table.store_progress(Progress(world.today - DAY, frozenset({"mood", "csat"})))
    world.answered("c", 5, question="csat")

    assert world.settled_run().outcome is Outcome.COMPUTED
    assert replace(world.table.progress(), frozen=None) == Progress(world.today, frozenset({"mood", "csat"}))
    assert world.tallies("csat:all", "30d")["all"].n == 1
    assert {name: world.table.tallied[name] for name in world.table.tallied if name.startswith("mood")} == moods


def test_a_progress_that_cannot_be_read_begins_anew_with_all_questions_and_months():
    world = World(recountable=100 * DAY)
    world.answered("a", 5, world.today - 90 * DAY, question="csat")
    world.settled_run()
    scores = dict(world.table.scored)
    world.table.scored.clear()
    world.table.kept = UnreadableError("STATE compute: ValueError")

    run = world.run()

    assert (run.outcome, run.unreadable) == (Outcome.COMPUTED, ("STATE compute: ValueError",))
    assert replace(world.table.progress(), frozen=None) == Progress(world.today, OTHER_QUESTIONS)
    assert world.stored().keys() >= scores.keys()
    assert world.tallies("csat:all", "2026-08")["all"].n == 1
    assert world.run().outcome is Outcome.UNCHANGED
