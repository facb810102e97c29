"""What a subscription of Recurly says of itself, under the same names in XML and in the API."""

from datetime import datetime

from afterbill.connectors._kit.json import Json, identifier, iso_moment
from afterbill.model.billing import SubscriptionState


def state_of(subscription: Json) -> SubscriptionState | None:
    """It runs if it is active; a canceled one is called so at once, and is still valid until it expires."""
    running = subscription.get("state") == "active" and not iso_moment(subscription.get("canceled_at"))
    return SubscriptionState.RUNNING if running else None


def on_trial(subscription: Json, at: datetime) -> bool:
    """Tell whether its trial goes on after this time."""
    ends = iso_moment(subscription.get("trial_ends_at"))
    return ends is not None and ends > at


def is_converted(subscription: Json) -> bool:
    """Tell whether this is the first period after a trial."""
    ends = iso_moment(subscription.get("trial_ends_at"))
    return ends is not None and ends == iso_moment(subscription.get("current_period_started_at"))


def ended_as_planned(subscription: Json) -> bool:
    """Tell whether an expired subscription ran to an end that it had from the beginning.

    Nobody cancelled it, it was not to be renewed, and its last period is over. XML does not always tell of renewals and
    cycles; there an end at the very end of a period counts, since unpaid ones end within the next.
    """
    renews, left = _flag(subscription.get("auto_renew")), _count(subscription.get("remaining_billing_cycles"))
    expires, period = (iso_moment(subscription.get(key)) for key in ("expires_at", "current_period_ends_at"))
    if iso_moment(subscription.get("canceled_at")) or renews or left or (expires and period and expires < period):
        return False
    limited = left == 0 and bool(_count(subscription.get("total_billing_cycles")))
    return renews is False or limited or (expires is not None and expires == period)


def _flag(value: object) -> bool | None:
    """True or false, as a word in XML; None for anything else."""
    return {"true": True, "false": False}.get(str(value).lower())


def _count(value: object) -> int | None:
    digits = identifier(value)
    return int(digits) if digits and digits.isascii() and digits.isdecimal() else None
