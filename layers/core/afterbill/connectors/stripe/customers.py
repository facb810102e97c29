"""Read the customers of Stripe events; the seller's own addresses (account, receipts, support) are never read."""

from collections.abc import Mapping

from afterbill.connectors._kit.json import Json, address, country, identifier, locale, section, text
from afterbill.connectors.stripe.envelope import StripeEvent
from afterbill.model.billing import BillingEvent, CustomerRef


def customer_of(content: Json, attributes: Mapping[str, str] | None = None) -> CustomerRef:
    """The customer of an invoice, session, charge, dispute or subscription, with what each of them knows."""
    details, billing = section(content, "customer_details"), section(content, "billing_details")
    paid_by = text(section(content, "payment_method_details").get("type"))
    return CustomerRef(
        id=identifier(content.get("customer")),
        email=address(
            details.get("email"),
            content.get("customer_email"),
            billing.get("email"),
            content.get("receipt_email"),
            section(content, "customer").get("email"),
        ),
        name=text(details.get("name")) or text(content.get("customer_name")) or text(billing.get("name")),
        locale=locale(content.get("locale")),
        country=country(
            section(details, "address").get("country"),
            section(content, "customer_address").get("country"),
            section(billing, "address").get("country"),
        ),
        phone=_phone(details.get("phone"), content.get("customer_phone"), billing.get("phone")),
        attributes={**(attributes or {}), **({"payment_method": paid_by} if paid_by else {})},
    )


def _phone(*spelled: object) -> str | None:
    return next((number for one in spelled if (number := text(one, 40))), None)


def consent_fields(content: Json) -> tuple[object, ...]:
    """Return the metadata of a customer, or of the object about one, where a seller may keep a legal basis."""
    subscribed = (section(content, "subscription_details"), section(content, "parent", "subscription_details"))
    return tuple(one.get("metadata") for one in (section(content, "customer"), content, *subscribed))


def customer_changed(event: StripeEvent) -> BillingEvent:
    """Make a profile update of `customer.created` and `customer.updated`."""
    content = event.content
    customer_id = event.require(content, "customer")
    languages = content.get("preferred_locales")
    customer = CustomerRef(
        id=customer_id,
        email=address(content.get("email")),
        name=text(content.get("name")),
        locale=locale(languages[0]) if isinstance(languages, list) and languages else None,
        country=country(section(content, "address").get("country")),
        phone=_phone(content.get("phone")),
    )
    return event.envelope.profile(customer, {"customer": customer_id})


def customer_deleted(event: StripeEvent) -> BillingEvent:
    """Report that the customer is gone; a profile update of a deleted customer holds nothing else."""
    customer_id = event.require(event.content, "customer")
    return event.envelope.profile(CustomerRef(id=customer_id, deleted=True), {"customer": customer_id})
