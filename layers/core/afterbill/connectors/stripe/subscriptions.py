"""Stripe's subscription events; none of them carries an e-mail address, all of them teach the plan."""

from collections.abc import Mapping

from afterbill.connectors._kit.envelope import PAYMENT
from afterbill.connectors._kit.json import Json, identifier, identifiers, section, text
from afterbill.connectors.stripe.customers import customer_of
from afterbill.connectors.stripe.envelope import StripeEvent
from afterbill.connectors.stripe.prices import Item, composition, direction, recurring, subscription_items
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint

_ENDINGS = ("cancel_at_period_end", "cancel_at")
"""Fields that announce an end; portals of accounts with flexible billing set the second one only."""


def created(event: StripeEvent) -> BillingEvent:
    """`customer.subscription.created`: a twin of the first invoice where it names one that is good for a start."""
    invoice = identifiers(invoice=event.content.get("latest_invoice"))
    running = event.content.get("status") in ("active", "trialing")
    if not running or not invoice or event.first_payment is not Touchpoint.SUBSCRIPTION_STARTED:
        return _profile(event)
    return _fact(event, Touchpoint.SUBSCRIPTION_STARTED, (invoice["invoice"], PAYMENT, ""), invoice)


def updated(event: StripeEvent) -> BillingEvent:
    """`customer.subscription.updated`: an announced end weighs more than a change of plan, that more than a trial."""
    now, before = event.content, event.previous
    if any(key in before and not before[key] and now.get(key) for key in _ENDINGS):
        return _cancelled(event)
    changed = _plan_changed(event)
    if changed:
        return changed
    if before.get("status") == "trialing" and now.get("status") == "active":
        return _about_subscription(event, Touchpoint.TRIAL_CONVERTED, _stamp(now, "trial_end"))
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


def deleted(event: StripeEvent) -> BillingEvent:
    """`customer.subscription.deleted`: the same fact as its announcement, if there was one."""
    never_began = event.content.get("status") == "incomplete_expired"
    return _profile(event) if never_began else _cancelled(event)


def trial_will_end(event: StripeEvent) -> BillingEvent:
    """`customer.subscription.trial_will_end`: three days before; an extended trial ends twice."""
    return _about_subscription(event, Touchpoint.TRIAL_ENDING, _stamp(event.content, "trial_end"))


def _cancelled(event: StripeEvent) -> BillingEvent:
    return _about_subscription(event, Touchpoint.CANCELLED, _stamp(event.content, "canceled_at"))


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
    return event.envelope.fact(touchpoint, about, _customer(event, items), objects, plan=items[0].plan)


def _profile(event: StripeEvent) -> BillingEvent:
    items = _items(event)
    return event.envelope.profile(_customer(event, items), _objects(event), items[0].plan)


def _objects(event: StripeEvent) -> dict[str, str]:
    return identifiers(subscription=event.content, customer=event.content.get("customer"))


def _items(event: StripeEvent) -> tuple[Item, ...]:
    return subscription_items(event.content, ids_only=event.ids_only)


def _customer(event: StripeEvent, items: tuple[Item, ...]) -> CustomerRef:
    """The customer with what the subscription costs per month and, when it ends, why; free text is left out."""
    details = section(event.content, "cancellation_details")
    price = recurring(items)
    attributes = {
        "recurring_amount": str(price.amount) if price else None,
        "currency": price.currency if price else None,
        "cancellation_reason": text(details.get("reason")),
        "cancellation_feedback": text(details.get("feedback")),
    }
    return customer_of(event.content, {key: value for key, value in attributes.items() if value})
