"""Readers that several providers share, where no provider's own test shows their edges."""

from datetime import UTC, datetime

import pytest

from afterbill.connectors._kit.json import day_moment, full_name, needed
from afterbill.model.errors import PayloadError

LATEST = datetime(2025, 11, 3, 10, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2025-10-07", datetime(2025, 10, 7, 12, tzinfo=UTC)),
        ("2025-11-03", LATEST),
        ("2026-01-01", LATEST),
        ("2025-10-07 08:15:00", datetime(2025, 10, 7, 8, 15, tzinfo=UTC)),
        ("2025-10-07T08:15:00+02:00", datetime(2025, 10, 7, 6, 15, tzinfo=UTC)),
        ("2025-10-07T00:00:00", datetime(2025, 10, 7, 12, tzinfo=UTC)),
        ("2025-10-07T00:00:00+02:00", datetime(2025, 10, 7, 12, tzinfo=UTC)),
        ("2025-13-07", None),
        ("", None),
        (20251007, None),
        (None, None),
    ],
)
def test_a_day_is_its_noon_but_never_later_than_what_told_it(written: object, at: datetime | None) -> None:
    assert day_moment(written, LATEST) == at


@pytest.mark.parametrize(
    ("written", "zone", "at"),
    [
        ("2025-10-07", "Pacific/Auckland", datetime(2025, 10, 6, 23, tzinfo=UTC)),
        ("2025-10-07T00:00:00", "Europe/Zurich", datetime(2025, 10, 7, 10, tzinfo=UTC)),
        ("2025-10-06T22:00:00Z", "Europe/Zurich", datetime(2025, 10, 7, 10, tzinfo=UTC)),
        ("2025-10-07T08:15:00", "Europe/Zurich", datetime(2025, 10, 7, 6, 15, tzinfo=UTC)),
        ("2025-10-06T22:00:00Z", "", datetime(2025, 10, 6, 22, tzinfo=UTC)),
    ],
)
def test_a_day_is_one_of_its_zone_however_its_midnight_is_written(written: str, zone: str, at: datetime) -> None:
    assert day_moment(written, LATEST, zone) == at


def test_a_name_is_what_there_is_of_its_two_halves() -> None:
    assert full_name(" Ada ", "Example") == "Ada Example"
    assert full_name(None, "Example") == "Example"
    assert full_name("Ada", 7) == "Ada"
    assert full_name("", None) is None


def test_a_name_is_as_bounded_as_every_text() -> None:
    assert full_name("a" * 200, "b" * 200) is None


def test_what_is_needed_is_named_where_it_is_missing() -> None:
    assert needed(0, "Shop event paid", "id") == 0
    with pytest.raises(PayloadError, match=r"^The Shop event paid has no usable id\.$"):
        needed(None, "Shop event paid", "id")
