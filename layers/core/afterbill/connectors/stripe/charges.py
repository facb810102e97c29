"""Stripe's payment intents and charges, and what takes them back: refunds, disputes and returned debits."""

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, integer, records, section
from afterbill.connectors.stripe.customers import customer_of
from afterbill.connectors.stripe.envelope import FAILED, StripeEvent, stripe_money
from afterbill.model.billing import BillingEvent, Touchpoint

_MOST_REFUNDS = 10
_RETURNED = frozenset({"bank_cannot_process", "check_returned", "incorrect_account_details", "insufficient_funds"})
"""Reasons of a dispute that nobody raised: the bank returned a debit which Stripe had confirmed."""


def intent_succeeded(event: StripeEvent) -> BillingEvent:
    """`payment_intent.succeeded`, the same payment as that of its checkout session."""
    intent = event.content
    return _paid(event, _intent_objects(event), intent.get("amount_received") or intent.get("amount"))


def intent_failed(event: StripeEvent) -> BillingEvent:
    """`payment_intent.payment_failed`, whose payment method knows who tried."""
    tried = section(event.content, "last_payment_error", "payment_method")
    return _failed(event, _intent_objects(event), {**tried, **event.content})


def _intent_objects(event: StripeEvent) -> dict[str, str]:
    intent = event.content
    return identifiers(
        payment_intent=event.require(intent, "payment intent"),
        charge=intent.get("latest_charge") or section(intent, "last_payment_error").get("charge"),
        customer=intent.get("customer"),
    )


def charge_succeeded(event: StripeEvent) -> BillingEvent | None:
    """`charge.succeeded`, the same payment as its intent's; a sum that is only held back is not paid yet."""
    charge = event.content
    if charge.get("captured") is False:
        return None
    return _paid(event, _charge_objects(charge, event.require(charge, "charge")), charge.get("amount"))


def charge_failed(event: StripeEvent) -> BillingEvent:
    """`charge.failed`, the same failure as its intent's."""
    charge = event.content
    return _failed(event, _charge_objects(charge, event.require(charge, "charge")), charge)


def _paid(event: StripeEvent, objects: dict[str, str], amount: object) -> BillingEvent:
    about = (_payment_in(objects), PAYMENT, "")
    money = stripe_money(amount, event.content.get("currency"))
    return event.envelope.fact(Touchpoint.PAYMENT_SUCCEEDED, about, customer_of(event.content), objects, money=money)


def _failed(event: StripeEvent, objects: dict[str, str], payer: Json) -> BillingEvent:
    """A failure, one for all attempts of an intent, as its checkout session reports it; banks fail debits later too."""
    payment, content = _payment_in(objects), event.content
    return event.envelope.fact(
        Touchpoint.PAYMENT_FAILED,
        (payment, FAILED, "1"),
        customer_of(payer),
        objects,
        money=stripe_money(content.get("amount"), content.get("currency")),
        takes_back=(payment, PAYMENT, ""),
    )


def _payment_in(objects: dict[str, str]) -> str:
    return objects.get("payment_intent") or objects["charge"]


def charge_refunded(event: StripeEvent) -> BillingEvent | None:
    """`charge.refunded`: each further part of a refund raises the sum and is a fact of its own; nothing is no refund.

    A sum that was only held back and is let go was never paid.
    """
    charge = event.content
    returned = charge.get("amount_refunded")
    if integer(returned) == 0 or charge.get("captured") is False or _all_failed(charge):
        return None
    about = (event.require(charge, "charge"), Touchpoint.REFUNDED.value, identifier(returned) or "")
    money = stripe_money(returned, charge.get("currency"))
    return event.envelope.fact(
        Touchpoint.REFUNDED, about, customer_of(charge), _charge_objects(charge, charge), money=money
    )


def _all_failed(charge: Json) -> bool:
    """Tell whether every refund that an older charge lists came to nothing; newer charges list none."""
    refunds = records(section(charge, "refunds").get("data"), _MOST_REFUNDS)
    return bool(refunds) and all(refund.get("status") in ("failed", "canceled") for refund in refunds)


def dispute_created(event: StripeEvent) -> BillingEvent:
    """`charge.dispute.created`: names the payment, and its customer only where the charge is expanded."""
    dispute = event.content
    charge = section(dispute, "charge")
    touchpoint = Touchpoint.PAYMENT_REVERSED if dispute.get("reason") in _RETURNED else Touchpoint.DISPUTED
    about = (event.require(dispute, "dispute"), touchpoint.value, "")
    objects = {"dispute": about[0], **_charge_objects(dispute, dispute.get("charge"))}
    money = stripe_money(dispute.get("amount"), dispute.get("currency"))
    return event.envelope.fact(touchpoint, about, customer_of({**charge, **dispute}), objects, money=money)


def _charge_objects(content: Json, charge: object) -> dict[str, str]:
    return identifiers(
        charge=charge,
        payment_intent=content.get("payment_intent"),
        invoice=content.get("invoice"),
        customer=content.get("customer"),
    )
