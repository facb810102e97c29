"""Ports of privacy, under the same promises as in intake.

What each wing forgets of a person stands in the wing's own `ports`: `forget` of intake, outreach and answers.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from afterbill.model.customer import Customer
from afterbill.model.errors import UnreadableError, pass_over
from afterbill.model.invitation import Invitation
from afterbill.model.privacy import Act, Erasure, Objection, Person, PrivacyRequest, Restriction, Standing

if TYPE_CHECKING:
    from afterbill.privacy.holdings import Holding, HoldingsPage
    from afterbill.privacy.retention import RetentionProgress


class People(Protocol):
    """The table as whoever acts for a person sees it."""

    def person(self, customer_id: str) -> Person:
        """All that belongs to a customer: one query, and batches; the last seconds may be missing."""

    def invitations_of_nobody(self, ids: Collection[str]) -> Person:
        """The invitations that exist among these ids, as a person without a customer."""

    def mark_erased(self, alias_hashes: Collection[str], at: datetime) -> None:
        """Store that nothing older than `at` is learned of these names again; a later moment stays."""

    def forget_names(self, customer_id: str, aliases: Collection[str]) -> int:
        """Delete those of these names that are the customer's, and return how many: nothing else of them goes."""


class CustomerGroups(Protocol):
    """The groups into which customers fall by their id, from 0 to SLOTS - 1."""

    def customers_in(self, slot: int) -> Iterator[str]:
        """Ids of the customers of a group; those of the last seconds may be missing."""


class Subjects(Protocol):
    """The table as whoever looks for the person behind a request sees it."""

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known, read consistently."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def everybody_at(self, address_hash: str) -> Sequence[str]:
        """Ids of all customers with this address; those of the last seconds may be missing."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""


class Restrictions(Protocol):
    """The customers whose data may not be used."""

    def set_restricted(self, customer_id: str, since: datetime | None) -> bool:
        """Restrict a customer, or release them with None; False where nothing changed, or nobody is there."""


class PrivacyRequests(Protocol):
    """Requests that were made, and how far they have come."""

    def keep_request(self, request: PrivacyRequest) -> bool:
        """Store a new request; False, and nothing done, where one of this id is there."""

    def store_request(self, request: PrivacyRequest) -> None:
        """Store how far it has come."""

    def advance_request(self, request: PrivacyRequest) -> bool:
        """Store it as the next version; False, and nothing done, where somebody else did since it was read."""

    def request(self, id_: str) -> PrivacyRequest | None:
        """The request, read consistently."""

    def requests(self, tell: Callable[[UnreadableError], object] = pass_over) -> Sequence[PrivacyRequest]:
        """All requests that are kept, the oldest first, without the parts of others.

        `tell` gets those that cannot be read, and are passed over.
        """

    def parts(self, id_: str, tell: Callable[[UnreadableError], object] = pass_over) -> Sequence[PrivacyRequest]:
        """The same of the parts of a request: the id of each is the whole's, a slash and more."""


class Ledger(Protocol):
    """The table beside the table: what a restored table does not know any more.

    Both count the entries, in the transaction that notes one: of the two, the one that was restored counts fewer,
    whatever is noted afterwards.
    """

    def note_erasure(self, erasure: Erasure) -> None:
        """Return only once it is durable; the same one is kept once."""

    def note_objection(self, objection: Objection) -> None:
        """The same for the newest word about an address: an earlier word, or the same one, changes nothing."""

    def note_restriction(self, restriction: Restriction) -> None:
        """The same for the newest word about a customer, who is restricted or released."""

    def erasures(self) -> Iterator[Erasure]:
        """Every erasure, the oldest first."""

    def objections(self) -> Iterator[Objection]:
        """The newest word about every address of which one was noted, those that were lifted too."""

    def restrictions(self) -> Iterator[Restriction]:
        """The newest word about every customer of whom one was noted, those who were released too."""

    def missing(self) -> int:
        """The number of entries that the table does not count: none, unless it was restored. Read consistently.

        It is below zero where the ledger lacks entries that the table counts: then the ledger was restored.
        """

    def reconcile(self, missing: int) -> bool:
        """Let the table count as many as the ledger, now that all apply; False where it misses others than these.

        True where it misses none any more.
        """


class Copies(Protocol):
    """The copies of webhooks that are kept for some days."""

    def delete(self, names: Collection[str]) -> None:
        """Return only once these are gone; one that is not there is."""


class RestoredTable(Protocol):
    """The table after it was restored to an earlier time."""

    def standing(self) -> Iterator[Standing]:
        """Every customer, invitation and name that stands there. This walks the whole table."""

    def object_again(self, objection: Objection) -> None:
        """Let the word count that was said, or lifted, unless a later one does; also for whoever holds the address."""


class AuditTrail(Protocol):
    """The trail of who read or changed what about whom; nothing in it is ever changed."""

    def note(self, act: Act) -> None:
        """Return only once it is durable."""

    def acts(self, since: datetime, until: datetime) -> Iterator[Act]:
        """The acts of these moments, the oldest first."""


class RetentionPasses(Protocol):
    """The table as the retention pass sees it."""

    def holdings(self, after: tuple[str, str] | None) -> "HoldingsPage":
        """One page of all items, in an order that stays; what changed in the last second may be as it was before."""

    def restricted(self, customer_ids: Collection[str]) -> Mapping[str, bool]:
        """The restrictions of those of these customers who exist, as True or False; read consistently."""

    def settle(self, before: "Holding", after: "Holding | None") -> bool:
        """Make the item what it should be, None deletes it; False, and nothing done, where it changed meanwhile.

        What counts is never touched.
        """

    def retention_progress(self) -> "RetentionProgress | None":
        """The progress as the last run stored it, read consistently."""

    def store_retention_progress(self, progress: "RetentionProgress") -> None:
        """Store the progress."""
