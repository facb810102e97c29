"""Surveys that no event asks for: every customer once per period, or once, spread evenly over the days."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from afterbill.model.billing import Touchpoint

CAMPAIGNS = "campaigns"
"""The source of what campaigns ask; no webhook endpoint can have this name."""

SLOTS = 1024
"""Groups into which customers fall by their id; each has its day in every period."""

CATCH_UP = timedelta(days=7)
"""Days of standing still that are made up for at once; after more of them the campaign starts anew."""


class Every(StrEnum):
    """The period after which a campaign comes back."""

    QUARTER = "quarter"
    HALF_YEAR = "half-year"


_DAY = timedelta(days=1)
_MONTHS = {Every.QUARTER: 3, Every.HALF_YEAR: 6}
_LETTERS = {Every.QUARTER: "Q", Every.HALF_YEAR: "H"}


@dataclass(frozen=True, slots=True)
class Campaign:
    """One table under [campaigns]: `every` period from the day `start` on, or once, in the `days` from `start` on."""

    touchpoint: Touchpoint
    start: date
    every: Every | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """One round of a campaign: `days` days from `first` on."""

    name: str
    first: date
    days: int


@dataclass(frozen=True, slots=True)
class Done:
    """The progress of a campaign that began on `since`: on `day` the groups below `slots` had had their turn."""

    since: date
    day: date
    slots: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """A group whose customers are asked now, the round that this is for, and how far the campaign is after it."""

    period: str
    slot: int
    done: Done


def slot_of(customer_id: str) -> int:
    """The group of a customer, 0 to SLOTS - 1; ids fall evenly on them."""
    return int.from_bytes(hashlib.sha256(customer_id.encode()).digest()[:4]) % SLOTS


def period_of(campaign: Campaign, day: date, since: date | None = None) -> Period | None:
    """The round `day` falls into; None before the start and after the end of the campaign.

    Quarters and half-years are those of the calendar. A round is cut short, its name the same, where the campaign
    starts or is first seen (`since`) within it: everybody gets their turn in what is left of it.
    """
    if campaign.every is None:
        name, begin, end = campaign.start.isoformat(), campaign.start, campaign.start + timedelta(days=campaign.days)
    else:
        months = _MONTHS[campaign.every]
        number = (day.month - 1) // months
        name, begin = f"{day.year}-{_LETTERS[campaign.every]}{number + 1}", date(day.year, number * months + 1, 1)
        end = (begin + timedelta(days=31 * months)).replace(day=1)
    first = max(begin, campaign.start, since or begin)
    return Period(name, first, (end - first).days) if first <= day < end else None


def slots_on(period: Period, day: date) -> range:
    """The groups whose turn is on this day; over all days of the period, each group exactly once."""
    number = (day - period.first).days
    return range(SLOTS * number // period.days, SLOTS * (number + 1) // period.days)


def resumed(campaign: Campaign, done: Done | None, today: date) -> Done:
    """Return the progress to go on from: today, where a campaign is new or stood still for longer than CATCH_UP.

    Then everybody gets their turn in what is left of the period, instead of many on one day; whoever was asked before
    meets the same fact. Where nothing is left of a campaign that ends, it goes on from where it was.
    """
    if done is None:
        return Done(today, today)
    stood_still = today - max(done.day, campaign.start) > CATCH_UP
    return Done(today, today) if stood_still and period_of(campaign, today) else done


def turns(campaign: Campaign, done: Done, today: date) -> Iterator[Turn]:
    """The groups that are due by today and have not had their turn, in order.

    Within one period the groups come one after the other, so that none is left out when its length changes.
    """
    before, day = period_of(campaign, done.day, done.since), max(done.day, campaign.start)
    name, slots = before.name if before else "", done.slots
    while day <= today and (period := period_of(campaign, day, done.since)):
        slots = slots if period.name == name else 0
        stop = slots_on(period, day).stop
        for slot in range(slots, stop):
            yield Turn(period.name, slot, Done(done.since, day, slot + 1))
        name, slots, day = period.name, max(slots, stop), day + _DAY
