"""Periods of the operator's calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.insight.periods import WindowError, month_of, rolling, window_name, window_of, windows_to_compute

TODAY = date(2026, 11, 22)


def test_a_rolling_window_ends_today_and_counts_today():
    window = rolling(7, TODAY)

    assert (window.name, window.first, window.last) == ("7d", date(2026, 11, 16), TODAY)
    assert TODAY in window
    assert date(2026, 11, 15) not in window
    assert date(2026, 11, 23) not in window


def test_it_compares_with_as_many_days_before():
    before = rolling(30, TODAY).before

    assert (before.first, before.last) == (date(2026, 9, 24), date(2026, 10, 23))


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from([7, 30, 90, 365]))
def test_a_window_and_the_one_before_touch_and_are_equally_long(today, days):
    window = rolling(days, today)

    assert window.before.last + timedelta(days=1) == window.first
    assert window.last - window.first == window.before.last - window.before.first == timedelta(days=days - 1)


def test_a_month_is_its_calendar_days_and_compares_with_the_month_before():
    march = month_of(date(2028, 3, 31))

    assert (march.name, march.first, march.last) == ("2028-03", date(2028, 3, 1), date(2028, 3, 31))
    assert (march.before.name, march.before.first, march.before.last) == (
        "2028-02",
        date(2028, 2, 1),
        date(2028, 2, 29),
    )


def test_january_compares_with_december():
    assert month_of(date(2027, 1, 5)).before == month_of(date(2026, 12, 31))


def test_a_touched_day_recomputes_its_month_and_the_one_that_compares_with_it():
    names = [window.name for window in windows_to_compute(TODAY, [date(2025, 12, 31), date(2026, 11, 3)])]

    assert names == ["7d", "30d", "90d", "365d", "2025-12", "2026-01", "2026-11"]


def test_a_quiet_day_computes_the_rolling_windows_and_the_current_month():
    assert [window.name for window in windows_to_compute(TODAY, [])] == ["7d", "30d", "90d", "365d", "2026-11"]


def test_months_to_come_are_not_computed():
    names = [window.name for window in windows_to_compute(TODAY, [TODAY])]

    assert "2026-12" not in names


@pytest.mark.parametrize("text", ["7d", "30d", "90d", "365d", "2026-11"])
def test_windows_are_called_by_name(text):
    assert window_name(text) == text


@pytest.mark.parametrize("text", ["", "14d", "2026-13", "2026-1", "november", "30d "])
def test_an_unknown_window_is_refused_with_those_there_are(text):
    with pytest.raises(WindowError, match="7d, 30d, 90d, 365d or a month such as 2026-11"):
        window_name(text)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("7d", date(2026, 11, 16), TODAY),
        ("365d", date(2025, 11, 23), TODAY),
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31)),
        ("2026-11", date(2026, 11, 1), TODAY),
        ("2027-01", date(2027, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_named_window_ends_today_at_the_latest(name, first, last):
    window = window_of(name, TODAY)

    assert (window.name, window.first, window.last) == (name, first, last)
    with pytest.raises(WindowError):
        window_of("14d", TODAY)
