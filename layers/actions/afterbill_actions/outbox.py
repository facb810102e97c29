"""The outbox: what is to be written to other systems, one entry per version of a response, workflow and action."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

PATIENCE = timedelta(hours=24)
"""The time after which an entry that keeps failing is parked, and an alarm rings."""
KEPT = timedelta(days=30)
"""The life of an entry that is over: the delivery log."""
WAITS = timedelta(days=90)
"""The life of an entry that is not over: somebody has to connect again, or to decide, within it."""
LATE = timedelta(minutes=2)
"""An entry that is put so long after the moment its place begins with may stand before the cursor."""
MARGIN = timedelta(minutes=5)
"""The cursor stays so far behind now: no entry that is not LATE is ever put before it."""


class Operation(StrEnum):
    """The kinds of entries."""

    WRITE = "write"
    UNDO = "undo"
    """Take back, or correct, what a workflow wrote that no longer holds for the answer, or for no answer at all."""
    ERASE = "erase"
    """Remove what was written about a person who is erased, or list it for somebody to remove."""
    TELL = "tell"
    """Tell of an event that is about no response, of a digest, of an alert."""


class EntryState(StrEnum):
    """How far an entry has come. Only OPEN ones are ever called."""

    OPEN = "open"
    DONE = "done"
    SUPERSEDED = "superseded"
    """A newer version of the response took its place before it was written."""
    PARKED = "parked"
    """A person has to decide: retry or drop."""
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. It holds ids and no words: what is written is read when it is due.

    `place` sorts the entries of a connection by the moment they were first due, and is their key: it never changes.
    `due_at` is when it may be tried (again). `attempts` counts claims: one that was claimed and never ended may have
    been written. `content` is the record of an ERASE and the text of a TELL. `reason` says why it is over or waits.
    What a person forced at `forced_at` is called though it stood there before, or may have been written.
    """

    connection: str
    place: str
    effect: str
    operation: Operation
    due_at: datetime
    invitation_id: str = ""
    version: str = ""
    customer_id: str = ""
    attempts: int = 0
    claimed_at: datetime | None = None
    state: EntryState = EntryState.OPEN
    reason: str = ""
    ended_at: datetime | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    forced_at: datetime | None = None

    @property
    def first_due_at(self) -> datetime:
        """The moment it was first due, which its place begins with."""
        return datetime.fromisoformat(self.place.partition("#")[0])

    @property
    def over(self) -> bool:
        """Whether nothing will be called for it, unless somebody retries it."""
        return self.state is not EntryState.OPEN

    @property
    def expires_at(self) -> datetime:
        """The moment from which it may be forgotten."""
        return self.ended_at + KEPT if self.ended_at else self.due_at + WAITS

    @property
    def order(self) -> str:
        """Entries of one order are carried out one after the other: those of a customer, or of a response of nobody."""
        return self.customer_id or self.invitation_id

    def forced_since(self, at: datetime) -> bool:
        """Return whether a person forced it after this moment."""
        return self.forced_at is not None and self.forced_at > at

    @property
    def workflow(self) -> str:
        """The workflow it belongs to."""
        return self.effect.partition("/")[0]

    @property
    def action(self) -> str:
        """The name of the action in its connector."""
        return self.effect.rpartition(".")[2]


def place_of(at: datetime, about: str, effect: str) -> str:
    """Return the place of an entry: the same for a repeat of the message that caused it.

    `about` is the id of the invitation with the version, or the id of the event. Moments are of one length, so they
    sort.
    """
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')}#{about}#{effect}"
