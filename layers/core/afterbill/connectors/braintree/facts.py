"""Read Braintree notifications: subscriptions with their transactions, transactions alone, and disputes."""

from dataclasses import dataclass

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
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint
from afterbill.model.webhooks import Source

_FAILED = "payment_failed"
_UNPAID = frozenset(
    {"processor_declined", "gateway_rejected", "failed", "authorization_expired", "settlement_declined"}
)
_MOST = 200


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
    """`subscription_charged_successfully`: the first, a later, or a recovered payment."""
    subscription = received.part("subscription")
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


def _period(transaction: Json) -> str | None:
    return text(section(transaction, "subscription").get("billing-period-start-date"))


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
        customer_of(transaction),
        _objects(subscription),
        money=received.money(transaction),
        plan=text(subscription.get("plan-id")),
    )


def _transactions(subscription: Json) -> list[Json]:
    """The charges of a subscription, the latest first, as Braintree lists them already; refunds stand among them."""
    charges = [one for one in records(subscription.get("transactions"), _MOST) if one.get("type") != "credit"]
    return sorted(charges, key=lambda one: text(one.get("created-at")) or "", reverse=True)


def _latest(subscription: Json) -> Json:
    return next(iter(_transactions(subscription)), {})


def _objects(subscription: Json) -> dict[str, str]:
    transaction = _latest(subscription)
    return identifiers(
        transaction=transaction, subscription=subscription, customer=section(transaction, "customer").get("id")
    )


def subscription_seen(received: BraintreeEvent) -> BillingEvent:
    """A subscription whose charges are the facts: it teaches the plan, and with a transaction the customer."""
    subscription = received.part("subscription")
    objects = {kind: id_ for kind, id_ in _objects(subscription).items() if kind != "transaction"}
    return received.envelope.profile(customer_of(_latest(subscription)), objects, text(subscription.get("plan-id")))


def trial_ended(received: BraintreeEvent) -> BillingEvent:
    """`subscription_trial_ended`: whoever is active now stayed, and so did who is not said to be anything else."""
    stayed = received.part("subscription").get("status") in ("Active", None)
    return _ending(received, Touchpoint.TRIAL_CONVERTED) if stayed else subscription_seen(received)


def cancelled(received: BraintreeEvent) -> BillingEvent:
    """`subscription_canceled` and `subscription_expired`: neither can be brought back, so it ends once."""
    return _ending(received, Touchpoint.CANCELLED)


def _ending(received: BraintreeEvent, touchpoint: Touchpoint) -> BillingEvent:
    seen = subscription_seen(received)
    about = (received.require(received.part("subscription"), "subscription"), touchpoint.value, "")
    return received.envelope.fact(touchpoint, about, seen.customer, seen.objects, plan=seen.plan)


def settled(received: BraintreeEvent) -> BillingEvent:
    """`transaction_settled`: days after the charge and one fact with it; a settled credit is a refund."""
    transaction = received.part("transaction")
    subject = received.require(transaction, "transaction")
    if transaction.get("type") != "credit":
        return _transaction(received, Touchpoint.PAYMENT_SUCCEEDED, (subject, PAYMENT, ""))
    return _transaction(received, Touchpoint.REFUNDED, (subject, "refunded", ""))


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
    credit = transaction.get("type") == "credit"
    objects = identifiers(
        refund=transaction if credit else None,
        transaction=transaction.get("refunded-transaction-id") if credit else transaction,
        subscription=transaction.get("subscription-id"),
        customer=section(transaction, "customer").get("id"),
    )
    plan, money = text(transaction.get("plan-id")), received.money(transaction)
    return received.envelope.fact(touchpoint, about, customer_of(transaction), objects, money=money, plan=plan)


def dispute_opened(received: BraintreeEvent) -> BillingEvent:
    """`dispute_opened`: about a transaction, of which it tells little more than the id."""
    dispute = received.part("dispute")
    transaction = section(dispute, "transaction")
    objects = identifiers(dispute=dispute, transaction=transaction, subscription=transaction.get("subscription-id"))
    about = (received.require(dispute, "dispute"), Touchpoint.DISPUTED.value, "")
    customer, money = customer_of(transaction), received.money(dispute)
    return received.envelope.fact(Touchpoint.DISPUTED, about, customer, objects, money=money)


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
