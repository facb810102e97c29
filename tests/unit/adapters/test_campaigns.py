"""Surveys that no event asks for: everybody once per period, spread evenly over it."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.billing import Touchpoint
from afterbill.model.campaigns import SLOTS, Campaign, Every, Period, period_of, slot_of, slots_on

START = date(2026, 11, 22)
QUARTERLY = Campaign(Touchpoint.RELATIONSHIP, START, Every.QUARTER)
HALF_YEARLY = Campaign(Touchpoint.RELATIONSHIP, START, Every.HALF_YEAR)
ONCE = Campaign(Touchpoint.RELEASE, START, days=14)
DAYS = st.dates(START, START + timedelta(days=20_000))


def days_of(period: Period) -> list[date]:
    return [period.first + timedelta(days=number) for number in range(period.days)]


@pytest.mark.parametrize(
    ("campaign", "day", "expected"),
    [
        (QUARTERLY, date(2026, 11, 22), Period("2026-Q4", START, 40)),
        (QUARTERLY, date(2027, 1, 1), Period("2027-Q1", date(2027, 1, 1), 90)),
        (QUARTERLY, date(2028, 3, 31), Period("2028-Q1", date(2028, 1, 1), 91)),
        (QUARTERLY, date(2027, 6, 30), Period("2027-Q2", date(2027, 4, 1), 91)),
        (QUARTERLY, date(2027, 9, 1), Period("2027-Q3", date(2027, 7, 1), 92)),
        (HALF_YEARLY, date(2026, 12, 31), Period("2026-H2", START, 40)),
        (HALF_YEARLY, date(2027, 6, 30), Period("2027-H1", date(2027, 1, 1), 181)),
        (HALF_YEARLY, date(2027, 7, 1), Period("2027-H2", date(2027, 7, 1), 184)),
        (ONCE, date(2026, 12, 5), Period("2026-11-22", START, 14)),
    ],
)
def test_a_day_falls_into_a_period(campaign: Campaign, day: date, expected: Period) -> None:
    assert period_of(campaign, day) == expected


@pytest.mark.parametrize("campaign", [QUARTERLY, HALF_YEARLY, ONCE])
def test_nothing_happens_before_the_start(campaign: Campaign) -> None:
    assert period_of(campaign, START - timedelta(days=1)) is None


def test_a_campaign_without_a_period_ends() -> None:
    assert period_of(ONCE, START + timedelta(days=14)) is None


@given(DAYS, st.sampled_from([QUARTERLY, HALF_YEARLY]))
def test_every_day_from_the_start_on_is_of_exactly_one_period(day: date, campaign: Campaign) -> None:
    period = period_of(campaign, day)
    assert period is not None
    assert day in days_of(period)
    assert {period_of(campaign, one) for one in days_of(period)} == {period}
    following = period_of(campaign, period.first + timedelta(days=period.days))
    assert following is not None
    assert following.name != period.name


@given(st.builds(Period, st.just("any"), st.just(START), st.integers(1, 3000)))
def test_over_a_period_each_group_has_its_turn_once_and_the_days_are_alike(period: Period) -> None:
    turns = [slots_on(period, day) for day in days_of(period)]
    assert [slot for slots in turns for slot in slots] == list(range(SLOTS))
    assert max(map(len, turns)) - min(map(len, turns)) <= 1


def test_customers_fall_evenly_on_the_groups_and_always_on_the_same() -> None:
    groups = Counter(slot_of(f"customer {number}") // 128 for number in range(8000))
    assert set(groups) == set(range(8))
    assert all(900 < size < 1100 for size in groups.values())
    assert slot_of("ada") == slot_of("ada")
