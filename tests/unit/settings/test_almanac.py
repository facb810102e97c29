"""The tables as they are shipped."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from afterbill.settings.almanac import load_almanac

ALMANAC = load_almanac()


def holidays_of(country, year):
    found = sorted(map(date.fromordinal, ALMANAC.holidays[country]))
    return [f"{day:%d.%m.}" for day in found if day.year == year]


def test_germany_rests_on_the_nine_days_of_all_its_states():
    assert holidays_of("DE", 2027) == [
        "01.01.",
        "26.03.",
        "29.03.",
        "01.05.",
        "06.05.",
        "17.05.",
        "03.10.",
        "25.12.",
        "26.12.",
    ]


@pytest.mark.parametrize(
    ("country", "day"),
    [
        ("US", "2026-07-03"),
        ("US", "2026-07-04"),
        ("JP", "2026-09-22"),
        ("CH", "2035-08-01"),
        ("FR", "2025-07-14"),
        ("SA", "2029-09-23"),
    ],
)
def test_other_countries_on_theirs(country, day):
    assert date.fromisoformat(day).toordinal() in ALMANAC.holidays[country]


def test_the_tables_reach_from_last_year_to_the_one_they_name():
    assert ALMANAC.until == 2035
    assert {date.fromordinal(day).year for day in ALMANAC.holidays["CH"]} == set(range(2025, 2036))


def test_only_weekends_other_than_saturday_and_sunday_are_listed():
    assert ALMANAC.weekends["SA"] == ALMANAC.weekends["LY"] == {4, 5}
    assert ALMANAC.weekends["IR"] == {4}
    assert not {"AE", "CH", "DE", "HK", "JP", "US"} & ALMANAC.weekends.keys()
    assert {5, 6} not in ALMANAC.weekends.values()


def test_every_country_has_a_zone_that_exists():
    assert all(ZoneInfo(zone).key == zone for zone in ALMANAC.zones.values())
    assert {country: ALMANAC.zones[country] for country in ("BR", "CA", "ID", "MX", "RU", "UZ")} == {
        "BR": "America/Sao_Paulo",
        "CA": "America/Toronto",
        "ID": "Asia/Jakarta",
        "MX": "America/Mexico_City",
        "RU": "Europe/Moscow",
        "UZ": "Asia/Tashkent",
    }


def test_countries_with_tables_are_countries_with_a_zone():
    assert set(ALMANAC.holidays) <= ALMANAC.zones.keys()
    assert ALMANAC.weekends.keys() <= ALMANAC.zones.keys()
    assert len(ALMANAC.holidays) > 240


def test_a_country_nobody_knows_has_no_holidays():
    assert "ZZ" not in ALMANAC.holidays
    assert ALMANAC.holidays.get("ZZ") is None


def test_dates_are_reckoned_once_for_each_country_and_the_file_is_read_once():
    assert ALMANAC.holidays["AT"] is ALMANAC.holidays["AT"]
    assert load_almanac() is ALMANAC
