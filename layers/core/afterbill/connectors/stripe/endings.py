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
    """Tell whether an announced end was set together with the beginning, or by a schedule without anybody's request."""
    return _fixed_term(subscription) or _scheduled(subscription)


def _fixed_term(subscription: Json) -> bool:
    """Tell whether the end was set right after the creation and for a later period: who leaves at once leaves this one.

    `canceled_at` is the moment when the end was set.
    """
    created, set_at, ends = (integer(subscription.get(key)) for key in ("created", "canceled_at", "cancel_at"))
    if not created or not set_at or not ends or set_at - created > _AT_ONCE:
        return False
    period = (*records(section(subscription, "items").get("data"), 1), subscription)
    first, next_ = (
        next(filter(None, (integer(one.get(key)) for one in period)), 0)
        for key in ("current_period_start", "current_period_end")
    )
    return bool(next_) and (first - created > _AT_ONCE or ends - next_ > _AT_ONCE)


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
    # Within one second it was set by the call that created the subscription.
    with_it = set_at is not None and set_at - (integer(subscription.get("created")) or 0) <= 1
    return reached and (set_at is None or set_at >= ends or with_it or planned(subscription))


def schedule_ends(schedule: Json) -> bool:
    """Tell whether a schedule ends its subscription, and was made with it, not for somebody who wants to leave."""
    created = integer(schedule.get("created")) or 0
    began = [integer(phase.get("start_date")) or 0 for phase in records(schedule.get("phases"), 1)]
    return schedule.get("end_behavior") == "cancel" and all(created - start <= _AT_ONCE for start in began)
