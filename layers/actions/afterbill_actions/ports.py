"""The ports of actions: what they need of the world. Each has an adapter over AWS and a twin in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from afterbill_actions.connection import ConnectionState
from afterbill_actions.effects import Effects, Written
from afterbill_actions.events import Event
from afterbill_actions.outbox import Entry

if TYPE_CHECKING:
    from afterbill.answers.read_responses import Place
    from afterbill.model.billing import OperatorTask
    from afterbill.model.customer import Customer
    from afterbill.model.invitation import Invitation


class Bus(Protocol):
    """The event bus of the stack."""

    def publish(self, events: Sequence[Event]) -> Collection[str]:
        """Publish events, and return the ids of those that were not taken; a repeat has the same id."""


class Known(Protocol):
    """The table, as far as events need to know more of customers than a change tells."""

    def restricted(self) -> Collection[str]:
        """Return the ids of all customers whose data are used for nothing: one call."""

    def earlier(self, invitation: "Invitation") -> "Invitation | None":
        """Return the customer's newest answer to the same question before this one: two calls at most."""


class EffectsStore(Protocol):
    """What responses set in motion."""

    def effects(self, invitation_ids: Collection[str]) -> Mapping[str, Effects]:
        """Return those that exist, read consistently."""

    def mark_published(
        self, invitation_id: str, version: str, at: datetime, expires_at: datetime, rating: int | None = None
    ) -> None:
        """Store the version that was published last, and count it; the same one again changes nothing.

        `rating` is that of the answer, kept where it is the first one.
        """

    def keep_written(self, invitation_id: str, effect: str, written: Written) -> None:
        """Store what an effect wrote; where the item is gone (an erasure) a TransientError would never end: nothing."""

    def forget_written(self, invitation_id: str, effect: str) -> None:
        """Store that an effect is taken back."""

    def forget(self, invitation_ids: Collection[str]) -> None:
        """Delete the items."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A response as it stands now; `earlier` are the answers of the same customer to the same question before it.

    `customer_ids` are the source's own ids of the customer. `addressed` is true where its newest mail went to the
    address that the customer has now.
    """

    invitation: "Invitation"
    customer: "Customer | None"
    effects: Effects
    customer_ids: Sequence[str] = ()
    addressed: bool = False
    earlier: Sequence["Invitation"] = ()


@dataclass(frozen=True, slots=True)
class VersionSweep:
    """The progress of the sweep of versions; one item.

    Answers from before `since` were given before there was a publisher. A pass that began at `begun_at` has done what
    lies up to `place`, None between two passes; the pass before it began at `before`. `suspects` are the versions, by
    the ids of their invitations, that were not published when a run looked at them.
    """

    since: datetime
    begun_at: datetime
    before: datetime
    place: "Place | None" = None
    suspects: Mapping[str, str] = field(default_factory=dict)


class VersionSweeps(Protocol):
    """The state of the sweep of versions."""

    def load(self) -> VersionSweep | None:
        """Return the state that the run before left; None before the first."""

    def store(self, sweep: VersionSweep) -> None:
        """Store the state: one call."""


class Responses(Protocol):
    """Responses as actions read them."""

    def snapshot(self, invitation_id: str, *, with_earlier: bool = False) -> Snapshot | None:
        """Return a response, read consistently, None where nothing is left of it; `earlier` costs a query more."""


class Outbox(Protocol):
    """The outbox: a queue for each connection, and its delivery log."""

    def put(self, entries: Sequence[Entry]) -> None:
        """Store entries; one whose place is taken stays. For a place that is LATE the connection is rewound."""

    def entries(self, connection: str, after: str, limit: int) -> Sequence[Entry]:
        """Return entries behind a place, the first due first, whatever their state, read consistently."""

    def newest(self, connection: str, limit: int, before: str = "") -> Sequence[Entry]:
        """Return entries before a place (or all), the last first: the delivery log."""

    def entry(self, connection: str, place: str) -> Entry | None:
        """Return one entry."""

    def claim(self, entry: Entry, now: datetime) -> Entry | None:
        """Count an attempt and return the entry as it stands; None where it is no longer as it was read."""

    def store(self, entry: Entry, before: Entry) -> bool:
        """Store an entry in the place of `before`; False, and nothing done, where it changed."""


class Connections(Protocol):
    """How it stands with each connection, and the lease under which one drain at a time works on it."""

    def state(self, name: str) -> ConnectionState:
        """Return how it stands, a new one where there is none."""

    def take(self, name: str, holder: str, now: datetime, until: datetime) -> ConnectionState | None:
        """Take the lease; None while somebody else holds it, who is told that there is more to do."""

    def keep(self, holder: str, state: ConnectionState, until: datetime) -> bool:
        """Store the state and hold the lease longer; False where it was lost, or rewound: then take it again."""

    def release(self, holder: str, state: ConnectionState) -> bool:
        """Store the state and end the lease; False, and nothing done, where somebody told of more to do."""

    def rewind(self, name: str, place: str) -> None:
        """Let the next drain begin at this place or before it; one that is at work does so too."""

    def reconnect(self, name: str) -> None:
        """Forget that the system refused the credentials."""


class Wakes(Protocol):
    """The queue that wakes: it may wake twice, and holds nothing that the table does not know."""

    def settle(self, invitation_id: str, version: str, at: datetime, after: timedelta) -> None:
        """Ask to look at a version of a response after this time."""

    def tell(self, event: Event) -> None:
        """Ask to look at an event that is about no response."""

    def drain(self, connection: str, after: timedelta = timedelta(0)) -> None:
        """Ask to drain a connection after this time, fifteen minutes at most."""


class Secrets(Protocol):
    """The secrets of connections."""

    def of(self, connection: str) -> Mapping[str, str]:
        """Return the fields that are stored, none where there is no secret."""


class Tasks(Protocol):
    """What a person has to decide."""

    def keep_task(self, task: "OperatorTask", address_hash: str, now: datetime) -> bool:
        """Store a task; False where it is stored already."""


class WorkflowsSeen(Protocol):
    """Since when each workflow is deployed."""

    def seen(self, names: Collection[str], now: datetime) -> Mapping[str, datetime]:
        """Return when each was seen first; those that are new are seen now, and stored."""
