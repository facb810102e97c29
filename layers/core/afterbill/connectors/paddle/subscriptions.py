"""Read Paddle's events of subscriptions and customers; only the customer events carry an address."""

from dataclasses import replace
from datetime import datetime, timedelta

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import (
    Json,
    address,
    country,
    identifier,
    identifiers,
    iso_moment,
    locale,
    section,
    text,
)
from afterbill.connectors.paddle.envelope import PaddleEvent, customer_of, items_of, plan_of
from afterbill.model.billing import BillingEvent, CustomerRef, SubscriptionState, Touchpoint

_RUNNING = ("active", "trialing", "past_due")
_SHORTEST_TRIAL = timedelta(hours=1)


def subscription_seen(event: PaddleEvent) -> BillingEvent:
    """A subscription as it is now; its first payment is the fact that it started."""
    subscription = event.content
    return event.envelope.profile(
        customer_of(subscription),
        _subscription_objects(event),
        plan_of(subscription),
        subscription_state=_running(subscription),
    )


def _running(subscription: Json) -> SubscriptionState | None:
    """Return RUNNING if it runs and no end is scheduled: none yet, or none any more. A pause is no end."""
    ends = section(subscription, "scheduled_change").get("action") == "cancel"
    runs = subscription.get("status") in _RUNNING and not ends
    return SubscriptionState.RUNNING if runs else None


def subscription_created(event: PaddleEvent) -> BillingEvent:
    """`subscription.created`: a twin of the transaction it came from; a trial has not started yet."""
    objects = _subscription_objects(event)
    if "transaction" not in objects or event.content.get("status") != "active":
        return subscription_seen(event)
    return event.envelope.fact(
        Touchpoint.SUBSCRIPTION_STARTED,
        (objects["transaction"], PAYMENT, ""),
        customer_of(event.content),
        objects,
        plan=plan_of(event.content),
        subscription_state=_running(event.content),
    )


def subscription_activated(event: PaddleEvent) -> BillingEvent:
    """`subscription.activated` comes at every start, and again after a trial, which only its dates tell."""
    if event.content.get("status") == "active" and _was_tried(event.content):
        return _subscription(event, Touchpoint.TRIAL_CONVERTED)
    return subscription_seen(event)


def _was_tried(subscription: Json) -> bool:
    started, billed = (iso_moment(subscription.get(key)) for key in ("started_at", "first_billed_at"))
    dated = any(section(item, "trial_dates") for item in items_of(subscription))
    return dated or _apart(started, billed)


def _apart(started: datetime | None, billed: datetime | None) -> bool:
    return bool(started and billed and billed - started >= _SHORTEST_TRIAL)


def subscription_updated(event: PaddleEvent) -> BillingEvent:
    """`subscription.updated` does not tell what it was before, so only an end is a fact."""
    subscription = event.content
    announced = section(subscription, "scheduled_change").get("action") == "cancel"
    ended = subscription.get("status") == "canceled"
    return subscription_cancelled(event) if announced or ended else subscription_seen(event)


def subscription_cancelled(event: PaddleEvent) -> BillingEvent:
    """The end, announced or come; one that came long ago is of its own day, whatever is changed today."""
    end = _subscription(event, Touchpoint.CANCELLED)
    came = iso_moment(event.content.get("canceled_at")) if event.content.get("status") == "canceled" else None
    return replace(end, occurred_at=min(came, end.occurred_at)) if came else end


def _subscription(event: PaddleEvent, touchpoint: Touchpoint) -> BillingEvent:
    objects = _subscription_objects(event)
    about = (objects["subscription"], touchpoint.value, "")
    return event.envelope.fact(
        touchpoint,
        about,
        customer_of(event.content),
        objects,
        plan=plan_of(event.content),
        subscription_state=_running(event.content),
    )


def _subscription_objects(event: PaddleEvent) -> dict[str, str]:
    subscription = event.content
    objects = {"subscription": event.require(subscription, "subscription")}
    return objects | identifiers(
        transaction=subscription.get("transaction_id"), customer=subscription.get("customer_id")
    )


def customer_seen(event: PaddleEvent) -> BillingEvent:
    """`customer.*`, the only events with an address of their own."""
    content = event.content
    customer_id = event.require(content, "customer")
    customer = CustomerRef(
        id=customer_id,
        email=address(content.get("email")),
        name=text(content.get("name")),
        locale=locale(content.get("locale")),
    )
    return event.envelope.profile(customer, {"customer": customer_id})


def address_seen(event: PaddleEvent) -> BillingEvent | None:
    """`address.*`: where a customer lives."""
    customer_id = identifier(event.content.get("customer_id"))
    home = country(event.content.get("country_code"))
    if not customer_id or not home:
        return None
    return event.envelope.profile(CustomerRef(id=customer_id, country=home), {"customer": customer_id})
