"""Turns in a campaign: every group once per period, whenever somebody looks."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.billing import Touchpoint
from afterbill.model.campaigns import CATCH_UP, SLOTS, Campaign, Done, Every, Period, Turn, period_of, resumed, turns

DAY = timedelta(days=1)
NEW_YEAR = date(2027, 1, 1)
QUARTERLY = Campaign(Touchpoint.RELATIONSHIP, NEW_YEAR, Every.QUARTER)
HALF_YEARLY = Campaign(Touchpoint.RELATIONSHIP, NEW_YEAR, Every.HALF_YEAR)
RELEASE = Campaign(Touchpoint.RELEASE, date(2027, 3, 1), days=14)


def days(first: date, count: int) -> list[date]:
    return [first + number * DAY for number in range(count)]


def run(campaign: Campaign, done: Done | None, today: date) -> tuple[list[Turn], Done]:
    """A run on that day, and where it leaves the campaign."""
    start = resumed(campaign, done, today)
    had = list(turns(campaign, start, today))
    return had, had[-1].done if had else start


def through(campaign: Campaign, when: list[date], done: Done | None = None) -> dict[date, list[Turn]]:
    """Runs on these days."""
    had = {}
    for today in when:
        had[today], done = run(campaign, done, today)
    return had


def counted(had: dict[date, list[Turn]]) -> Counter[tuple[str, int]]:
    return Counter((turn.period, turn.slot) for some in had.values() for turn in some)


@pytest.mark.parametrize(
    ("campaign", "period"),
    [
        (QUARTERLY, Period("2027-Q1", date(2027, 3, 10), 22)),
        (RELEASE, Period("2027-03-01", date(2027, 3, 10), 5)),
    ],
)
def test_a_campaign_first_seen_within_a_period_takes_what_is_left_of_it(campaign: Campaign, period: Period) -> None:
    since = date(2027, 3, 10)

    assert period_of(campaign, date(2027, 3, 12), since) == period
    assert period_of(campaign, date(2027, 3, 9), since) is None


def test_nothing_is_due_before_the_start() -> None:
    assert run(RELEASE, None, date(2027, 2, 27)) == ([], Done(date(2027, 2, 27), date(2027, 2, 27)))


def test_the_groups_of_a_day_have_their_turn_once_however_often_it_is_looked() -> None:
    first, done = run(QUARTERLY, None, NEW_YEAR)
    again, after = run(QUARTERLY, done, NEW_YEAR)

    assert [turn.slot for turn in first] == list(range(11))
    assert {turn.period for turn in first} == {"2027-Q1"}
    assert (again, after) == ([], Done(NEW_YEAR, NEW_YEAR, 11))


def test_after_each_group_it_is_known_how_far_the_campaign_is() -> None:
    had = list(turns(QUARTERLY, Done(NEW_YEAR, NEW_YEAR, 4), NEW_YEAR))

    assert [(turn.slot, turn.done.slots) for turn in had] == [(slot, slot + 1) for slot in range(4, 11)]


@pytest.mark.parametrize(("campaign", "periods"), [(QUARTERLY, 4), (HALF_YEARLY, 2), (RELEASE, 1)])
def test_in_every_period_every_group_has_one_turn(campaign: Campaign, periods: int) -> None:
    had = counted(through(campaign, days(date(2026, 11, 22), 405)))

    assert set(had.values()) == {1}
    assert list(Counter(period for period, _ in had).values()) == [SLOTS] * periods


@pytest.mark.parametrize("last", [date(2027, 2, 1), date(2027, 3, 30)])
def test_days_that_were_missed_are_made_up_for_also_over_the_end_of_a_period(last: date) -> None:
    when = [day for day in days(NEW_YEAR, 181) if not last < day <= last + 3 * DAY]

    had = through(QUARTERLY, when)

    assert Counter(turn.period for some in had.values() for turn in some) == {"2027-Q1": SLOTS, "2027-Q2": SLOTS}
    assert set(counted(had).values()) == {1}
    assert len(had[last + 4 * DAY]) in range(44, 48)


def test_after_more_than_a_week_everybody_has_a_turn_in_what_is_left_of_the_period() -> None:
    down = range(40, 60)
    when = [day for number, day in enumerate(days(NEW_YEAR, 90)) if number not in down]

    had = through(QUARTERLY, when)

    assert {slot for _, slot in counted(had)} == set(range(SLOTS))
    assert max(len(some) for some in had.values()) <= 1 + SLOTS / 30


def test_what_was_missed_in_a_period_that_is_over_is_let_go_after_a_week() -> None:
    had, done = run(QUARTERLY, Done(NEW_YEAR, date(2027, 3, 20), 900), date(2027, 4, 2))

    assert {turn.period for turn in had} == {"2027-Q2"}
    assert done.since == date(2027, 4, 2)


def test_a_campaign_that_ended_makes_up_for_what_it_missed_whenever_it_can() -> None:
    known = Done(date(2027, 2, 1), date(2027, 2, 1))

    had, done = run(RELEASE, known, date(2027, 5, 1))

    assert [turn.slot for turn in had] == list(range(SLOTS))
    assert run(RELEASE, done, date(2027, 5, 20)) == ([], done)


def test_a_campaign_known_before_its_start_may_miss_its_first_days() -> None:
    had, _ = run(RELEASE, Done(NEW_YEAR, NEW_YEAR), date(2027, 3, 4))

    assert len(had) == SLOTS * 4 // 14


def test_a_campaign_first_seen_after_its_end_asks_nobody() -> None:
    assert run(RELEASE, None, date(2027, 6, 1))[0] == []


def test_a_campaign_first_seen_within_a_period_gives_everybody_a_turn_in_the_rest_of_it() -> None:
    had = through(QUARTERLY, days(date(2027, 2, 14), 46))

    assert counted(had) == {("2027-Q1", slot): 1 for slot in range(SLOTS)}
    assert {len(some) for some in had.values()} == {22, 23}


@given(before=st.integers(1, 60), more=st.integers(1, 60), changed=st.integers(0, 59))
def test_a_campaign_made_longer_or_shorter_while_it_runs_leaves_nobody_out(
    before: int, more: int, changed: int
) -> None:
    after = changed + more
    first = through(Campaign(Touchpoint.RELEASE, NEW_YEAR, days=before), days(NEW_YEAR, 1 + changed))
    done = next((some[-1].done for some in reversed(first.values()) if some), None)

    rest = through(Campaign(Touchpoint.RELEASE, NEW_YEAR, days=after), days(NEW_YEAR + changed * DAY, 60), done)

    assert set(counted(first) + counted(rest)) == {("2027-01-01", slot) for slot in range(SLOTS)}


def test_a_campaign_made_shorter_than_it_has_run_is_over() -> None:
    _, done = run(RELEASE, None, RELEASE.start + DAY)

    assert run(Campaign(Touchpoint.RELEASE, RELEASE.start, days=1), done, RELEASE.start + 2 * DAY) == ([], done)


def test_a_clock_that_goes_back_gives_nobody_a_turn() -> None:
    done = Done(NEW_YEAR, NEW_YEAR + 9 * DAY, 100)

    assert run(QUARTERLY, done, NEW_YEAR + 3 * DAY) == ([], done)


def test_a_week_is_what_is_made_up_for_at_once() -> None:
    done = Done(NEW_YEAR, NEW_YEAR + DAY, 22)
    last = done.day + CATCH_UP

    assert resumed(QUARTERLY, done, last) == done
    assert resumed(QUARTERLY, done, last + DAY) == Done(last + DAY, last + DAY)
