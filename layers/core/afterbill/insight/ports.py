"""What counting needs from the world, under the same promises as in intake."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from afterbill.insight.tally import Answered, Score, Sent, Tallies


class DirtyDays(Protocol):
    """The table as track_changes sees it."""

    def mark(self, day: date, now: datetime) -> None:
        """Say that the day must be recounted: raises the version of its mark, or sets the first."""


class ReviewMarks(Protocol):
    """The table as track_changes sees clicks that nobody confirmed."""

    def mark_for_review(self, invitation_id: str, now: datetime) -> None:
        """Ask for a review of its clicks: raises the version of the invitation's mark, or sets the first.

        The mark keeps its first time, so that no flood of visits delays the review.
        """


@dataclass(frozen=True, slots=True)
class Mark:
    """A day to recount, and when that was last said; every further change raises `version`."""

    day: date
    version: int
    marked_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """What the last complete run left: its local day, None before the first, and what its scores are made of.

    `questions` are those beside the recommendation that were ever counted; `unconfirmed` says whether the scores hold
    unconfirmed answers, None while some do.
    """

    day: date | None = None
    questions: frozenset[str] = frozenset()
    unconfirmed: bool | None = True


class Counting(Protocol):
    """The table as compute_nps sees it."""

    def take_lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """Become the only run until then; False while somebody else's lease lasts."""

    def release_lease(self, owner: str) -> None:
        """End the lease early, if it is still this owner's."""

    def marks(self) -> Collection[Mark]:
        """Every day that waits for a recount, read consistently."""

    def clear(self, mark: Mark) -> bool:
        """Remove the mark; False, and nothing done, where the day was marked again since it was read."""

    def answers_of(self, day: date) -> Iterator[Answered]:
        """The responses of that day; the last seconds may be missing, because indexes follow the table."""

    def sends_of(self, day: date) -> Iterator[Sent]:
        """The invitations sent on that day; same."""

    def put_tallies(self, day: date, tallies: Mapping[str, Tallies]) -> None:
        """Replace the tallies of the day, by the dimension as it is stored; those of others stay."""

    def tallies(self, dimension: str, first: date, last: date) -> Iterator[tuple[date, Tallies]]:
        """The stored days from `first` to `last` in order, read consistently in one range."""

    def replace_scores(self, dimension: str, scores: Mapping[str, Collection[Score]]) -> None:
        """Store the scores by window; what else those windows hold of this dimension is removed.

        Not atomic: interrupted, the same call again completes it.
        """

    def progress(self) -> Progress:
        """What the last run left, read consistently."""

    def keep(self, progress: Progress) -> None:
        """Remember it."""


class Scores(Protocol):
    """The table as a reader of scores sees it."""

    def scores(self, dimension: str, window: str) -> Collection[Score]:
        """The scores of every value of the dimension; the work does not depend on the number of responses."""
