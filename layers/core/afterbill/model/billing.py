"""Billing events in our own words."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # named in annotations alone
    from afterbill.model.errors import PayloadError
    from afterbill.model.privacy import PrivacyAsk
    from afterbill.model.recurring import Recurring


class Touchpoint(StrEnum):
    """The moments after which a customer can be asked."""

    SIGNED_UP = "signed_up"
    ESTIMATE_ACCEPTED = "estimate_accepted"
    TRIAL_ENDING = "trial_ending"
    TRIAL_CONVERTED = "trial_converted"
    SUBSCRIPTION_STARTED = "subscription_started"
    PAYMENT_SUCCEEDED = "payment_succeeded"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_RECOVERED = "payment_recovered"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    PAYMENT_REVERSED = "payment_reversed"
    RENEWED = "renewed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    CANCELLED = "cancelled"
    ORDER_PAID = "order_paid"
    ORDER_FULFILLED = "order_fulfilled"
    ORDER_CANCELLED = "order_cancelled"
    SUPPORT_RESOLVED = "support_resolved"
    RELEASE = "release"
    RELATIONSHIP = "relationship"


REVERSALS = frozenset(
    {Touchpoint.REFUNDED, Touchpoint.DISPUTED, Touchpoint.PAYMENT_REVERSED, Touchpoint.ORDER_CANCELLED}
)
"""Touchpoints that take one payment or order back, and so stop the survey about that very one."""


UNTIL_THEN = frozenset({Touchpoint.ORDER_CANCELLED})
"""Reversals of what came before them only: a shop's order that was cancelled unpaid may still be paid."""


class SubscriptionState(StrEnum):
    """The state that an event proves of the subscription among its objects; `cancelled` proves an end by itself."""

    STARTED = "started"  # it begins: no end of it was taken back
    RUNNING = "running"  # no end of it is announced, or none any more
    EXPIRED = "expired"  # over as it was planned from the beginning, so that nobody is leaving


CROWDED = "too_many_attributes"
"""The kind of a task: a customer has more attributes than are kept."""

SHOP_REDACT = "shop_redact"
"""Kind of the task about a shop that left, of a source that does not say whether the shop is its own."""

UNMATCHED = "unmatched_reversal"
"""Kind of the task about a reversal whose payment neither the webhook nor the API names."""


LASTING = frozenset({"customer", "subscription"})
"""Kinds of objects that outlive one payment: a refund of one invoice must not stop the next one's survey."""


_ZERO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_EXPONENTS = {
    code: exponent
    for exponent, codes in ((0, _ZERO_DECIMALS), (3, _THREE_DECIMALS), (4, _FOUR_DECIMALS))
    for code in codes.split()
}
"""Minor units by ISO 4217 where they are not two; people may write fewer (CLDR shows dinars without any)."""


def exponent(currency: str) -> int:
    """The number of decimals of this currency by ISO 4217; two for codes that are not known."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the smallest unit of its currency (JPY 500 is 500), may be zero or negative."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class CustomerRef:
    """The customer as one event describes them; `id` is the provider's own, None where it gave nothing.

    `own_id` is ours, known where afterbill itself is the source.
    """

    id: str | None = None
    email: str | None = None
    name: str | None = None
    locale: str | None = None
    country: str | None = None
    time_zone: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False
    own_id: str | None = None
    phone: str | None = None

    @property
    def address(self) -> str | None:
        """The mail address without the blanks around it; None when nothing is left."""
        return (self.email or "").strip() or None


@dataclass(frozen=True, slots=True)
class BillingEvent:
    """One parsed event; without a touchpoint it only updates what is known.

    It then says something of its customer, or, with a `fact`, that its objects belong to one payment.
    `fact` is the same for every event that reports the same fact (twins, retries, two endpoints).
    `takes_back` is the fact of a payment that this failure takes back, where that payment was confirmed before.
    `subscription_state` is what the event proves of its `subscription`, with a touchpoint or without.
    `objects` maps kinds (`invoice`, `charge`, `subscription`...) to the provider's ids; `products` names what was
    bought, in the order of the bill.
    `recurring` is what the subscription costs per interval, `payment_method` the sender's word for how it is paid
    ("card"). `reported_reason` and `reported_comment` say why a subscription ends: the sender's code, and free words.
    """

    source: str
    event_id: str
    occurred_at: datetime
    customer: CustomerRef
    touchpoint: Touchpoint | None = None
    fact: str = ""
    objects: Mapping[str, str] = field(default_factory=dict)
    money: Money | None = None
    plan: str | None = None
    products: tuple[str, ...] = ()
    test: bool = False
    takes_back: str = ""
    subscription_state: SubscriptionState | None = None
    recurring: "Recurring | None" = None
    payment_method: str = ""
    reported_reason: str = ""
    reported_comment: str = ""

    @property
    def invitation_id(self) -> str:
        """32 hex digits: the SHA-256 of the fact cut to 128 bits, so every retry meets the same item."""
        return invitation_id_of(self.fact)

    @property
    def confirmation_id(self) -> str:
        """The invitation about the payment that this failure takes back, empty where it takes none back."""
        return invitation_id_of(self.takes_back) if self.takes_back else ""

    @property
    def links(self) -> tuple[str, ...]:
        """The passing objects (invoice, charge...) through which a refund finds its payment, within the account."""
        return links_of(self.fact, self.objects)


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """A changed object, whose change only the provider's API tells.

    `kind` is the provider's word for such objects, `account` their owner where one source serves several.
    """

    source: str
    event_id: str
    occurred_at: datetime
    kind: str
    id: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class OperatorTask:
    """Something a person has to decide: a refund without a payment, a verifier that nobody vouched for.

    It is stored under source, kind and id, and forgotten after `lives`; `details` hold ids and texts, never an address.
    What is not `urgent` waits for somebody who is about to look, and rings no alarm. While `most` of this kind wait for
    a decision, no more of them are kept; 0 sets no limit.
    """

    source: str
    kind: str
    id: str
    occurred_at: datetime
    customer: CustomerRef = field(default_factory=CustomerRef)
    details: Mapping[str, str] = field(default_factory=dict)
    lives: timedelta = timedelta(days=90)
    urgent: bool = True
    most: int = 0


ParsedElement: TypeAlias = "BillingEvent | ObjectReference | OperatorTask | PrivacyAsk | PayloadError"
"""One parsed element of a webhook; an error stands where an element could not be read."""


def invitation_id_of(fact: str) -> str:
    """The id of the invitation about a fact."""
    return hashlib.sha256(fact.encode()).hexdigest()[:32]


def links_of(fact: str, objects: Mapping[str, str]) -> tuple[str, ...]:
    """The links of a fact about these objects (kind -> id); none without a fact, or for one of no billing system."""
    if not fact or not objects:
        return ()
    provider, account, _ = fact.split("|", 2)
    return tuple(sorted({f"{provider}|{account}|{id_}" for kind, id_ in objects.items() if kind not in LASTING}))


def fact_key(provider: str, account: str, obj: str, meaning: str, occurrence: str = "") -> str:
    """The identity of a fact; each provider's page in docs/providers tables what it passes here."""
    parts = (provider, account, obj, meaning, occurrence)
    # Ids are the sender's to choose: a bar inside one must not make two facts the same.
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)
