"""Read payments, invoices, clients and estimates from FreshBooks' API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from afterbill.connectors._kit.envelope import MOST_PRODUCTS, PAYMENT, Envelope
from afterbill.connectors._kit.json import (
    Json,
    address,
    alpha_code,
    country,
    day_moment,
    full_name,
    identifier,
    identifiers,
    locale,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_decimal
from afterbill.intake.connector import Call
from afterbill.model.billing import BillingEvent, CustomerRef, Money, ObjectReference, Touchpoint
from afterbill.model.webhooks import Source

PROVIDER = "freshbooks"
_PATHS = {
    "payment": "payments/payments",
    "invoice": "invoices/invoices",
    "client": "users/clients",
    "estimate": "estimates/estimates",
}
_INCLUDED = {"invoice": "lines", "client": "contacts"}
_GONE = "deleted "
"""Stands before the kind of what an event says is deleted, which the API may have no more."""
_PAID, _DRAFT = frozenset({"paid", "autopaid", "auto-paid", "4", "5"}), frozenset({"draft", "1"})
"""States of an invoice as words (`v3_status`, `payment_status`) and as numbers (`status`)."""
_DELETED = 1
"""The `vis_state` of what was deleted; 0 is active, 2 archived."""
_MOST_CONTACTS, _MOST_PAYMENTS = 10, 10


@dataclass(frozen=True, slots=True)
class _Account:
    """The account that an event is about, its source, and the way to its objects."""

    reference: ObjectReference
    source: Source
    call: Call

    def ask(self, kind: str, id_: str | None) -> Json:
        """Return the object of this kind and id, empty where there is none."""
        return _ask(self.call, self.reference.account, kind, id_)

    def payments_of(self, invoice_id: str) -> dict[str, str]:
        """Return the ids of the payments of an invoice as payment, payment_2..."""
        path = f"/accounting/account/{quote(self.reference.account, safe='')}/{_PATHS['payment']}"
        answer = section(self.call(path, query={"search[invoiceid]": invoice_id}), "response", "result")
        found = (one for one in records(answer.get("payments"), _MOST_PAYMENTS) if one.get("vis_state") != _DELETED)
        ids = dict.fromkeys(id_ for one in found if (id_ := identifier(one.get("id"))))
        return {f"payment_{number}" if number > 1 else "payment": id_ for number, id_ in enumerate(ids, start=1)}

    @property
    def envelope(self) -> Envelope:
        one = self.reference
        return Envelope(PROVIDER, one.account, one.source, one.event_id, one.occurred_at)

    def on(self, day: object) -> Envelope | None:
        """Return the envelope of that day, for an old bill can be edited today; None without a day."""
        at = day_moment(day, self.reference.occurred_at, self.source.time_zone)
        return replace(self.envelope, occurred_at=at) if at else None


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent, ...]:
    """Read a payment, an invoice, a client or an estimate from the API; nothing where it is gone unexpectedly."""
    account, kind = _Account(reference, source, call), reference.kind.removeprefix(_GONE)
    content, deleted = account.ask(kind, reference.id), kind != reference.kind
    if not content and not deleted:
        return ()
    reader = _TAKEN_BACK.get(kind) if deleted or content.get("vis_state") == _DELETED else None
    event = (reader or _READERS[kind])(content, reference.id, account)
    return (event,) if event else ()


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with what FreshBooks keeps of its client, in the account of the fact: ids mean nothing outside."""
    client_id = event.customer.id
    account = unquote(event.fact.partition("|")[2].partition("|")[0]) or source.account
    client = _ask(call, account, "client", client_id) if account else {}
    if not client or not client_id:
        return event
    person = _person(client_id, client)
    return replace(event, customer=replace(person, attributes={**person.attributes, **event.customer.attributes}))


def _ask(call: Call, account: str, kind: str, id_: str | None) -> Json:
    if not id_:
        return {}
    path = f"/accounting/account/{quote(account, safe='')}/{_PATHS[kind]}/{quote(id_, safe='')}"
    query = {"include[]": _INCLUDED[kind]} if kind in _INCLUDED else {}
    return section(call(path, query=query), "response", "result", kind)


def _client(client: Json, client_id: str, account: _Account) -> BillingEvent:
    """Make a profile update of a client; of a deleted one it says nothing else."""
    deleted = client.get("vis_state") == _DELETED
    person = CustomerRef(id=client_id, deleted=True) if deleted else _person(client_id, client)
    return account.envelope.profile(person, {"customer": client_id})


def _person(client_id: str, client: Json) -> CustomerRef:
    """Read a client; without an address of their own, that of their first contact.

    `p_country` is the name of a country, not its code: only what happens to be a code is kept.
    """
    contacts = records(client.get("contacts"), _MOST_CONTACTS)
    currency = alpha_code(client.get("currency_code"), 3)
    return CustomerRef(
        id=client_id,
        email=address(client.get("email"), *(one.get("email") for one in contacts)),
        name=_name(client),
        locale=locale(client.get("language")),
        country=country(client.get("p_country")),
        attributes={"currency": currency} if currency else {},
    )


def _billed(bill: Json) -> CustomerRef:
    """Return the client of an invoice or an estimate; only the client itself has an address."""
    return CustomerRef(
        id=identifier(bill.get("customerid")),
        name=_name(bill),
        locale=locale(bill.get("language")),
        country=country(bill.get("country")),
    )


def _name(found: Json) -> str | None:
    return full_name(found.get("fname"), found.get("lname")) or text(found.get("organization"))


def _payment(payment: Json, payment_id: str, account: _Account) -> BillingEvent | None:
    """The fact of the invoice: every part of its payment, and that it became paid, are one.

    A payment of less than zero is how money that went back is entered.
    """
    invoice = account.ask("invoice", identifier(payment.get("invoiceid")))
    paid, money = account.on(payment.get("date")), _amount(payment)
    customer, invoice_id = _payer(payment, invoice), identifier(payment.get("invoiceid"))
    objects = identifiers(payment=payment_id, invoice=invoice_id, customer=customer.id)
    if money and not money.amount:
        return None
    if money and money.amount < 0:
        returned, about = replace(money, amount=-money.amount), (payment_id, Touchpoint.REFUNDED.value, "")
        objects = identifiers(refund=payment_id, invoice=invoice_id, customer=customer.id)
        return (paid or account.envelope).fact(Touchpoint.REFUNDED, about, customer, objects, money=returned)
    if not paid:
        return account.envelope.profile(customer, objects)
    about = (invoice_id or payment_id, PAYMENT, "")
    return paid.fact(Touchpoint.PAYMENT_SUCCEEDED, about, customer, objects, money=money, products=_products(invoice))


def _payer(payment: Json, invoice: Json) -> CustomerRef:
    method, billed = text(payment.get("type")), _billed(invoice)
    attributes = {"payment_method": method} if method else {}
    return replace(billed, id=billed.id or identifier(payment.get("clientid")), attributes=attributes)


def _reversed(payment: Json, payment_id: str, account: _Account) -> BillingEvent | None:
    """Report that a payment counts no more; nothing where its invoice is paid all the same, by another one.

    It takes back itself alone: the same money may be entered again for the same invoice.
    """
    invoice = account.ask("invoice", identifier(payment.get("invoiceid")))
    if _has_state(invoice, _PAID) and invoice.get("vis_state") != _DELETED:
        return None
    touchpoint, customer = Touchpoint.PAYMENT_REVERSED, _payer(payment, invoice)
    objects = identifiers(payment=payment_id, customer=customer.id)
    about = (payment_id, touchpoint.value, "")
    return account.envelope.fact(touchpoint, about, customer, objects, money=_amount(payment))


def _invoice(invoice: Json, invoice_id: str, account: _Account) -> BillingEvent | None:
    """The fact of its payment, once the invoice says that it is paid and was to be paid at all."""
    total = _amount(invoice)
    if not _has_state(invoice, _PAID) or (total and total.amount <= 0):
        return None
    paid = account.on(invoice.get("date_paid"))
    if not paid:
        customer = _billed(invoice)
        return account.envelope.profile(customer, identifiers(invoice=invoice_id, customer=customer.id))
    objects = {"invoice": invoice_id, **account.payments_of(invoice_id)}
    return _of_bill(invoice, objects, (Touchpoint.PAYMENT_SUCCEEDED, PAYMENT), paid)


def _cancelled(invoice: Json, invoice_id: str, account: _Account) -> BillingEvent | None:
    """Report that what was billed is cancelled; a draft was never sent."""
    if _has_state(invoice, _DRAFT):
        return None
    touchpoint = Touchpoint.ORDER_CANCELLED
    return _of_bill(invoice, {"invoice": invoice_id}, (touchpoint, touchpoint.value), account.envelope)


def _has_state(invoice: Json, states: frozenset[str]) -> bool:
    return not states.isdisjoint(identifier(invoice.get(name)) for name in ("v3_status", "payment_status", "status"))


def _estimate(estimate: Json, estimate_id: str, account: _Account) -> BillingEvent | None:
    """Report an accepted estimate, once."""
    accepted = estimate.get("accepted") is True or text(estimate.get("ui_status")) == "accepted"
    if estimate.get("vis_state") == _DELETED or not accepted:
        return None
    what = (Touchpoint.ESTIMATE_ACCEPTED, "estimate_accepted")
    return _of_bill(estimate, {"estimate": estimate_id}, what, account.envelope)


def _of_bill(bill: Json, objects: Mapping[str, str], what: tuple[Touchpoint, str], envelope: Envelope) -> BillingEvent:
    """Make the fact about the first of these objects."""
    touchpoint, meaning = what
    subject = next(iter(objects.values()))
    customer = _billed(bill)
    return envelope.fact(
        touchpoint,
        (subject, meaning, ""),
        customer,
        {**objects, **identifiers(customer=customer.id)},
        money=_amount(bill),
        products=_products(bill),
    )


def _amount(bill: Json) -> Money | None:
    amount = section(bill, "amount")
    return from_decimal(amount.get("amount"), amount.get("code"))


def _products(bill: Json) -> tuple[str, ...]:
    lines = records(bill.get("lines"), MOST_PRODUCTS)
    return tuple(name for line in lines if (name := text(line.get("name"))))


_READERS: Mapping[str, Callable[[Json, str, _Account], BillingEvent | None]] = {
    "payment": _payment,
    "invoice": _invoice,
    "client": _client,
    "estimate": _estimate,
}
_TAKEN_BACK: Mapping[str, Callable[[Json, str, _Account], BillingEvent | None]] = {
    "payment": _reversed,
    "invoice": _cancelled,
}
"""Readers of what was deleted; of the others only their own reader can tell."""
