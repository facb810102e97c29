"""The envelope of a PayPal event, read once, and the words shared by what is read from inside it."""

import re
from dataclasses import dataclass

from afterbill.connectors._kit.envelope import Envelope, WebhookEvent
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    full_name,
    identifiers,
    iso_moment,
    records,
    section,
    text,
)
from afterbill.connectors._kit.money import from_decimal
from afterbill.model.billing import BillingEvent, CustomerRef, Money, SubscriptionState, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Source, Webhook

_SANDBOX = re.compile(r"https://api(-m)?\.sandbox\.paypal\.com/")
_MOST = 20


@dataclass(frozen=True, slots=True)
class PayPalEvent(WebhookEvent):
    """A PayPal event: `content` is its resource."""

    kind: str
    #: of amounts that name none
    currency: str

    def money(self, *places: object) -> Money | None:
        """The first amount: `{value, currency_code}` since version 2, `{total, currency}` before; never a float."""
        for place in map(section, places):
            digits, code = place.get("value", place.get("total")), place.get("currency_code", place.get("currency"))
            money = from_decimal(digits, code or self.currency)
            if money:
                return money
        return None

    def profile(
        self, objects: dict[str, str], plan: str | None = None, *, state: SubscriptionState | None = None
    ) -> BillingEvent:
        """Make a profile update of the customer that the resource names."""
        customer = customer_of(self.content)
        return self.envelope.profile(customer, {**objects, **_named(customer)}, plan, subscription_state=state)

    def fact(  # noqa: PLR0913  # as Envelope.fact
        self,
        touchpoint: Touchpoint,
        about: tuple[str, str, str],
        objects: dict[str, str],
        *,
        customer: CustomerRef | None = None,
        money: Money | None = None,
        plan: str | None = None,
        products: tuple[str, ...] = (),
        takes_back: tuple[str, str, str] | None = None,
        state: SubscriptionState | None = None,
    ) -> BillingEvent:
        """A fact of this event, about whoever its resource names."""
        payer = customer_of(self.content) if customer is None else customer
        return self.envelope.fact(
            touchpoint,
            about,
            payer,
            {**objects, **_named(payer)},
            money=money,
            plan=plan,
            products=products,
            takes_back=takes_back,
            subscription_state=state,
        )


def related_to(content: Json) -> dict[str, str]:
    """Return the sale, capture, order, payment and subscription that a payment or refund names or links to."""
    related = section(content, "supplementary_data", "related_ids")
    return identifiers(
        sale=content.get("sale_id") or _linked(content, "sale"),
        capture=content.get("capture_id") or related.get("capture_id") or _linked(content, "capture", "captures"),
        order=related.get("order_id") or _linked(content, "orders"),
        payment=content.get("parent_payment"),
        subscription=content.get("billing_agreement_id"),
    )


def _linked(content: Json, *collections: str) -> str | None:
    """The id at the end of a link into one of these collections; the address itself is never called."""
    for link in records(content.get("links"), _MOST):
        place, _, _ = (text(link.get("href")) or "").partition("?")
        *_, collection, id_ = ["", *place.split("/")]
        if collection in collections:
            return text(id_)
    return None


def _named(customer: CustomerRef) -> dict[str, str]:
    return {"customer": customer.id} if customer.id else {}


def parse_event(payload: Json, kind: str, webhook: Webhook, source: Source) -> PayPalEvent:
    """Read the envelope; PayPal's own samples have impossible times, so one that is none is the time of receipt."""
    event = f"PayPal event {kind}"
    event_id = text(payload.get("id"))
    if not event_id:
        raise PayloadError(f"The {event} has no id.")
    content = section(payload, "resource")
    if not content:
        raise PayloadError(f"The {event} has no resource.")
    at = iso_moment(payload.get("create_time")) or webhook.received_at
    links = records(payload.get("links"), _MOST) + records(content.get("links"), _MOST)
    places = [text(link.get("href")) or "" for link in links] + [webhook.headers.get("paypal-cert-url", "")]
    test = any(_SANDBOX.match(place) for place in places)
    envelope = Envelope("paypal", "", source.name, event_id, at, test)
    return PayPalEvent(event, envelope, content, kind, source.currency)


def merchant_of(payload: Json) -> str | None:
    """The id of the merchant who was paid, where the event names one."""
    resource = section(payload, "resource")
    units = records(resource.get("purchase_units"), 1)
    disputed = records(resource.get("disputed_transactions"), 1)
    payees = [section(one, "payee") for one in (resource, *units)] + [section(one, "seller") for one in disputed]
    return next((id_ for one in payees if (id_ := text(one.get("merchant_id")))), None)


def customer_of(content: Json) -> CustomerRef:
    """Return the subscriber or payer; the payee, the merchant and the invoicer are never read."""
    person = section(content, "subscriber") or section(content, "payer")
    info, units = section(person, "payer_info"), records(content.get("purchase_units"), 1)
    sources = {**section(content, "payment_source"), **section(person, "payment_source")}
    paid_by = text(person.get("payment_method")) or text(content.get("payment_mode")) or text(next(iter(sources), None))
    homes = (section(person, "address"), section(person, "shipping_address", "address"), info)
    parcels = (section(info, "shipping_address"), *(section(unit, "shipping", "address") for unit in units))
    return CustomerRef(
        id=text(person.get("payer_id")) or text(info.get("payer_id")),
        email=address(person.get("email_address"), info.get("email")),
        name=name_of(section(person, "name")) or name_of(info),
        country=country(*(place.get("country_code") for place in (*homes, *parcels))),
        attributes={"payment_method": paid_by} if paid_by else {},
    )


def name_of(person: Json) -> str | None:
    """Given name and surname, as either generation of the APIs spells them, else the full name."""
    given, family = (
        text(person.get(new)) or text(person.get(old))
        for new, old in (("given_name", "first_name"), ("surname", "last_name"))
    )
    return full_name(given, family) or text(person.get("full_name"))
