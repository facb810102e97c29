"""Caps of sending: by the hour and the day for all, by the month for a touchpoint."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.invitation import SkipReason
from afterbill.outreach.caps import Cap, SendingCaps, caps_of
from tests.factories import DAY, HOUR
from tests.places import ZONES

BERLIN = ZoneInfo("Europe/Berlin")
LATE = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
"""In Berlin it is December already."""


def test_without_caps_and_quotas_nothing_is_counted() -> None:
    assert caps_of("renewed", 0, SendingCaps(), BERLIN, LATE) == ()


def test_an_hour_is_counted_until_the_next_begins() -> None:
    [limit] = caps_of("renewed", 0, SendingCaps(per_hour=7), BERLIN, LATE)
    assert limit == Cap("hour#2026-11-30T23", 7, datetime(2026, 12, 1, tzinfo=UTC), SkipReason.LIMIT)


def test_a_day_is_one_of_utc_as_the_mail_system_counts() -> None:
    [limit] = caps_of("renewed", 0, SendingCaps(per_day=7), BERLIN, LATE)
    assert limit == Cap("day#2026-11-30", 7, datetime(2026, 12, 1, tzinfo=UTC), SkipReason.LIMIT)


def test_a_quota_is_one_touchpoints_in_a_month_of_the_operators() -> None:
    [limit] = caps_of("renewed", 7, SendingCaps(), BERLIN, LATE)
    until = datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert limit == Cap("quota#renewed#2026-12", 7, until, SkipReason.QUOTA)


def test_what_ends_is_told_in_utc_for_sweeps_look_by_its_hour() -> None:
    for limit in caps_of("renewed", 7, SendingCaps(7, 7), BERLIN, LATE):
        assert limit.until.tzinfo is UTC


def test_all_of_them_count_at_once_the_longest_first() -> None:
    names = [limit.counter for limit in caps_of("renewed", 7, SendingCaps(7, 7), BERLIN, LATE)]
    assert names == ["quota#renewed#2026-12", "day#2026-11-30", "hour#2026-11-30T23"]


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        # The clock of Havana goes back on the 1st of November: that day begins twice.
        ("America/Havana", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 12, 1, 5, tzinfo=UTC)),
        ("America/Havana", datetime(2026, 10, 31, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC)),
        # Samoa left out the 30th of December.
        ("Pacific/Apia", datetime(2011, 12, 30, 20, tzinfo=UTC), datetime(2011, 12, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_month_ends_where_the_next_begins_whatever_the_clock_does(zone: str, now: datetime, until: datetime) -> None:
    [limit] = caps_of("renewed", 7, SendingCaps(), ZoneInfo(zone), now)
    assert limit.until == until


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.sampled_from(ZONES))  # noqa: DTZ001  # bounds are naive
def test_a_counter_ends_where_another_begins(now: datetime, zone: str) -> None:
    place = ZoneInfo(zone)
    for limit, longest in zip(caps_of("renewed", 7, SendingCaps(7, 7), place, now), (32 * DAY, DAY, HOUR), strict=True):
        assert now < limit.until <= now + longest
        following = {one.counter for one in caps_of("renewed", 7, SendingCaps(7, 7), place, limit.until)}
        assert limit.counter not in following
        last = {
            one.counter for one in caps_of("renewed", 7, SendingCaps(7, 7), place, max(now, limit.until - HOUR / 60))
        }
        assert limit.counter in last
