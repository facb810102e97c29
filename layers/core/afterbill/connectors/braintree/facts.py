"""Read Braintree notifications: subscriptions with their transactions, transactions alone, and disputes."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from afterbill.connectors._kit.envelope import PAYMENT, Envelope, WebhookEvent
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    full_name,
    identifier,
    identifiers,
    iso_moment,
    needed,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_decimal
from afterbill.connectors._kit.recurring import recurring_of
from afterbill.model.billing import (
    LASTING,
    REVERSALS,
    BillingEvent,
    CustomerRef,
    Money,
    OperatorTask,
    SubscriptionState,
    Touchpoint,
)
from afterbill.model.recurring import Recurring
from afterbill.model.webhooks import Source

_FAILED = "payment_failed"
_UNPAID = frozenset(
    {"processor_declined", "gateway_rejected", "failed", "authorization_expired", "settlement_declined", "voided"}
)
_MOST = 200
_MOST_REFUNDS = 20
_OWN = frozenset({"refund", "dispute"})
"""Kinds of objects that a reversal itself is."""


@dataclass(frozen=True, slots=True)
class BraintreeEvent(WebhookEvent):
    """A Braintree notification: `content` holds the objects that it is about."""

    #: of amounts that name none
    currency: str

    def part(self, name: str) -> Json:
        """The subscription, transaction or dispute that this is about."""
        return needed(section(self.content, name) or None, self.name, name)

    def money(self, content: Json) -> Money | None:
        """The amount of a transaction or dispute, which Braintree gives in major units."""
        return from_decimal(content.get("amount"), content.get("currency-iso-code") or self.currency)


def parse_event(notification: Json, kind: str, event_id: str, source: Source) -> BraintreeEvent:
    """Read the envelope; ids are unique with one merchant only, whom most notifications do not name."""
    event = f"Braintree notification {kind}"
    envelope = Envelope(
        provider="braintree",
        account=source.tenant,
        source=source.name,
        event_id=event_id,
        occurred_at=needed(iso_moment(notification.get("timestamp")), event, "timestamp"),
    )
    return BraintreeEvent(event, envelope, section(notification, "subject"), source.currency)


def charged(received: BraintreeEvent) -> BillingEvent:
    """`subscription_charged_successfully`: the first, a later, a recovered or a prorated payment."""
    subscription = received.part("subscription")
    if _paid_before(subscription):
        return _charge(received, Touchpoint.PAYMENT_SUCCEEDED, PAYMENT)
    if text(subscription.get("current-billing-cycle")) == "1":
        return _charge(received, Touchpoint.SUBSCRIPTION_STARTED, PAYMENT)
    recovered = _failed_before(subscription)
    return _charge(received, Touchpoint.PAYMENT_RECOVERED if recovered else Touchpoint.RENEWED, PAYMENT)


def _failed_before(subscription: Json) -> bool:
    """Tell whether an attempt for the same period failed, by the count or by the transactions."""
    if (text(subscription.get("failure-count")) or "0") != "0":
        return True
    period = _period(_latest(subscription))
    failed = [_period(one) for one in _transactions(subscription) if text(one.get("status")) in _UNPAID]
    return bool(period) and period in failed


def _paid_before(subscription: Json) -> bool:
    """Tell whether the same period was paid before: then this is the difference to a dearer plan."""
    period = _period(_latest(subscription))
    earlier = [one for one in _transactions(subscription)[1:] if text(one.get("status")) not in _UNPAID]
    return bool(period) and period in map(_period, earlier)


def _period(transaction: Json) -> str | None:
    return text(section(transaction, "subscription").get("billing-period-start-date"))


def recurring(received: BraintreeEvent) -> Recurring | None:
    """Return the next period's amount, with add-ons and discounts, for as many months as this period has.

    No webhook tells how often a plan is billed, but every plan is billed by months.
    """
    subscription = section(received.content, "subscription")
    extras = [one for name in ("add-ons", "discounts") for one in records(subscription.get(name), _MOST)]
    price = subscription.get("next-billing-period-amount") or (None if extras else subscription.get("price"))
    history = (*_transactions(subscription), *records(subscription.get("status-history"), _MOST))
    named = next(filter(None, (text(one.get("currency-iso-code")) for one in history)), received.currency)
    days = [text(subscription.get(f"billing-period-{end}-date")) for end in ("start", "end")]
    return recurring_of(from_decimal(price, named), _months(*days), "month")


def _months(first: str | None, last: str | None) -> int:
    """Return the number of months from the first to the last day of a period, 0 where it is none of whole months."""
    try:
        start, after = date.fromisoformat(first or ""), date.fromisoformat(last or "") + timedelta(days=1)
    except (ValueError, OverflowError):
        return 0
    ends = _ends_month(after) and (start.day > after.day or _ends_month(start))
    return (after.year - start.year) * 12 + after.month - start.month if start.day == after.day or ends else 0


def _ends_month(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def not_charged(received: BraintreeEvent) -> BillingEvent:
    """`subscription_charged_unsuccessfully`: every attempt is a transaction, and so a fact of its own."""
    return _charge(received, Touchpoint.PAYMENT_FAILED, _FAILED)


def _charge(received: BraintreeEvent, touchpoint: Touchpoint, meaning: str) -> BillingEvent:
    subscription = received.part("subscription")
    transaction = _latest(subscription)
    paid_by = identifier(transaction)
    # A charge of zero makes no transaction; then its time tells it from others.
    occurrence = "" if paid_by else received.envelope.occurred_at.isoformat()
    return received.envelope.fact(
        touchpoint,
        (paid_by or received.require(subscription, "subscription"), meaning, occurrence),
        _payer(subscription),
        _objects(subscription),
        money=received.money(transaction),
        plan=text(subscription.get("plan-id")),
        takes_back=(paid_by, PAYMENT, "") if paid_by and meaning == _FAILED else None,
        subscription_state=_state(subscription),
    )


def _state(subscription: Json) -> SubscriptionState | None:
    """Braintree announces no ends, so what is active runs."""
    return SubscriptionState.RUNNING if subscription.get("status") == "Active" else None


def _transactions(subscription: Json) -> list[Json]:
    """The charges of a subscription, the latest first, as Braintree lists them already; refunds stand among them."""
    charges = [one for one in records(subscription.get("transactions"), _MOST) if one.get("type") != "credit"]
    return sorted(charges, key=lambda one: text(one.get("created-at")) or "", reverse=True)


def _latest(subscription: Json) -> Json:
    return next(iter(_transactions(subscription)), {})


def _payer(subscription: Json) -> CustomerRef:
    """The customer of the newest transaction that has an address; all of one subscription have the same customer."""
    payers = [customer_of(one) for one in records(subscription.get("transactions"), _MOST)]
    return next((one for one in payers if one.address), customer_of(_latest(subscription)))


def _objects(subscription: Json) -> dict[str, str]:
    return identifiers(transaction=_latest(subscription), subscription=subscription, customer=_payer(subscription).id)


def subscription_seen(received: BraintreeEvent) -> BillingEvent:
    """A subscription whose charges are the facts: it teaches the plan, and with a transaction the customer."""
    subscription = received.part("subscription")
    objects = {kind: id_ for kind, id_ in _objects(subscription).items() if kind != "transaction"}
    plan, state = text(subscription.get("plan-id")), _state(subscription)
    return received.envelope.profile(_payer(subscription), objects, plan, subscription_state=state)


def trial_ended(received: BraintreeEvent) -> BillingEvent:
    """`subscription_trial_ended`: whoever is active now stayed, and so did who is not said to be anything else."""
    stayed = received.part("subscription").get("status") in ("Active", None)
    return _ending(received, Touchpoint.TRIAL_CONVERTED) if stayed else subscription_seen(received)


def cancelled(received: BraintreeEvent) -> BillingEvent:
    """`subscription_canceled`: it cannot be brought back, so it ends once."""
    return _ending(received, Touchpoint.CANCELLED)


def expired(received: BraintreeEvent) -> BillingEvent:
    """`subscription_expired`: the last of a number of billing cycles is over, so nobody left."""
    return replace(subscription_seen(received), subscription_state=SubscriptionState.EXPIRED)


def _ending(received: BraintreeEvent, touchpoint: Touchpoint) -> BillingEvent:
    seen = subscription_seen(received)
    about = (received.require(received.part("subscription"), "subscription"), touchpoint.value, "")
    state = seen.subscription_state
    return received.envelope.fact(
        touchpoint, about, seen.customer, seen.objects, plan=seen.plan, subscription_state=state
    )


def settled(received: BraintreeEvent) -> BillingEvent | None:
    """`transaction_settled`: days after the charge and one fact with it; a settled credit is a refund."""
    transaction = received.part("transaction")
    subject = received.require(transaction, "transaction")
    if transaction.get("type") != "credit":
        return _transaction(received, Touchpoint.PAYMENT_SUCCEEDED, (subject, PAYMENT, ""))
    refunded = _transaction(received, Touchpoint.REFUNDED, (subject, "refunded", ""))
    return None if refunded.money and refunded.money.amount == 0 else refunded


def refunds_of(received: BraintreeEvent) -> Iterator[BillingEvent]:
    """Yield the refunds that a payment names: one that settles while it is given back is not asked about."""
    transaction = section(received.content, "transaction")
    ids = transaction.get("refund-ids")
    for refund in filter(None, map(text, ids[:_MOST_REFUNDS] if isinstance(ids, list) else ())):
        objects = {"refund": refund, **_parts(transaction)}
        about = (refund, "refunded", "")
        yield received.envelope.fact(Touchpoint.REFUNDED, about, customer_of(transaction), objects)


def settlement_declined(received: BraintreeEvent) -> BillingEvent | None:
    """`transaction_settlement_declined`: a payment that failed late; a refund that did is no fact."""
    transaction = received.part("transaction")
    if transaction.get("type") == "credit":
        return None
    return _transaction(
        received, Touchpoint.PAYMENT_FAILED, (received.require(transaction, "transaction"), _FAILED, "")
    )


def _transaction(received: BraintreeEvent, touchpoint: Touchpoint, about: tuple[str, str, str]) -> BillingEvent:
    transaction = received.part("transaction")
    return received.envelope.fact(
        touchpoint,
        about,
        customer_of(transaction),
        _parts(transaction),
        money=received.money(transaction),
        plan=text(transaction.get("plan-id")),
        takes_back=(about[0], PAYMENT, "") if about[1] == _FAILED else None,
    )


def _parts(transaction: Json) -> dict[str, str]:
    """Return what a transaction belongs to; a refund names the one that it takes back."""
    credit = transaction.get("type") == "credit"
    return identifiers(
        refund=transaction if credit else None,
        transaction=transaction.get("refunded-transaction-id") if credit else transaction,
        local_payment=section(transaction, "local-payment").get("payment-id"),
        subscription=transaction.get("subscription-id"),
        customer=section(transaction, "customer").get("id"),
    )


def local_payment_seen(received: BraintreeEvent) -> BillingEvent:
    """`local_payment_completed`, `local_payment_funded`: they tie a local payment to its transaction, no more.

    The transaction is authorised only, or its settlement is reported by itself.
    """
    payment = section(received.content, "local-payment") or received.part("local-payment-funded")
    objects = {
        "local_payment": received.require(payment.get("payment-id"), "payment"),
        "transaction": received.require(payment.get("transaction"), "transaction"),
    }
    return received.envelope.fact(None, (objects["transaction"], PAYMENT, ""), CustomerRef(), objects)


def local_payment_reversed(received: BraintreeEvent) -> BillingEvent:
    """`local_payment_reversed`: a bank took the money back."""
    payment = received.require(received.part("local-payment-reversed").get("payment-id"), "payment")
    touchpoint = Touchpoint.PAYMENT_REVERSED
    return received.envelope.fact(
        touchpoint, (payment, touchpoint.value, ""), CustomerRef(), {"local_payment": payment}
    )


def dispute_opened(received: BraintreeEvent) -> BillingEvent:
    """`dispute_opened`: about a transaction, of which it tells little more than the id."""
    dispute = received.part("dispute")
    transaction = section(dispute, "transaction")
    objects = identifiers(dispute=dispute, transaction=transaction, subscription=transaction.get("subscription-id"))
    about = (received.require(dispute, "dispute"), Touchpoint.DISPUTED.value, "")
    customer, money = customer_of(transaction), received.money(dispute)
    return received.envelope.fact(Touchpoint.DISPUTED, about, customer, objects, money=money)


def unmatched(received: BraintreeEvent, event: BillingEvent) -> OperatorTask | None:
    """Return the task about a refund or dispute that names no payment: there is no API behind this to ask."""
    if event.touchpoint not in REVERSALS or set(event.objects) - LASTING - _OWN:
        return None
    kind, own = next((kind, id_) for kind, id_ in event.objects.items() if kind in _OWN)
    return received.envelope.unmatched(own, kind=kind)


def consent_fields(subject: Json) -> tuple[object, ...]:
    """Return the custom fields, where a seller may keep a legal basis; their names have dashes in XML."""
    parts = (section(subject, "transaction"), section(subject, "dispute", "transaction"))
    transaction = next(filter(None, parts), _latest(section(subject, "subscription")))
    fields = [section(part, "custom-fields") for part in (section(transaction, "customer"), transaction)]
    return tuple({key.replace("-", "_"): value for key, value in field.items()} for field in fields)


def customer_of(transaction: Json) -> CustomerRef:
    """Return the payer of this transaction, an empty reference where there is none."""
    customer, billing = section(transaction, "customer"), section(transaction, "billing")
    method = text(transaction.get("payment-instrument-type"))
    return CustomerRef(
        id=identifier(customer),
        email=address(customer.get("email"), section(transaction, "paypal").get("payer-email")),
        name=full_name(customer.get("first-name"), customer.get("last-name")) or text(customer.get("company")),
        country=country(
            billing.get("country-code-alpha2"), section(transaction, "shipping").get("country-code-alpha2")
        ),
        attributes={"payment_method": method} if method else {},
    )
