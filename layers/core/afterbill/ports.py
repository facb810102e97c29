"""What the use cases need from the world; each port has an AWS adapter and a working twin in memory.

Every method is one call over the network, or a few that may be repeated together. Each may raise TransientError, and
nothing else that is expected.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from afterbill.domain.billing import OperatorTask
from afterbill.domain.customer import Customer
from afterbill.domain.integrity import Visit
from afterbill.domain.invitation import Answer, Delivery, Invitation, Recorded, SkipReason
from afterbill.domain.provider import Api, Call, Token
from afterbill.domain.webhooks import Source, Webhook


class Inbox(Protocol):
    """Where signed webhooks are kept until they are captured."""

    def put(self, webhook: Webhook) -> bool:
        """Return only once the bytes are durable; False when there are too many of them to keep."""


class DeadLetters(Protocol):
    """Where webhooks end that nobody can read, until somebody looks at them."""

    def put_aside(self, webhook: Webhook, problem: str) -> None:
        """Return only once the bytes are durable; `problem` says what is wrong with them."""


class Evidence(Protocol):
    """Copies of every webhook, for some days."""

    def keep(self, webhook: Webhook) -> None:
        """Return only once the copy is durable; the same webhook is kept once."""


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
class Wanted:
    """What one event may already be known by; `event` is its id and its source."""

    invitation_id: str = ""
    aliases: Sequence[str] = ()
    links: Sequence[str] = ()
    address_hash: str | None = None
    event: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What the table already knows of one event.

    Its invitation, customers by alias, the reversals that stopped one of its links, further links known to be
    of the same payment, the reason why its address is suppressed, and whether the event came before.
    """

    invitation: Invitation | None
    customer_ids: Mapping[str, str]
    stopped_by: frozenset[str]
    peers: frozenset[str] = frozenset()
    suppression: str = ""
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """All that one event changes, committed together or not at all.

    `customers` are stored if their version is still the one read; `aliases` map an alias to its customer and
    the customer it pointed to before; `stops` name links taken back, with the invitation id of the reversal;
    `peers` are links found to be of one payment. `event` and its source are remembered as having reported the
    fact `about`. Stops alone say that no peers were seen, peers alone that no
    stop was: if that is no longer so, the change fails.
    """

    invitation: Invitation | None = None
    customers: tuple[Customer, ...] = ()
    aliases: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    stops: Mapping[str, str] = field(default_factory=dict)
    peers: frozenset[str] = frozenset()
    event: tuple[str, str] | None = None
    about: str = ""
    forget_at: datetime | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.invitation or self.customers or self.aliases or self.stops or self.peers or self.event)


class Facts(Protocol):
    """The table as capture_event sees it."""

    def look_up(self, wanted: Wanted) -> Found:
        """All that is stored under these keys, read consistently."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def commit(self, change: Change) -> bool:
        """Write all of it; False when somebody else was faster, so that the caller reads again."""

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:
        """Remember what a person has to decide; False for one that is known, done or not."""


MOST_WRITES = 100
"""Customers and aliases that one commit can hold (DynamoDB, TransactWriteItems)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the table knows of many people: customers by alias, reasons of suppression by address hash."""

    customer_ids: Mapping[str, str]
    suppressions: Mapping[str, str]


class Imports(Protocol):
    """The table as import_customers sees it; reading asks as many keys per call as a call takes."""

    def known(self, aliases: Sequence[str], address_hashes: Sequence[str]) -> Known:
        """All that is stored under these keys, read consistently."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""

    def commit(self, change: Change) -> bool:
        """Write all of it, MOST_WRITES at most; False when somebody else was faster."""


class LinkKeys(Protocol):
    """The keys that sign links, by id; the highest id signs, all of them verify."""

    def current(self) -> Mapping[int, bytes]:
        """Those known now."""

    def refresh(self) -> bool:
        """Fetch again unless that happened less than a minute ago; whether it was done."""


class Responses(Protocol):
    """The table as record_response sees it."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def visit(self, invitation_id: str, visit: Visit) -> Invitation | None:
        """Keep the visit unless there are too many (`most`); the invitation as it stands then: one call."""

    def record(self, invitation_id: str, answer: Answer, now: datetime, day: str, channel: str = "") -> Recorded | None:
        """Store the answer if it is still accepted; None when there is no such invitation.

        The first answer freezes `answered_at` and `answered_day`; later ones change the same response.
        `channel` is where it was given, told if that may not be where it was asked for.
        A confirmed answer takes the place of an unconfirmed one, and its label with it.
        """

    def suppress(self, address_hash: str, reason: str, now: datetime, holder: Customer | None) -> None:
        """Never write to this address again, nor to its holder; only a bounce gives way to another reason."""

    def customer(self, customer_id: str) -> Customer | None:
        """The customer, merged ones followed."""


class MailEvents(Protocol):
    """The table as handle_mail_event sees it."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def customer(self, customer_id: str) -> Customer | None:
        """The customer, merged ones followed."""

    def settle(self, invitation: Invitation, message_id: str, at: datetime, day: str) -> None:
        """sending or unknown -> sent: the mail system's word proves it went out."""

    def deliver(self, invitation_id: str, delivery: Delivery, delivered_at: datetime | None = None) -> None:
        """Raise the delivery rank, and keep the first moment a mail was `delivered_at`.

        A lower rank changes nothing, an equal one no more than a moment that is missing.
        """

    def suppress(self, address_hash: str, reason: str, now: datetime, holder: Customer | None) -> None:
        """Never write to this address again, nor to its holder; only a bounce gives way to another reason."""


class Sweeps(Protocol):
    """The table as the sweep of overdue work sees it."""

    def unsettled(self, hour: str) -> Sequence[str]:
        """Ids of invitations due in that UTC hour (`2026-11-22T13`) that have not gone out."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def mark_unknown(self, invitation: Invitation) -> None:
        """sending -> unknown, for this attempt only."""

    def close(self, invitation: Invitation, reason: SkipReason) -> None:
        """From the state it was read in -> closed, at the `closed_at` it carries; the customer waits no longer."""

    def settle(self, invitation: Invitation, message_id: str, at: datetime, day: str) -> None:
        """sending or unknown -> sent: an answer proves it went out."""

    def swept_until(self) -> str | None:
        """The hour from which the next sweep starts, None before the first."""

    def set_swept_until(self, hour: str) -> None:
        """Remember it."""
