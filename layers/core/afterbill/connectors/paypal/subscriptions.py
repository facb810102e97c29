"""Read PayPal's subscriptions and the agreements of its older API: what they prove, how they begin and end."""

from dataclasses import replace

from afterbill.connectors._kit.json import Json, identifier, integer, records, section, text, words
from afterbill.connectors._kit.money import from_decimal, whole
from afterbill.connectors._kit.recurring import recurring_of
from afterbill.connectors.paypal.envelope import PayPalEvent
from afterbill.model.billing import BillingEvent, SubscriptionState, Touchpoint
from afterbill.model.recurring import Recurring

_FAILED = "payment_failed"
_MOST_TENURES = 20
_REGULAR = "REGULAR"


def created(event: PayPalEvent) -> BillingEvent | None:
    """A subscription that was made; as long as nobody approved it, it is a draft and says nothing of anybody."""
    profile = seen(event)
    return None if _status(event) == "APPROVAL_PENDING" else profile


def seen(event: PayPalEvent) -> BillingEvent:
    """A subscription that teaches its customer and plan, and that it runs if it is active."""
    subscription = event.content
    plan = section(subscription, "plan")
    name = text(plan.get("name")) or text(subscription.get("plan_id")) or text(plan.get("id"))
    state = SubscriptionState.RUNNING if _status(event) == "ACTIVE" else None
    return event.profile({"subscription": event.require(subscription.get("id"), "subscription")}, name, state=state)


def recurring(subscription: Json) -> Recurring | None:
    """Return the price of the regular cycle, for the quantity, before tax and shipping; None for one in tiers.

    Agreements of the older API tell it with their plan; subscriptions where it was asked for, or where it is their own.
    """
    plan = section(subscription, "plan")
    cycles = [*map(_agreed, _regular(plan, "payment_definitions", "type"))]
    cycles += map(_billed, _regular(plan, "billing_cycles", "tenure_type"))
    if len(cycles) != 1:
        return None
    price, every, unit = cycles[0]
    money = from_decimal(price.get("value"), price.get("currency_code") or plan.get("curr_code"))
    quantity = whole(subscription.get("quantity") or 1)
    total = replace(money, amount=money.amount * quantity) if money and quantity is not None else None
    return recurring_of(total, every, unit)


def _regular(plan: Json, name: str, kind: str) -> list[Json]:
    return [one for one in records(plan.get(name), _MOST_TENURES) if one.get(kind) == _REGULAR]


def _agreed(cycle: Json) -> tuple[Json, object, object]:
    return section(cycle, "amount"), cycle.get("frequency_interval"), cycle.get("frequency")


def _billed(cycle: Json) -> tuple[Json, object, object]:
    frequency = section(cycle, "frequency")
    price = section(cycle, "pricing_scheme", "fixed_price")
    return price, frequency.get("interval_count", 1), frequency.get("interval_unit")


def resumed(event: PayPalEvent) -> BillingEvent:
    """A subscription that was suspended and runs again."""
    return replace(seen(event), subscription_state=SubscriptionState.RUNNING)


def _status(event: PayPalEvent) -> str:
    """The status in capitals; agreements call it their state."""
    return (text(event.content.get("status")) or text(event.content.get("state")) or "").upper()


def activated(event: PayPalEvent) -> BillingEvent:
    """A subscription that runs: its start, unless it is free on trial for now, or ran before and was only suspended."""
    profile = resumed(event)
    charged = _completed(event, _REGULAR)
    paid = event.money(section(event.content, "billing_info", "last_payment").get("amount"))
    on_trial = bool(_tenures(event, "TRIAL")) and not charged and not (paid and paid.amount)
    if on_trial or charged > 1:
        return profile
    touchpoint = Touchpoint.SUBSCRIPTION_STARTED
    about = (profile.objects["subscription"], touchpoint.value, "")
    objects, state = dict(profile.objects), profile.subscription_state
    return event.fact(touchpoint, about, objects, money=paid, plan=profile.plan, state=state)


def _tenures(event: PayPalEvent, kind: str) -> list[Json]:
    tenures = records(section(event.content, "billing_info").get("cycle_executions"), _MOST_TENURES)
    return [one for one in tenures if one.get("tenure_type") == kind]


def _completed(event: PayPalEvent, kind: str) -> int:
    return sum(integer(one.get("cycles_completed")) or 0 for one in _tenures(event, kind))


def cancelled(event: PayPalEvent) -> BillingEvent:
    """An end that buyer or seller wanted; PayPal cannot bring it back, so it happens once."""
    profile = seen(event)
    about = (profile.objects["subscription"], Touchpoint.CANCELLED.value, "")
    ended = event.fact(Touchpoint.CANCELLED, about, dict(profile.objects), plan=profile.plan)
    return replace(ended, reported_comment=words(event.content.get("status_change_note")))


def expired(event: PayPalEvent) -> BillingEvent:
    """The last cycle of a plan that was limited from the beginning: nobody left."""
    return replace(seen(event), subscription_state=SubscriptionState.EXPIRED)


def failed(event: PayPalEvent) -> BillingEvent:
    """A failed attempt; one that tells no time of its own is told from others by its event."""
    profile, billed = seen(event), section(event.content, "billing_info")
    details, plan = section(event.content, "agreement_details"), section(event.content, "plan")
    owed = {"currency": plan.get("curr_code"), **section(details, "outstanding_balance")}
    attempt = section(billed, "last_failed_payment")
    count = identifier(billed.get("failed_payments_count")) or identifier(details.get("failed_payment_count"))
    attempts = {"dunning_attempt": count} if count else {}
    return event.fact(
        Touchpoint.PAYMENT_FAILED,
        (profile.objects["subscription"], _FAILED, text(attempt.get("time")) or event.envelope.event_id),
        dict(profile.objects),
        customer=replace(profile.customer, attributes={**profile.customer.attributes, **attempts}),
        money=event.money(attempt.get("amount"), billed.get("outstanding_balance"), owed),
        plan=profile.plan,
    )
