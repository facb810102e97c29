"""Stripe's subscription events; none of them carries an e-mail address, all of them teach the plan."""

from dataclasses import replace

from afterbill.connectors._kit.json import Json, identifier, identifiers, section, text
from afterbill.connectors.stripe.customers import customer_of
from afterbill.connectors.stripe.envelope import PAYMENT, Notice
from afterbill.connectors.stripe.prices import Item, composition, direction, recurring, subscription_items
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint

_ENDINGS = ("cancel_at_period_end", "cancel_at")
"""How an end is announced; portals of accounts with flexible billing set the second one only."""


def created(notice: Notice) -> BillingEvent:
    """`customer.subscription.created`: a twin of the first invoice where it names one that is good for a start."""
    invoice = identifiers(invoice=notice.content.get("latest_invoice"))
    running = notice.content.get("status") in ("active", "trialing")
    lesson = _learned(notice)
    if not running or not invoice or notice.first_payment is not Touchpoint.SUBSCRIPTION_STARTED:
        return lesson
    paid = replace(lesson, objects={**invoice, **lesson.objects})
    return notice.happened(paid, Touchpoint.SUBSCRIPTION_STARTED, (invoice["invoice"], PAYMENT, ""))


def updated(notice: Notice) -> BillingEvent:
    """`customer.subscription.updated`: an announced end weighs more than a change of plan, that more than a trial."""
    now, before = notice.content, notice.previous
    if any(key in before and not before[key] and now.get(key) for key in _ENDINGS):
        return _cancelled(notice)
    changed = _plan_changed(notice)
    if changed:
        return changed
    if before.get("status") == "trialing" and now.get("status") == "active":
        return _about_subscription(notice, Touchpoint.TRIAL_CONVERTED, _stamp(now, "trial_end"))
    return _learned(notice)


def _plan_changed(notice: Notice) -> BillingEvent | None:
    if not notice.previous.keys() & {"items", "plan", "quantity"}:
        return None
    before, after = subscription_items(_as_it_was(notice), ids_only=notice.ids_only), _items(notice)
    touchpoint = direction(before, after)
    if not touchpoint:
        return None
    # The moment keeps an upgrade, its revocation and the same upgrade again apart.
    when = int(notice.occurred_at.timestamp())
    return _about_subscription(notice, touchpoint, f"{composition(before)}>{composition(after)}@{when}")


def _as_it_was(notice: Notice) -> Json:
    """The subscription before the update: Stripe repeats whole lists, but of an object only the changed keys."""
    now, before = notice.content, notice.previous
    plan = {**section(now, "plan"), **section(before, "plan")}
    return {"quantity": now.get("quantity"), **before, "plan": plan}


def deleted(notice: Notice) -> BillingEvent:
    """`customer.subscription.deleted`: the same fact as its announcement, if there was one."""
    never_began = notice.content.get("status") == "incomplete_expired"
    return _learned(notice) if never_began else _cancelled(notice)


def trial_will_end(notice: Notice) -> BillingEvent:
    """`customer.subscription.trial_will_end`: three days before; an extended trial ends twice."""
    return _about_subscription(notice, Touchpoint.TRIAL_ENDING, _stamp(notice.content, "trial_end"))


def _cancelled(notice: Notice) -> BillingEvent:
    return _about_subscription(notice, Touchpoint.CANCELLED, _stamp(notice.content, "canceled_at"))


def _stamp(subscription: Json, key: str) -> str:
    return identifier(subscription.get(key)) or ""


def _about_subscription(notice: Notice, touchpoint: Touchpoint, occurrence: str) -> BillingEvent:
    about = (notice.require(notice.content, "subscription"), touchpoint.value, occurrence)
    return notice.happened(_learned(notice), touchpoint, about)


def _learned(notice: Notice) -> BillingEvent:
    items = _items(notice)
    objects = identifiers(subscription=notice.content, customer=notice.content.get("customer"))
    return notice.learned(_customer(notice, items), objects, items[0].plan)


def _items(notice: Notice) -> tuple[Item, ...]:
    return subscription_items(notice.content, ids_only=notice.ids_only)


def _customer(notice: Notice, items: tuple[Item, ...]) -> CustomerRef:
    """The customer with what the subscription costs per month and, when it ends, why; free text is left out."""
    details = section(notice.content, "cancellation_details")
    price = recurring(items)
    attributes = {
        "recurring_amount": str(price.amount) if price else None,
        "currency": price.currency if price else None,
        "cancellation_reason": text(details.get("reason")),
        "cancellation_feedback": text(details.get("feedback")),
    }
    return customer_of(notice.content, {key: value for key, value in attributes.items() if value})
