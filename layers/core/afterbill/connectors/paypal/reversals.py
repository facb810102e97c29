"""Read what takes a payment back at PayPal, and find the payment through the API where the event names none."""

from collections.abc import Callable
from dataclasses import replace

from afterbill.connectors._kit.envelope import PAYMENT, Envelope
from afterbill.connectors._kit.json import Json, address, identifiers, records, section, text
from afterbill.connectors.paypal.envelope import PayPalEvent, related_to
from afterbill.model.billing import BillingEvent, CustomerRef, Money, ObjectReference, OperatorTask, Touchpoint

Ask = Callable[[str, str], Json]
"""Gives the object of this id under this path, empty where PayPal knows none."""

_MOST_DISPUTED = 5
_NOT_RETURNED = frozenset({"CANCELLED", "CANCELED", "FAILED"})
"""States of a refund that gives nothing back; one that is pending has money on its way."""
PATHS = {
    "refund": ("/v1/payments/refund/", "/v2/payments/refunds/"),
    "dispute": ("/v1/customer/disputes/",),
}
"""Where the API tells what a reversal takes back, by either generation of it."""


def is_nothing(money: Money | None) -> bool:
    """Tell whether this is an amount of zero; an unknown one is not."""
    return money is not None and money.amount == 0


def refunded(event: PayPalEvent) -> BillingEvent | None:
    """A refund by the seller; older ones are negative amounts. One of nothing, or one that failed, is none."""
    state = text(event.content.get("status")) or text(event.content.get("state")) or ""
    nothing = is_nothing(event.money(event.content.get("amount")))
    return None if nothing or state.upper() in _NOT_RETURNED else _taken_back(event, Touchpoint.REFUNDED)


def reversed_by_paypal(event: PayPalEvent) -> BillingEvent:
    """A payment that PayPal or the bank took back after it was completed."""
    return _taken_back(event, Touchpoint.PAYMENT_REVERSED)


def _taken_back(event: PayPalEvent, touchpoint: Touchpoint) -> BillingEvent:
    money = event.money(event.content.get("amount"))
    refund = event.require(event.content.get("id"), "refund")
    objects = {"refund": refund, **related_to(event.content)}
    returned = replace(money, amount=abs(money.amount)) if money else None
    return event.fact(touchpoint, (refund, touchpoint.value, ""), objects, money=returned)


def disputed(event: PayPalEvent) -> BillingEvent:
    """A dispute names the transactions it is about, and seldom the buyer."""
    dispute = event.content
    about = (event.require(dispute.get("dispute_id"), "dispute"), Touchpoint.DISPUTED.value, "")
    disputed = records(dispute.get("disputed_transactions"), 1)
    buyer = section(disputed[0], "buyer") if disputed else {}
    customer = CustomerRef(
        id=text(buyer.get("payer_id")),
        email=address(buyer.get("email"), dispute.get("buyer_email")),
        name=text(buyer.get("name")),
    )
    objects = {"dispute": about[0], **_disputed_in(dispute)}
    money = event.money(dispute.get("dispute_amount"))
    return event.fact(Touchpoint.DISPUTED, about, objects, customer=customer, money=money)


def _disputed_in(dispute: Json) -> dict[str, str]:
    disputed = records(dispute.get("disputed_transactions"), _MOST_DISPUTED)
    ids = [one.get("seller_transaction_id") for one in disputed] or [dispute.get("seller_payment_id")]
    named = {f"transaction_{number}" if number > 1 else "transaction": id_ for number, id_ in enumerate(ids, start=1)}
    return identifiers(**named)


def question_about(fact: BillingEvent) -> ObjectReference | None:
    """Return what to ask the API about a reversal that names no payment; None for every other event."""
    kind = next((kind for kind in PATHS if kind in fact.objects), None)
    if kind is None or set(fact.objects) - {kind, "customer", "subscription"}:
        return None
    return ObjectReference(fact.source, fact.event_id, fact.occurred_at, kind, fact.objects[kind])


def answer_to(reference: ObjectReference, ask: Ask) -> BillingEvent | OperatorTask:
    """Tie a reversal to the payment that the API names; where it names none, a person has to look."""
    envelope = Envelope("paypal", "", reference.source, reference.event_id, reference.occurred_at)
    payment = taken_back_by(reference.kind, reference.id, ask)
    passing = {kind: id_ for kind, id_ in payment.items() if kind != "subscription"}
    if not passing:
        return envelope.unmatched(reference.id, kind=reference.kind, **payment)
    about = (next(iter(passing.values())), PAYMENT, "")
    return envelope.fact(None, about, CustomerRef(), {reference.kind: reference.id, **payment})


def taken_back_by(kind: str, id_: str, ask: Ask) -> dict[str, str]:
    """Return the ids that the API's refund or dispute names, by kind of object."""
    found = next(filter(None, (ask(path, id_) for path in PATHS[kind])), {})
    return _disputed_in(found) if kind == "dispute" else related_to(found)
