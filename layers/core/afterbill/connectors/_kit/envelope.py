"""Build billing events: an envelope holds what all events of one webhook share, and makes facts and profile updates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from afterbill.connectors._kit.json import Json, identifier
from afterbill.connectors._kit.methods import method_of
from afterbill.model.billing import (
    UNMATCHED,
    BillingEvent,
    CustomerRef,
    Money,
    OperatorTask,
    SubscriptionState,
    Touchpoint,
    fact_key,
)
from afterbill.model.errors import PayloadError
from afterbill.model.recurring import Recurring

PAYMENT = "payment"
"""The meaning shared by everything that reports one payment, whatever touchpoint it is."""

MOST_PRODUCTS = 10
"""The names of what was bought that are kept of one bill."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Fields shared by all events of one webhook; `account` tells ids of one shop, site or tenant from another's."""

    provider: str
    account: str
    source: str
    event_id: str
    occurred_at: datetime
    test: bool = False

    def profile(
        self,
        customer: CustomerRef,
        objects: Mapping[str, str] | None = None,
        plan: str | None = None,
        *,
        subscription_state: SubscriptionState | None = None,
    ) -> BillingEvent:
        """A profile update: an event that changes what is known of its customer, and reports nothing that happened."""
        return BillingEvent(
            source=self.source,
            event_id=self.event_id,
            occurred_at=self.occurred_at,
            customer=customer,
            objects=objects or {},
            plan=plan,
            test=self.test,
            subscription_state=subscription_state,
            payment_method=self._paid_by(customer),
        )

    def fact(  # noqa: PLR0913  # what a fact is made of
        self,
        touchpoint: Touchpoint | None,
        about: tuple[str, str, str],
        customer: CustomerRef,
        objects: Mapping[str, str],
        *,
        money: Money | None = None,
        plan: str | None = None,
        products: tuple[str, ...] = (),
        takes_back: tuple[str, str, str] | None = None,
        subscription_state: SubscriptionState | None = None,
        recurring: Recurring | None = None,
    ) -> BillingEvent:
        """A fact. `about` is an id, a meaning and an occurrence: events that agree in all three are one fact.

        Without a touchpoint it reports nothing, but says that `objects` belong to that fact. A failure names in
        `takes_back`, the same way, the payment that it takes back if that was confirmed before.
        """
        return BillingEvent(
            source=self.source,
            event_id=self.event_id,
            occurred_at=self.occurred_at,
            customer=customer,
            touchpoint=touchpoint,
            fact=fact_key(self.provider, self.account, *about),
            objects=objects,
            money=money,
            plan=plan,
            products=products,
            test=self.test,
            takes_back=fact_key(self.provider, self.account, *takes_back) if takes_back else "",
            subscription_state=subscription_state,
            recurring=recurring,
            payment_method=self._paid_by(customer),
        )

    def _paid_by(self, customer: CustomerRef) -> str:
        return method_of(customer.attributes.get("payment_method"), self.provider)

    def unmatched(self, id_: str, **details: str) -> OperatorTask:
        """Make the task to find the payment that a reversal of this id takes back; `details` holds what is known."""
        return OperatorTask(self.source, UNMATCHED, id_, self.occurred_at, details=details)


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One webhook, opened. Connectors add what their events have besides."""

    #: names the event in errors: "Stripe event invoice.paid"
    name: str
    envelope: Envelope
    #: the object that the event is about, as it came
    content: Json

    def require(self, value: object, what: str) -> str:
        """Return the id in this value; without it the event cannot be told from others."""
        id_ = identifier(value)
        if not id_:
            raise PayloadError(f"The {self.name} names no {what}.")
        return id_
