"""Tell from a Stripe subscription whether an end is announced, and whether it was planned from the beginning."""

from afterbill.connectors._kit.json import Json, integer, records, section
from afterbill.model.billing import SubscriptionState

ENDINGS = ("cancel_at_period_end", "cancel_at")
"""Fields that announce an end; portals of accounts with flexible billing set the second one only."""

_RUNNING = ("active", "trialing", "past_due")
_AT_ONCE = 60
"""Seconds after its creation in which a seller sets the end of a subscription that is sold for a fixed term."""


def running(subscription: Json) -> SubscriptionState | None:
    """Return RUNNING if it runs and no end of it is announced: none yet, or none any more."""
    runs = subscription.get("status") in _RUNNING and not any(subscription.get(key) for key in ENDINGS)
    return SubscriptionState.RUNNING if runs else None


def withdrawn(subscription: Json, before: Json) -> bool:
    """Tell whether an update took back the end that was announced, even of a subscription that is paused or unpaid."""
    announced = any(before.get(key) for key in ENDINGS)
    return announced and not any(subscription.get(key) for key in (*ENDINGS, "ended_at"))


def planned(subscription: Json) -> bool:
    """Tell whether an announced end was set together with the beginning, or by a schedule without anybody's request.

    `canceled_at` is the moment when the end was set.
    """
    created, set_at = (integer(subscription.get(key)) for key in ("created", "canceled_at"))
    at_once = bool(subscription.get("cancel_at")) and bool(created and set_at and set_at - created <= _AT_ONCE)
    return at_once or _scheduled(subscription)


def _scheduled(subscription: Json) -> bool:
    """Tell whether a schedule brought the end; API versions that give no reason for an end cannot say."""
    details = subscription.get("cancellation_details")
    return bool(subscription.get("schedule")) and isinstance(details, dict) and not any(details.values())


def ended_as_planned(subscription: Json) -> bool:
    """Tell whether a subscription that is over was sold for this term: nobody announced the end that came."""
    details = section(subscription, "cancellation_details")
    if details.get("feedback") or details.get("comment") or str(details.get("reason")).startswith("payment_"):
        return False
    ends, ended, set_at = (integer(subscription.get(key)) for key in ("cancel_at", "ended_at", "canceled_at"))
    if not ends:
        return _scheduled(subscription)
    reached = ended is None or ended >= ends - _AT_ONCE
    return reached and (set_at is None or set_at >= ends or planned(subscription))


def schedule_ends(schedule: Json) -> bool:
    """Tell whether a schedule ends its subscription, and was made with it, not for somebody who wants to leave."""
    created = integer(schedule.get("created")) or 0
    began = [integer(phase.get("start_date")) or 0 for phase in records(schedule.get("phases"), 1)]
    return schedule.get("end_behavior") == "cancel" and all(created - start <= _AT_ONCE for start in began)
