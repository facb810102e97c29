"""Sending windows for the one touchpoint that keeps hours on the stack of these tests.

Each of three cities gets a few minutes of its own local day, which begin soon; in a fourth none of them come today.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

CITIES = {"Tokyo": "Asia/Tokyo", "Zürich": "Europe/Zurich", "New York": "America/New_York"}
ELSEWHERE = "Asia/Kolkata"
"""Half an hour off the others: their minutes are not its."""

KIND = "relationship"
_UP_BY = timedelta(minutes=2)
_LONG = timedelta(minutes=3)


def windows(now: datetime) -> dict[str, tuple[datetime, datetime]]:
    """From when to when mail may reach each city, in its own time."""
    found = {}
    for city, zone in CITIES.items():
        begin = (now + _UP_BY).astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
        found[city] = (begin, begin + _LONG)
    return found


def tables(now: datetime) -> str:
    """What surveys.toml gets."""
    stretches = ", ".join(f'"{one}"' for begin, end in windows(now).values() for one in _within_days(begin, end))
    return f"""
[windows.demo]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
hours = [{stretches}]
weekends = true
holidays = true

[touchpoints.{KIND}]
stage = "loyalty"
delay = "0s"
window = "demo"
"""


def _within_days(begin: datetime, end: datetime) -> list[str]:
    """A stretch over midnight is written as two."""
    if begin.date() == end.date():
        return [f"{begin:%H:%M}-{end:%H:%M}"]
    tomorrow = [f"00:00-{end:%H:%M}"] if end.time() != end.min.time() else []
    return [f"{begin:%H:%M}-24:00", *tomorrow]
