"""Reviews of a great backlog: each run ends in its time or is killed, and the next one goes on where it stood."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.answers.review_clicks import MOST_TOLD, ReviewRun, review_clicks
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import State
from afterbill.model.visits import Integrity, Kind, Visit
from afterbill_cli.memory.scores import MemoryReviews
from tests.factories import NOON, day_of, invitation
from tests.unit.mortal import KilledError, Mortal

RULES = Integrity()
LATE = NOON + timedelta(days=1)
HOUR = timedelta(hours=1)


def clicked(number):
    """An invitation whose 9 was clicked at noon, by a person of its own."""
    visit = Visit(NOON, Kind.SEEN, 9, f"{number:08x}", "safari")
    one = invitation(state=State.SENT, sent_at=NOON, expiry=timedelta(days=30), visits=(visit,))
    return replace(one, id=f"{number:032x}")


def backlog(count, most=100, seed=1):
    """So many clicked invitations, marked in batches as the stream gives them."""
    chance, table, left = random.Random(seed), MemoryReviews(), list(range(count))
    table.invitations |= {one.id: one for one in map(clicked, left)}
    while left:
        size = chance.randint(1, most)
        some, left = left[:size], left[size:]
        table.mark_for_review([f"{number:032x}" for number in some], NOON + timedelta(milliseconds=some[0]))
    return table


def review(table, now=LATE, goes_on=lambda: True):
    return review_clicks(table, RULES, now, day_of, goes_on)


def unanswered(table):
    return [one.id for one in table.invitations.values() if not one.answer]


class Counting:
    """Counts the calls of the table, which is what takes a run its time."""

    def __init__(self, table):
        self.table, self.calls = table, []

    def __getattr__(self, name):
        self.calls.append(name)
        return getattr(self.table, name)


def test_what_is_reviewed_is_read_by_the_hundred_and_its_marks_go_together():
    counting = Counting(backlog(1000, most=1))

    assert review(counting) == ReviewRun(answers=1000)
    assert [counting.calls.count(name) for name in ("marks", "read_invitations", "clear")] == [1, 10, 10]


def test_a_mark_of_more_than_are_read_together_is_read_in_parts():
    table = backlog(0)
    table.invitations |= {one.id: one for one in map(clicked, range(250))}
    table.mark_for_review(list(table.invitations), NOON)
    counting = Counting(table)

    assert review(counting).answers == 250
    assert counting.calls.count("read_invitations") == 3
    assert table.waiting == {}


def test_twenty_thousand_are_done_by_ten_runs_of_a_tenth_of_the_time():
    table = backlog(20_000)
    enough = (20_000 + 3 * len(table.waiting)) / 10
    for _ in range(10):
        counting = Counting(table)
        done = review(counting, goes_on=lambda table=counting: len(table.calls) < enough)
    assert done.finished
    assert (unanswered(table), table.waiting) == ([], {})


def test_a_run_that_is_out_of_time_says_so_and_keeps_its_marks():
    table = backlog(300)
    marks = dict(table.waiting)

    assert review(table, goes_on=lambda: False) == ReviewRun(finished=False)
    assert table.waiting == marks


@pytest.mark.parametrize("seed", range(3))
def test_runs_that_are_killed_at_any_call_finish_all_the_same(seed):
    """None of them has the time for a tenth."""
    table, chance = backlog(2000, seed=seed), random.Random(seed)
    for _ in range(40):
        try:
            review(Mortal(table, 2 * chance.randint(100, 200) + chance.randint(0, 1)))
        except KilledError:
            continue
        break
    assert (unanswered(table), table.waiting) == ([], {})


@pytest.mark.parametrize("seed", range(3))
def test_one_that_cannot_be_read_costs_itself_and_holds_up_no_other(seed):
    table = backlog(500, seed=seed)
    lost = random.Random(seed).choice(list(table.invitations))
    table.unreadable.add(lost)

    assert review(table) == ReviewRun(answers=499, unreadable=1, told=[f"INVITATION#{lost}"])
    assert unanswered(table) == [lost]


def test_it_is_tried_again_an_hour_later_and_read_by_a_version_that_can():
    table = backlog(3)
    lost = min(table.invitations)
    table.unreadable.add(lost)
    review(table)

    assert review(table, LATE + HOUR) == ReviewRun()
    assert review(table, LATE + 2 * HOUR) == ReviewRun(unreadable=1, told=[f"INVITATION#{lost}"])
    table.unreadable.clear()
    assert review(table, LATE + 4 * HOUR) == ReviewRun(answers=1)
    assert table.waiting == {}


def test_a_thousand_that_cannot_be_read_keep_no_run_from_those_that_came_later():
    table = backlog(1000)
    table.unreadable |= set(table.invitations)
    run = review(table)
    assert (run.unreadable, len(run.told)) == (1000, MOST_TOLD)
    later = clicked(5000)
    table.invitations[later.id] = later
    table.mark_for_review([later.id], LATE)

    calls = iter([True])  # time for one batch
    assert review(table, LATE + HOUR / 2, lambda: next(calls, False)).answers == 1


def test_a_mark_that_cannot_be_read_is_counted_and_passed_over():
    class Spoilt(MemoryReviews):
        def marks(self, before):
            yield UnreadableError("REVIEW yesterday")
            yield from super().marks(before)

    table = backlog(5)

    assert review(Spoilt(table.invitations, table.waiting)) == ReviewRun(
        answers=5, unreadable=1, told=["REVIEW yesterday"]
    )
