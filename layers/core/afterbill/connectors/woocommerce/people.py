"""Read the customers of WooCommerce objects: the address for bills, never the shop's own."""

import hashlib
from dataclasses import dataclass

from afterbill.connectors._kit.envelope import Envelope
from afterbill.connectors._kit.json import Json, address, country, full_name, identifier, iso_moment, section, text
from afterbill.model.billing import BillingEvent, CustomerRef
from afterbill.model.webhooks import Source, Webhook

_STAFF = ("administrator", "shop_manager")


@dataclass(frozen=True, slots=True)
class Record:
    """The origin of an object; `account` tells its small ids from those of other shops."""

    source: Source
    account: str
    webhook: Webhook

    def at(self, *times: object) -> Envelope:
        """An envelope with the first of these times; a site's own local times cannot be placed, UTC ones can."""
        delivery = text(self.webhook.headers.get("x-wc-webhook-delivery-id"))
        return Envelope(
            provider="woocommerce",
            account=self.account,
            source=self.source.name,
            event_id=delivery or hashlib.sha256(self.webhook.body).hexdigest()[:32],
            occurred_at=next(filter(None, map(iso_moment, times)), self.webhook.received_at),
        )


def bought_by(order: Json) -> CustomerRef:
    """The customer of an order or a subscription; a guest has no id but an address."""
    billing = section(order, "billing") or section(order, "billing_address")
    paid_by = text(order.get("payment_method")) or text(section(order, "payment_details").get("method_id"))
    return CustomerRef(
        id=person_id(order.get("customer_id")),
        email=address(billing.get("email"), section(order, "customer").get("email")),
        name=_name(billing),
        country=country(billing.get("country")),
        attributes={"payment_method": paid_by} if paid_by else {},
    )


def person_id(value: object) -> str | None:
    """The id of an account; 0 stands for guests, who are many."""
    id_ = identifier(value)
    return None if id_ == "0" else id_


def _name(person: Json) -> str | None:
    return full_name(person.get("first_name"), person.get("last_name"))


def customer_changed(body: Json, record: Record) -> tuple[BillingEvent, ...]:
    """`customer.created` and `customer.updated`, which WordPress also sends for the shop's own people."""
    if body.get("role") in _STAFF:
        return ()
    billing = section(body, "billing") or section(body, "billing_address")
    customer = CustomerRef(
        id=person_id(body.get("id")),
        email=address(body.get("email"), billing.get("email")),
        name=_name(body) or _name(billing),
        country=country(billing.get("country")),
    )
    return (_profile(customer, record, body.get("date_modified_gmt")),)


def customer_deleted(body: Json, record: Record) -> tuple[BillingEvent, ...]:
    """`customer.deleted`: only the id is left."""
    customer_id = person_id(body.get("id"))
    return (_profile(CustomerRef(id=customer_id, deleted=True), record, None),) if customer_id else ()


def _profile(customer: CustomerRef, record: Record, when: object) -> BillingEvent:
    return record.at(when).profile(customer, {"customer": customer.id} if customer.id else {})
