"""The query of GET /v1/responses."""

from datetime import date, timedelta

import pytest

from afterbill.answers.read_responses import Days, Place, Selection, cursor_of
from afterbill.answers.responses_query import Wanted, wanted_in
from afterbill.model.query import QueryError

TODAY = date(2026, 11, 22)
MONTH = Days(date(2026, 10, 24), TODAY)


def test_an_empty_query_means_the_newest_of_30_days() -> None:
    assert wanted_in([], TODAY) == Wanted(Place(TODAY), MONTH, 50, Selection(), {})


def test_every_filter_is_read() -> None:
    pairs = [
        *(("from", "2026-01-01"), ("to", "2026-01-31"), ("order", "oldest"), ("limit", "200"), ("rating", "0-6")),
        *(("touchpoint", "renewed"), ("question", "nps"), ("reason", "price"), ("confirmed", "false")),
        *(("source", "stripe"), ("plan", "Team"), ("country", "DE")),
    ]

    wanted = wanted_in(pairs, TODAY)

    assert wanted.days == Days(date(2026, 1, 1), date(2026, 1, 31), newest_first=False)
    assert (wanted.place, wanted.limit) == (Place(date(2026, 1, 1)), 200)
    assert wanted.selection == Selection(
        {
            "touchpoint": "renewed",
            "question": "nps",
            "reason": "price",
            "source": "stripe",
            "plan": "Team",
            "country": "DE",
            "confirmed": False,
        },
        frozenset(range(7)),
    )


def test_a_cursor_goes_on_in_the_days_of_the_first_page_though_midnight_came() -> None:
    place = Place(TODAY - timedelta(days=3), "2026-11-19T10:00:00Z", "0a" * 16)
    cursor = cursor_of(place, MONTH, {"rating": "9"})

    wanted = wanted_in([("rating", "9"), ("limit", "7"), ("cursor", cursor)], TODAY + timedelta(days=1))

    assert (wanted.place, wanted.days, wanted.limit) == (place, MONTH, 7)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "", "\u0661", "1" * 5000])
def test_a_page_has_1_to_200_responses(limit: str) -> None:
    with pytest.raises(QueryError, match="from 1 to 200"):
        wanted_in([("limit", limit)], TODAY)


@pytest.mark.parametrize("day", ["2026-02-30", "20261122", "2026-1-2", "0001-01-01", "today", "2026-11-22T00:00"])
def test_a_day_is_a_day(day: str) -> None:
    with pytest.raises(QueryError, match="must be a day"):
        wanted_in([("to", day)], TODAY)


def test_a_cursor_of_other_filters_is_told() -> None:
    cursor = cursor_of(MONTH.start, MONTH, {})

    with pytest.raises(QueryError, match="other filters"):
        wanted_in([("cursor", cursor), ("rating", "9")], TODAY)


def test_days_have_an_order() -> None:
    with pytest.raises(QueryError, match="lies behind"):
        wanted_in([("from", "2026-02-01"), ("to", "2026-01-01")], TODAY)


@pytest.mark.parametrize("text", ["", "x" * 201, "a\nb"])
def test_a_value_is_a_text_on_one_line(text: str) -> None:
    with pytest.raises(QueryError, match="1 to 200 characters"):
        wanted_in([("plan", text)], TODAY)
