"""Recounting marked days and computing every window from them."""

from datetime import date, timedelta

import pytest

from afterbill.adapters.memory.scores import MemoryScores
from afterbill.domain.errors import TransientError
from afterbill.domain.invitation import Delivery
from afterbill.domain.nps import Tally
from afterbill.services.compute_nps import LEASE, MOST_DAYS, SETTLE, Computed, Outcome, compute_nps
from tests.unit.services.score_world import ZONE, World

TODAY = date(2026, 11, 22)


@pytest.fixture
def world():
    return World()


def everything(world, window="30d"):
    (row,) = world.table.scores("all", window)
    return row


def test_an_answer_is_in_every_window_that_holds_its_day_and_in_every_dimension(world):
    world.answered("a", 9, plan="pro", country="DE")

    world.settled_run()

    for window in ("7d", "30d", "90d", "365d", "2026-11"):
        assert world.tallies("all", window) == {"all": ratings(9, sent=1, answered=1)}
        assert world.tallies("plan", window) == {"pro": ratings(9, sent=1, answered=1)}
        assert world.tallies("touchpoint", window) == {"unknown": ratings(9, sent=1, answered=1)}


def test_what_lies_outside_a_window_is_not_in_it(world):
    world.answered("a", 9, TODAY - timedelta(days=7))

    world.settled_run()

    assert everything(world, "7d").tally == Tally()
    assert everything(world, "30d").tally.n == 1


def test_before_any_answer_there_is_a_line_without_a_score(world):
    assert world.run() == Computed(Outcome.COMPUTED, scores=5)
    assert everything(world).tally == Tally()
    assert everything(world).computed_at == world.now


def test_mails_count_by_the_day_of_sending_and_ratings_by_the_day_of_the_answer(world):
    yesterday = TODAY - timedelta(days=7)
    world.mark(*world.send("a", yesterday), *world.answer("a", 10))
    world.settled_run()

    assert everything(world, "7d").tally == ratings(10)
    assert everything(world, "30d").tally == ratings(10, sent=1, answered=1)


def test_each_window_is_compared_with_the_one_before(world):
    for number in range(20):
        world.answered(f"now {number}", 10)
        world.answered(f"then {number}", 0, TODAY - timedelta(days=30))

    world.settled_run()

    comparison = everything(world).comparison
    assert (comparison.change, comparison.significant) == (200, True)
    assert everything(world, "90d").comparison is None


def test_a_day_that_changes_in_an_old_month_changes_what_the_next_month_compares_with(world):
    world.answered("september", 10, date(2026, 9, 15))
    world.answered("october", 10, date(2026, 10, 15))
    world.settled_run()
    assert everything(world, "2026-10").comparison.change == 0

    world.mark(*world.answer("september", 0))
    world.settled_run()

    assert everything(world, "2026-10").comparison.change == 200


def test_a_changed_answer_leaves_no_drift(world):
    world.answered("a", 3)
    world.settled_run()

    world.mark(*world.answer("a", 10))
    world.settled_run()

    assert everything(world).tally == ratings(10, sent=1, answered=1)


def test_an_erased_invitation_leaves_no_drift_and_its_value_vanishes(world):
    world.answered("a", 3, plan="pro")
    world.answered("b", 9, plan="basic")
    world.settled_run()

    world.mark(*world.store("a", None))
    world.settled_run()

    assert world.tallies("plan", "30d") == {"basic": ratings(9, sent=1, answered=1)}


def test_deliveries_count_as_they_become_known(world):
    world.mark(*world.send("a"))
    world.settled_run()
    world.mark(*world.deliver("a", Delivery.DELIVERED))
    world.settled_run()

    assert everything(world).tally == Tally(sent=1, delivered=1)


@pytest.mark.parametrize(
    ("delivery", "tally"),
    [
        (Delivery.BOUNCED, Tally(sent=1, bounced=1)),
        (Delivery.COMPLAINED, Tally(sent=1, delivered=1, complained=1)),
    ],
)
def test_what_comes_back_counts_on_the_day_of_sending_however_late_it_comes(world, delivery, tally):
    sent_on = TODAY - timedelta(days=3)
    world.mark(*world.send("a", sent_on))
    world.settled_run()

    world.mark(*world.deliver("a", delivery))
    world.settled_run()

    assert list(world.table.tallies("all", sent_on, TODAY)) == [(sent_on, {"all": tally})]


def test_a_settled_mark_is_cleared_and_then_nothing_is_left_to_do(world):
    world.answered("a", 9)
    world.wait(seconds=SETTLE.total_seconds())

    first, second = world.run(), world.run()

    assert (first.outcome, first.days, first.answers, first.waiting) == (Outcome.COMPUTED, 1, 1, 0)
    assert second == Computed(Outcome.UNCHANGED)


def test_a_fresh_mark_is_counted_at_once_and_again_when_the_index_has_caught_up(world):
    world.answered("a", 9)

    assert world.run().waiting == 1
    assert everything(world).tally.n == 1
    assert world.settled_run().waiting == 0


def test_a_day_marked_again_during_the_run_stays_marked(world):
    class Busy(MemoryScores):
        def put_tallies(self, day, tallies):
            super().put_tallies(day, tallies)
            world.mark(day)

    world.answered("a", 9)
    world.wait(seconds=20)

    world.table.__class__ = Busy

    assert world.run().waiting == 1
    assert [mark.version for mark in world.table.marks()] == [2]


def test_a_new_day_is_computed_without_any_mark(world):
    world.answered("a", 9, TODAY - timedelta(days=6))
    world.settled_run()
    assert everything(world, "7d").tally.n == 1

    world.wait(days=1)

    assert world.run().outcome is Outcome.COMPUTED
    assert everything(world, "7d").tally.n == 0


def test_the_day_is_the_operators(world):
    world.settled_run()
    world.now = world.now.replace(hour=23)

    assert world.run().outcome is Outcome.COMPUTED  # 00:00 in Berlin
    assert world.table.computed_on() == TODAY + timedelta(days=1)


def test_two_runs_never_overlap(world):
    inner = []

    class Overlapping(MemoryScores):
        def marks(self):
            inner.append(compute_nps(world.table, world.now, "the other", ZONE, world.recountable))
            return super().marks()

    world.table.__class__ = Overlapping

    assert world.run().outcome is Outcome.COMPUTED
    assert inner == [Computed(Outcome.BUSY)]


def test_the_lease_ends_with_the_run_even_with_one_that_fails(world):
    class Throttled(MemoryScores):
        def marks(self):
            raise TransientError("throttled")

    world.table.__class__ = Throttled
    with pytest.raises(TransientError):
        world.run()
    world.table.__class__ = MemoryScores

    assert world.run().outcome is Outcome.COMPUTED


def test_the_lease_of_a_dead_run_ends_by_itself(world):
    world.table.take_lease("dead", world.now, world.now + LEASE)

    assert world.run().outcome is Outcome.BUSY
    world.wait(seconds=LEASE.total_seconds())
    assert world.run().outcome is Outcome.COMPUTED


def test_frozen_days_keep_their_tallies_when_their_invitations_are_gone(world):
    world.recountable = timedelta(days=60)
    long_ago = TODAY - timedelta(days=61)
    world.table.put_tallies(long_ago, {"all": {"all": ratings(9, 9)}})
    world.mark(long_ago)
    world.wait(seconds=20)

    run = world.run()

    assert (run.days, run.answers, run.waiting) == (1, 0, 0)
    assert everything(world, "90d").tally == ratings(9, 9)


def test_a_backlog_is_worked_off_in_runs_that_fit_the_function_the_longest_waiting_first(world):
    for number in range(MOST_DAYS + 5):
        world.answered(str(number), 9, TODAY - timedelta(days=number))
        world.wait(seconds=1)

    first = world.settled_run()
    waiting = {mark.day for mark in world.table.marks()}
    second = world.run()

    assert (first.days, first.waiting) == (MOST_DAYS, 5)
    assert max(waiting) == TODAY - timedelta(days=MOST_DAYS)
    assert (second.days, second.waiting) == (5, 0)
    assert world.stored() == world.recount()


def ratings(*given, **mails):
    return Tally(tuple(given.count(rating) for rating in range(11)), **mails)
