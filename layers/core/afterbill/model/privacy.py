"""The words of privacy: what is stored about one person, and what somebody asks to be done with it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from afterbill.model.billing import CustomerRef
from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import StoredInvitation


@dataclass(frozen=True, slots=True)
class Person:
    """All that leads to what is stored about one customer, read by one query of their id and by batches.

    A `customer` who is None was removed before, or never was one: then `customer_id` may still lead to invitations, and
    is empty for an invitation of nobody. `invitations` are by id. `events` are ids with source and invitation, `codes`
    short links, `links` payments that no invitation names, `phones` keyed hashes of numbers, `copies` names of copies
    of webhooks, `tasks` source, kind and id. `noted` is what operators did about the answer of an invitation.
    """

    customer_id: str
    customer: Customer | None = None
    invitations: Mapping[str, StoredInvitation] = field(default_factory=dict)
    aliases: frozenset[str] = frozenset()
    events: frozenset[tuple[str, str, str]] = frozenset()
    codes: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    copies: frozenset[str] = frozenset()
    tasks: frozenset[tuple[str, str, str]] = frozenset()
    noted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def guest_names(address_hash: str, sources: Collection[str]) -> frozenset[str]:
    """Return the names under which each source's guest with this address is known; none without an address."""
    return frozenset(f"{source}@{address_hash}" for source in sources) if address_hash else frozenset()


class RequestKind(StrEnum):
    """The kind of a request; RELEASE ends a restriction, ERASE_SOURCE is about all customers of one source."""

    EXPORT = "export"
    ERASE = "erase"
    RESTRICT = "restrict"
    RELEASE = "release"
    ERASE_SOURCE = "erase_source"


DEADLINE = timedelta(days=30)
"""The time for an answer: a month by GDPR, article 12(3), and 30 days by Shopify's rules for apps."""

KEPT_AFTER = timedelta(days=90)
"""The period of a request once it is done; one that is not is kept."""


@dataclass(frozen=True, slots=True)
class PrivacyAsk:
    """A request that a billing system passes on about one of its customers, or about all of them (ERASE_SOURCE).

    `id` is the same at every retry and another one for each request of this source.
    """

    source: str
    kind: RequestKind
    id: str
    occurred_at: datetime
    customer: CustomerRef = field(default_factory=CustomerRef)


class RequestState(StrEnum):
    """The progress of a request.

    READY: an export waits to be fetched. SETTLING: what was under way during an erasure is looked for once more, at
    `settle_at`.
    """

    OPEN = "open"
    READY = "ready"
    SETTLING = "settling"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """One request, without anything personal: customers are meant by our own ids, names by keyed hashes.

    `by` is the ARN of an operator, `key:<id>` of an API key, or `source:<name>` of a billing system. `invitation_ids`
    are of nobody who is known. `alias_hashes` are of names whose events from before `requested_at` are never learned
    again, known or not. `copies` are those of the webhook that asked. `removed` counts what was done, by kind, and
    `changed` the customers who were restricted or released. `due_at` is the deadline, `settle_at` the moment of the
    second look. `told` is a keyed hash of what a caller said, by which a repetition is recognised.

    For ERASE_SOURCE, `source` is set. Its customers are looked for in walks, of which `walks` came to an end; the one
    under way has `walked` groups of customers and the next one up to the id `within`, and `met` so many of them. Those
    whom no other source knows are removed by requests of their own, whose `part_of` is this one's id: `people` of them
    in the end. `shared` ones, whom others know, lose their names at this source.
    """

    id: str
    kind: RequestKind
    requested_at: datetime
    by: str
    due_at: datetime
    why: str = ""
    customer_ids: frozenset[str] = frozenset()
    invitation_ids: frozenset[str] = frozenset()
    alias_hashes: frozenset[str] = frozenset()
    copies: frozenset[str] = frozenset()
    source: str = ""
    state: RequestState = RequestState.OPEN
    settle_at: datetime | None = None
    done_at: datetime | None = None
    removed: Mapping[str, int] = field(default_factory=dict)
    changed: int = 0
    walks: int = 0
    walked: int = 0
    within: str = ""
    met: int = 0
    people: int = 0
    shared: int = 0
    part_of: str = ""
    told: str = ""
    version: int = field(default=0, compare=False)
    """Counted by `advance_request`, so that two who are at it at once do not forget what the other did."""

    @property
    def found(self) -> int:
        """The number of people whom it is about, as far as it is known."""
        return self.people + len(self.customer_ids) + len(self.invitation_ids)


class Removed(StrEnum):
    """The kinds that an erasure counts; the last three stay, and tell nobody apart."""

    CUSTOMERS = "customers"
    ALIASES = "aliases"
    INVITATIONS = "invitations"
    EVENTS = "events"
    SHORT_LINKS = "short_links"
    PHONES = "phones"
    PAYMENT_LINKS = "payment_links"
    TASKS = "tasks"
    COPIES = "copies"
    TIMERS = "timers"
    ADDRESSES = "addresses"
    WRITTEN_ELSEWHERE = "written_elsewhere"
    OBJECTIONS_KEPT = "objections_kept"
    ROWS_KEPT = "rows_kept"
    ANSWERS_KEPT = "answers_kept"


MOST_NAMED = 100
"""People whom one act names; their number is told in any case."""


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the audit trail: `who` read or changed something about whom, and why.

    `who` is the ARN of an operator, or `key:<id>` of an API key; `what` a command or a route, such as `privacy erase`;
    `whose` are our own ids of customers, of invitations where no customer is known. `found` is how many there were, if
    that is more than are named.
    """

    at: datetime
    who: str
    what: str
    whose: tuple[str, ...] = ()
    why: str = ""
    found: int = 0

    def about(self, whose: Iterable[str], found: int = 0) -> "Act":
        """Return the act with as many of these people as it may name, and their number where that is more."""
        ids = sorted(set(filter(None, whose)))
        many = found or (len(ids) if len(ids) > MOST_NAMED else 0)
        return replace(self, whose=tuple(ids[:MOST_NAMED]), found=many)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One entry of the ledger about a removed person: keyed hashes of their ids, and of their names."""

    request_id: str
    at: datetime
    subject_hashes: frozenset[str]
    alias_hashes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Objection:
    """The newest word about an address or number, by its keyed hash: why nobody writes there; None where it was lifted.

    It was said `at` this moment, and a later one takes its place.
    """

    address_hash: str
    at: datetime
    reason: Suppression | None = None


@dataclass(frozen=True, slots=True)
class Restriction:
    """The newest word about a customer, by the keyed hash of their id: whether what is stored of them is not used."""

    subject_hash: str
    at: datetime
    restricted: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A trace of somebody in a table: a customer, an invitation, or a name, with the customer whose it is, if any.

    Both `invitation_id` and `alias` are empty for the customer's own item.
    """

    customer_id: str
    invitation_id: str = ""
    alias: str = ""
