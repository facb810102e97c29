"""Scores, click reviews and campaigns in memory, over the invitations and customers of MemoryTable."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import takewhile
from typing import TypeVar

from afterbill.answers.ports import ReviewMark
from afterbill.insight.ports import Page, Progress, RecountMark, UnderWay
from afterbill.insight.tally import Answered, Rows, Score, Sent, Tallies
from afterbill.model.anonymous import erased
from afterbill.model.campaigns import Done, slot_of
from afterbill.model.customer import Customer
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation, StoredInvitation
from afterbill_cli.memory.items import stored_among

_Item = TypeVar("_Item")


@dataclass
class MemoryScores:
    """DirtyDays and Recounts, and scores to read, over plain dictionaries; `invitations` is shared with MemoryTable."""

    invitations: Mapping[str, Invitation] = field(default_factory=dict)
    dirty: dict[date, RecountMark] = field(default_factory=dict)
    tallied: dict[str, dict[date, Tallies | UnreadableError]] = field(default_factory=dict)
    scored: dict[tuple[str, str], tuple[Score, ...]] = field(default_factory=dict)
    lease: tuple[str, datetime] | None = None
    kept: Progress | UnreadableError = field(default_factory=Progress)
    counts: dict[date, tuple[UnderWay, Rows]] = field(default_factory=dict)
    page_size: int = 1000

    # DirtyDays

    def mark(self, day: date, now: datetime) -> None:
        """Raise the version."""
        mark = self.dirty.get(day) or RecountMark(day, 0, now, turn=now)
        self.dirty[day] = replace(mark, version=mark.version + 1, marked_at=now)

    # Recounts

    def take_lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """False while somebody else holds it."""
        lease = (owner, until)
        if self.lease and self.lease != lease and self.lease[1] > now:
            return False
        self.lease = lease
        return True

    def release_lease(self, owner: str) -> None:
        """End the lease of this owner."""
        if self.lease and self.lease[0] == owner:
            self.lease = None

    def marks(self) -> Page[RecountMark]:
        """Every mark."""
        return Page(list(self.dirty.values()))

    def set_turn(self, day: date, turn: datetime) -> None:
        """Nothing where the mark is gone."""
        if day in self.dirty:
            self.dirty[day] = replace(self.dirty[day], turn=turn)

    def keep_count(self, day: date, under_way: UnderWay, rows: Rows) -> None:
        """Keep a copy: the numbers go on growing."""
        if day in self.dirty:
            self.counts[day] = (under_way, deepcopy(rows))
            self.dirty[day] = replace(self.dirty[day], under_way=under_way)

    def count_so_far(self, day: date, under_way: UnderWay) -> Rows | None:
        """A copy of the numbers, if they are those."""
        at, rows = self.counts.get(day, (None, None))
        return deepcopy(rows) if at == under_way else None

    def drop_count(self, day: date) -> None:
        """Forget where it goes on."""
        if day in self.dirty:
            self.dirty[day] = replace(self.dirty[day], under_way=None)

    def clear(self, mark: RecountMark) -> bool:
        """False where it was marked again meanwhile."""
        if self.dirty.get(mark.day) != mark:
            return False
        del self.dirty[mark.day]
        return True

    def answers_of(self, day: date, position: str = "") -> Iterator[Page[Answered]]:
        """The responses of that day."""
        found = [
            Answered(one.answer.rating, one.segments, one.answer.confirmed, one.answer.reason)
            for one in self.invitations.values()
            if one.answer and one.answered_day == day.isoformat()
        ]
        return self._pages(found, position)

    def sends_of(self, day: date, position: str = "") -> Iterator[Page[Sent]]:
        """The invitations sent on that day."""
        found = [
            Sent(one.answer is not None, one.delivery if one.delivery and one.delivery.adverse else None, one.segments)
            for one in self.invitations.values()
            if one.sent_day == day.isoformat()
        ]
        return self._pages(found, position)

    def _pages(self, found: Sequence[_Item], position: str) -> Iterator[Page[_Item]]:
        """Yield one page at least."""
        for start in range(int(position or 0), max(len(found), 1), self.page_size):
            end = start + self.page_size
            yield Page(found[start:end], str(end) if end < len(found) else "")

    def put_tallies(self, day: date, tallies: Mapping[str, Tallies]) -> None:
        """Replace the tallies of this day."""
        for dimension, rows in tallies.items():
            self.tallied.setdefault(dimension, {})[day] = dict(rows)

    def tallies(self, dimension: str, first: date, last: date) -> Iterator[tuple[date, Tallies | UnreadableError]]:
        """The days of the range, in order."""
        days = self.tallied.get(dimension, {})
        yield from ((day, days[day]) for day in sorted(days) if first <= day <= last)

    def replace_scores(self, dimension: str, scores: Mapping[str, Collection[Score]]) -> None:
        """Store them in place of what was there."""
        self.scored |= {(dimension, window): tuple(rows) for window, rows in scores.items()}

    def progress(self) -> Progress:
        """The progress as the last run stored it."""
        if isinstance(self.kept, UnreadableError):
            raise self.kept
        return self.kept

    def store_progress(self, progress: Progress) -> None:
        """Store the progress."""
        self.kept = progress

    # Scores

    def scores(self, dimension: str, window: str, _pass_over: object = None) -> Collection[Score]:
        """The scores of every value: here each can be read."""
        return self.scored.get((dimension, window), ())


@dataclass
class MemoryReviews:
    """ReviewMarks and ClickReviews over plain dictionaries; `invitations` is shared with MemoryTable."""

    invitations: dict[str, Invitation] = field(default_factory=dict)
    waiting: dict[tuple[datetime, str], ReviewMark] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)

    def mark_for_review(self, invitation_ids: Collection[str], at: datetime) -> None:
        """Keep the ids under the moment and the first of them."""
        key = at, min(invitation_ids)
        there = self.waiting[key].invitation_ids if key in self.waiting else frozenset()
        self.waiting[key] = ReviewMark(*key, there | set(invitation_ids))

    def marks(self, before: datetime) -> Iterator[ReviewMark | UnreadableError]:
        """The marks of earlier moments, the oldest first."""
        return iter([self.waiting[key] for key in sorted(self.waiting) if key[0] < before])

    def read_invitations(self, ids: Sequence[str]) -> Mapping[str, StoredInvitation]:
        """Those that exist among at most 100 ids, each as it stands or why it cannot be read."""
        return stored_among(self.invitations, self.unreadable, ids)

    def store_review(self, invitation: Invitation, read: Invitation) -> bool:
        """Store the unconfirmed answer or the label, and the visits."""
        stored = self.invitations.get(invitation.id)
        if stored is None or erased(stored) or stored.visits != read.visits:
            return False
        if stored.answer and stored.answer.confirmed:
            return False
        self.invitations[invitation.id] = replace(
            stored,
            label=invitation.label,
            visits=invitation.visits,
            condensed=invitation.condensed,
            answer=invitation.answer or stored.answer,
            answered_at=stored.answered_at or invitation.answered_at,
            answered_day=stored.answered_day or invitation.answered_day,
        )
        return True

    def clear(self, marks: Collection[ReviewMark]) -> None:
        """Remove the marks."""
        for mark in marks:
            self.waiting.pop((mark.marked_at, mark.name), None)


@dataclass
class MemoryCampaigns:
    """Campaigns; `people` is shared with MemoryTable, and new customers come into a group at the next read."""

    people: dict[str, Customer] = field(default_factory=dict)
    come: dict[str, Done] = field(default_factory=dict)
    groups: dict[int, list[str]] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)

    def customers_in(self, slot: int) -> Iterator[str]:
        """Ids of the customers of a group."""
        # A dictionary keeps its order: new customers stand behind all that are known.
        for id_ in list(takewhile(lambda id_: id_ not in self.grouped, reversed(self.people))):
            self.grouped.add(id_)
            self.groups.setdefault(slot_of(id_), []).append(id_)
        customers = (self.people.get(id_) for id_ in self.groups.get(slot, ()))
        return iter([customer.id for customer in customers if customer and not customer.forget_at])

    def done(self, campaign: str) -> Done | None:
        """The progress of the campaign."""
        return self.come.get(campaign)

    def set_done(self, campaign: str, done: Done) -> None:
        """Store the progress of the campaign."""
        self.come[campaign] = done
