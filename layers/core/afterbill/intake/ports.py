"""Ports of intake.

Every method of a port is one call over the network, or a few that may be repeated together. A method may raise
TransientError, and nothing else that is expected. Each port has an adapter and a working twin in memory.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from afterbill.intake.connector import Api, Call, Token
from afterbill.model.billing import OperatorTask
from afterbill.model.campaigns import Done
from afterbill.model.customer import NOBODY, Customer, Recipient
from afterbill.model.history import MonthTally
from afterbill.model.invitation import Invitation
from afterbill.model.privacy import Person, PrivacyRequest
from afterbill.model.webhooks import Source, Webhook


class ForgettableFacts(Protocol):
    """The part of a person that intake keeps."""

    def forget(self, person: Person) -> Mapping[str, int]:
        """Delete events, payment links, tasks, copies of webhooks, names, and the customer last: counts by kind.

        Safe to repeat after a crash anywhere.
        """


class Inbox(Protocol):
    """The queue of signed webhooks that wait to be captured."""

    def put(self, webhook: Webhook) -> bool:
        """Return only once the bytes are durable; False when there are too many of them to keep."""


class DeadLetters(Protocol):
    """The queue of webhooks that could not be read; a person looks at them."""

    def put_aside(self, webhook: Webhook, problem: str) -> None:
        """Return only once the bytes are durable; `problem` says what is wrong with them."""


class Evidence(Protocol):
    """Copies of every webhook, for some days."""

    def keep(self, webhook: Webhook) -> None:
        """Return only once the copy is durable; the same webhook is kept once."""

    def name_of(self, webhook: Webhook) -> str:
        """The name of the copy of a webhook, the same for all slices of it."""

    def remember(self, name: str, customer_ids: Sequence[str], now: datetime) -> None:
        """Store that the copy is about these customers, for as long as it is kept; safe to repeat."""

    def delete(self, names: Collection[str]) -> None:
        """Delete the copies of these names; nothing happens where there is none."""


class BillingApis(Protocol):
    """The APIs of billing systems."""

    def of(self, source: Source, api: Api) -> Call | None:
        """Calls to the API of this source, None where no credentials for it are stored."""


class Tokens(Protocol):
    """The tokens of sources that a person gave consent to, shared by everybody who needs one."""

    def token(self, source: str) -> Token | None:
        """The one known now, None before the first consent."""

    def renewed(self, source: str, used: Token, renew: Callable[[Token], Token | None]) -> Token | None:
        """The token after `used`: somebody else's, or what `renew` makes of the stored one, stored; None if refused."""


@dataclass(frozen=True, slots=True)
class FactQuery:
    """Keys of everything stored that one event may concern; `event` is its id and its source.

    `confirmation` is the invitation of the payment that a failure takes back if it was confirmed before. By
    `alias_hash` an erased customer of this alias is recognised.
    """

    invitation_id: str = ""
    alias: str = ""
    links: Sequence[str] = ()
    address_hash: str = ""
    event: tuple[str, str] | None = None
    confirmation: str = ""
    alias_hash: str = ""


@dataclass(frozen=True, slots=True)
class FactSnapshot:
    """Everything stored that concerns one event.

    Its invitation, customers by alias, the reversals that stopped one of its links and the latest failure of one,
    further links known to be of the same payment, the address it names, when the payment was confirmed that it
    takes back, whether the event came before, and when a customer of its alias was erased last.
    """

    invitation: Invitation | None
    customer_ids: Mapping[str, str]
    stopped_by: frozenset[str]
    failed_at: datetime | None = None
    peers: frozenset[str] = frozenset()
    recipient: Recipient = NOBODY
    confirmed_at: datetime | None = None
    repeated: bool = False
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FactWrites:
    """All that one event changes, committed together or not at all.

    `customers` are stored if their version is still the one read; `aliases` map an alias to its customer and
    the customer it pointed to before; `stops` name links taken back, with the invitation id of the reversal;
    `peers` are links found to be of one payment, `failed` links of one that failed, and when. `event` and its source
    are remembered as having reported the fact `about`, which is one of `customer_id`. Stops alone say that no peers
    were seen, peers alone that no stop was: if that is no longer so, the change fails. `reported` is a stored
    invitation with what was reported of its reason: it fails where something newer was meanwhile.
    """

    invitation: Invitation | None = None
    customers: tuple[Customer, ...] = ()
    aliases: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    stops: Mapping[str, str] = field(default_factory=dict)
    peers: frozenset[str] = frozenset()
    failed: Mapping[str, datetime] = field(default_factory=dict)
    event: tuple[str, str] | None = None
    about: str = ""
    customer_id: str = ""
    forget_at: datetime | None = None
    reported: Invitation | None = None

    @property
    def taught_links(self) -> bool:
        """True where links are joined by no fact, so that no invitation of its customer names them."""
        return bool(self.peers and self.customer_id) and not self.about and self.invitation is None

    @property
    def empty(self) -> bool:
        """True if there is nothing to write."""
        marks = self.stops or self.peers or self.failed
        return not (self.invitation or self.customers or self.aliases or marks or self.event or self.reported)


MOST_NEWEST = 50
"""Invitations of one customer among which those are that an announced end may hold back."""


class Facts(Protocol):
    """The table as capture_event sees it."""

    def look_up(self, wanted: FactQuery) -> FactSnapshot:
        """All that is stored under these keys, read consistently."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def commit(self, change: FactWrites) -> bool:
        """Write all of it; False when somebody else was faster, so that the caller reads again.

        Raises PayloadError for what is too large to be stored: trying again does not help.
        """

    def newest_invitations(self, customer_id: str) -> Sequence[str]:
        """Ids of MOST_NEWEST invitations of a customer, the newest first; the last seconds may be missing."""

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:
        """Remember what a person has to decide; False for one that is known, done or not."""

    def keep_request(self, request: PrivacyRequest) -> bool:
        """Store a new privacy request; False, and nothing done, where one of this id is there."""

    def tasks_waiting(self, source: str, kind: str, now: datetime) -> int:
        """The tasks of a source and kind that wait for a decision; those of the last second may be missing."""


MOST_WRITES = 100
"""Customers and aliases that one commit can hold (DynamoDB, TransactWriteItems)."""


class Imports(Protocol):
    """The table as import_customers sees it; reading asks as many keys per call as a call takes."""

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known, read consistently."""

    def erasures(self, alias_hashes: Sequence[str]) -> Mapping[str, datetime]:
        """The moments of erasures, by those of these hashes of names that are marked."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def commit(self, change: FactWrites) -> bool:
        """Write all of it, MOST_WRITES at most; False when somebody else was faster."""


@dataclass(frozen=True, slots=True)
class ResponseWrite:
    """One response as it is to be stored, and as it was read before; None if it was not there."""

    after: Invitation
    before: Invitation | None = None


class ImportedResponses(Protocol):
    """The table as import_responses sees it; reading asks as many keys per call as a call takes."""

    def holders(self, address_hash: str) -> Sequence[str]:
        """Ids of customers with this address, two at most; those of the last seconds may be missing."""

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known, read consistently."""

    def erasures(self, alias_hashes: Sequence[str]) -> Mapping[str, datetime]:
        """The moments of erasures, by those of these hashes of names that are marked."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def responses(self, ids: Sequence[str]) -> Mapping[str, Invitation]:
        """The responses that exist among `ids`, read consistently."""

    def store(self, rewrites: Sequence[ResponseWrite]) -> bool:
        """All of them, MOST_WRITES at most; False, and nothing done, where one is no longer what it was before."""


class Campaigns(Protocol):
    """The table as run_campaigns sees it."""

    def customers_in(self, slot: int) -> Iterator[str]:
        """Ids of the customers of a group; those of the last seconds may be missing."""

    def done(self, campaign: str) -> Done | None:
        """Return the progress of the campaign, None before its first run."""

    def set_done(self, campaign: str, done: Done) -> None:
        """Store the progress of the campaign."""


class ImportedMonths(Protocol):
    """Answers from long before the first survey, counted by month."""

    def cut(self, source: str, day: date) -> date:
        """The day from which on responses of a source are kept; set by its first import, and never moved."""

    def put(self, tally: MonthTally, *, replace: bool = False) -> bool:
        """Store the tally; False, and nothing done, where another file told the same month, unless it is replaced."""
