"""Marks, tallies and scores in memory, counted from the invitations of the table's twin."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from afterbill.insight.ports import Mark, Progress
from afterbill.insight.tally import Answered, Score, Sent, Tallies
from afterbill.model.invitation import Invitation


@dataclass
class MemoryScores:
    """DirtyDays, Counting and Scores over plain dictionaries; `invitations` is shared with MemoryTable."""

    invitations: Mapping[str, Invitation] = field(default_factory=dict)
    dirty: dict[date, Mark] = field(default_factory=dict)
    tallied: dict[str, dict[date, Tallies]] = field(default_factory=dict)
    scored: dict[tuple[str, str], tuple[Score, ...]] = field(default_factory=dict)
    lease: tuple[str, datetime] | None = None
    kept: Progress = field(default_factory=Progress)

    # DirtyDays

    def mark(self, day: date, now: datetime) -> None:
        """Raise the version."""
        known = self.dirty.get(day) or Mark(day, 0, now)
        self.dirty[day] = replace(known, version=known.version + 1, marked_at=now)

    # Counting

    def take_lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """Whether nobody else holds it."""
        wanted = (owner, until)
        if self.lease and self.lease != wanted and self.lease[1] > now:
            return False
        self.lease = wanted
        return True

    def release_lease(self, owner: str) -> None:
        """End it."""
        if self.lease and self.lease[0] == owner:
            self.lease = None

    def marks(self) -> Collection[Mark]:
        """Every mark."""
        return list(self.dirty.values())

    def clear(self, mark: Mark) -> bool:
        """Whether it was still the same."""
        if self.dirty.get(mark.day) != mark:
            return False
        del self.dirty[mark.day]
        return True

    def answers_of(self, day: date) -> Iterator[Answered]:
        """The responses of that day."""
        for one in self.invitations.values():
            if one.answer and one.answered_day == day.isoformat():
                yield Answered(one.answer.rating, one.segments, one.answer.confirmed, one.answer.reason)

    def sends_of(self, day: date) -> Iterator[Sent]:
        """The invitations sent on that day."""
        for one in self.invitations.values():
            if one.sent_day == day.isoformat():
                yield Sent(one.answer is not None, one.delivery, one.segments)

    def put_tallies(self, day: date, tallies: Mapping[str, Tallies]) -> None:
        """Replace them."""
        for dimension, rows in tallies.items():
            self.tallied.setdefault(dimension, {})[day] = dict(rows)

    def tallies(self, dimension: str, first: date, last: date) -> Iterator[tuple[date, Tallies]]:
        """The days of the range, in order."""
        days = self.tallied.get(dimension, {})
        yield from ((day, days[day]) for day in sorted(days) if first <= day <= last)

    def replace_scores(self, dimension: str, scores: Mapping[str, Collection[Score]]) -> None:
        """Store them in place of what was there."""
        self.scored |= {(dimension, window): tuple(rows) for window, rows in scores.items()}

    def progress(self) -> Progress:
        """What the last run left."""
        return self.kept

    def keep(self, progress: Progress) -> None:
        """Remember it."""
        self.kept = progress

    # Scores

    def scores(self, dimension: str, window: str) -> Collection[Score]:
        """The scores of every value."""
        return self.scored.get((dimension, window), ())
