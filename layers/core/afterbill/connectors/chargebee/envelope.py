"""A Chargebee event, opened: its parts, its ids, and the person it is about.

`user` names whoever pressed the button at the seller's, so it is never read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterbill.connectors._kit.consent import without_prefix
from afterbill.connectors._kit.envelope import WebhookEvent
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    full_name,
    identifier,
    identifiers,
    integer,
    locale,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_minor
from afterbill.connectors._kit.recurring import recurring_of, together
from afterbill.model.billing import BillingEvent, CustomerRef, Money, SubscriptionState, Touchpoint
from afterbill.model.recurring import Recurring

MOST_LINES = 10
"""Lines, payments and attempts of an invoice that are read."""

_SAME_DAY = timedelta(days=1)
"""Payments are told within seconds; what is older was entered later, as transfers and cash are."""

_MOST_ITEMS = 100

_PARTS = ("subscription", "invoice", "transaction", "order", "credit_note")


@dataclass(frozen=True, slots=True)
class ChargebeeEvent(WebhookEvent):
    """A Chargebee event: `content` holds the objects that it is about."""

    kind: str
    #: of parts that name none
    currency: str

    def part(self, name: str) -> Json:
        """Return an object that the event carries, an empty one if it carries none of this name."""
        return section(self.content, name)

    def money(self, amount: object, part: Json) -> Money | None:
        """An amount in the smallest unit of the part's currency."""
        return from_minor(amount, part.get("currency_code") or self.currency)

    def of(self, day: datetime | None) -> "ChargebeeEvent":
        """The event as one of this moment, where it tells today what happened on a day before."""
        if not day or self.envelope.occurred_at - day < _SAME_DAY:
            return self
        return replace(self, envelope=replace(self.envelope, occurred_at=day))

    def profile(self, state: SubscriptionState | None = None) -> BillingEvent | None:
        """Make a profile update with customer and plan; None where the event names an id alone."""
        plan = _plan(self.part("subscription"))
        if not plan and not self.part("customer"):
            return None
        profile = self.envelope.profile(
            self.customer(), self.objects(), plan, subscription_state=state or self._subscription_state()
        )
        return replace(profile, recurring=self._price())

    def _price(self) -> Recurring | None:
        """The sum of plan and addons per billing period; None where one depends on its use."""
        subscription = self.part("subscription")
        every, unit = (subscription.get(key) for key in ("billing_period", "billing_period_unit"))
        money = (self.money(amount, subscription) for amount in _amounts_of(subscription))
        return together([recurring_of(each, every, unit) for each in money])

    def _subscription_state(self) -> SubscriptionState | None:
        """Return RUNNING if the event is about a subscription that runs and has no end; payments prove nothing."""
        subscription = self.part("subscription")
        runs = subscription.get("status") in ("active", "in_trial") and not subscription.get("cancelled_at")
        return SubscriptionState.RUNNING if runs and self.kind.startswith("subscription_") else None

    def fact(
        self,
        touchpoint: Touchpoint,
        about: tuple[str, str, str],
        money: Money | None = None,
        more: Mapping[str, str] | None = None,
    ) -> BillingEvent:
        """A fact with everything the content says around it."""
        lines = self.part("invoice").get("line_items") or self.part("order").get("order_line_items")
        names = [text(line.get("description")) for line in records(lines, MOST_LINES)]
        fact = self.envelope.fact(
            touchpoint,
            about,
            self.customer(),
            {**self.objects(), **(more or {})},
            money=money,
            plan=_plan(self.part("subscription")),
            products=tuple(dict.fromkeys(name for name in names if name)),
            subscription_state=self._subscription_state(),
        )
        return replace(fact, recurring=self._price())

    def customer(self) -> CustomerRef:
        """The customer, with what the subscription costs a month and how it is paid."""
        return customer_in(self.content)

    def objects(self) -> dict[str, str]:
        """Ids by kind; a payment and its refund share the invoice, and the transaction where both name it."""
        transaction, invoice = self.part("transaction"), self.part("invoice")
        subscription = self.part("subscription").get("id") or _first(self.content, "subscription_id")
        return identifiers(
            start=start_of(subscription) if invoice.get("first_invoice") is True else None,
            invoice=invoice.get("id") or _linked_invoice(transaction) or self.part("order").get("invoice_id"),
            payment=paid_by(transaction) or _payment_of(invoice),
            order=_order(self.part("order")),
            credit_note=self.part("credit_note").get("id"),
            subscription=subscription,
            customer=customer_id(self.content),
        )


def paid_by(transaction: Json) -> str | None:
    """Return the payment that a transaction is, pays back or reverses."""
    if transaction.get("type") == "refund":
        return identifier(transaction.get("refunded_txn_id"))
    if transaction.get("type") == "payment_reversal":
        return next((identifier(payment) for payment in records(transaction.get("linked_payments"), 1)), None)
    return identifier(transaction)


def start_of(subscription: object) -> str | None:
    """Return the object that a subscription's start, its first payment and a refund of that have in common."""
    id_ = identifier(subscription)
    return text(f"start:{id_}") if id_ else None


def _order(order: Json) -> str | None:
    """Orders and invoices are counted apart, both from 1: an order must not pass for the invoice of that number."""
    id_ = identifier(order.get("id"))
    return text(f"order:{id_}") if id_ else None


def _linked_invoice(transaction: Json) -> object:
    """The invoice a transaction paid, or the one whose credit note it paid out."""
    for linked in records(transaction.get("linked_invoices"), 1):
        return linked.get("invoice_id")
    for linked in records(transaction.get("linked_credit_notes"), 1):
        return linked.get("cn_reference_invoice_id")
    return None


def _payment_of(invoice: Json) -> object:
    linked = records(invoice.get("linked_payments"), MOST_LINES)
    return next((one.get("txn_id") for one in linked if one.get("txn_status") == "success"), None)


def _first(content: Json, key: str) -> str | None:
    return next((found for name in _PARTS if (found := identifier(section(content, name).get(key)))), None)


def customer_id(content: Json) -> str | None:
    """The id of whoever it is about, from the first part that names one."""
    return identifier(section(content, "customer").get("id")) or _first(content, "customer_id")


def owner_of(content: Json) -> str | None:
    """The id of whoever pays for the customer of a content, or stands above it; None for one that stands alone."""
    owners = section(content, "customer", "relationship")
    named = (identifier(owners.get(key)) for key in ("payment_owner_id", "invoice_owner_id", "parent_id"))
    return next((id_ for id_ in named if id_ and id_ != customer_id(content)), None)


def customer_in(content: Json) -> CustomerRef:
    """Whoever the parts of a content are about; an order or an invoice knows the billing address at least."""
    customer = section(content, "customer")
    bills = [section(content, part, "billing_address") for part in ("customer", "invoice", "order")]
    named = next((one for one in (customer, *bills) if one.get("first_name") or one.get("last_name")), customer)
    subscription = section(content, "subscription")
    monthly = integer(subscription.get("mrr"))
    attempts = records(section(content, "invoice").get("dunning_attempts"), MOST_LINES)
    attributes = {
        "payment_method": text(section(content, "transaction").get("payment_method"))
        or text(section(customer, "payment_method").get("type")),
        "recurring_amount": str(monthly) if monthly else None,
        "currency": text(subscription.get("currency_code")) if monthly else None,
        "dunning_attempt": str(len(attempts)) if attempts else None,
        "cancellation_reason": text(subscription.get("cancel_reason_code")) or text(subscription.get("cancel_reason")),
    }
    return CustomerRef(
        id=customer_id(content),
        email=address(customer.get("email"), *(bill.get("email") for bill in bills)),
        name=full_name(named.get("first_name"), named.get("last_name")),
        locale=locale(customer.get("locale")),
        country=country(*(bill.get("country") for bill in bills)),
        attributes={key: value for key, value in attributes.items() if value},
    )


def consent_fields(content: Json) -> tuple[object, ...]:
    """Return the places where a seller may keep a legal basis: custom fields, marked by a prefix, and meta data."""
    parts = [section(content, name) for name in ("customer", "subscription")]
    return tuple(place for part in parts for place in (without_prefix(part, "cf_"), part.get("meta_data")))


def _amounts_of(subscription: Json) -> list[object]:
    """Return the amounts of all parts that recur, of either product catalogue; a tiered or used one may have none."""
    items = [one for one in records(subscription.get("subscription_items"), _MOST_ITEMS) if _recurs(one)]
    if items:
        return [one.get("amount") for one in items]
    addons = records(subscription.get("addons"), _MOST_ITEMS)
    return [subscription.get("plan_amount"), *(one.get("amount") for one in addons)]


def _recurs(item: Json) -> bool:
    return item.get("item_type") != "charge"


def _plan(subscription: Json) -> str | None:
    """The plan of either product catalogue: one id (1.0), or the item that is a plan (2.0)."""
    items = records(subscription.get("subscription_items"), MOST_LINES)
    plans = [one for one in items if one.get("item_type") == "plan"] or items
    return text(subscription.get("plan_id")) or (text(plans[0].get("item_price_id")) if plans else None)
