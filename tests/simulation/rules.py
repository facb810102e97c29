"""The oracle's own reading of surveys.toml and of clocks and calendars; nothing here comes from afterbill."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from .events import DAY, HOUR, MINUTE, YEAR

EPOCH = datetime(YEAR, 1, 1, tzinfo=UTC)
_EPOCH = int(EPOCH.timestamp())
UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": 1}
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MAIN_ZONES = {
    "DE": "Europe/Berlin",
    "GB": "Europe/London",
    "US": "America/New_York",
    "CA": "America/Toronto",
    "JP": "Asia/Tokyo",
    "IN": "Asia/Kolkata",
    "NP": "Asia/Kathmandu",
    "AU": "Australia/Sydney",
    "NZ": "Pacific/Auckland",
    "CL": "America/Santiago",
    "SA": "Asia/Riyadh",
    "EG": "Africa/Cairo",
}
"""Where most people of a country live: the zone of whoever is known by country alone."""


@dataclass(frozen=True, slots=True)
class Window:
    days: frozenset[int]
    hours: tuple[tuple[int, int], ...]
    weekends: bool
    holidays: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One touchpoint, durations in seconds."""

    ask: bool
    delay: int
    window: Window | None
    sampling: float
    quota: int
    priority: int
    cooldown: int
    patience: int
    reminder: int
    expiry: int
    paid_only: bool
    stops: str


class Rules:
    """What the tables of surveys.toml demand."""

    def __init__(self, tables: dict[str, Any]) -> None:
        windows = {name: _window(table) for name, table in tables["windows"].items()}
        self.operator_zone: str = tables["time_zone"]
        self.touchpoints = {
            name: _rule({**tables["defaults"], **table}, windows) for name, table in tables["touchpoints"].items()
        }
        self.needed_by_default = {"strict": "customer", "relaxed": "nothing"}[tables["legal"]["preset"]]
        self.needed: dict[str, str] = tables["legal"].get("countries", {})
        self.per_hour: int = tables["sending"]["per_hour"]
        self.per_day: int = tables["sending"]["per_day"]
        self.campaigns = {
            name: (table["start"], _duration(table["over"]))
            for name, table in tables.get("campaigns", {}).items()
            if "over" in table
        }

    def need(self, country: str | None) -> str:
        if country:
            return self.needed.get(country, self.needed_by_default)
        ranks = ("nothing", "customer", "consent")  # who does not know the country cannot know that it asks for less
        return max((self.needed_by_default, *self.needed.values()), key=ranks.index)

    def zone(self, zone: str | None, country: str | None) -> ZoneInfo:
        return _zone(zone or MAIN_ZONES.get(country or "") or self.operator_zone)

    def month(self, at: int) -> tuple[int, int]:
        """The operator's month."""
        local = moment(at).astimezone(_zone(self.operator_zone))
        return local.year, local.month


def moment(at: int) -> datetime:
    return EPOCH + timedelta(seconds=at)


def seconds(at: datetime) -> int:
    return int(at.timestamp()) - _EPOCH


def closed(window: Window | None, zone: ZoneInfo, country: str | None, at: int) -> str:
    """Why no mail may leave at this moment: weekday, weekend, holiday or hours; empty where it may."""
    if window is None:
        return ""
    local = datetime.fromtimestamp(_EPOCH + at, zone)
    minute = local.hour * 60 + local.minute
    return _closed_day(window, country or "", local.date()) or (
        "" if any(begin <= minute < end for begin, end in window.hours) else "hours"
    )


def opens_between(window: Window | None, place: tuple[ZoneInfo, str | None], first: int, last: int) -> bool:
    """Whether there is a moment from `first` to `last` at which mail may leave."""
    if window is None or first > last:
        return first <= last
    zone, country = place
    day, until = (datetime.fromtimestamp(_EPOCH + at, zone).date() for at in (first, last))
    while day <= until:
        if not _closed_day(window, country or "", day):
            for begin, end in window.hours:
                begins, ends = _instant(day, begin, zone), _instant(day, end, zone)
                if max(begins, first) <= last and first < ends:
                    return True
        day += timedelta(days=1)
    return False


def _instant(day: date, minute: int, zone: ZoneInfo) -> int:
    days, minute = divmod(minute, 24 * 60)
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone) + timedelta(days=days)
    return int(local.timestamp()) - _EPOCH


@cache
def _closed_day(window: Window, country: str, day: date) -> str:
    if day.weekday() not in window.days:
        return "weekday"
    if not window.weekends and day.weekday() in _weekend(country):
        return "weekend"
    return "holiday" if not window.holidays and day in _holidays(country) else ""


@cache
def _weekend(country: str) -> frozenset[int]:
    known = frozenset(holidays.country_holidays(country).weekend) if country else frozenset({5, 6})
    return known | {5} if known == {6} else known  # a free Sunday alone: Saturday is left in peace too


@cache
def _holidays(country: str) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=range(YEAR - 1, YEAR + 2))) if country else frozenset()


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _duration(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def _window(table: dict[str, Any]) -> Window:
    hours = tuple(tuple(_minutes(clock) for clock in text.split("-")) for text in table["hours"])
    days = frozenset(WEEKDAYS.index(day) for day in table["days"])
    return Window(days, hours, table.get("weekends", False), table.get("holidays", False))


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _rule(table: dict[str, Any], windows: dict[str, Window]) -> Rule:
    durations = {name: _duration(table[name]) for name in ("delay", "cooldown", "patience", "reminder", "expiry")}
    same = {name: table[name] for name in ("ask", "sampling", "quota", "priority", "paid_only", "stops")}
    return Rule(**durations, **same, window=windows[table["window"]] if table["window"] else None)


def in_sample(touchpoint: str, customer_id: str, share: float) -> bool:
    """The documented sample: the first eight bytes of a SHA-256, as a share of all that there are."""
    digest = hashlib.sha256(f"{touchpoint}|{customer_id}".encode()).digest()
    return share >= 1 or int.from_bytes(digest[:8], "big") < share * 2**64
