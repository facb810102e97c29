"""Read payments, invoices, clients and estimates from FreshBooks' API."""

from collections.abc import Callable, Mapping
from dataclasses import replace
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
_PAID = frozenset({"paid", "autopaid", "auto-paid", "4", "5"})
"""States of an invoice as words (`v3_status`, `payment_status`) and as numbers (`status`)."""
_DELETED = 1
"""The `vis_state` of what was deleted; 0 is active, 2 archived."""

_Ask = Callable[[str, str | None], Json]


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent, ...]:  # noqa: ARG001  # as Connector
    """Read a payment, an invoice, a client or an estimate from the API; nothing where it is gone."""

    def ask(kind: str, id_: str | None) -> Json:
        return _ask(call, reference.account, kind, id_)

    content = ask(reference.kind, reference.id)
    if not content:
        return ()
    envelope = Envelope(PROVIDER, reference.account, reference.source, reference.event_id, reference.occurred_at)
    event = _READERS[reference.kind](content, reference.id, envelope, ask)
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
    query = {"include[]": "lines"} if kind == "invoice" else {}
    return section(call(path, query=query), "response", "result", kind)


def _client(client: Json, client_id: str, envelope: Envelope, ask: _Ask) -> BillingEvent:  # noqa: ARG001  # as others
    """Make a profile update of a client; of a deleted one it says nothing else."""
    deleted = client.get("vis_state") == _DELETED
    person = CustomerRef(id=client_id, deleted=True) if deleted else _person(client_id, client)
    return envelope.profile(person, {"customer": client_id})


def _person(client_id: str, client: Json) -> CustomerRef:
    """`p_country` is the name of a country, not its code: only what happens to be a code is kept."""
    currency = alpha_code(client.get("currency_code"), 3)
    return CustomerRef(
        id=client_id,
        email=address(client.get("email")),
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


def _payment(payment: Json, payment_id: str, envelope: Envelope, ask: _Ask) -> BillingEvent | None:
    """The fact of the invoice: every part of its payment, and that it became paid, are one."""
    if payment.get("vis_state") == _DELETED:
        return None
    invoice_id = identifier(payment.get("invoiceid"))
    invoice = ask("invoice", invoice_id)
    method = text(payment.get("type"))
    customer = replace(_billed(invoice), attributes={"payment_method": method} if method else {})
    objects = identifiers(payment=payment_id, invoice=invoice_id, customer=customer.id)
    paid = _on(envelope, payment.get("date"))
    if not paid:
        return envelope.profile(customer, objects)
    return paid.fact(
        Touchpoint.PAYMENT_SUCCEEDED,
        (invoice_id or payment_id, PAYMENT, ""),
        customer,
        objects,
        money=_amount(payment),
        products=_products(invoice),
    )


def _invoice(invoice: Json, invoice_id: str, envelope: Envelope, ask: _Ask) -> BillingEvent | None:  # noqa: ARG001  # all readers of a kind are called alike
    """The fact of its payment, once the invoice says that it is paid."""
    states = {identifier(invoice.get(name)) for name in ("v3_status", "payment_status", "status")}
    if invoice.get("vis_state") == _DELETED or _PAID.isdisjoint(states):
        return None
    paid = _on(envelope, invoice.get("date_paid"))
    if not paid:
        customer = _billed(invoice)
        return envelope.profile(customer, identifiers(invoice=invoice_id, customer=customer.id))
    return _of_bill(invoice, {"invoice": invoice_id}, (Touchpoint.PAYMENT_SUCCEEDED, PAYMENT), paid)


def _on(envelope: Envelope, day: object) -> Envelope | None:
    """The envelope of that day, for an old bill can be edited today; None without a day."""
    at = day_moment(day, envelope.occurred_at)
    return replace(envelope, occurred_at=at) if at else None


def _estimate(estimate: Json, estimate_id: str, envelope: Envelope, ask: _Ask) -> BillingEvent | None:  # noqa: ARG001  # all readers of a kind are called alike
    """Report an accepted estimate, once."""
    accepted = estimate.get("accepted") is True or text(estimate.get("ui_status")) == "accepted"
    if estimate.get("vis_state") == _DELETED or not accepted:
        return None
    what = (Touchpoint.ESTIMATE_ACCEPTED, "estimate_accepted")
    return _of_bill(estimate, {"estimate": estimate_id}, what, envelope)


def _of_bill(bill: Json, objects: Mapping[str, str], what: tuple[Touchpoint, str], envelope: Envelope) -> BillingEvent:
    touchpoint, meaning = what
    (subject,) = objects.values()
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


_READERS: Mapping[str, Callable[[Json, str, Envelope, _Ask], BillingEvent | None]] = {
    "payment": _payment,
    "invoice": _invoice,
    "client": _client,
    "estimate": _estimate,
}
