"""Stripe's bills: invoices, checkout sessions and quotes."""

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, integer, records, section
from afterbill.connectors.stripe.customers import customer_of
from afterbill.connectors.stripe.envelope import FAILED, StripeEvent, stripe_money
from afterbill.connectors.stripe.prices import invoice_plan, invoice_price
from afterbill.model.billing import BillingEvent, CustomerRef, Money, Touchpoint

_MOST_PAYMENTS = 5


def invoice_paid(event: StripeEvent) -> BillingEvent:
    """`invoice.paid` and its twin `invoice.payment_succeeded`."""
    invoice = event.content
    about = (event.require(invoice, "invoice"), PAYMENT, "")
    if invoice.get("billing_reason") == "subscription_create" and _for_nothing(invoice, "total", "subtotal"):
        plan = invoice_plan(invoice, ids_only=event.ids_only)
        return event.envelope.profile(customer_of(invoice), _invoice_objects(invoice), plan)
    return _invoice(event, _paid_touchpoint(event), about, _settled(invoice))


def _for_nothing(bill: Json, total: str, subtotal: str) -> bool:
    """Tell whether a trial begins, or a free plan: no discount made it cost nothing. The subscription says which."""
    return integer(bill.get(total)) == 0 and not bill.get(subtotal)


def _settled(invoice: Json) -> object:
    """The amount that was paid; `amount_paid` leaves out what was settled outside Stripe, by transfer or in cash.

    A balance or a discount lowers `amount_due` before anything is paid.
    """
    paid = invoice.get("amount_paid")
    outside = not paid and (integer(invoice.get("amount_due")) or 0) > 0
    return invoice.get("total") if outside or invoice.get("paid_out_of_band") is True else paid


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
    about = (event.require(invoice, "invoice"), FAILED, attempt)
    paid = (about[0], PAYMENT, "")
    return _invoice(event, Touchpoint.PAYMENT_FAILED, about, invoice.get("amount_due"), takes_back=paid)


def invoice_voided(event: StripeEvent) -> BillingEvent:
    """`invoice.voided`: a bill that was sent and that nobody paid, nor has to pay any more."""
    about = (event.require(event.content, "invoice"), Touchpoint.ORDER_CANCELLED.value, "")
    return _invoice(event, Touchpoint.ORDER_CANCELLED, about, event.content.get("total"))


def _invoice(
    event: StripeEvent,
    touchpoint: Touchpoint,
    about: tuple[str, str, str],
    amount: object,
    takes_back: tuple[str, str, str] | None = None,
) -> BillingEvent:
    invoice = event.content
    return event.envelope.fact(
        touchpoint,
        about,
        customer_of(invoice),
        _invoice_objects(invoice),
        money=_money(amount, invoice),
        plan=invoice_plan(invoice, ids_only=event.ids_only),
        takes_back=takes_back,
        recurring=invoice_price(invoice),
    )


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
    session = event.content
    if session.get("mode") != "subscription":
        return _session(event, Touchpoint.PAYMENT_SUCCEEDED, (_paid_with(event), PAYMENT, ""))
    if _for_nothing(session, "amount_total", "amount_subtotal"):
        return event.envelope.profile(customer_of(session), _session_objects(session))
    return _session(event, event.first_payment, (_paid_with(event), PAYMENT, ""))


def session_failed(event: StripeEvent) -> BillingEvent:
    """`checkout.session.async_payment_failed`: the first and only attempt of a session."""
    payment = _paid_with(event)
    return _session(event, Touchpoint.PAYMENT_FAILED, (payment, FAILED, "1"), takes_back=(payment, PAYMENT, ""))


def _session(
    event: StripeEvent,
    touchpoint: Touchpoint,
    about: tuple[str, str, str],
    takes_back: tuple[str, str, str] | None = None,
) -> BillingEvent:
    session = event.content
    money = _money(session.get("amount_total"), session)
    customer, objects = customer_of(session), _session_objects(session)
    return event.envelope.fact(touchpoint, about, customer, objects, money=money, takes_back=takes_back)


def _paid_with(event: StripeEvent) -> str:
    """Return what a session is known by: its invoice, else its payment intent, else itself."""
    objects = _session_objects(event.content)
    return objects.get("invoice") or objects.get("payment_intent") or event.require(event.content, "session")


def _session_objects(session: Json) -> dict[str, str]:
    return identifiers(
        session=session,
        invoice=session.get("invoice"),
        payment_intent=session.get("payment_intent"),
        subscription=session.get("subscription"),
        customer=session.get("customer"),
    )


def quote_accepted(event: StripeEvent) -> BillingEvent:
    """`quote.accepted`: its invoices are reported by themselves."""
    quote = event.content
    about = (event.require(quote, "quote"), Touchpoint.ESTIMATE_ACCEPTED.value, "")
    objects = {"quote": about[0], **identifiers(subscription=quote.get("subscription"), customer=quote.get("customer"))}
    money = _money(quote.get("amount_total"), quote)
    return event.envelope.fact(Touchpoint.ESTIMATE_ACCEPTED, about, customer_of(quote), objects, money=money)
