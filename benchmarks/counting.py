"""Runs of compute_nps until a great day is counted, at a stated cost per page and item, of made-up days.

A page of 1 MB holds some 3,000 entries of the index. Parsing, decoding and counting one took 86 microseconds of a
processor (in November 2026, 2.5 GHz), which is what the function has; the rest is a margin.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from afterbill.insight.compute_nps import LEASE, Counting, compute_nps
from afterbill.insight.ports import Page
from afterbill.insight.tally import Answered, Sent
from afterbill_cli.memory.scores import MemoryScores
from benchmarks.table import Row

_PAGE_ITEMS, _PAGE_SECONDS, _ITEM_SECONDS, _CALL_SECONDS = 3_000, 0.05, 0.0001, 0.01
_IN_PLACE_OF = 20
"""One mail is really counted for so many, whose time is taken: the figure is one of the stated cost."""
_USABLE = LEASE - timedelta(seconds=25)
_GREAT, _OTHER = 100_000, 29_000
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_TODAY = _NOW.date()
_COUNTING = Counting(ZoneInfo("Europe/Berlin"), timedelta(days=730))
_MOST_RUNS = 3
_NEAR = 30
"""A day so near to either end of the line is counted within that, however many mails all other days have."""


def rows() -> list[Row]:
    """Runs until one day is counted, by its place among two years of dirty days, and pages read twice in any case."""
    days = [_TODAY - timedelta(days=ago) for ago in range(730)]
    middle, near = days[365], days[_NEAR - 1]
    line = sorted(set(days) - {middle})
    usual = dict.fromkeys(days, _OTHER)
    backlog = ceil((_seconds(_OTHER) * (len(days) - 1) + _seconds(_GREAT)) / _USABLE.total_seconds())
    cost = f"{_PAGE_SECONDS} s a page, {_ITEM_SECONDS * 1000} ms an item, {_CALL_SECONDS} s any other call"
    cases = [
        ("of today, behind 729 days of 29,000", _TODAY, usual, [*line, middle], _MOST_RUNS),
        (f"of the {_NEAR}th newest of 730 days of 100,000", near, dict.fromkeys(days, _GREAT), line, _MOST_RUNS),
        (
            f"of the {_NEAR}th that waits, of 730 days of 100,000",
            middle,
            dict.fromkeys(days, _GREAT),
            [*line[: _NEAR - 1], middle, *line[_NEAR - 1 :]],
            _MOST_RUNS,
        ),
        ("in the middle of 729 days of 29,000: as many as these take", middle, usual, line, backlog),
    ]
    counted = [runs_until(great, mails | {great: _GREAT}, order) for _, great, mails, order, _ in cases]
    return [
        Row(f"runs until 100,000 mails {name}, are counted", runs, "runs", most, cost)
        for (name, *_, most), (runs, _) in zip(cases, counted, strict=True)
    ] + [
        Row("pages that a run read again after an earlier one had stored them", sum(t for _, t in counted), "pages", 0)
    ]


def _seconds(mails: int) -> float:
    """The stated time of reading and counting a day's mails."""
    return ceil(mails / _PAGE_ITEMS) * _PAGE_SECONDS + mails * _ITEM_SECONDS


@dataclass
class Clock:
    """Seconds that a run has taken."""

    taken: float = 0.0

    def goes_on(self) -> bool:
        """Whether the function has time left, but for its reserve."""
        return self.taken < _USABLE.total_seconds()


@dataclass
class MadeUp(MemoryScores):
    """Days of so many equal mails; calls take their time."""

    mails: dict[date, int] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    read: list[tuple[date, int]] = field(default_factory=list)

    def sends_of(self, day: date, position: str = "") -> Iterator[Page[Sent]]:
        """Page after page of the same mail."""
        one = Sent(answered=False, segments={"touchpoint": "renewed", "source": "stripe", "channel": "mail"})
        total = self.mails[day]
        for start in range(int(position or 0), total, _PAGE_ITEMS):
            size = min(_PAGE_ITEMS, total - start)
            self.clock.taken += _PAGE_SECONDS + size * _ITEM_SECONDS
            self.read.append((day, start))
            yield Page([one] * (size // _IN_PLACE_OF), str(start + size) if start + size < total else "")

    def answers_of(self, _day: date, _position: str = "") -> Iterator[Page[Answered]]:
        """None."""
        self.clock.taken += _CALL_SECONDS
        yield Page([])

    def __getattribute__(self, name: str) -> object:
        found = object.__getattribute__(self, name)
        return self._timed(found) if name in _TIMED else found

    def _timed(self, call: Callable[..., object]) -> Callable[..., object]:
        self.clock.taken += _CALL_SECONDS
        return call


_TIMED = frozenset({"set_turn", "clear", "keep_count", "count_so_far", "put_tallies", "tallies", "replace_scores"})


def runs_until(great: date, mails: dict[date, int], line: Sequence[date]) -> tuple[int, int]:
    """Return how many runs it takes until the day is counted, and the pages read twice.

    The days are marked in the order of `line`, those that it leaves out at last.
    """
    table = MadeUp(mails=mails)
    for number, day in enumerate(dict.fromkeys([*line, *mails])):
        table.mark(day, _NOW + timedelta(seconds=number))
    for run in range(1, 10 * _MOST_RUNS):
        table.clock = Clock()
        now = _NOW + run * timedelta(minutes=15)
        compute_nps(table, now, f"run {run}", _COUNTING, table.clock.goes_on)
        if great not in table.dirty:
            return run, len(table.read) - len(set(table.read))
    return 10 * _MOST_RUNS, len(table.read) - len(set(table.read))
