"""The lines about one customer that decide about asking them; none holds a name or an address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterbill.model.consent import Need, basis_of
from afterbill.model.subscriptions import Subscription, stays
from afterbill_cli.explain.timeline import TimelineContext
from afterbill_cli.suppression.address import lift_line, since
from afterbill_cli.suppression.stored import Standing

_BASES = {"consent": "consent", "customer": "existing customer, told of the right to object"}
_ZONES = {"customer": "as the customer said", "country": "that of the country", "operator": "yours: none is known"}


def profile(context: TimelineContext) -> dict[str, Any]:
    """Return the customer's data that decide about surveys, without name and address."""
    customer, place = context.customer, context.place
    if customer is None:
        return {"customer": "unknown, or erased"} | _stands("address", context.address)
    if customer.restricted_at:
        return {
            "customer": customer.id,
            "restricted": f"since {_minute(customer.restricted_at)}: nothing is told of them",
        }
    need, basis = context.policy.legal.need(customer.country), basis_of(customer.attributes, context.now)
    held = f"{_BASES[basis.kind]}, {basis.at:%Y-%m-%d %H:%M} UTC" if basis else "none known"
    lines = {
        "customer": f"{customer.id}, of a test survey" if customer.forget_at else customer.id,
        "time zone": f"{place.zone.key}, {_ZONES[place.why]}",
        "country": customer.country or "unknown",
        "language": customer.locale or "unknown",
        "legal basis": f"{held}; {'nothing' if need is Need.NOTHING else need} is needed",
        "last asked": _minute(customer.last_asked_at),
    }
    lines |= {"phone": "known"} | _stands("phone", context.number) if customer.phone else {}
    lines |= {"last seen": _minute(customer.last_seen_at)} if customer.last_seen_at else {}
    lines |= {"taken back": _minute(customer.last_adverse_at)} if customer.last_adverse_at else {}
    lines |= {"not written to": customer.suppressed} if customer.suppressed else {}
    lines |= {"deleted": "says the billing system"} if customer.deleted else {}
    lines |= {"attributes": "too many were sent: the newest are kept"} if customer.crowded else {}
    lines |= _stands("address", context.address) | _subscribed(customer.subscriptions, context.now)
    lines |= {"when seen": ", ".join(sorted(customer.when_seen))} if customer.when_seen else {}
    return lines | _waiting(customer.waiting)


def _stands(name: str, standing: Standing) -> dict[str, str]:
    """Tell what is known of an address or a number, whoever's it is: this customer's, and that of all who share it."""
    asked_at, reason = standing.recipient.last_asked_at, standing.recipient.suppressed
    told = [f"asked {_minute(asked_at)}"] if asked_at else []
    told += [f"suppressed{since(standing)}: {reason}"] if reason else []
    lifts = [lift_line(one).removeprefix("Lifted ") for one in standing.lifts]
    return ({name: ", ".join(told)} if told else {}) | ({f"{name} lifted": "; ".join(lifts)} if lifts else {})


def _subscribed(subscriptions: Mapping[str, Subscription], now: datetime) -> dict[str, str]:
    told = [f"{id_} {_state(id_, one, now)}" for id_, one in subscriptions.items()]
    return {"subscriptions": ", ".join(told)} if told else {}


def _state(id_: str, one: Subscription, now: datetime) -> str:
    if one.leaving and one.ended_at:
        return f"(ending since {_minute(one.ended_at)})"
    if one.over and one.expired_at:
        return f"(ended as planned, {_minute(one.expired_at)})"
    if not stays({id_: one}, "", now):
        return f"(not heard of since {_minute(one.heard_at)})"
    taken_back = one.ended_at is not None and one.running_at is not None
    return f"(running: its end was taken back {_minute(one.running_at)})" if taken_back else "(running)"


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"


def _waiting(waiting: Mapping[str, Any]) -> dict[str, str]:
    return {"waiting": ", ".join(f"{id_} (priority {one.priority})" for id_, one in waiting.items())} if waiting else {}
