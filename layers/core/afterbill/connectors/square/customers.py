"""Read the customers of Square events, from the payload or from the API."""

from dataclasses import replace
from urllib.parse import quote

from afterbill.connectors._kit.consent import with_basis
from afterbill.connectors._kit.json import Json, address, country, full_name, identifier, records, section, text
from afterbill.connectors.square.envelope import SquareEvent, money_of
from afterbill.intake.connector import Call
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint
from afterbill.model.webhooks import Source

_PAID = frozenset({Touchpoint.PAYMENT_SUCCEEDED, Touchpoint.PAYMENT_FAILED})
"""Their payload is the payment, which has nothing to add."""
_MOST = 10


def payer_of(payment: Json) -> CustomerRef:
    """Return the payer: many payments name nobody, some an address typed at the checkout."""
    method = text(payment.get("source_type"))
    return CustomerRef(
        id=identifier(payment.get("customer_id")),
        email=address(payment.get("buyer_email_address")),
        country=country(
            section(payment, "billing_address").get("country"), section(payment, "shipping_address").get("country")
        ),
        attributes={"payment_method": method.lower()} if method else {},
    )


def recipient_of(invoice: Json) -> CustomerRef:
    """Return the recipient of the invoice."""
    recipient = section(invoice, "primary_recipient")
    return replace(_person(recipient), id=identifier(recipient.get("customer_id")))


def _person(content: Json) -> CustomerRef:
    return CustomerRef(
        id=identifier(content),
        email=address(content.get("email_address")),
        name=full_name(content.get("given_name"), content.get("family_name")) or text(content.get("company_name")),
        country=country(section(content, "address").get("country")),
    )


def objected_at(person: Json) -> object:
    """Return when a customer had unsubscribed from the seller's mail at the latest; Square keeps no time for it."""
    unsubscribed = section(person, "preferences").get("email_unsubscribed") is True
    return (person.get("updated_at") or True) if unsubscribed else None


def customer_changed(received: SquareEvent) -> tuple[BillingEvent, ...]:
    """Make a profile update of `customer.created` and `customer.updated`."""
    customer = received.part("customer")
    customer_id = received.require(customer, "customer")
    return (received.envelope.profile(_person(customer), {"customer": customer_id}),)


def customer_deleted(received: SquareEvent) -> tuple[BillingEvent, ...]:
    """Report that the customer is gone; one that was merged into another goes on under that one's id."""
    if section(received.content, "object", "event_context", "merge"):
        return ()
    customer_id = received.require(received.part("customer") or received.content, "customer")
    return (received.envelope.profile(CustomerRef(id=customer_id, deleted=True), {"customer": customer_id}),)


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with its customer: refunds, disputes and fulfilments name none, but their payment or order may."""
    event = event if event.customer.id else _with_buyer(event, source, call)
    customer = event.customer
    if customer.address or not customer.id:
        return event
    person = section(call(f"/v2/customers/{quote(customer.id, safe='')}"), "customer")
    stored = _person(person)
    merged = replace(
        customer,
        email=stored.email,
        name=customer.name or stored.name,
        country=customer.country or stored.country,
    )
    return with_basis(replace(event, customer=merged), source.fields, objected_at=objected_at(person))


def _with_buyer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    for kind in ("order",) if event.touchpoint in _PAID else ("payment", "order"):
        id_ = event.objects.get(kind)
        content = section(call(f"/v2/{kind}s/{quote(id_, safe='')}"), kind) if id_ else {}
        buyer = payer_of(content) if kind == "payment" else _buyer_of(content)
        if buyer.id or buyer.email:
            attributes = {**buyer.attributes, **event.customer.attributes}
            money = event.money or money_of(content.get("total_money"), source.currency)
            completed = replace(event, customer=replace(buyer, attributes=attributes), money=money)
            return with_basis(completed, source.fields, content.get("metadata"))
    return event


def _buyer_of(order: Json) -> CustomerRef:
    """Return the buyer of an order, by id, or by the address it goes to."""
    places = [
        section(fulfilment, details, "recipient")
        for fulfilment in records(order.get("fulfillments"), _MOST)
        for details in ("pickup_details", "shipment_details", "delivery_details")
    ]
    return CustomerRef(
        id=identifier(order.get("customer_id")), email=address(*(place.get("email_address") for place in places))
    )
