"""Local sending windows: the hours of somebody's own day in which mail may leave, exact through every clock change.

A window is judged by the wall clock of an instant (`is_open`), never by arithmetic on local times.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from afterbill.outreach.wall_clock import MIDNIGHT, Hours, first_stretch, opens

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The words for days in surveys.toml; their places are the numbers."""

_WEEKEND = frozenset({5, 6})
_NONE: frozenset[int] = frozenset()
_SECOND = timedelta(seconds=1)
_HOURS = re.compile(r"(2[0-4]|[01][0-9]):([0-5][0-9])-(2[0-4]|[01][0-9]):([0-5][0-9])")
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9][A-Za-z0-9_+-]{0,31}){0,2}")
_LONGEST_NAME = 98
_NO_PLACES = ("Factory",)
"""Zones that say nothing about where somebody lives."""


@dataclass(frozen=True, slots=True)
class SendingWindow:
    """Local hours in which mail may leave.

    `days` counts from 0, Monday. `hours` are minutes of the local day, [from, to), ascending and apart, one stretch at
    least; 1440 is midnight. `weekends` and `holidays` tell whether the country's weekend days (if they are among
    `days`) and its public holidays are open.
    """

    name: str
    days: frozenset[int]
    hours: Hours
    weekends: bool
    holidays: bool


@dataclass(frozen=True, slots=True)
class Place:
    """The place where somebody lives, as far as it is known.

    `country` is ISO 3166 alpha-2, or "" when the tables do not know it. `why` tells whose word the zone is:
    "customer", "country" or "operator".
    """

    zone: ZoneInfo
    country: str
    why: str


@dataclass(frozen=True, slots=True)
class Almanac:
    """Facts about countries: zone and language of most people, weekend days, dates of public holidays.

    `weekends` lists only countries where they are not Saturday and Sunday. `holidays` holds proleptic ordinals of
    dates, up to the year `until`.
    """

    zones: Mapping[str, str]
    weekends: Mapping[str, frozenset[int]]
    holidays: Mapping[str, frozenset[int]]
    until: int
    languages: Mapping[str, str] = field(default_factory=dict)


def place_of(zone_name: str | None, country: str | None, almanac: Almanac, operator_zone: str) -> Place:
    """Return the place by the customer's zone, else the country's, else the operator's, as far as they exist."""
    code = country.strip().upper() if country and country.isascii() else ""
    if code not in almanac.zones:
        code = ""
    if zone_name and (zone := _zone(zone_name)):
        return Place(zone, code, "customer")
    if code and (zone := _zone(almanac.zones[code])):
        return Place(zone, code, "country")
    return Place(_zone(operator_zone) or ZoneInfo("UTC"), code, "operator")


def _zone(name: str) -> ZoneInfo | None:
    """Return the zone of this name. Names come from strangers: a text that looks like no zone is never looked up."""
    return _found(name) if len(name) <= _LONGEST_NAME else None


@lru_cache(maxsize=1024)
def _found(name: str) -> ZoneInfo | None:
    if not _ZONE.fullmatch(name) or name in _NO_PLACES:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def is_open(window: SendingWindow, place: Place, almanac: Almanac, at: datetime) -> bool:
    """Return whether mail may leave at this instant, by the wall clock where the recipient lives."""
    local = at.astimezone(place.zone)
    minute = local.hour * 60 + local.minute
    days, closed = _days(window, place.country, almanac)
    return opens(local.toordinal(), days, closed) and any(begin <= minute < end for begin, end in window.hours)


def _days(window: SendingWindow, country: str, almanac: Almanac) -> tuple[frozenset[int], frozenset[int]]:
    """Return the weekdays that are open at this place, and the dates that are closed."""
    days = window.days if window.weekends else window.days - almanac.weekends.get(country, _WEEKEND)
    return days, _NONE if window.holidays else almanac.holidays.get(country, _NONE)


def next_opening(
    window: SendingWindow, place: Place, almanac: Almanac, at: datetime
) -> tuple[datetime, datetime] | None:
    """The first stretch [from, to) of instants in UTC, none before `at`, that are open one and all.

    It ends with the local day at the latest. None where nothing opens within 60 days.
    """
    days, closed = _days(window, place.country, almanac)
    return first_stretch(window.hours, days, closed, place.zone, at)


def moment_in(opening: tuple[datetime, datetime], key: str, slack: timedelta) -> datetime:
    """A whole second of the opening that follows from `key` and spreads evenly over keys.

    The last `slack` of it, but a quarter at most, stays free for the mail to get out. Where no whole second is left,
    it is the first instant.
    """
    begins, ends = opening
    first = begins.replace(microsecond=0) + _SECOND if begins.microsecond else begins
    seconds = (ends - min(slack, (ends - begins) / 4) - first) // _SECOND
    if seconds <= 0:
        return begins
    share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
    return first + timedelta(0, share * seconds >> 64)


def parse_days(texts: Sequence[str]) -> frozenset[int]:
    """The days that words such as "mon" name; ValueError says what is wrong."""
    for text in texts:
        if text not in DAYS:
            raise ValueError(f'must list days out of {", ".join(DAYS)}, not "{text}"')
    if not texts or len(set(texts)) < len(texts):
        raise ValueError(f"must list each day once, at least one of {', '.join(DAYS)}")
    return frozenset(map(DAYS.index, texts))


def parse_hours(texts: Sequence[str]) -> Hours:
    """Hours from texts such as "09:00-12:00", in order; those that touch are one. ValueError says what is wrong."""
    if not texts:
        raise ValueError('must list hours such as "09:00-12:00"')
    ranges = sorted(map(_minutes, texts))
    for one, other in pairwise(ranges):
        if other[0] < one[1]:
            raise ValueError(f'"{_clock(*one)}" and "{_clock(*other)}" overlap: write them as one, or apart')
    begins = [begin for begin, _ in ranges if begin not in {end for _, end in ranges}]
    ends = [end for _, end in ranges if end not in {begin for begin, _ in ranges}]
    return tuple(zip(begins, ends, strict=True))


def _minutes(text: str) -> tuple[int, int]:
    match = _HOURS.fullmatch(text)
    begin, end = (
        (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, MIDNIGHT + 1)
    )
    if end > MIDNIGHT:
        raise ValueError(f'must be hours such as "09:00-12:00" or "13:30-24:00", not "{text}"')
    if begin >= end:
        raise ValueError(
            f'"{text}" must end later than it begins; over midnight write two, "22:00-24:00" and "00:00-06:00"'
        )
    return begin, end


def _clock(begin: int, end: int) -> str:
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
