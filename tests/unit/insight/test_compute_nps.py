"""Recounting marked days and computing every window from them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from afterbill.insight.compute_nps import LEASE, Computed, Counting, Outcome, compute_nps, recountable
from afterbill.insight.nps import Tally
from afterbill.insight.ports import Progress
from afterbill.insight.recount import INDEX_LAG
from afterbill.insight.tally import MAIL_ORIGIN
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Delivery
from afterbill.model.segments import DIMENSIONS
from afterbill_cli.memory.scores import MemoryScores
from tests.unit.insight.score_world import YEARS, ZONE, World, invitation

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


def test_a_hundred_answers_of_anybody_to_a_plain_link_do_not_move_the_score(world):
    for number in range(4):
        world.answered(f"customer {number}", 10, plan="pro")
    for number in range(100):
        own = {"anonymous": "counter", "source": "links.counter", "channel": "link", "plan": "pro"}
        world.mark(*world.store(f"anybody {number}", replace(invitation("x"), segments=own)))
        world.mark(*world.answer(f"anybody {number}", 0))

    computed = world.settled_run()

    assert everything(world).measures.score == 100
    assert world.tallies("anonymous", "30d") == {"counter": ratings(*[0] * 100)}
    assert world.tallies("plan", "30d") == {"pro": ratings(*[10] * 4, sent=4, answered=4)}
    assert "links.counter" not in world.tallies("source", "30d")
    assert computed.answers == 104
    assert world.stored() == world.recount()


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


def test_every_question_has_scores_of_its_own_and_none_is_in_another(world):
    world.answered("a", 9)
    world.answered("b", 5, question="csat", plan="pro")
    world.answered("c", 1, question="ces")

    run = world.settled_run()

    assert run.answers == 3
    assert world.tallies("all", "30d") == {"all": ratings(9, sent=1, answered=1)}
    assert world.tallies("csat:all", "30d") == {"all": ratings(5, sent=1, answered=1)}
    assert world.tallies("csat:plan", "30d") == {"pro": ratings(5, sent=1, answered=1)}
    assert world.tallies("ces:all", "30d") == {"all": ratings(1, sent=1, answered=1)}
    assert world.tallies("rebuy:all", "30d") == {}


def test_a_question_nobody_was_asked_costs_nothing(world):
    world.answered("a", 9)
    world.settled_run()
    assert replace(world.table.progress(), frozen=None) == Progress(TODAY, frozenset(), unconfirmed=True)
    assert set(world.table.tallied) == {*DIMENSIONS, MAIL_ORIGIN}


def test_the_last_answer_to_a_question_leaves_when_it_is_erased(world):
    world.answered("a", 5, question="csat")
    world.settled_run()

    world.mark(*world.store("a", None))
    world.settled_run()

    assert world.tallies("csat:all", "30d") == {"all": Tally()}


def test_answers_are_counted_by_reason_and_mails_are_not(world):
    for id_, reason in (("a", "price"), ("b", "price"), ("c", "")):
        world.mark(*world.send(id_), *world.answer(id_, 3, reason=reason))

    world.settled_run()

    assert world.tallies("reason", "30d") == {"price": ratings(3, 3), "none": ratings(3)}


def test_another_reason_or_a_confirmation_marks_the_day(world):
    world.send("a")

    assert world.answer("a", 3, confirmed=False) == {TODAY}
    assert world.answer("a", 3) == {TODAY}
    assert world.answer("a", 3, reason="price") == {TODAY}
    assert world.answer("a", 3, reason="price") == set()


def test_a_score_says_how_many_answers_were_not_confirmed(world):
    world.answered("a", 9)
    world.mark(*world.send("b"), *world.answer("b", 10, confirmed=False))

    world.settled_run()

    assert everything(world).unconfirmed == 1
    assert everything(world).tally.n == 2


def test_whoever_does_not_count_unconfirmed_answers_gets_every_window_anew_without_a_recount(world):
    world.mark(*world.send("a", date(2026, 9, 15)), *world.answer("a", 10, date(2026, 9, 15), confirmed=False))
    world.answered("b", 0, date(2026, 9, 15), plan="pro")
    world.settled_run()
    assert world.tallies("all", "2026-09")["all"].n == 2

    world.count_unconfirmed = False
    run = world.run()

    assert (run.outcome, run.days, run.answers) == (Outcome.COMPUTED, 0, 0)
    assert world.tallies("all", "2026-09") == {"all": ratings(0, sent=2, answered=2)}
    assert world.tallies("reason", "2026-09") == {"none": ratings(0)}
    assert world.run().outcome is Outcome.UNCHANGED

    world.count_unconfirmed = True
    world.run()

    assert world.tallies("all", "2026-09")["all"].n == 2


def test_an_invitation_counts_as_answered_by_an_unconfirmed_answer_either_way(world):
    world.count_unconfirmed = False
    world.mark(*world.send("a"), *world.answer("a", 10, confirmed=False))

    world.settled_run()

    assert everything(world).tally == Tally(sent=1, answered=1)


@pytest.mark.parametrize(
    ("delivery", "tally"),
    [
        (Delivery.BOUNCED, Tally(sent=1, bounced=1)),
        (Delivery.COMPLAINED, Tally(sent=1, complained=1)),
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
    world.wait(seconds=INDEX_LAG.total_seconds())

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
    assert [mark.version for mark in world.table.marks().items] == [2]


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
    assert world.table.progress().day == TODAY + timedelta(days=1)


def test_two_runs_never_overlap(world):
    inner = []

    class Overlapping(MemoryScores):
        def marks(self):
            inner.append(compute_nps(world.table, world.now, "other", Counting(ZONE, YEARS), goes_on=lambda: True))
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


def test_days_are_frozen_before_any_of_their_invitations_may_be_gone():
    assert recountable(timedelta(days=400)) == timedelta(days=397)


def test_days_stay_frozen_when_the_period_becomes_longer(world):
    world.recountable = timedelta(days=60)
    world.run()
    world.recountable = timedelta(days=90)

    long_ago = TODAY - timedelta(days=61)
    world.table.put_tallies(long_ago, {"all": {"all": ratings(9, 9)}})
    world.mark(long_ago)
    world.wait(seconds=20)
    world.run()

    assert everything(world, "90d").tally == ratings(9, 9)


def ratings(*given, **mails):
    return Tally(tuple(given.count(rating) for rating in range(11)), **mails)
