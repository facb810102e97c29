"""The ports of insight: protocols of the table, under the same promises as in intake."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from afterbill.insight.tally import Answered, Score, Sent, Tallies


class DirtyDays(Protocol):
    """The marks of days that must be recounted."""

    def mark(self, day: date, now: datetime) -> None:
        """Ask for a recount of the day: raises the version of its mark, or sets the first."""


class ReviewMarks(Protocol):
    """The marks of invitations with clicks that nobody confirmed."""

    def mark_for_review(self, invitation_ids: Collection[str], at: datetime) -> None:
        """Ask for a review of these invitations' clicks: one mark for all of them, which is of the moment `at`."""


@dataclass(frozen=True, slots=True)
class RecountMark:
    """A day to recount; every further change of the day raises `version` and sets `marked_at`."""

    day: date
    version: int
    marked_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """The state after the last complete run: its local day, None before the first, and what its scores are made of.

    `questions` are those beside the recommendation that were ever counted; `unconfirmed` says whether the scores hold
    unconfirmed answers, None while some do.
    """

    day: date | None = None
    questions: frozenset[str] = frozenset()
    unconfirmed: bool | None = True


class Recounts(Protocol):
    """The table of compute_nps: one lease, marks of days, invitations to count, tallies and scores."""

    def take_lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """Become the only run `until` then; False while the lease of another owner lasts."""

    def release_lease(self, owner: str) -> None:
        """End the lease early, if it is still this owner's."""

    def marks(self) -> Collection[RecountMark]:
        """Every day that waits for a recount, read consistently."""

    def clear(self, mark: RecountMark) -> bool:
        """Remove the mark; False, and nothing done, where the day was marked again since it was read."""

    def answers_of(self, day: date) -> Iterator[Answered]:
        """The responses of that day; the last seconds may be missing, because indexes follow the table."""

    def sends_of(self, day: date) -> Iterator[Sent]:
        """The invitations sent on that day; the last seconds may be missing too."""

    def put_tallies(self, day: date, tallies: Mapping[str, Tallies]) -> None:
        """Replace the tallies of the day, by the dimension as it is stored; those of other dimensions stay."""

    def tallies(self, dimension: str, first: date, last: date) -> Iterator[tuple[date, Tallies]]:
        """The stored days from `first` to `last` in order, read consistently in one range."""

    def replace_scores(self, dimension: str, scores: Mapping[str, Collection[Score]]) -> None:
        """Store the scores by window; all other scores of this dimension in those windows are removed.

        Not atomic: interrupted, the same call again completes it.
        """

    def progress(self) -> Progress:
        """The state after the last run, read consistently."""

    def store_progress(self, progress: Progress) -> None:
        """Store the state for the next run."""
