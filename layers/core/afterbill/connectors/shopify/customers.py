"""Read the customers of Shopify webhooks, and the privacy requests that every app has to take."""

from dataclasses import replace
from typing import TYPE_CHECKING

from afterbill.connectors._kit.json import Json, address, country, full_name, locale, section, text
from afterbill.connectors.shopify.envelope import ShopifyEvent, id_of, ref
from afterbill.model.billing import SHOP_REDACT, BillingEvent, CustomerRef, OperatorTask

if TYPE_CHECKING:  # receiving a webhook starts without the words of privacy
    from afterbill.model.privacy import PrivacyAsk


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


def data_asked(event: ShopifyEvent) -> "tuple[PrivacyAsk, ...]":
    """`customers/data_request`: a customer wants to know what is stored; the shop has 30 days to tell."""
    return () if _of_another_shop(event) else (_ask(event, "export"),)


def erasure_asked(event: ShopifyEvent) -> "tuple[PrivacyAsk, ...]":
    """`customers/redact`: a customer is to be removed; all that is known of them goes, whichever orders are named."""
    return () if _of_another_shop(event) else (_ask(event, "erase"),)


def shop_left(event: ShopifyEvent) -> "tuple[PrivacyAsk | OperatorTask, ...]":
    """`shop/redact`: the shop removed the app, so that all of its customers are to be removed.

    Only a source that knows its shop by `account` can be emptied by a webhook: what names another shop is not for it,
    and where a source takes webhooks of any shop a person decides.
    """
    shop = _shop(event)
    if shop and shop == event.source.account.lower():
        return (_ask(event, "erase_source"),)
    if event.source.account and shop:
        return ()
    number = ref(event.content, "shop")
    details = {"shop": shop} if shop else {}
    envelope = event.envelope
    id_ = number or envelope.event_id
    return (OperatorTask(envelope.source, SHOP_REDACT, id_, envelope.occurred_at, details=details),)


def _shop(event: ShopifyEvent) -> str:
    """The shop that the signed body names; the header is not signed, and a privacy request removes what it is about."""
    return (text(event.content.get("shop_domain")) or "").lower()


def _of_another_shop(event: ShopifyEvent) -> bool:
    ours = event.source.account.lower()
    return bool(ours and _shop(event) and _shop(event) != ours)


def _ask(event: ShopifyEvent, kind: str) -> "PrivacyAsk":
    """A request by the number that Shopify gave it, else by the webhook's own id, which retries share.

    A customer may be removed, come back, and be removed again: their id names no request.
    """
    from afterbill.model.privacy import PrivacyAsk, RequestKind  # noqa: PLC0415  # as above

    person = section(event.content, "customer")
    number = id_of(section(event.content, "data_request").get("id"))
    return PrivacyAsk(
        source=event.envelope.source,
        kind=RequestKind(kind),
        id=number or event.envelope.event_id,
        occurred_at=event.envelope.occurred_at,
        customer=CustomerRef(id=ref(person), email=address(person.get("email"))),
    )
