"""Read the customers of Shopify webhooks, and the privacy requests that every app has to take."""

from dataclasses import replace

from afterbill.connectors._kit.json import Json, address, country, full_name, locale, section, text
from afterbill.connectors.shopify.envelope import ShopifyEvent, id_of, ref
from afterbill.model.billing import BillingEvent, CustomerRef, OperatorTask

_MOST_ORDERS = 1000

_TASKS = {
    "customers/data_request": ("data_request", "orders_requested"),
    "customers/redact": ("redact", "orders_to_redact"),
    "shop/redact": ("shop_redact", ""),
}
"""The kind of task, and where the body lists the orders it is about."""


def customer_of(order: Json) -> CustomerRef:
    """The buyer; an order's own address comes before that of the account it was placed from."""
    account, billing = section(order, "customer"), section(order, "billing_address")
    gateways = order.get("payment_gateway_names")
    paid_by = text(gateways[0]) if isinstance(gateways, list) and gateways else None
    return CustomerRef(
        id=ref(account),
        email=address(order.get("email"), order.get("contact_email"), account.get("email")),
        name=_name(account) or _name(billing),
        locale=locale(order.get("customer_locale")),
        country=country(
            billing.get("country_code"),
            section(order, "shipping_address").get("country_code"),
            section(account, "default_address").get("country_code"),
        ),
        attributes={"payment_method": paid_by} if paid_by else {},
        phone=text(order.get("phone"), 40) or text(account.get("phone"), 40) or text(billing.get("phone"), 40),
    )


def profile_of(account: Json) -> CustomerRef:
    """The customer in a customer's own record."""
    return CustomerRef(
        id=ref(account),
        email=address(account.get("email")),
        name=_name(account),
        country=country(section(account, "default_address").get("country_code")),
        phone=text(account.get("phone"), 40),
    )


def completed(customer: CustomerRef, account: Json) -> CustomerRef:
    """The buyer of an order that told no address, with what their own record knows."""
    known = profile_of(account)
    return replace(
        customer,
        email=known.email,
        name=customer.name or known.name,
        country=customer.country or known.country,
        phone=customer.phone or known.phone,
    )


def objected_at(body: Json) -> object:
    """Return when the customer in an order or in their own record unsubscribed from the shop's mail, None if not.

    A consent to marketing is not read: nobody knows what was agreed to, and a survey was seldom named.
    """
    for person in (body, section(body, "customer")):
        marketing = section(person, "email_marketing_consent")
        if marketing.get("state") == "unsubscribed":
            return marketing.get("consent_updated_at") or True
    return None


def _name(person: Json) -> str | None:
    return full_name(person.get("first_name"), person.get("last_name")) or text(person.get("name"))


def changed(event: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`customers/create`, `/update`, `/enable` and `/disable`: the account as it is."""
    return (_profile(event, profile_of(event.content)),)


def deleted(event: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`customers/delete`: only the id is left."""
    return (_profile(event, CustomerRef(id=ref(event.content), deleted=True)),)


def consent_changed(event: ShopifyEvent) -> tuple[BillingEvent, ...]:
    """`customers_email_marketing_consent/update`: an address; the consent is for marketing, not for surveys."""
    email = address(event.content.get("email_address"))
    return (_profile(event, CustomerRef(id=ref(event.content, "customer"), email=email)),)


def _profile(event: ShopifyEvent, customer: CustomerRef) -> BillingEvent:
    return event.envelope.profile(customer, {"customer": event.require(customer.id, "customer")})


def privacy_asked(event: ShopifyEvent) -> tuple[OperatorTask, ...]:
    """The three privacy topics: a person has to answer them within 30 days.

    Some customers are known by their address alone: then the webhook's own id keeps their requests apart.
    """
    kind, listed = _TASKS[event.topic]
    person = section(event.content, "customer")
    asked = id_of(section(event.content, "data_request").get("id")) or ref(person)
    if kind == "shop_redact":
        asked = ref(event.content, "shop")
    orders = event.content.get(listed)
    order_ids = map(id_of, orders[:_MOST_ORDERS]) if isinstance(orders, list) else ()
    details = {"shop": event.shop, "orders": " ".join(filter(None, order_ids))}
    task = OperatorTask(
        source=event.envelope.source,
        kind=kind,
        id=asked or event.envelope.event_id,
        occurred_at=event.envelope.occurred_at,
        customer=CustomerRef(id=ref(person), email=address(person.get("email"))),
        details={name: value for name, value in details.items() if value},
    )
    return (task,)
