"""Times as people, products and spreadsheets write them, in files that are imported."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill_cli import cli
from afterbill_cli.importing.report import WrongError
from afterbill_cli.importing.times import Moment, TimeSpelling, names_a_day
from tests.unit.cli.exports import write
from tests.unit.cli.imports import BERLIN, NOW, check

ADA = "ada@example.com"
US, GERMAN = "%m/%d/%Y", "%d.%m.%Y"
NOON, AFTERNOON, MORNING = "2026-11-20T12:00", "2026-11-20T15:04", "2026-11-20T09:05"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


def local(written: str, pattern: str | None = None) -> str:
    """The time on a clock in Berlin."""
    return f"{TimeSpelling(BERLIN, pattern).read(written).at.astimezone(BERLIN):%Y-%m-%dT%H:%M}"


def why_not(written: str, pattern: str | None = None) -> str:
    with pytest.raises(WrongError) as wrong:
        TimeSpelling(BERLIN, pattern).read(written)
    return f"{wrong.value.text}. {wrong.value.hint}"


# Spellings


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-20", NOON),
        ("20261120", NOON),
        ("2026/11/20", NOON),
        ("20.11.2026", NOON),
        ("20.11.26", NOON),
        ("2026-11-20 15:04", AFTERNOON),
        ("2026-11-20T15:04:59.5", AFTERNOON),
        ("2026-11-20 9:05", MORNING),
        ("2026/11/20 9:05:10", MORNING),
        ("2026-11-20 3:04 PM", AFTERNOON),
        ("20.11.2026 15:04", AFTERNOON),
        ("20.11.2026 9:05", MORNING),
        ("20.11.2026, 15:04:05 Uhr", AFTERNOON),
        ("'2026-11-20 15:04", AFTERNOON),
        ("2026-11-20T14:04:00Z", AFTERNOON),
        ("2026-11-20 09:04 -0500", AFTERNOON),
        ("1795183440", AFTERNOON),
        ("1795183440000", AFTERNOON),
    ],
)
def test_a_time_that_cannot_be_mistaken_is_read(written: str, expected: str) -> None:
    assert local(written) == expected


@pytest.mark.parametrize(
    ("written", "pattern", "expected"),
    [
        ("11/20/2026", US, NOON),
        ("11/20/2026 3:04 PM", US, AFTERNOON),
        ("11/20/2026 3:04\N{NARROW NO-BREAK SPACE}PM", US, AFTERNOON),
        ("11/20/2026, 15:04:30", US, AFTERNOON),
        ("11/20/2026 3:04 p.m.", "%m/%d/%Y %I:%M %p", AFTERNOON),
        ("11/20/2026 3:04 PM", "%m/%d/%Y %I:%M %p", AFTERNOON),
        ("11/20/2026 15:04", "%m/%d/%Y %I:%M %p", AFTERNOON),
        ("11/20/2026", "%m/%d/%Y %I:%M %p", NOON),
        ("11/20/26 9:05 AM", "%m/%d/%y", MORNING),
        ("20/11/2026 15:04", "%d/%m/%Y", AFTERNOON),
        ("20.11.2026", GERMAN, NOON),
        ("20.11.2026 15:04", GERMAN, AFTERNOON),
        ("20.11.2026", "%d.%m.%Y %H:%M", NOON),
        ("Nov 20, 2026 3:04 PM", "%b %d, %Y", AFTERNOON),
        ("15:04 11/20/2026", "%H:%M %m/%d/%Y", AFTERNOON),
        ("11/20/2026 09:04 -0500", "%m/%d/%Y %H:%M %z", AFTERNOON),
        ("2026-20-11", "%Y-%d-%m", NOON),
    ],
)
def test_a_pattern_says_how_the_day_is_written_and_the_clock_may_differ(
    written: str, pattern: str, expected: str
) -> None:
    assert local(written, pattern) == expected


@pytest.mark.parametrize("written", ["2026-11-20 15:04", "2026-11-20T14:04:00Z", "1795183440"])
def test_under_a_pattern_what_cannot_be_mistaken_is_read_too(written: str) -> None:
    assert local(written, US) == AFTERNOON


@pytest.mark.parametrize(
    ("written", "pattern"),
    [("13.11.2026", "%m.%d.%Y"), ("2026-11-20", "%Y-%d-%m"), ("20/11/2026", US), ("yesterday", US)],
)
def test_a_pattern_is_never_set_aside_for_a_day_it_does_not_fit(written: str, pattern: str) -> None:
    assert why_not(written, pattern) == f'"{written}" is not written as {pattern}. Correct it, or --time-format'


@pytest.mark.parametrize(
    ("written", "why", "hint"),
    [
        (
            "03/04/2026 3:04 PM",
            "may begin with the month or with the day",
            'Say which: --time-format "%m/%d/%Y" or --time-format "%d/%m/%Y"',
        ),
        (
            "46346.62",
            "counts days, as spreadsheets do inside",
            "Give the column the format yyyy-mm-dd hh:mm, and save the file again",
        ),
        (
            "1.79518E+09",
            "is a number that a spreadsheet has shortened: digits are lost",
            "Give the column the format Text before the values come in, and save the file again",
        ),
        (
            "yesterday",
            "is no known spelling of a time",
            'Write it such as 2026-11-22 14:30, or say how it is written: --time-format "%m/%d/%Y"',
        ),
    ],
)
def test_what_is_no_time_is_told_with_its_cause(written: str, why: str, hint: str) -> None:
    assert why_not(written) == f'"{written}" {why}. {hint}'


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20 13:04 PM",
        "2026-11-20 0:04 AM",
        "2026-11-20 25:00",
        "20.11.2026 noon",
        "31.2.2026",
        "2026-W47",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_on_no_clock_and_in_no_calendar_is_told(written: str) -> None:
    assert "is no known spelling of a time" in why_not(written)


@pytest.mark.parametrize(("written", "hour"), [("12:00 AM", 0), ("12:30 PM", 12), ("1:00 PM", 13), ("11:59 AM", 11)])
def test_midnight_is_twelve_in_the_morning(written: str, hour: int) -> None:
    assert local(f"11/20/2026 {written}", US)[11:13] == f"{hour:02}"


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.sampled_from(["Pacific/Auckland", "America/Los_Angeles", "UTC", "Asia/Tokyo"]),
)
def test_a_day_is_that_day_wherever_the_operator_lives(day: date, zone: str) -> None:
    for written, pattern in ((f"{day:%Y-%m-%d}", None), (f"{day:%m/%d/%Y}", US), (f"{day:%d.%m.%Y}", GERMAN)):
        moment = TimeSpelling(ZoneInfo(zone), pattern).read(written)

        assert moment.is_day
        assert moment.at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") == f"{day:%Y-%m-%d} 12:00"


@pytest.mark.parametrize(
    ("pattern", "does"),
    [
        ("%m/%d/%Y", True),
        ("%d.%m.%y %H:%M", True),
        ("MM/DD/YYYY", False),
        ("%H:%M", False),
        ("%m/%Y", False),
        ("%Q", False),
    ],
)
def test_a_pattern_has_to_name_a_day(pattern: str, *, does: bool) -> None:
    assert names_a_day(pattern) is does


def test_the_day_that_is_not_over_has_come() -> None:
    times, morning = TimeSpelling(BERLIN), datetime(2026, 11, 20, 7, tzinfo=UTC)
    noon = datetime(2026, 11, 20, 11, tzinfo=UTC)

    assert times.has_come(Moment(noon, is_day=True), morning, timedelta(0))
    assert not times.has_come(Moment(noon), morning, timedelta(0))
    assert not times.has_come(Moment(noon + timedelta(days=1), is_day=True), morning, timedelta(0))


# Files


def test_the_times_of_customers_are_read_as_spreadsheets_write_them(file: Path) -> None:
    content = f"email;consent_at;consent_text;notice_at;updated_at\n{ADA};11/20/2026;Ja;11/19/2026 3:04 PM;2026-11-21\n"

    [event] = check(file, content, time_format=US).events

    assert event.customer.attributes["consent_at"] == "2026-11-20T11:00:00+00:00"
    assert event.customer.attributes["notice_at"] == "2026-11-19T14:04:00+00:00"
    assert event.occurred_at == datetime(2026, 11, 21, 11, tzinfo=UTC)


def test_a_profile_of_today_is_not_newer_than_the_import(file: Path) -> None:
    content = f"email\tupdated_at\n{ADA}\t2026-11-22\n"

    assert check(file, content).events[0].occurred_at == datetime(2026, 11, 22, 11, tzinfo=UTC)
    assert check(file, content, now=NOW - timedelta(hours=4)).events[0].occurred_at == NOW - timedelta(hours=4)


def test_an_answer_of_today_counts_on_its_day(file: Path) -> None:
    result = write(file, "rating,date\n5,11/22/2026\n6,11/23/2026\n", time_format=US)

    assert [one.answered_day for one in result.responses] == ["2026-11-22"]
    assert result.left_out == {"the time is still to come": (1, [3])}


@pytest.mark.parametrize("kind", ["customers", "responses"])
def test_a_time_format_without_a_day_is_refused(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--from", "csv"] if kind == "responses" else []

    assert cli.main(["import", kind, "file.csv", *words, "--time-format", "MM/DD/YYYY"]) == 2
    assert "'MM/DD/YYYY' names no year, month and day: write one such as" in capsys.readouterr().err
