"""Stripe's money events: invoices, checkout sessions, refunds and disputes."""

from afterbill.connectors._kit.json import Json, identifier, identifiers, integer, records, section
from afterbill.connectors.stripe.customers import customer_of
from afterbill.connectors.stripe.envelope import PAYMENT, Notice, stripe_money
from afterbill.connectors.stripe.prices import invoice_plan
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint

_FAILED = "payment_failed"
_MOST_PAYMENTS = 5


def invoice_paid(notice: Notice) -> BillingEvent:
    """`invoice.paid` and its twin `invoice.payment_succeeded`."""
    invoice = notice.content
    about = (notice.require(invoice, "invoice"), PAYMENT, "")
    return _invoice(notice, _paid_touchpoint(notice), about, invoice.get("amount_paid"))


def _paid_touchpoint(notice: Notice) -> Touchpoint:
    reason = notice.content.get("billing_reason")
    if reason == "subscription_create":
        return notice.first_payment
    if (integer(notice.content.get("attempt_count")) or 0) > 1:
        return Touchpoint.PAYMENT_RECOVERED
    return Touchpoint.RENEWED if reason == "subscription_cycle" else Touchpoint.PAYMENT_SUCCEEDED


def invoice_failed(notice: Notice) -> BillingEvent:
    """`invoice.payment_failed`: every attempt is a fact of its own."""
    invoice = notice.content
    attempt = identifier(invoice.get("attempt_count")) or ""
    about = (notice.require(invoice, "invoice"), _FAILED, attempt)
    return _invoice(notice, Touchpoint.PAYMENT_FAILED, about, invoice.get("amount_due"))


def _invoice(notice: Notice, touchpoint: Touchpoint, about: tuple[str, str, str], amount: object) -> BillingEvent:
    invoice = notice.content
    plan = invoice_plan(invoice, ids_only=notice.ids_only)
    lesson = notice.learned(customer_of(invoice), _invoice_objects(invoice), plan)
    return notice.happened(lesson, touchpoint, about, stripe_money(amount, invoice.get("currency")))


def _invoice_objects(invoice: Json) -> dict[str, str]:
    """Ids by kind: charge and intent stood on the invoice itself before 2025-03-31, in its payments since."""
    subscription = section(invoice, "parent", "subscription_details").get("subscription")
    found = identifiers(
        invoice=invoice,
        charge=invoice.get("charge"),
        payment_intent=invoice.get("payment_intent"),
        subscription=invoice.get("subscription") or subscription,
        customer=invoice.get("customer"),
    )
    for number, payment in enumerate(records(section(invoice, "payments").get("data"), _MOST_PAYMENTS), start=1):
        for kind, value in _payment_of(payment).items():
            found[kind if kind not in found or number == 1 else f"{kind}_{number}"] = value
    return found


def _payment_of(invoice_payment: Json) -> dict[str, str]:
    payment = section(invoice_payment, "payment")
    return identifiers(charge=payment.get("charge"), payment_intent=payment.get("payment_intent"))


def invoice_payment_paid(notice: Notice) -> BillingEvent | None:
    """`invoice_payment.paid`, since 2025-03-31 the only event naming an invoice together with its payment intent.

    It names the fact of the payment without a touchpoint or a customer: its objects connect a refund, which names
    the intent, with the invoice.
    """
    invoice, payment = identifiers(invoice=notice.content.get("invoice")), _payment_of(notice.content)
    if not invoice or not payment:
        return None
    lesson = notice.learned(CustomerRef(), invoice | payment)
    return notice.happened(lesson, None, (invoice["invoice"], PAYMENT, ""))


def session_completed(notice: Notice) -> BillingEvent | None:
    """`checkout.session.completed`: a payment, unless nothing was paid yet or only a card was stored."""
    settled = notice.content.get("payment_status") in ("paid", "no_payment_required")
    return session_paid(notice) if settled and notice.content.get("mode") != "setup" else None


def session_paid(notice: Notice) -> BillingEvent:
    """A session that was paid, at once or (`async_payment_succeeded`) days later."""
    started = notice.content.get("mode") == "subscription"
    return _session(notice, notice.first_payment if started else Touchpoint.PAYMENT_SUCCEEDED, PAYMENT, "")


def session_failed(notice: Notice) -> BillingEvent:
    """`checkout.session.async_payment_failed`: the first and only attempt of a session."""
    return _session(notice, Touchpoint.PAYMENT_FAILED, _FAILED, "1")


def _session(notice: Notice, touchpoint: Touchpoint, meaning: str, occurrence: str) -> BillingEvent:
    session = notice.content
    objects = identifiers(
        session=session,
        invoice=session.get("invoice"),
        payment_intent=session.get("payment_intent"),
        subscription=session.get("subscription"),
        customer=session.get("customer"),
    )
    paid = objects.get("invoice") or objects.get("payment_intent")
    about = (paid or notice.require(session, "session"), meaning, occurrence)
    money = stripe_money(session.get("amount_total"), session.get("currency"))
    return notice.happened(notice.learned(customer_of(session), objects), touchpoint, about, money)


def intent_succeeded(notice: Notice) -> BillingEvent:
    """`payment_intent.succeeded`, the same payment as that of its checkout session."""
    intent = notice.content
    objects = identifiers(
        payment_intent=notice.require(intent, "payment intent"),
        charge=intent.get("latest_charge"),
        customer=intent.get("customer"),
    )
    return _bare(notice, objects, objects["payment_intent"], intent.get("amount_received") or intent.get("amount"))


def charge_succeeded(notice: Notice) -> BillingEvent | None:
    """`charge.succeeded`, the same payment as its intent's; a sum that is only held back is not paid yet."""
    charge = notice.content
    if charge.get("captured") is False:
        return None
    objects = _charge_objects(charge, notice.require(charge, "charge"))
    return _bare(notice, objects, objects.get("payment_intent") or objects["charge"], charge.get("amount"))


def _bare(notice: Notice, objects: dict[str, str], paid: str, amount: object) -> BillingEvent:
    lesson = notice.learned(customer_of(notice.content), objects)
    money = stripe_money(amount, notice.content.get("currency"))
    return notice.happened(lesson, Touchpoint.PAYMENT_SUCCEEDED, (paid, PAYMENT, ""), money)


def charge_refunded(notice: Notice) -> BillingEvent:
    """`charge.refunded`: each further part of a refund raises the sum and is a fact of its own."""
    charge = notice.content
    returned = charge.get("amount_refunded")
    about = (notice.require(charge, "charge"), Touchpoint.REFUNDED.value, identifier(returned) or "")
    money = stripe_money(returned, charge.get("currency"))
    lesson = notice.learned(customer_of(charge), _charge_objects(charge, charge))
    return notice.happened(lesson, Touchpoint.REFUNDED, about, money)


def quote_accepted(notice: Notice) -> BillingEvent:
    """`quote.accepted`: its invoices are reported by themselves."""
    quote = notice.content
    about = (notice.require(quote, "quote"), Touchpoint.ESTIMATE_ACCEPTED.value, "")
    objects = {"quote": about[0], **identifiers(subscription=quote.get("subscription"), customer=quote.get("customer"))}
    money = stripe_money(quote.get("amount_total"), quote.get("currency"))
    return notice.happened(notice.learned(customer_of(quote), objects), Touchpoint.ESTIMATE_ACCEPTED, about, money)


def dispute_created(notice: Notice) -> BillingEvent:
    """`charge.dispute.created`: names the payment, and its customer only where the charge is expanded."""
    dispute = notice.content
    charge = section(dispute, "charge")
    about = (notice.require(dispute, "dispute"), Touchpoint.DISPUTED.value, "")
    objects = {"dispute": about[0], **_charge_objects(dispute, dispute.get("charge"))}
    money = stripe_money(dispute.get("amount"), dispute.get("currency"))
    lesson = notice.learned(customer_of({**charge, **dispute}), objects)
    return notice.happened(lesson, Touchpoint.DISPUTED, about, money)


def _charge_objects(content: Json, charge: object) -> dict[str, str]:
    return identifiers(
        charge=charge,
        payment_intent=content.get("payment_intent"),
        invoice=content.get("invoice"),
        customer=content.get("customer"),
    )
