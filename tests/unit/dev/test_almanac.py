"""The shipped tables are those the generator writes."""

import gzip

import pytest

from afterbill.model.errors import AfterbillError
from afterbill_dev.generate import almanac

ZONE_TAB = "# a remark\nCH\t+4723+00832\tEurope/Zurich\nUS\t+404251-0740023\tAmerica/New_York\tEastern (most areas)\n"


def test_the_file_in_the_package_is_what_is_written_today(tmp_path):
    again = tmp_path / "data" / "almanac.json.gz"

    assert almanac.main(again) == 0

    written, stored = (gzip.decompress(file.read_bytes()) for file in (again, almanac.TABLES))
    assert written == stored, "run python -m afterbill_dev.generate.almanac"


def test_it_stays_small():
    assert almanac.TABLES.stat().st_size < 50_000


def test_a_country_lives_in_its_zone_or_in_the_one_that_was_chosen():
    zones = almanac.main_zones(ZONE_TAB + "AU\t-3133+15905\tAustralia/Lord_Howe\nAU\t-3352+15113\tAustralia/Sydney\n")

    assert (zones["CH"], zones["US"], zones["AU"]) == ("Europe/Zurich", "America/New_York", "Australia/Sydney")
    assert list(zones) == sorted(zones)


def test_a_country_that_is_newly_split_has_to_be_decided():
    with pytest.raises(AfterbillError, match="several zones in CH: name the main one"):
        almanac.main_zones(ZONE_TAB + "CH\t+4612+00609\tEurope/Geneva\n")


def test_a_sunday_alone_is_taken_for_the_usual_weekend():
    assert almanac.weekend("HK") == {5, 6}
    assert almanac.weekend("IR") == {4}


def test_days_of_every_year_are_written_once_before_the_others_of_each():
    every, *years = almanac.public_holidays("DE")

    assert every == "01010501100312251226"
    assert len(years) == almanac.LAST - almanac.FIRST + 1
    assert years[2027 - almanac.FIRST] == "0326032905060517"


def test_years_nobody_knows_yet_are_empty():
    assert almanac.public_holidays("LK")[0] == ""
    assert almanac.public_holidays("LK")[-1] == ""
