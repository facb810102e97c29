"""The ports of the pages about people: protocols of what they need of the stores, and what these hand out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from afterbill.answers.read_responses import Brief, Place
from afterbill.model.billing import CROWDED, UNMATCHED
from afterbill.model.customer import Customer
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import SkipReason
from afterbill.privacy.retention import RetentionProgress
from afterbill_actions.effects import Effects
from afterbill_actions.outcome import TaskKind
from afterbill_console.people.handling import Handled

MOST_READ = 99
"""Answers of one batch; the list of who is restricted is the hundredth item."""
STORY_PART = 45
"""Facts of one part of a story: with their effects, the customer and their tasks they fit one batch of 100 keys."""

MOST_TASKS = 100
"""Tasks of one page: what one batch reads."""
VERIFIER = "verifier"
WITHOUT_DEADLINE = frozenset({VERIFIER, UNMATCHED, CROWDED, SkipReason.NO_BASIS.value, *TaskKind})
"""Kinds of tasks that are no privacy requests; the details of a verifier are a secret."""


@dataclass(frozen=True, slots=True)
class FeedPart:
    """Some answers by id, each with its handling or why it cannot be read.

    `restricted` are the customers whose data are used for nothing: their answers are not shown. `moments` are those of
    the answers as they are stored, by id.
    """

    answers: Mapping[str, Handled | UnreadableError]
    restricted: Collection[str] = frozenset()
    moments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """An answer as a list has it: by its day and id, with the score it had when the list was made."""

    day: date
    id: str
    rating: int
    question: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """Answers before a day, the newest first: all from the day `since` on, and of one before it what had room."""

    since: date
    answers: tuple[Listed, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The answers of a day from a place on, the newest first, as one query has them.

    `more`: the day has others. Behind the last stands the list of the `earlier` ones, None where nobody made it yet.
    """

    briefs: Sequence[Brief]
    more: bool = False
    earlier: Earlier | None = None


class Answers(Protocol):
    """The answers by the day they count on."""

    def answered(self, place: Place) -> Found:
        """Return the answers of this day from the place on: one query."""

    def read(self, ids: Sequence[str]) -> FeedPart:
        """Return at most MOST_READ answers with their handling, and who is restricted: one call."""


class EarlierAnswers(Protocol):
    """The lists behind the answers of the days."""

    def answered(self, place: Place) -> Found:
        """Return the answers of this day from the place on: one query."""

    def listed(self, day: date) -> Earlier | None:
        """Return the list of a day, None where there is none."""

    def keep(self, day: date, earlier: Earlier) -> None:
        """Store the list of a day in the place of another."""


class Handlings(Protocol):
    """The acts of operators about an answer. Each returns False, and does nothing, where there is no such answer."""

    def mark_read(self, id_: str, who: str, at: datetime, *, read: bool) -> bool:
        """Store that it is read, or is not."""

    def set_tags(self, id_: str, tags: Sequence[str]) -> bool:
        """Store these in the place of others."""

    def add_note(self, id_: str, who: str, at: datetime, text: str) -> bool:
        """Add a note behind all others, whoever adds one at the same time; False also where there are MOST_NOTES."""


@dataclass(frozen=True, slots=True)
class Told:
    """All that is told of one customer: a part of their story, the newest first, and where the next part begins.

    `effects` are what its answers set in motion, by invitation. `tasks` are open or done ones that name them; the
    last part has them. A `customer` who is None is gone, or never was there.
    """

    customer: Customer | None
    answers: Sequence[Handled] = ()
    tasks: Sequence["Task"] = ()
    unreadable: int = 0
    next: str = ""
    effects: Mapping[str, Effects] = field(default_factory=dict)


class Stories(Protocol):
    """The customers, and what leads to them."""

    def story(self, customer_id: str, after: str = "") -> Told:
        """Return a part of the story of a customer: one query of their index, and one batch.

        `after` is the `next` of the part before; ValueError where it is none of ours.
        """

    def owner(self, invitation_id: str) -> str | None:
        """Return the customer of an invitation: empty where nobody is known, None where there is no such invitation."""

    def called(self, aliases: Sequence[str]) -> Sequence[str]:
        """Return ids of the customers whom sources know by these names."""

    def known(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """Return those customers of these ids who are there."""

    def holding(self, contact_hash: str) -> Sequence[str]:
        """Return ids of the customers with this address or number, by its keyed hash."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task of operators; `due_at` None: it has no deadline. `details` hold no secret."""

    source: str
    kind: str
    id: str
    occurred_at: datetime
    due_at: datetime | None = None
    customer: str = ""
    customer_id: str = ""
    done_at: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict)


class Tasks(Protocol):
    """The tasks that wait for a person's decision."""

    def open_tasks(self) -> Sequence[Task]:
        """Return the open tasks of all sources, the oldest first, at most MOST_TASKS."""

    def task(self, source: str, kind: str, id_: str) -> Task | None:
        """Return one task, done or not."""

    def finish(self, source: str, kind: str, id_: str, at: datetime) -> bool:
        """Mark it as done; False where it is not open."""


class Retained(Protocol):
    """The pass that deletes what is old."""

    def retention_progress(self) -> RetentionProgress | None:
        """Return how far it came, None before its first run."""
