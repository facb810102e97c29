"""The calls of a page of the feed: one that finds, and one that reads, on quiet days and on busy ones."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from afterbill.adapters.dynamodb.items import stamp
from afterbill.answers.read_responses import Brief, Place
from afterbill.model.invitation import Answer, Invitation
from afterbill_cli.memory.handled import MemoryAnswers
from afterbill_cli.memory.table import MemoryTable
from afterbill_console.people.asked import Wanted, wanted_in
from afterbill_console.people.earlier import IN_TURN, LISTED_DAYS, MOST_LISTED, NEWEST, keep_lists, list_behind
from afterbill_console.people.feed import MOST, MOST_QUERIES, FeedPage, read_feed
from afterbill_console.people.ports import Earlier, Found, Listed
from afterbill_dev.console.world import NOW
from tests.contract.people import invitation

TODAY = NOW.date()
DAY = timedelta(days=1)
YEAR = [("from", str(TODAY - 364 * DAY)), ("to", str(TODAY)), ("tab", "all")]
ROUND = -(-(LISTED_DAYS - NEWEST) // IN_TURN)


class Stack:
    """Answers in memory, a number on each day that is named, and the lists behind them."""

    def __init__(self, days: dict[int, int], rating: int = 3) -> None:
        self.table = MemoryTable()
        self.answers = MemoryAnswers(self.table)
        for back, number in days.items():
            for nth in range(number):
                self.answer(back, nth, rating)

    def answer(self, back: int, nth: int = 0, rating: int = 3, **changes) -> Invitation:
        at = NOW - back * DAY - timedelta(seconds=nth)
        one = invitation(f"{back:016x}{nth:016x}", answer=Answer(rating), answered_at=at)
        one = replace(one, answered_day=at.date().isoformat(), **changes)
        self.table.invitations[one.id] = one
        return one

    def listed(self, today: date = TODAY, turns: int = ROUND) -> "Stack":
        """Let as many runs pass: a round makes all lists."""
        for turn in range(turns):
            keep_lists(self.answers, today, turn)
        self.answers.calls.clear()
        return self

    def pages(self, wanted: Wanted) -> Iterator[tuple[FeedPage, dict[str, int]]]:
        """All pages, each with its calls."""
        while True:
            self.answers.calls.clear()
            page = read_feed(wanted, self.answers, lambda one: one)
            yield page, dict(self.answers.calls)
            if page.next is None:
                return
            wanted = replace(wanted, place=page.next)

    def walk(self, **more: str) -> tuple[list[str], list[int], int]:
        """Ids in their order, the answers of each page, and the most calls that a page took."""
        pages = list(self.pages(wanted_in((dict(YEAR) | more).items(), TODAY)))
        ids = [one.response.id for page, _ in pages for one in page.answers]
        return ids, [len(page.answers) for page, _ in pages], max(sum(calls.values()) for _, calls in pages)

    def expected(self) -> list[str]:
        newest = sorted(self.table.invitations.values(), key=lambda one: (one.answered_at, one.id), reverse=True)
        return [one.id for one in newest]


def test_three_answers_of_a_year_are_one_page_of_two_calls():
    stack = Stack({40: 1, 200: 1, 340: 1}).listed()

    assert stack.walk() == (stack.expected(), [3], 2)


def test_a_year_without_an_answer_is_one_call():
    assert Stack({}).listed().walk() == ([], [0], 1)


@pytest.mark.parametrize("daily", [1, 3, 20])
def test_pages_of_every_volume_take_two_calls_and_leave_nothing_out(daily):
    stack = Stack(dict.fromkeys(range(120), daily)).listed()
    ids, sizes, calls = stack.walk()

    assert ids == stack.expected()
    assert calls == 2
    assert min(sizes[:-1]) > 0
    assert sizes[0] == MOST


def test_a_day_of_a_hundred_thousand_answers_takes_two_calls_a_page():
    class Busy(MemoryAnswers):
        """A day of which nothing is made before it is asked for."""

        def answered(self, place: Place) -> Found:
            self.calls["answered"] += 1
            begin = int(place.id, 16) if place.id else 100_000
            numbers = range(begin - 1, max(begin - 301, -1), -1)
            made = [Brief(f"{nth:032x}", stamp(NOW), nth % 11, {}) for nth in numbers]
            for brief in made:
                one = invitation(brief.id, answer=Answer(brief.rating), answered_at=NOW, answered_day=str(TODAY))
                self.table.invitations[one.id] = one
            return Found(made, more=begin > 300)

    stack = Stack({})
    stack.answers = Busy(stack.table)
    pages = stack.pages(wanted_in([("tab", "all")], TODAY))
    found = [next(pages) for _ in range(20)]

    assert [int(one.response.id, 16) for page, _ in found for one in page.answers] == list(range(99_999, 98_999, -1))
    assert all(calls == {"answered": 1, "read": 1} for _, calls in found)


def test_low_scores_among_many_others_take_two_calls_a_page():
    stack = Stack(dict.fromkeys(range(100), 9), rating=9)
    low = [stack.answer(back, 500, rating=2).id for back in range(100)]
    ids, sizes, calls = stack.listed().walk(tab="low")

    assert (ids, calls) == (low, 2)
    assert min(sizes[:-1]) >= 10


def test_filters_that_a_list_does_not_know_are_those_of_the_answers():
    stack = Stack(dict.fromkeys(range(60), 2))
    team = [stack.answer(back, 7, segments={"plan": "Team"}).id for back in range(60)]
    ids, _, calls = stack.listed().walk(plan="Team")

    assert (ids, calls) == (team, 2)


def test_a_page_ends_with_the_days_that_were_asked_for():
    stack = Stack(dict.fromkeys(range(60), 1)).listed()
    asked = [("from", str(TODAY - 9 * DAY)), ("to", str(TODAY - 2 * DAY)), ("tab", "all")]
    ((page, calls),) = stack.pages(wanted_in(asked, TODAY))

    assert [one.response.id for one in page.answers] == stack.expected()[2:10]
    assert sum(calls.values()) == 2


# What changed since the list was made


def test_a_score_is_that_of_the_answer_and_not_of_the_list():
    stack = Stack({5: 1, 6: 1}).listed()
    changed = stack.answer(5, rating=10)

    ids, _, _ = stack.walk(tab="low")
    assert changed.id not in ids
    assert len(ids) == 1


def test_who_was_removed_is_passed_over():
    stack = Stack({5: 1, 6: 1}).listed()
    gone, left = stack.expected()
    stack.table.invitations[gone] = replace(stack.table.invitations[gone], answer=None, answered_at=None)

    assert stack.walk()[0] == [left]


def test_what_is_deleted_by_now_is_passed_over():
    stack = Stack({5: 1, 6: 1}).listed()
    gone, left = stack.expected()
    del stack.table.invitations[gone]

    assert stack.walk()[0] == [left]


def test_pages_go_on_where_all_that_a_list_named_is_gone():
    stack = Stack({5: 60, 6: 60, 9: 1}).listed()
    for id_ in stack.expected()[:120]:
        one = stack.table.invitations[id_]
        stack.table.invitations[id_] = replace(one, answer=None, answered_at=None, answered_day="")

    assert stack.walk()[0] == [f"{9:016x}{0:016x}"]


def test_an_answer_of_long_ago_is_found_after_a_round():
    stack = Stack({5: 1}).listed()
    late = stack.answer(300)
    assert late.id not in stack.walk()[0]

    assert stack.listed().walk()[0] == stack.expected()


def test_an_answer_of_yesterday_is_found_after_the_next_run():
    stack = Stack({5: 1}).listed()
    stack.answer(1)

    assert stack.listed(turns=1).walk()[0] == stack.expected()


def test_answers_of_today_are_found_at_once():
    stack = Stack({5: 1}).listed()
    stack.answer(0)

    assert stack.walk() == (stack.expected(), [2], 2)


# Days without lists


def test_before_the_first_run_of_a_day_the_list_of_the_day_before_is_found():
    stack = Stack({1: 1, 5: 1}).listed(TODAY - DAY)

    assert stack.walk() == (stack.expected(), [2], 3)


def test_without_lists_days_cost_a_query_each_and_a_page_so_many_at_most():
    stack = Stack({5: 1, 60: 1})
    (first, calls), *others = stack.pages(wanted_in(YEAR, TODAY))

    assert calls == {"answered": MOST_QUERIES, "read": 1}
    assert (first.short, first.next) == (True, Place(TODAY - MOST_QUERIES * DAY))
    assert sum(len(page.answers) for page, _ in others) == 1


# Lists


def test_a_list_names_the_answers_of_the_day_before_and_then_those_of_its_list():
    before = Listed(TODAY - 3 * DAY, "b" * 32, 4, "csat")
    briefs = [Brief("a" * 32, stamp(NOW), 9, {}), Brief("c" * 32, stamp(NOW), None, {})]

    assert list_behind(TODAY, Found(briefs, earlier=Earlier(TODAY - 9 * DAY, (before,)))) == Earlier(
        TODAY - 9 * DAY, (Listed(TODAY - DAY, "a" * 32, 9, "nps"), before)
    )


def test_a_list_has_all_answers_since_the_day_that_it_names():
    briefs = [Brief(f"{nth:032x}", stamp(NOW), 9, {}) for nth in range(MOST_LISTED)]
    older = tuple(Listed(TODAY - back * DAY, f"{back:032x}", 4, "nps") for back in (2, 3))

    assert list_behind(TODAY, Found(briefs, more=True)).since == TODAY
    assert list_behind(TODAY, Found(briefs)).since == TODAY - DAY
    assert list_behind(TODAY, Found(briefs[:-1], earlier=Earlier(TODAY - 9 * DAY, older))).since == TODAY - DAY
    assert list_behind(TODAY, Found([], earlier=Earlier(date(2020, 1, 1)))).since == TODAY - LISTED_DAYS * DAY


def test_a_list_reaches_back_no_further_than_answers_are_looked_for():
    old = Listed(TODAY - (LISTED_DAYS + 1) * DAY, "a" * 32, 4, "nps")

    assert list_behind(TODAY, Found([], earlier=Earlier(old.day, (old,)))).answers == ()


def test_a_run_stores_only_what_changed():
    stack = Stack({5: 1}).listed()

    assert keep_lists(stack.answers, TODAY, 0) == 0
    stack.answer(1)
    assert keep_lists(stack.answers, TODAY, 0) == 1
