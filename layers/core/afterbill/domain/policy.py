"""Whom to ask, when, and why not: a pure decision over what is known."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from afterbill.domain.billing import REVERSALS, BillingEvent, Touchpoint
from afterbill.domain.customer import Customer, Pending
from afterbill.domain.invitation import Invitation, SkipReason
from afterbill.domain.webhooks import Source

SETTLING = timedelta(hours=1)
"""A fact that arrives late waits up to this long, so that a refund or an address queued behind it is seen first."""


class Stops(StrEnum):
    """What a touchpoint takes back: every earlier fact of its customer, only its own payment, or nothing."""

    CUSTOMER = "customer"
    PAYMENT = "payment"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one touchpoint is treated; surveys.toml documents each key."""

    ask: bool
    stage: str
    delay: timedelta
    sampling: float
    priority: int
    channel: str
    cooldown: timedelta
    expiry: timedelta
    paid_only: bool
    stops: Stops


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole of surveys.toml; `time_zone` is the operator's, in which days and months are cut."""

    time_zone: str
    rules: Mapping[Touchpoint, Rule]
    sources: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known beside the fact itself; `stopped`: its payment was refunded or disputed."""

    customer: Customer | None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Ask at `due_at`."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """Do not ask, because of `reason`."""

    reason: SkipReason


Decision = Schedule | Skip


def decide(event: BillingEvent, rule: Rule, source: Source, situation: Situation, now: datetime) -> Decision:
    """Decide about one fact as it is captured; everything is checked again when the survey is due."""
    due_at, customer = due(event.occurred_at, rule, now), situation.customer
    reason = (
        _not_wanted(event, rule, source)
        or unreachable(situation)
        or _taken_back(event, rule, situation)
        or _late(event, rule, now)
        or (_left_out(event, rule, customer, due_at) if customer else None)
    )
    return Skip(reason) if reason else Schedule(due_at)


def recheck(invitation: Invitation, situation: Situation, now: datetime) -> SkipReason | None:
    """Why a due invitation must not go out after all, or None."""
    customer = situation.customer
    if customer is None:
        return SkipReason.NO_CUSTOMER
    return (
        unreachable(situation)
        or (None if customer.address else SkipReason.NO_ADDRESS)
        or _taken_back_since(invitation, situation.stopped, customer)
        or (SkipReason.EXPIRED if now > invitation.due_at + invitation.expiry else None)
        or _asked_enough(invitation, customer, now)
    )


def _taken_back_since(invitation: Invitation, stopped: bool, customer: Customer) -> SkipReason | None:  # noqa: FBT001
    adverse = stopped or _adverse_since(customer, invitation.occurred_at)
    return SkipReason.STOPPED if invitation.stoppable and adverse else None


def _asked_enough(invitation: Invitation, customer: Customer, now: datetime) -> SkipReason | None:
    if customer.last_asked_at and now < customer.last_asked_at + invitation.cooldown:
        return SkipReason.COOLDOWN
    pending = customer.pending
    if pending is None or pending.invitation_id == invitation.id:
        return None
    return SkipReason.SUPERSEDED if abs(pending.due_at - invitation.due_at) < invitation.cooldown else None


def unreachable(situation: Situation) -> SkipReason | None:
    """Why nobody can or may be written to, or None. An address may still be learned before the due moment."""
    customer = situation.customer
    if customer is None:
        return SkipReason.NO_CUSTOMER
    if customer.deleted:
        return SkipReason.CUSTOMER_DELETED
    return SkipReason.SUPPRESSED if customer.suppressed else None


def due(occurred_at: datetime, rule: Rule, now: datetime) -> datetime:
    """The delay counts from the fact; a fact from the future counts from now."""
    return max(min(occurred_at, now) + rule.delay, now + min(rule.delay, SETTLING))


def sampled(customer_id: str, touchpoint: str, share: float) -> bool:
    """The same customer is always in or always out of a touchpoint's sample."""
    digest = hashlib.sha256(f"{touchpoint}|{customer_id}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def stoppable(touchpoint: Touchpoint | None, rule: Rule) -> bool:
    """What takes others back is not taken back itself: a cancellation survey replaces the payment's."""
    return touchpoint not in REVERSALS and rule.stops is Stops.NOTHING


def _not_wanted(event: BillingEvent, rule: Rule, source: Source) -> SkipReason | None:
    if event.test and not source.test_mode:
        return SkipReason.TEST_MODE
    if not rule.ask:
        return SkipReason.NOT_ASKED
    paid = event.money is None or event.money.amount > 0
    return None if paid or not rule.paid_only else SkipReason.NOT_PAID


def _taken_back(event: BillingEvent, rule: Rule, situation: Situation) -> SkipReason | None:
    if not stoppable(event.touchpoint, rule):
        return None
    adverse = situation.customer and _adverse_since(situation.customer, event.occurred_at)
    return SkipReason.STOPPED if situation.stopped or adverse else None


def _adverse_since(customer: Customer, at: datetime) -> bool:
    return customer.last_adverse_at is not None and customer.last_adverse_at >= at


def _late(event: BillingEvent, rule: Rule, now: datetime) -> SkipReason | None:
    return SkipReason.EXPIRED if now > event.occurred_at + rule.delay + rule.expiry else None


def _left_out(event: BillingEvent, rule: Rule, customer: Customer, due_at: datetime) -> SkipReason | None:
    if not sampled(customer.id, str(event.touchpoint), rule.sampling):
        return SkipReason.NOT_SAMPLED
    if customer.last_asked_at and due_at < customer.last_asked_at + rule.cooldown:
        return SkipReason.COOLDOWN
    return SkipReason.SUPERSEDED if _outranked(rule, customer.pending, due_at) else None


def _outranked(rule: Rule, pending: Pending | None, due_at: datetime) -> bool:
    """Whether a survey that the customer already waits for goes first; one that this event takes back does not."""
    if pending is None or (rule.stops is Stops.CUSTOMER and pending.stoppable):
        return False
    return rule.priority <= pending.priority and abs(due_at - pending.due_at) < rule.cooldown
