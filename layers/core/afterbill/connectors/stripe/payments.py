"""Stripe's money events: invoices, checkout sessions, refunds and disputes."""

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, integer, records, section
from afterbill.connectors.stripe.customers import customer_of
from afterbill.connectors.stripe.envelope import StripeEvent, stripe_money
from afterbill.connectors.stripe.prices import invoice_plan
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint

_FAILED = "payment_failed"
_MOST_PAYMENTS = 5


def invoice_paid(event: StripeEvent) -> BillingEvent:
    """`invoice.paid` and its twin `invoice.payment_succeeded`."""
    invoice = event.content
    about = (event.require(invoice, "invoice"), PAYMENT, "")
    return _invoice(event, _paid_touchpoint(event), about, invoice.get("amount_paid"))


def _paid_touchpoint(event: StripeEvent) -> Touchpoint:
    reason = event.content.get("billing_reason")
    if reason == "subscription_create":
        return event.first_payment
    if (integer(event.content.get("attempt_count")) or 0) > 1:
        return Touchpoint.PAYMENT_RECOVERED
    return Touchpoint.RENEWED if reason == "subscription_cycle" else Touchpoint.PAYMENT_SUCCEEDED


def invoice_failed(event: StripeEvent) -> BillingEvent:
    """`invoice.payment_failed`: every attempt is a fact of its own."""
    invoice = event.content
    attempt = identifier(invoice.get("attempt_count")) or ""
    about = (event.require(invoice, "invoice"), _FAILED, attempt)
    return _invoice(event, Touchpoint.PAYMENT_FAILED, about, invoice.get("amount_due"))


def _invoice(event: StripeEvent, touchpoint: Touchpoint, about: tuple[str, str, str], amount: object) -> BillingEvent:
    invoice = event.content
    plan = invoice_plan(invoice, ids_only=event.ids_only)
    customer, objects, money = customer_of(invoice), _invoice_objects(invoice), _money(amount, invoice)
    return event.envelope.fact(touchpoint, about, customer, objects, money=money, plan=plan)


def _money(amount: object, content: Json) -> Money | None:
    return stripe_money(amount, content.get("currency"))


def _invoice_objects(invoice: Json) -> dict[str, str]:
    """Ids by kind: charge and intent stood on the invoice itself before 2025-03-31, in its payments since."""
    subscription = section(invoice, "parent", "subscription_details").get("subscription")
    objects = identifiers(
        invoice=invoice,
        charge=invoice.get("charge"),
        payment_intent=invoice.get("payment_intent"),
        subscription=invoice.get("subscription") or subscription,
        customer=invoice.get("customer"),
    )
    for number, payment in enumerate(records(section(invoice, "payments").get("data"), _MOST_PAYMENTS), start=1):
        for kind, value in _payment_of(payment).items():
            objects[kind if kind not in objects or number == 1 else f"{kind}_{number}"] = value
    return objects


def _payment_of(invoice_payment: Json) -> dict[str, str]:
    payment = section(invoice_payment, "payment")
    return identifiers(charge=payment.get("charge"), payment_intent=payment.get("payment_intent"))


def invoice_payment_paid(event: StripeEvent) -> BillingEvent | None:
    """`invoice_payment.paid`, since 2025-03-31 the only event naming an invoice together with its payment intent.

    It names the fact of the payment without a touchpoint or a customer: its objects connect a refund, which names
    the intent, with the invoice.
    """
    invoice, payment = identifiers(invoice=event.content.get("invoice")), _payment_of(event.content)
    if not invoice or not payment:
        return None
    return event.envelope.fact(None, (invoice["invoice"], PAYMENT, ""), CustomerRef(), invoice | payment)


def session_completed(event: StripeEvent) -> BillingEvent | None:
    """`checkout.session.completed`: a payment, unless nothing was paid yet or only a card was stored."""
    settled = event.content.get("payment_status") in ("paid", "no_payment_required")
    return session_paid(event) if settled and event.content.get("mode") != "setup" else None


def session_paid(event: StripeEvent) -> BillingEvent:
    """A session that was paid, at once or (`async_payment_succeeded`) days later."""
    started = event.content.get("mode") == "subscription"
    return _session(event, event.first_payment if started else Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, "")


def session_failed(event: StripeEvent) -> BillingEvent:
    """`checkout.session.async_payment_failed`: the first and only attempt of a session."""
    return _session(event, Touchpoint.PAYMENT_FAILED, _FAILED, "1")


def _session(event: StripeEvent, touchpoint: Touchpoint, meaning: str, occurrence: str) -> BillingEvent:
    session = event.content
    objects = identifiers(
        session=session,
        invoice=session.get("invoice"),
        payment_intent=session.get("payment_intent"),
        subscription=session.get("subscription"),
        customer=session.get("customer"),
    )
    paid = objects.get("invoice") or objects.get("payment_intent")
    about = (paid or event.require(session, "session"), meaning, occurrence)
    money = _money(session.get("amount_total"), session)
    return event.envelope.fact(touchpoint, about, customer_of(session), objects, money=money)


def intent_succeeded(event: StripeEvent) -> BillingEvent:
    """`payment_intent.succeeded`, the same payment as that of its checkout session."""
    intent = event.content
    objects = identifiers(
        payment_intent=event.require(intent, "payment intent"),
        charge=intent.get("latest_charge"),
        customer=intent.get("customer"),
    )
    return _bare(event, objects, objects["payment_intent"], intent.get("amount_received") or intent.get("amount"))


def charge_succeeded(event: StripeEvent) -> BillingEvent | None:
    """`charge.succeeded`, the same payment as its intent's; a sum that is only held back is not paid yet."""
    charge = event.content
    if charge.get("captured") is False:
        return None
    objects = _charge_objects(charge, event.require(charge, "charge"))
    return _bare(event, objects, objects.get("payment_intent") or objects["charge"], charge.get("amount"))


def _bare(event: StripeEvent, objects: dict[str, str], paid: str, amount: object) -> BillingEvent:
    customer, money = customer_of(event.content), _money(amount, event.content)
    return event.envelope.fact(Touchpoint.PAYMENT_SUCCEEDED, (paid, PAYMENT, ""), customer, objects, money=money)


def charge_refunded(event: StripeEvent) -> BillingEvent:
    """`charge.refunded`: each further part of a refund raises the sum and is a fact of its own."""
    charge = event.content
    returned = charge.get("amount_refunded")
    about = (event.require(charge, "charge"), Touchpoint.REFUNDED.value, identifier(returned) or "")
    customer, objects, money = customer_of(charge), _charge_objects(charge, charge), _money(returned, charge)
    return event.envelope.fact(Touchpoint.REFUNDED, about, customer, objects, money=money)


def quote_accepted(event: StripeEvent) -> BillingEvent:
    """`quote.accepted`: its invoices are reported by themselves."""
    quote = event.content
    about = (event.require(quote, "quote"), Touchpoint.ESTIMATE_ACCEPTED.value, "")
    objects = {"quote": about[0], **identifiers(subscription=quote.get("subscription"), customer=quote.get("customer"))}
    money = _money(quote.get("amount_total"), quote)
    return event.envelope.fact(Touchpoint.ESTIMATE_ACCEPTED, about, customer_of(quote), objects, money=money)


def dispute_created(event: StripeEvent) -> BillingEvent:
    """`charge.dispute.created`: names the payment, and its customer only where the charge is expanded."""
    dispute = event.content
    charge = section(dispute, "charge")
    about = (event.require(dispute, "dispute"), Touchpoint.DISPUTED.value, "")
    objects = {"dispute": about[0], **_charge_objects(dispute, dispute.get("charge"))}
    customer, money = customer_of({**charge, **dispute}), _money(dispute.get("amount"), dispute)
    return event.envelope.fact(Touchpoint.DISPUTED, about, customer, objects, money=money)


def _charge_objects(content: Json, charge: object) -> dict[str, str]:
    return identifiers(
        charge=charge,
        payment_intent=content.get("payment_intent"),
        invoice=content.get("invoice"),
        customer=content.get("customer"),
    )
