"""Numbers as people of a language write them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill_console.numbers import Numbers

BERLIN = ZoneInfo("Europe/Berlin")
ENGLISH, GERMAN = Numbers("en", BERLIN), Numbers("de", BERLIN)
NARROW = str.maketrans({"\u00a0": " ", "\u202f": " "})


def plain(text: str) -> str:
    return text.translate(NARROW)


def test_counts_are_grouped():
    assert (ENGLISH.count(1234567), GERMAN.count(1234567)) == ("1,234,567", "1.234.567")


@pytest.mark.parametrize(
    ("value", "score", "change"),
    [
        (0, "0", "±0"),
        (-0.4, "0", "±0"),
        (0.5, "1", "+1"),
        (-0.5, "−1", "−1"),
        (2.5, "3", "+3"),
        (-2.5, "−3", "−3"),
        (41.49, "41", "+41"),
        (-100, "−100", "−100"),
    ],
)
def test_scores_are_whole_with_halves_away_from_zero_and_a_real_minus(value, score, change):
    assert (ENGLISH.score(value), GERMAN.score(value)) == (score, score)
    assert (ENGLISH.change(value), GERMAN.change(value)) == (change, change)


@given(st.floats(-200, 200))
def test_no_hyphen_stands_for_a_minus(value):
    said = (
        GERMAN.score(value),
        GERMAN.change(value),
        GERMAN.decimal(value),
        GERMAN.share(value / 100),
        GERMAN.count(value),
    )

    assert not any("-" in text for text in said)


def test_decimals_and_shares_have_the_comma_of_the_language():
    assert (ENGLISH.decimal(-3.25, 2), GERMAN.decimal(-3.25, 2)) == ("−3.25", "−3,25")
    assert (plain(ENGLISH.share(0.125)), plain(GERMAN.share(0.125, 1))) == ("13 %", "12,5 %")


@pytest.mark.parametrize(("part", "of", "share"), [(39, 40, "98 %"), (1, 8, "13 %"), (-1, 8, "−13 %"), (0, 1, "0 %")])
def test_shares_are_rounded_as_scores_are(part, of, share):
    assert plain(ENGLISH.share(part / of)) == share


def test_what_is_rounded_to_nothing_has_no_sign():
    assert (ENGLISH.decimal(-0.004, 2), plain(ENGLISH.share(-0.0004))) == ("0.00", "0 %")


@pytest.mark.parametrize(
    ("minor", "currency", "english", "german"),
    [
        (123456, "EUR", "€1,234.56", "1.234,56 €"),
        (-123456, "EUR", "−€1,234.56", "−1.234,56 €"),
        (1234, "JPY", "¥1,234", "1.234 ¥"),
        (1234567, "KWD", "KWD 1,234.567", "1.234,567 KWD"),
    ],
)
def test_an_amount_has_as_many_decimals_as_its_currency(minor, currency, english, german):
    assert (plain(ENGLISH.money(minor, currency)), plain(GERMAN.money(minor, currency))) == (english, german)


def test_days_months_and_moments_are_those_of_the_zone():
    moment = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)

    assert (ENGLISH.day(date(2026, 11, 1)), GERMAN.day("2026-11-01")) == ("1 Nov 2026", "1. Nov. 2026")
    assert (ENGLISH.short_day("2026-11-01"), GERMAN.short_day("2026-11-01")) == ("1 Nov", "1.11.")
    assert (ENGLISH.month("2026-11"), GERMAN.month(date(2026, 3, 1))) == ("November 2026", "März 2026")
    assert (ENGLISH.moment(moment), GERMAN.moment(moment.isoformat())) == ("1 Dec 2026, 00:30", "1. Dez. 2026, 00:30")


@pytest.mark.parametrize(
    ("first", "last", "english", "german"),
    [
        ("2026-11-01", "2026-11-01", "1 Nov 2026", "1. Nov. 2026"),
        ("2026-11-01", "2026-11-30", "1–30 Nov 2026", "1.–30. Nov. 2026"),
        ("2026-10-02", "2026-11-30", "2 Oct – 30 Nov 2026", "2. Okt. – 30. Nov. 2026"),
        ("2025-12-01", "2026-11-30", "1 Dec 2025 – 30 Nov 2026", "1. Dez. 2025 – 30. Nov. 2026"),
    ],
)
def test_days_say_their_month_and_year_once(first, last, english, german):
    assert (ENGLISH.days(first, last), GERMAN.days(first, last)) == (english, german)


def test_what_cannot_be_said_is_a_dash():
    said = {
        *(ENGLISH.count(None), ENGLISH.score(None), ENGLISH.change(None), ENGLISH.decimal(None), ENGLISH.share(None)),
        ENGLISH.money(None, "EUR"),
    }

    assert said == {"–"}
