"""Pages of responses: how much one holds, where the next begins, and which cursors are taken."""

import base64
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain

import pytest

from afterbill.answers import read_responses
from afterbill.answers.read_responses import (
    Days,
    Place,
    ReadDeps,
    Selection,
    cursor_of,
    pages,
    place_of,
    ratings,
    read_page,
)
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer, State
from afterbill_cli.memory.answered import MemoryAnswered
from afterbill_cli.memory.table import MemoryTable
from tests.contract.people import NOW, customer, invitation

TODAY, DAY = date(2026, 11, 22), timedelta(days=1)
WEEK = Days(TODAY - 6 * DAY, TODAY)
ALL = Selection()


def answered(number, answer=None, at=NOW, **changes):
    one = invitation(f"{number:032x}", state=State.SENT, sent_at=NOW, **changes)
    answer = answer or Answer(number % 11)
    return replace(one, answer=answer, answered_at=at - number * DAY / 24, answered_day=at.date().isoformat())


def over(*responses, page_size=300, **parts):
    table = MemoryTable({one.id: one for one in responses}, **parts)
    return ReadDeps(MemoryAnswered(table, page_size), lambda one: one)


def numbers(page):
    return [int(one.id, 16) for one in page.responses]


def all_of(days, wanted, limit, deps):
    """The pages that somebody reads who goes from one to the next."""
    place, found = days.start, []
    while place:
        page = read_page(place, days, wanted, limit, deps)
        found.append(numbers(page))
        place = page.next
    return found


@pytest.mark.parametrize("page_size", [1, 2, 3, 300])
@pytest.mark.parametrize("limit", [1, 2, 4, 200])
def test_pages_hold_every_response_once_and_in_order(limit, page_size):
    deps = over(*(answered(number, at=NOW - number // 4 * DAY) for number in range(12)), page_size=page_size)

    found = all_of(WEEK, ALL, limit, deps)

    assert list(chain(*found)) == list(range(12))
    assert max(map(len, found)) <= limit


def test_the_oldest_may_come_first():
    deps = over(*(answered(number, at=NOW - number // 2 * DAY) for number in range(5)))

    assert all_of(replace(WEEK, newest_first=False), ALL, 2, deps) == [[4, 3], [2, 1], [0]]


def test_a_page_ends_after_so_many_days_and_says_where_it_goes_on():
    year = Days(TODAY - 364 * DAY, TODAY)
    deps = over(answered(1), answered(2, at=NOW - 300 * DAY))

    first, *others = all_of(year, ALL, 10, deps)

    assert (first, list(chain(*others))) == ([1], [2])
    assert len(others) == 7


def test_a_page_with_long_comments_is_shorter(monkeypatch):
    monkeypatch.setattr(read_responses, "MOST_CHARACTERS", 15)
    deps = over(*(answered(number, Answer(9, "ten letters")) for number in range(3)))

    assert all_of(WEEK, ALL, 10, deps) == [[0, 1], [2]]


def test_restricted_and_unreadable_ones_are_told_on_the_page_where_their_turn_is():
    responses = [answered(number, customer_id=f"c{number}") for number in range(4)]
    deps = over(*responses, people={"c1": customer("c1", restricted_at=NOW)}, unreadable={f"{2:032x}"})

    first = read_page(WEEK.start, WEEK, ALL, 1, deps)
    second = read_page(first.next, WEEK, ALL, 10, deps)

    assert (numbers(first), first.left_out, first.unreadable) == ([0], 0, [])
    assert (numbers(second), second.left_out) == ([3], 1)
    assert [type(one) for one in second.unreadable] == [UnreadableError]


def test_one_that_is_gone_since_the_index_named_it_is_passed_over():
    deps = over(answered(1), answered(2))
    whole = deps.table.read_invitations
    deps.table.read_invitations = lambda ids: dict(list(whole(ids).items())[1:])

    assert all_of(WEEK, ALL, 10, deps) == [[2]]


def test_what_is_answered_no_longer_is_not_selected():
    erased = replace(answered(1), answer=None)
    deps = over(erased)

    assert not ALL.takes(erased)
    assert all_of(WEEK, ALL, 10, deps) == [[]]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"equal": {"touchpoint": "renewed"}}, [2]),
        ({"equal": {"question": "nps"}}, [1, 2]),
        ({"equal": {"question": "csat"}}, [3]),
        ({"equal": {"confirmed": False}}, [2]),
        ({"equal": {"reason": "price"}}, [1]),
        ({"equal": {"source": "paddle", "confirmed": True}}, [3]),
        ({"equal": {"plan": "pro"}}, [1]),
        ({"equal": {"country": "DE"}}, []),
        ({"ratings": frozenset({4, 5})}, [2, 3]),
        ({"contains": "ZU TEUER"}, [1]),
        ({"commented": True}, [1]),
    ],
)
def test_responses_are_selected_by_what_is_known_of_them(wanted, expected):
    deps = over(
        answered(1, Answer(3, "Zu teuer", "price")),
        answered(2, Answer(4, confirmed=False), touchpoint="renewed", segments={"touchpoint": "renewed"}),
        answered(3, Answer(5), source="paddle", segments={"question": "csat", "plan": "team"}),
    )

    assert [number for page in pages(WEEK, Selection(**wanted), deps) for number in numbers(page)] == expected


def test_by_a_plan_nobody_is_found_who_was_removed():
    row = replace(answered(1), segments={"plan": "pro", "removed": "yes"}, customer_id="")

    assert all_of(WEEK, Selection({"plan": "pro"}), 10, over(row)) == [[]]


@pytest.mark.parametrize("place", [Place(TODAY), Place(TODAY, "2026-11-22T13:30:15.000250Z", "0a" * 16)])
def test_a_cursor_leads_back_to_its_place_and_days(place):
    cursor = cursor_of(place, WEEK, {"rating": "9"})

    assert place_of(cursor, {"rating": "9"}) == (place, WEEK.first, WEEK.last)


def spelled(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "A" * 10_000,
        spelled("2026-11-22"),
        spelled("2026-11-31||||2026-11-16|2026-11-22|" + "0" * 16),
    ],
)
def test_another_text_is_no_cursor(cursor):
    with pytest.raises(ValueError, match="is none of ours"):
        place_of(cursor, {})


@pytest.mark.parametrize(
    "place",
    [Place(TODAY + DAY), Place(TODAY - 9 * DAY), Place(TODAY, "2026-11-22T13:30:15Z"), Place(TODAY, "", "0a" * 16)],
)
def test_a_place_that_nobody_was_given_is_no_cursor(place):
    with pytest.raises(ValueError, match="is none of ours"):
        place_of(cursor_of(place, WEEK, {}), {})


def test_a_cursor_belongs_to_its_filters():
    with pytest.raises(ValueError, match="other filters"):
        place_of(cursor_of(WEEK.start, WEEK, {"rating": "9"}), {"rating": "0-6"})


@pytest.mark.parametrize(("text", "expected"), [("9", {9}), ("0-2, 9-10", {0, 1, 2, 9, 10})])
def test_ratings_are_numbers_and_ranges(text, expected):
    assert ratings(text) == expected


@pytest.mark.parametrize("text", ["", "11", "6-0"])
def test_other_ratings_are_refused(text):
    with pytest.raises(ValueError, match="write ratings from 0 to 10"):
        ratings(text)
