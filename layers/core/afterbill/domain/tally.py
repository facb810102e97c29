"""Counting: from the invitations of a day to tallies by dimension value, and from tallies to scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from afterbill.domain.errors import PayloadError
from afterbill.domain.invitation import Delivery
from afterbill.domain.nps import RATINGS, Comparison, Tally, category, compare
from afterbill.domain.segments import DIMENSIONS

ALL, UNKNOWN, OTHER = "all", "unknown", "other"
MOST_VALUES = 200
"""Values of a dimension counted by name; those with fewer answers are counted together as `other`."""
LONGEST_VALUE = 100
"""Characters of a value; together with MOST_VALUES this keeps a tally below DynamoDB's 400 KB per item."""

_DELIVERED = frozenset({Delivery.DELIVERED, Delivery.COMPLAINED})

Tallies = Mapping[str, Tally]
"""The tally of each value of one dimension."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A response as it is counted, by the day of its answer."""

    rating: int
    segments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation as it is counted, by the day of sending."""

    answered: bool
    delivery: Delivery | None = None
    segments: Mapping[str, str] = field(default_factory=dict)

    @property
    def delivered(self) -> bool:
        """Whether it reached a mail box; who complains has received it."""
        return self.delivery in _DELIVERED

    @property
    def bounced(self) -> bool:
        """Whether it came back for good."""
        return self.delivery is Delivery.BOUNCED

    @property
    def complained(self) -> bool:
        """Whether somebody called it spam."""
        return self.delivery is Delivery.COMPLAINED


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of an invitation that tallies depend on; days are ISO dates, empty where they do not exist yet."""

    sent_day: str = ""
    answered_day: str = ""
    rating: int | None = None
    delivery: Delivery | None = None
    segments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """What a window says of one value of a dimension; `comparison` is with the same value in the window before."""

    dimension: str
    value: str
    window: str
    tally: Tally
    comparison: Comparison | None
    computed_at: datetime


def days_touched(old: Snapshot | None, new: Snapshot | None) -> frozenset[date]:
    """The days whose tallies differ once `old` (None: was not there) became `new` (None: is gone)."""
    if old == new:
        return frozenset()
    days = {day for each in (old, new) if each for day in (each.sent_day, each.answered_day) if day}
    try:
        return frozenset(map(date.fromisoformat, days))
    except ValueError as error:
        raise PayloadError(f"an invitation carries a day that is none: {sorted(days)}") from error


def count(answers: Iterable[Answered], sends: Iterable[Sent]) -> dict[str, Tallies]:
    """The tallies of one day for every dimension; linear in the number of answers and sends."""
    counts: dict[str, dict[str, list[int]]] = {dimension: {} for dimension in DIMENSIONS}
    for answer in answers:
        category(answer.rating)  # refuses what is no rating
        _add(counts, answer.segments, (answer.rating,))
    for sent in sends:
        flags = (True, sent.delivered, sent.answered, sent.bounced, sent.complained)
        _add(counts, sent.segments, [len(RATINGS) + place for place, flag in enumerate(flags) if flag])
    return {dimension: _limited(rows) for dimension, rows in counts.items()}


def _add(counts: dict[str, dict[str, list[int]]], segments: Mapping[str, str], places: Iterable[int]) -> None:
    for dimension, rows in counts.items():
        value = ALL if dimension == ALL else segments.get(dimension, "").strip()[:LONGEST_VALUE] or UNKNOWN
        row = rows.setdefault(value, [0] * (len(RATINGS) + 5))
        for place in places:
            row[place] += 1


def _limited(rows: Mapping[str, list[int]]) -> Tallies:
    tallies = {value: Tally(tuple(row[: len(RATINGS)]), *row[len(RATINGS) :]) for value, row in rows.items()}
    return fold(tallies, leading(tallies))


def leading(tallies: Tallies) -> frozenset[str]:
    """The values counted by name: those with most answers, then most mails, then first in the alphabet."""
    order = sorted(tallies, key=lambda value: (-tallies[value].n, -tallies[value].sent, value))
    return frozenset([value for value in order if value != OTHER][:MOST_VALUES])


def fold(tallies: Tallies, keep: frozenset[str]) -> dict[str, Tally]:
    """The same counts, with every value that is not kept added up under `other`."""
    folded: dict[str, Tally] = {}
    for value, tally in tallies.items():
        name = value if value in keep else OTHER
        folded[name] = folded[name] + tally if name in folded else tally
    return folded


def scores_of(dimension: str, window: str, tallies: Tallies, before: Tallies, now: datetime) -> list[Score]:
    """One score per value, those with most answers by name, each compared with the same value in `before`."""
    keep = leading(tallies)
    previous = fold(before, keep)
    rows = fold(tallies, keep)
    if dimension == ALL:
        rows.setdefault(ALL, Tally())  # a window without any answer still has its line
    return [
        Score(dimension, value, window, tally, compare(tally, previous.get(value, Tally())), now)
        for value, tally in rows.items()
    ]
