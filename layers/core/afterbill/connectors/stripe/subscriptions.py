"""Stripe's subscription events; none of them carries an e-mail address, all of them teach the plan."""

from collections.abc import Mapping
from dataclasses import replace

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, reported, section, text
from afterbill.connectors.stripe.customers import customer_of
from afterbill.connectors.stripe.endings import (
    ENDINGS,
    ended_as_planned,
    planned,
    running,
    schedule_ends,
    withdrawn,
)
from afterbill.connectors.stripe.envelope import StripeEvent
from afterbill.connectors.stripe.prices import Item, composition, direction, price_of, subscription_items
from afterbill.model.billing import BillingEvent, CustomerRef, SubscriptionState, Touchpoint

_NEVER_BEGAN = ("incomplete", "incomplete_expired")
"""The first payment is still missing, or never came."""


def created(event: StripeEvent) -> BillingEvent | None:
    """`customer.subscription.created`: a twin of the first invoice where it names one; a trial has not started yet."""
    invoice = identifiers(invoice=event.content.get("latest_invoice"))
    active = event.content.get("status") == "active"
    if not active or not invoice or event.first_payment is not Touchpoint.SUBSCRIPTION_STARTED:
        return _started(_profile(event))
    return _started(_fact(event, Touchpoint.SUBSCRIPTION_STARTED, (invoice["invoice"], PAYMENT, ""), invoice))


def _started(event: BillingEvent | None) -> BillingEvent | None:
    """Disorder must not make a start the end of an end: Stripe counts seconds."""
    runs = event is not None and event.subscription_state is SubscriptionState.RUNNING
    return replace(event, subscription_state=SubscriptionState.STARTED) if event and runs else event


def updated(event: StripeEvent) -> BillingEvent | None:
    """`customer.subscription.updated`: an announced end weighs more than a change of plan, that more than a trial."""
    now, before = event.content, event.previous
    announced = any(key in before and not before[key] and now.get(key) for key in ENDINGS)
    if (announced or _explained(event)) and not planned(now):
        return _cancelled(event)
    changed = _plan_changed(event)
    if changed:
        return changed
    if before.get("status") == "trialing" and now.get("status") == "active":
        return _about_subscription(event, Touchpoint.TRIAL_CONVERTED, _stamp(now, "trial_end"))
    return _profile(event, SubscriptionState.RUNNING if withdrawn(now, before) else None)


def _explained(event: StripeEvent) -> bool:
    """Tell whether an update says why an end comes that was announced, or came, before: the portal asks afterwards."""
    ends = any(event.content.get(key) for key in (*ENDINGS, "ended_at"))
    return ends and "cancellation_details" in event.previous and any(_reported(event.content))


def resumed(event: StripeEvent) -> BillingEvent | None:
    """`customer.subscription.resumed`: it runs again after a pause."""
    return _profile(event)


def _plan_changed(event: StripeEvent) -> BillingEvent | None:
    if not event.previous.keys() & {"items", "plan", "quantity"}:
        return None
    before, after = subscription_items(_as_it_was(event), ids_only=event.ids_only), _items(event)
    touchpoint = direction(before, after)
    if not touchpoint:
        return None
    # The moment keeps an upgrade, its revocation and the same upgrade again apart.
    when = int(event.envelope.occurred_at.timestamp())
    return _about_subscription(event, touchpoint, f"{composition(before)}>{composition(after)}@{when}")


def _as_it_was(event: StripeEvent) -> Json:
    """The subscription before the update: Stripe repeats whole lists, but of an object only the changed keys."""
    now, before = event.content, event.previous
    plan = {**section(now, "plan"), **section(before, "plan")}
    return {"quantity": now.get("quantity"), **before, "plan": plan}


def deleted(event: StripeEvent) -> BillingEvent | None:
    """`customer.subscription.deleted`: the same fact as its announcement, if there was one; a planned end is none."""
    if event.content.get("status") in _NEVER_BEGAN:
        return None
    return _profile(event, SubscriptionState.EXPIRED) if ended_as_planned(event.content) else _cancelled(event)


def schedule_completed(event: StripeEvent) -> BillingEvent | None:
    """`subscription_schedule.completed`: the last phase is over, and with it the subscription if that was the plan."""
    schedule = event.content
    objects = identifiers(subscription=schedule.get("subscription"), customer=schedule.get("customer"))
    if "subscription" not in objects or not schedule_ends(schedule):
        return None
    return event.envelope.profile(customer_of(schedule), objects, subscription_state=SubscriptionState.EXPIRED)


def trial_will_end(event: StripeEvent) -> BillingEvent:
    """`customer.subscription.trial_will_end`: three days before; an extended trial ends twice."""
    return _about_subscription(event, Touchpoint.TRIAL_ENDING, _stamp(event.content, "trial_end"))


def _cancelled(event: StripeEvent) -> BillingEvent:
    ends = _about_subscription(event, Touchpoint.CANCELLED, _stamp(event.content, "canceled_at"))
    reason, comment = _reported(event.content)
    return replace(ends, reported_reason=reason, reported_comment=comment)


def _reported(subscription: Json) -> tuple[str, str]:
    """The reason that the customer chose and their words; of an end that payments brought, that."""
    details = section(subscription, "cancellation_details")
    because = text(details.get("reason")) or ""
    chosen = details.get("feedback") or (because if because.startswith("payment_") else None)
    return reported(chosen, details.get("comment"))


def _stamp(subscription: Json, key: str) -> str:
    return identifier(subscription.get(key)) or ""


def _about_subscription(event: StripeEvent, touchpoint: Touchpoint, occurrence: str) -> BillingEvent:
    about = (event.require(event.content, "subscription"), touchpoint.value, occurrence)
    return _fact(event, touchpoint, about)


def _fact(
    event: StripeEvent, touchpoint: Touchpoint, about: tuple[str, str, str], more: Mapping[str, str] | None = None
) -> BillingEvent:
    items = _items(event)
    objects = {**(more or {}), **_objects(event)}
    return event.envelope.fact(
        touchpoint,
        about,
        _customer(event, items),
        objects,
        plan=items[0].plan,
        subscription_state=running(event.content),
        recurring=price_of(items),
    )


def _profile(event: StripeEvent, state: SubscriptionState | None = None) -> BillingEvent | None:
    """Make a profile update; a checkout that nobody has paid yet teaches nothing."""
    if event.content.get("status") in _NEVER_BEGAN:
        return None
    items = _items(event)
    profile = event.envelope.profile(
        _customer(event, items), _objects(event), items[0].plan, subscription_state=state or running(event.content)
    )
    return replace(profile, recurring=price_of(items))


def _objects(event: StripeEvent) -> dict[str, str]:
    return identifiers(subscription=event.content, customer=event.content.get("customer"))


def _items(event: StripeEvent) -> tuple[Item, ...]:
    return subscription_items(event.content, ids_only=event.ids_only)


def _customer(event: StripeEvent, items: tuple[Item, ...]) -> CustomerRef:
    """The customer with what the subscription costs per month and, when it ends, why; free text is left out."""
    details = section(event.content, "cancellation_details")
    recurring = price_of(items)
    price = recurring.per_month if recurring else None
    attributes = {
        "recurring_amount": str(price.amount) if price else None,
        "currency": price.currency if price else None,
        "cancellation_reason": text(details.get("reason")),
        "cancellation_feedback": text(details.get("feedback")),
    }
    return customer_of(event.content, {key: value for key, value in attributes.items() if value})
