"""Ask Recurly's API what a notification does not say."""

from dataclasses import replace

from afterbill.connectors._kit.json import Json, section, text
from afterbill.connectors.recurly.payments import PAYMENTS
from afterbill.connectors.recurly.site import PATHS, Site, amount_in, customer_of
from afterbill.connectors.recurly.subscriptions import SUBSCRIPTIONS
from afterbill.connectors.recurly.words import envelope_of
from afterbill.intake.connector import Call
from afterbill.model.billing import BillingEvent, CustomerRef, ObjectReference, OperatorTask
from afterbill.model.consent import newest
from afterbill.model.webhooks import Source

RESOLVERS = {**PAYMENTS, **SUBSCRIPTIONS}
"""Resolvers by kind of notification."""

_AMOUNTS = {"payment": ("amount",), "invoice": ("total",)}
"""The field of a document that says how much; a subscription's own sum is no payment."""


def resolve(reference: ObjectReference, source: Source, call: Call) -> tuple[BillingEvent | OperatorTask, ...]:
    """What happened to the payment, invoice or subscription that a notification of this kind names.

    All notifications of one payment lead to its invoice. A refund of which nobody says what it takes back is a task.
    """
    envelope = envelope_of(source, reference.account, reference.event_id, reference.occurred_at)
    return RESOLVERS[reference.kind](reference.id, envelope, Site(call, source.fields))


def find_customer(event: BillingEvent, source: Source, call: Call) -> BillingEvent:
    """The event with its account, found through whatever the notification named."""
    site = Site(call, source.fields)
    if event.customer.id:
        stored = customer_of({"account": {"code": event.customer.id}}, site, {})
        return replace(event, customer=_merged(event.customer, stored)) if stored.address else event
    for kind, path in PATHS.items():
        if kind in event.objects:
            return _from(site.get(path, event.objects[kind]), kind, event, site)
    return event


def _from(document: Json, kind: str, event: BillingEvent, site: Site) -> BillingEvent:
    customer = customer_of(document, site, document)
    if not customer.id:
        return event
    plan = section(document, "plan")
    return replace(
        event,
        customer=customer,
        objects={**event.objects, "customer": customer.id},
        money=event.money or amount_in(document, *_AMOUNTS.get(kind, ())),
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
