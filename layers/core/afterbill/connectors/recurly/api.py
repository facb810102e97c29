"""Read from Recurly's API whose payment it was, of which invoice, and how much."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from afterbill.connectors._kit.consent import basis_attributes
from afterbill.connectors._kit.envelope import PAYMENT, Envelope
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    identifier,
    identifiers,
    iso_moment,
    locale,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_decimal
from afterbill.connectors.recurly.words import envelope_of, name_of, payment_of, touchpoint_of
from afterbill.intake.connector import Api, Call, Login
from afterbill.model.billing import BillingEvent, CustomerRef, Money, ObjectReference, Touchpoint
from afterbill.model.consent import newest
from afterbill.model.webhooks import Source

API = Api("https://v3.recurly.com", Login.KEY_AS_USER, headers={"Accept": "application/vnd.recurly.v2021-02-25"})

_MOST_LINES = 10
_MOST_ATTEMPTS = 20
_PAID = frozenset({Touchpoint.SUBSCRIPTION_STARTED, Touchpoint.RENEWED})
_PATHS = {
    "payment": "/transactions/uuid-",
    "invoice": "/invoices/number-",
    "subscription": "/subscriptions/uuid-",
}


@dataclass(frozen=True, slots=True)
class _Site:
    """A way to the API, and the names under which its custom fields keep a legal basis."""

    call: Call
    names: Mapping[str, str]

    def get(self, path: str, id_: str) -> Json:
        """The object at this address, empty where there is none."""
        return section(self.call(f"{path}{quote(id_, safe='')}"))


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent, ...]:
    """The payment or the refund behind a notification; both notifications of one payment lead to its invoice."""
    site = _Site(call, source.fields)
    envelope = envelope_of(source, reference.account, reference.event_id, reference.occurred_at)
    if reference.kind == "invoice":
        return _invoice(site.get(_PATHS["invoice"], reference.id), {}, envelope, site)
    transaction = site.get(_PATHS["payment"], reference.id)
    if not transaction:
        return ()
    if transaction.get("type") == "refund":
        return (_refund(reference.id, transaction, envelope, site),)
    number = identifier(section(transaction, "invoice").get("number"))
    events = _invoice(site.get(_PATHS["invoice"], number), transaction, envelope, site) if number else ()
    return events or (_payment(reference.id, transaction, envelope, site),)


def _invoice(invoice: Json, transaction: Json, envelope: Envelope, site: _Site) -> tuple[BillingEvent, ...]:
    """The payment of an invoice; `transaction` is what is known of it beyond the invoice."""
    number = identifier(invoice.get("number"))
    if not number or invoice.get("type") == "credit":
        return ()
    subscription = _subscription_of(invoice, site)
    uuid = identifier(subscription.get("uuid"))
    attempts = records(invoice.get("transactions"), _MOST_ATTEMPTS)
    paid = next((one for one in attempts if one.get("status") == "success"), transaction)
    touchpoint, about = _called(invoice, uuid, number, envelope.occurred_at)
    plan = section(subscription, "plan")
    event = envelope.fact(
        touchpoint,
        about,
        _customer(invoice, site, paid),
        identifiers(
            invoice=number,
            payment=paid.get("uuid"),
            transaction=paid.get("id"),
            subscription=uuid,
            customer=section(invoice, "account").get("code"),
        ),
        money=_amount(invoice, "paid", "total"),
        plan=text(plan.get("name")) or text(plan.get("code")),
        products=_products(invoice),
    )
    return (event,)


def _called(
    invoice: Json, uuid: str | None, number: str, otherwise: datetime
) -> tuple[Touchpoint, tuple[str, str, str]]:
    """Touchpoint and identity; a recovered payment comes days after the renewal and is a fact of its own."""
    touchpoint = touchpoint_of(invoice.get("origin"), uuid)
    refused = [one for one in records(invoice.get("transactions"), _MOST_ATTEMPTS) if one.get("status") == "declined"]
    if refused and touchpoint is not Touchpoint.SUBSCRIPTION_STARTED:
        return Touchpoint.PAYMENT_RECOVERED, (number, PAYMENT, "")
    return touchpoint, payment_of(uuid, iso_moment(invoice.get("created_at")) or otherwise, number)


def _subscription_of(invoice: Json, site: _Site) -> Json:
    """The invoice's first subscription; its own ids are not the UUIDs that notifications name."""
    ids = invoice.get("subscription_ids")
    first = identifier(ids[0]) if isinstance(ids, list) and ids else None
    return site.get("/subscriptions/", first) if first else {}


def _products(invoice: Json) -> tuple[str, ...]:
    lines = invoice.get("line_items")
    listed = lines.get("data") if isinstance(lines, dict) else lines
    names = [text(line.get("description")) for line in records(listed, _MOST_LINES)]
    return tuple(dict.fromkeys(name for name in names if name))


def _payment(uuid: str, transaction: Json, envelope: Envelope, site: _Site) -> BillingEvent:
    """A payment whose invoice is gone or was never made."""
    customer, money = _customer(transaction, site, transaction), _amount(transaction, "amount")
    objects = identifiers(
        payment=uuid, transaction=transaction.get("id"), customer=section(transaction, "account").get("code")
    )
    return envelope.fact(Touchpoint.PAYMENT_SUCCEEDED, (uuid, PAYMENT, ""), customer, objects, money=money)


def _refund(uuid: str, transaction: Json, envelope: Envelope, site: _Site) -> BillingEvent:
    """Report a refund; it names its payment by another id than the notification of that payment did."""
    objects = identifiers(
        refund=uuid,
        transaction=transaction.get("original_transaction_id"),
        invoice=section(transaction, "invoice").get("number"),
        customer=section(transaction, "account").get("code"),
    )
    customer, money = _customer(transaction, site, transaction), _amount(transaction, "amount")
    return envelope.fact(Touchpoint.REFUNDED, (uuid, "refunded", ""), customer, objects, money=money)


def _amount(document: Json, *keys: str) -> Money | None:
    amounts = (from_decimal(document.get(key), document.get("currency")) for key in keys)
    return next((money for money in amounts if money), None)


def _customer(document: Json, site: _Site, transaction: Json) -> CustomerRef:
    """The account a document belongs to, asked for itself: it alone knows the language."""
    brief = section(document, "account")
    code = identifier(brief.get("code"))
    account = {**brief, **(site.get("/accounts/code-", code) if code else {})}
    method = section(transaction, "payment_method")
    paid_by = text(method.get("object")) or text(method.get("card_type"))
    bases = (basis_attributes(one.get("custom_fields"), site.names) for one in (account, document))
    return CustomerRef(
        id=code,
        email=address(account.get("email"), brief.get("email")),
        name=name_of(account),
        locale=locale(account.get("preferred_locale")),
        country=country(
            section(account, "address").get("country"),
            section(document, "address").get("country"),
            section(document, "billing_address").get("country"),
        ),
        attributes={**({"payment_method": paid_by} if paid_by else {}), **newest(*bases)},
    )


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with its account, found through whatever the notification named."""
    site = _Site(call, source.fields)
    if event.customer.id:
        stored = _customer({"account": {"code": event.customer.id}}, site, {})
        return replace(event, customer=_merged(event.customer, stored)) if stored.address else event
    for kind, path in _PATHS.items():
        if kind in event.objects:
            return _from(site.get(path, event.objects[kind]), kind, event, site)
    return event


def _from(document: Json, kind: str, event: BillingEvent, site: _Site) -> BillingEvent:
    customer = _customer(document, site, document)
    if not customer.id:
        return event
    plan = section(document, "plan")
    keys = {"payment": ("amount",), "invoice": ("total",), "subscription": ("total", "subtotal")}[kind]
    money = _amount(document, *keys) if kind != "subscription" or event.touchpoint in _PAID else None
    return replace(
        event,
        customer=customer,
        objects={**event.objects, "customer": customer.id},
        money=event.money or money,
        plan=event.plan or text(plan.get("name")) or text(plan.get("code")),
    )


def _merged(reported: CustomerRef, stored: CustomerRef) -> CustomerRef:
    """Prefer what the event reported, but for the address, which it did not have."""
    return replace(
        stored,
        name=reported.name or stored.name,
        country=reported.country or stored.country,
        attributes={**stored.attributes, **reported.attributes, **newest(reported.attributes, stored.attributes)},
    )
