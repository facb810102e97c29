"""Square's subscriptions, whose payments are invoices."""

from datetime import timedelta

from afterbill.connectors._kit.json import identifier, identifiers, iso_moment, text
from afterbill.connectors.square.envelope import SquareEvent
from afterbill.model.billing import BillingEvent, CustomerRef, SubscriptionState, Touchpoint

_LONG_AGO = timedelta(days=2)
_STATES = {
    "PENDING": SubscriptionState.RUNNING,
    "ACTIVE": SubscriptionState.RUNNING,
    "COMPLETED": SubscriptionState.EXPIRED,
    "DEACTIVATED": SubscriptionState.EXPIRED,
}
"""`COMPLETED` are all phases of a plan, and Square itself deactivates one that it cannot bill: nobody is leaving."""


def subscription_created(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`subscription.created`: its first payment comes as an invoice that looks like every later one."""
    return (_subscription(event, Touchpoint.SUBSCRIPTION_STARTED, "", _state(event)),)


def subscription_updated(event: SquareEvent) -> tuple[BillingEvent, ...]:
    """`subscription.updated`: a date of cancellation, announced or come, is a fact; anything else teaches."""
    status, on = event.part("subscription").get("status"), _ends_on(event)
    if status != "COMPLETED" and (on or status == "CANCELED"):
        return (_subscription(_of_its_day(event, on), Touchpoint.CANCELLED, on),)
    customer, objects, plan = _subscriber(event)
    return (event.envelope.profile(customer, objects, plan, subscription_state=_state(event)),)


def _ends_on(event: SquareEvent) -> str:
    return text(event.part("subscription").get("canceled_date")) or ""


def _of_its_day(event: SquareEvent, on: str) -> SquareEvent:
    """The event as it was when the subscription ended, if that is long ago."""
    ended_at = iso_moment(on)
    old = ended_at and event.envelope.occurred_at - ended_at > _LONG_AGO
    return event.dated(f"{on}T12:00:00") if old else event


def _state(event: SquareEvent) -> SubscriptionState | None:
    """Return what the status says of its end; nothing while it is paused, or where an end is announced."""
    return None if _ends_on(event) else _STATES.get(text(event.part("subscription").get("status")) or "")


def _subscription(
    event: SquareEvent, touchpoint: Touchpoint, occurrence: str, state: SubscriptionState | None = None
) -> BillingEvent:
    customer, objects, plan = _subscriber(event)
    about = (objects["subscription"], touchpoint.value, occurrence)
    return event.envelope.fact(touchpoint, about, customer, objects, plan=plan, subscription_state=state)


def _subscriber(event: SquareEvent) -> tuple[CustomerRef, dict[str, str], str | None]:
    subscription = event.part("subscription")
    customer = CustomerRef(id=identifier(subscription.get("customer_id")))
    objects = {"subscription": event.require(subscription, "subscription")} | identifiers(customer=customer.id)
    return customer, objects, text(subscription.get("plan_variation_id")) or text(subscription.get("plan_id"))
