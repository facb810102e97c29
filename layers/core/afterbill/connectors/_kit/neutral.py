"""The neutral event body of generic sources, and field maps that make a foreign body read like it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from afterbill.connectors._kit.consent import checked
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    identifier,
    identifiers,
    iso_moment,
    locale,
    moment,
    reported,
    section,
    text,
)
from afterbill.connectors._kit.methods import method_of
from afterbill.connectors._kit.money import from_decimal, from_minor, is_whole, is_zero
from afterbill.connectors._kit.recurring import recurring_of
from afterbill.model.billing import BillingEvent, CustomerRef, Money, SubscriptionState, Touchpoint, fact_key
from afterbill.model.consent import CONSENT_AT, CONSENT_TEXT, CONSENT_WITHDRAWN_AT, NOTICE_AT
from afterbill.model.errors import PayloadError
from afterbill.model.recurring import Recurring
from afterbill.model.webhooks import Source

_PATHS = """
    type timestamp data data.test data.id data.occurrence data.plan data.related data.subscription data.amount
    data.amount.value data.amount.minor data.amount.currency data.attributes data.customer data.customer.id
    data.customer.email data.customer.name data.customer.phone data.customer.locale data.customer.country
    data.customer.time_zone data.customer.consent data.customer.consent.at data.customer.consent.text
    data.customer.consent.withdrawn_at data.customer.notice data.customer.notice.at data.recurring data.recurring.value
    data.recurring.minor data.recurring.currency data.recurring.every data.recurring.unit data.payment_method
    data.cancellation data.cancellation.reason data.cancellation.comment
"""
PATHS = frozenset(_PATHS.split())
"""Paths that a field map can name, besides `data.attributes.NAME`."""

_DELETED = "customer_deleted"
_STATES = {
    "cancellation_withdrawn": SubscriptionState.RUNNING,
    "subscription_expired": SubscriptionState.EXPIRED,
}
LESSONS = ("customer_updated", _DELETED, *_STATES)
"""Types that start no survey, besides the touchpoints."""

_ABOUT_SUBSCRIPTIONS = frozenset({Touchpoint.SUBSCRIPTION_STARTED, Touchpoint.CANCELLED, *_STATES})
"""Types whose `data.id` is a subscription where `data.subscription` names none."""

_ENDS = frozenset({Touchpoint.CANCELLED, Touchpoint.ORDER_CANCELLED})
"""Types that may say why."""

_AMOUNTS = ("data.amount.value", "data.amount.minor")
_TOUCHPOINTS = frozenset(touchpoint.value for touchpoint in Touchpoint)
_MOST_RELATED = 10
_MOST_ATTRIBUTES = 20
_BASIS = {
    CONSENT_AT: "consent.at",
    CONSENT_TEXT: "consent.text",
    CONSENT_WITHDRAWN_AT: "consent.withdrawn_at",
    NOTICE_AT: "notice.at",
}
"""Attribute of a legal basis -> path below `data.customer`."""


@cache
def _steps(path: str) -> list[str]:
    return path.split(".")


class Body:
    """A payload read by neutral paths; a path, or the longest mapped path above it, is translated first."""

    def __init__(self, payload: Json, fields: Mapping[str, str]) -> None:
        self._payload = payload
        self._fields = fields

    def at(self, path: str) -> object:
        """The value at this neutral path, None where there is none; a number steps into a list."""
        value: object = self._payload
        for step in _steps(self._foreign(path) if self._fields else path):
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value

    def _foreign(self, path: str) -> str:
        if path in self._fields:
            return self._fields[path]
        above, _, last = path.rpartition(".")
        return f"{self._foreign(above)}.{last}" if above else path

    def below(self, path: str) -> dict[str, object]:
        """Everything under this neutral path, with what the field map names there one by one."""
        inside = dict(list(section(self.at(path)).items())[:_MOST_ATTRIBUTES])
        named = [key for key in self._fields if key.startswith(f"{path}.")]
        return inside | {key.removeprefix(f"{path}."): self.at(key) for key in named}


@dataclass(frozen=True, slots=True)
class Message:
    """One message about to be read: its kind is ours already, `sent_at` serves bodies without a timestamp."""

    body: Body
    kind: str
    source: Source
    id: str
    sent_at: datetime

    @property
    def occurred_at(self) -> datetime:
        """The body's own time, which must be readable if it is there at all."""
        stated = self.body.at("timestamp")
        if stated is None:
            return self.sent_at
        at = moment(stated) or iso_moment(stated, naive=None)
        if not at:
            raise PayloadError("The body's timestamp is not ISO 8601 with Z or an offset.")
        return at

    @property
    def test(self) -> bool:
        """True unless `data.test` is absent or false."""
        return self.body.at("data.test") not in (None, False)


def read(payload: Json, source: Source, message_id: str, sent_at: datetime) -> tuple[BillingEvent, ...]:
    """The event in this body, none for a kind that is not ours."""
    body = Body(payload, source.fields)
    foreign = body.at("type")
    if not isinstance(foreign, str):
        raise PayloadError("The body has no type.")
    kind = source.types.get(foreign, foreign)
    message = Message(body, kind, source, text(message_id) or "", sent_at)
    if kind in _TOUCHPOINTS:
        return tuple(_with_terms(fact, body) for fact in _fact(message))
    return (replace(_lesson(message), recurring=_recurring(body)),) if kind in LESSONS else ()


def _with_terms(fact: BillingEvent, body: Body) -> BillingEvent:
    """Add what its subscription costs, how it was paid, and why it ended."""
    told = (body.at(f"data.cancellation.{name}") for name in ("reason", "comment"))
    reason, comment = reported(*told) if fact.touchpoint in _ENDS else ("", "")
    paid_by = method_of(body.at("data.payment_method"))
    return replace(
        fact,
        recurring=_recurring(body),
        payment_method=paid_by,
        reported_reason=reason,
        reported_comment=comment,
    )


def _recurring(body: Body) -> Recurring | None:
    """The price for `every` (1 if nothing is said) units; None where a part cannot be read."""
    value, minor, currency, every, unit = (
        body.at(f"data.recurring.{name}") for name in ("value", "minor", "currency", "every", "unit")
    )
    money = from_decimal(value, currency) if minor is None else from_minor(minor, currency)
    return recurring_of(money, 1 if every is None else every, unit)


def _fact(message: Message) -> tuple[BillingEvent, ...]:
    """The fact; none of a refund that gave nothing back."""
    body = message.body
    money = _money(body)
    if message.kind == Touchpoint.REFUNDED and any(map(is_zero, map(body.at, _AMOUNTS))):
        return ()
    subject = identifier(body.at("data.id")) or message.id
    if not subject:
        raise PayloadError(f"The event {message.kind} has neither data.id nor a webhook-id.")
    customer, failed = _customer(body), message.kind == Touchpoint.PAYMENT_FAILED
    objects = _objects(message, subject, customer)
    runs = message.kind == Touchpoint.SUBSCRIPTION_STARTED and "subscription" in objects
    event = BillingEvent(
        source=message.source.name,
        event_id=message.id or subject,
        occurred_at=message.occurred_at,
        customer=customer,
        touchpoint=Touchpoint(message.kind),
        fact=_key(message, subject, message.kind),
        objects=objects,
        money=money,
        plan=text(body.at("data.plan")),
        test=message.test,
        takes_back=_key(message, subject, Touchpoint.PAYMENT_SUCCEEDED) if failed else "",
        subscription_state=SubscriptionState.RUNNING if runs else None,
    )
    return (event,)


def _key(message: Message, subject: str, kind: str) -> str:
    occurrence = identifier(message.body.at("data.occurrence")) or ""
    return fact_key(message.source.provider, message.source.name, subject, kind, occurrence)


def _money(body: Body) -> Money | None:
    """The amount in the smallest unit if there is one, else the one in major units."""
    minor, currency = body.at("data.amount.minor"), body.at("data.amount.currency")
    if minor is None:
        return from_decimal(body.at("data.amount.value"), currency)
    if not is_whole(minor):
        raise PayloadError("The body's data.amount.minor is no whole number of the currency's smallest unit.")
    return from_minor(minor, currency)


def _objects(message: Message, subject: str, customer: CustomerRef) -> dict[str, str]:
    """The event's own object, its subscription, and related ones, by which a refund finds its payment."""
    related = message.body.at("data.related")
    others = related[:_MOST_RELATED] if isinstance(related, list) else []
    numbered = {f"related_{number}": other for number, other in enumerate(others, start=1)}
    return identifiers(object=subject, customer=customer.id, subscription=_subscription(message), **numbered)


def _subscription(message: Message) -> str | None:
    """The subscription that the event is about; an event about a subscription itself may name it as its object."""
    named = identifier(message.body.at("data.subscription"))
    own = message.body.at("data.id") if message.kind in _ABOUT_SUBSCRIPTIONS else None
    return named or identifier(own)


def _lesson(message: Message) -> BillingEvent:
    """What changes a customer or a subscription, and is nothing to ask about."""
    body, state = message.body, _STATES.get(message.kind)
    customer, subscription = _customer(body), _subscription(message)
    if not customer.id and not (state and customer.address):
        raise PayloadError(f"The event {message.kind} names no data.customer.id.")
    if state and not subscription:
        raise PayloadError(f"The event {message.kind} has neither data.subscription nor data.id.")
    deleted = message.kind == _DELETED
    return BillingEvent(
        source=message.source.name,
        event_id=message.id or customer.id or subscription or "",
        occurred_at=message.occurred_at,
        customer=CustomerRef(id=customer.id, deleted=True) if deleted else customer,
        objects=identifiers(customer=customer.id, subscription=subscription),
        plan=None if deleted else text(body.at("data.plan")),
        test=message.test,
        subscription_state=state,
    )


def _customer(body: Body) -> CustomerRef:
    attributes = {key: _word(value) for key, value in body.below("data.attributes").items() if text(key, 64)}
    basis = checked({name: body.at(f"data.customer.{path}") for name, path in _BASIS.items()})
    return CustomerRef(
        id=identifier(body.at("data.customer.id")),
        email=address(body.at("data.customer.email")),
        name=text(body.at("data.customer.name")),
        locale=locale(body.at("data.customer.locale")),
        country=country(body.at("data.customer.country")),
        time_zone=text(body.at("data.customer.time_zone"), 64),
        phone=text(body.at("data.customer.phone"), 40),
        attributes={**{key: value for key, value in attributes.items() if value}, **basis},
    )


def _word(value: object) -> str | None:
    """An attribute as text: strings, whole numbers, true and false."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if isinstance(value, dict) else identifier(value)
