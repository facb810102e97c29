"""One delivery: what sending needs, what it comes to, and the steps that surveys and what follows them share."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.customer import NOBODY, Customer, Recipient, prolong
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Deferral, Invitation, SkipReason
from afterbill.model.messages import Accepted, Deferred, Mail, Receipt, Rejected
from afterbill.outreach.caps import Cap, caps_of
from afterbill.outreach.eligibility import Verdict, postponed
from afterbill.outreach.first_skips import FirstSkips
from afterbill.outreach.policy import Policy, Rule, Situation
from afterbill.outreach.ports import MAX_DELAY, Caps, Invitations, Mailer, SendingStatus, SendQueue, Timer
from afterbill.outreach.quota_gate import Gate, closed
from afterbill.outreach.sending_window import moment_in
from afterbill.outreach.text_messages import Texting

FIRST = 1
"""The delivery number of the survey itself."""

PAUSE_CHECKED_AFTER = timedelta(minutes=15)
"""After this long a message looks again whether sending goes on."""


class Outcome(StrEnum):
    """The result of looking at one due survey."""

    SENT = "sent"
    TEST_SENT = "test_sent"
    SENT_ANOTHER_WAY = "sent_another_way"
    REMINDED = "reminded"
    NOT_REMINDED = "not_reminded"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    HALTED = "halted"
    NOT_PENDING = "not_pending"
    EARLY = "early"
    THROTTLED = "throttled"
    PAUSED = "paused"
    QUOTA_USED_UP = "quota_used_up"
    REJECTED = "rejected"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SendResult:
    """The outcome, with the reason where nothing went out."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SendDeps:
    """The dependencies of sending; `compose` is pure, `day_of` gives the operator's local day of an instant.

    `address_problem` says why mail to an address is pointless, None where it is not. Without `texting` nobody gets a
    text message.
    """

    invitations: Invitations
    caps: Caps
    status: SendingStatus
    timer: Timer
    queue: SendQueue
    mailer: Mailer[Mail]
    policy: Policy
    compose: Callable[[Invitation, Customer], Mail]
    address_problem: Callable[[str], SkipReason | None]
    day_of: Callable[[datetime], str]
    new_id: Callable[[], str]
    first_skips: FirstSkips
    texting: Texting | None = None

    def rule(self, invitation: Invitation) -> Rule:
        """The rule of its touchpoint as configured today."""
        return self.policy.rules[Touchpoint(invitation.touchpoint)]

    def judge(
        self,
        recheck: Callable[[Invitation, Situation, Policy, datetime], Verdict],
        invitation: Invitation,
        now: datetime,
    ) -> tuple[Verdict, Customer | None, Recipient]:
        """Return the verdict of `recheck`, customer and address; a number's opt-out is read last, for an SMS."""
        situation = self._situation(invitation)
        verdict, customer = recheck(invitation, situation, self.policy, now), situation.customer
        if verdict is Channel.SMS and customer and self.texting and self.texting.unwanted(customer):
            situation = replace(situation, phone_problem=SkipReason.SUPPRESSED)
            verdict = recheck(invitation, situation, self.policy, now)
        # A test asks nobody: that its address was asked must not keep surveys back.
        return verdict, customer, NOBODY if invitation.test else situation.recipient

    def reached(self, channel: Channel, customer: Customer) -> tuple[str, ...]:
        """Return the keyed hash of the address or number that a channel reaches this customer at."""
        if channel is Channel.SMS and self.texting:
            return (self.texting.number_hash(customer),)
        return (customer.address_hash,) if customer.address_hash else ()

    def _situation(self, invitation: Invitation) -> Situation:
        situation = self.invitations.situation(invitation)
        customer = situation.customer
        if customer is None:
            return situation
        address = self.address_problem(customer.address) if customer.address else None
        phone = self.texting.problem(customer) if self.texting else SkipReason.NO_PHONE
        return replace(situation, address_problem=address, phone_problem=phone)

    def write(self, invitation: Invitation, customer: Customer) -> Callable[[], Receipt]:
        """Compose the message for its channel, and return the call that hands it over."""
        if invitation.channel == Channel.IN_APP:
            return lambda: Accepted("")  # the product asks for it: customer.offered
        if invitation.channel == Channel.SMS and self.texting:
            sms = self.texting.write(invitation, customer)
            return partial(self.texting.mailer.send, sms)
        mail = self.compose(invitation, customer)
        return partial(self.mailer.send, mail)

    def record_opt_out(self, reason: str, channel: Channel, customer: Customer, now: datetime) -> None:
        """Suppress a number that was rejected as opted out. Call it after the release, so that a failure is retried."""
        if channel is Channel.SMS and self.texting:
            self.texting.record_opt_out(reason, customer, now)

    def caps_on(self, invitation: Invitation, now: datetime, *, quota: int) -> tuple[Cap, ...]:
        """Return the caps that one more message counts against; none for a test, or inside the product."""
        if invitation.channel == Channel.IN_APP or invitation.test:
            return ()
        zone = ZoneInfo(self.policy.time_zone)
        return caps_of(invitation.touchpoint, quota, self.policy.sending, zone, now)


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One delivery of an invitation whose time has come, to this customer."""

    invitation: Invitation
    customer: Customer
    number: int
    recipient: Recipient = NOBODY

    @property
    def key(self) -> str:
        """What spreads its waits: another one for each."""
        return f"{self.invitation.id}-{self.invitation.generation}"


def require_customer(customer: Customer | None) -> Customer:
    """Return the customer; raises ValueError for None, which a check without objection never leaves."""
    if customer is None:
        message = "no survey goes out to nobody"
        raise ValueError(message)
    return customer


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The receipt for a message, and the caps under which it is counted."""

    receipt: Receipt
    caps: tuple[Cap, ...]


def deliver(
    attempt: DeliveryAttempt, claimed: Invitation, deps: SendDeps, now: datetime
) -> HandedOver | SendResult | SkipReason:
    """Compose the message, count it, claim, hand over once.

    Nothing is claimed where sending is paused, deferred by a cap or a gate (SendResult), or too late after it
    (SkipReason).
    Raises TransientError when somebody else was faster.
    """
    if paused := _if_paused(attempt, deps):
        return paused
    gate = deps.status.gate(claimed.channel)
    if gate and now < gate.until:
        return _behind(gate, attempt, deps, now)
    # Before anything is counted: what cannot be written uses up no cap, however often it is tried.
    hand_over = deps.write(claimed, attempt.customer)
    caps = deps.caps_on(claimed, now, quota=deps.rule(claimed).quota if attempt.number == FIRST else 0)
    if held := _take_caps(attempt, caps, deps, now):
        return held
    with _caps_returned_on_error(caps, deps):
        # Last of all: what goes no further for another reason does not keep the gate shut for others.
        probes, faster = _probe(claimed.channel, gate, deps, now)
    if faster:
        deps.caps.give_back(caps)
        return _behind(faster, attempt, deps, now)
    with _caps_returned_on_error(caps, deps), _left_on_error(claimed.channel, probes, deps, now):
        if not _claim(attempt, claimed, deps, now):
            raise TransientError(f"invitation {claimed.id} changed while it was claimed: it is looked at again")
    receipt = hand_over()
    if isinstance(receipt, Deferred | Rejected):
        _leave(claimed.channel, probes, deps, now)
    return HandedOver(receipt, caps)


def _claim(attempt: DeliveryAttempt, claimed: Invitation, deps: SendDeps, now: datetime) -> bool:
    table = deps.invitations
    if attempt.number == FIRST:
        customer = prolong(attempt.customer, deps.policy.retention.customers, now)
        return table.claim(claimed, customer, attempt.recipient)
    if claimed.reminded_at:
        return table.claim_reminder(claimed, attempt.customer)
    return table.claim_follow_up(claimed, attempt.customer)


def _if_paused(attempt: DeliveryAttempt, deps: SendDeps) -> SendResult | None:
    """Return HALTED where an operator or the circuit breaker stopped all sending, and look again later."""
    reason = deps.status.pause_reason()
    if not reason:
        return None
    # Meanwhile no sweep queues what is overdue: there is never more than one message of it.
    deps.queue.put(attempt.invitation.id, attempt.number, PAUSE_CHECKED_AFTER)
    return SendResult(Outcome.HALTED, reason)


def _take_caps(
    attempt: DeliveryAttempt, caps: Sequence[Cap], deps: SendDeps, now: datetime
) -> SendResult | SkipReason | None:
    """Count the message under all caps (None), or put it off; a SkipReason where it would then be too late."""
    used_up = deps.caps.take(caps) if caps else None
    if used_up is None:
        return None
    # In the hour after the cap ends, so that what waits for it does not go out all at once.
    hour = (used_up.until, used_up.until + timedelta(hours=1))
    return _put_off(attempt, Deferral(now, used_up.reason, moment_in(hour, attempt.key, timedelta(0))), deps, now)


def _behind(gate: Gate, attempt: DeliveryAttempt, deps: SendDeps, now: datetime) -> SendResult | SkipReason:
    """Put the message off while the quota of its channel is used up."""
    return _put_off(attempt, Deferral(now, SkipReason.SERVICE_QUOTA, gate.back_at(attempt.key)), deps, now)


def _probe(channel: str, gate: Gate | None, deps: SendDeps, now: datetime) -> tuple[Gate | None, Gate | None]:
    """Return the gate that this message probes, if its time is over, or the one that a faster sender shut again."""
    if gate is None or deps.status.probe(channel, gate, gate.probed(now)):
        return gate, None
    faster = deps.status.gate(channel)
    return None, faster if faster and now < faster.until else None


def _leave(channel: str, probed: Gate | None, deps: SendDeps, now: datetime) -> None:
    """Leave the probe to the next message where this one told nothing of the quota; at worst that one waits longer.

    After silence the gate stays shut: another message would be as uncertain.
    """
    if probed:
        with suppress(TransientError):
            deps.status.probe(channel, probed.probed(now), probed)


@contextmanager
def _left_on_error(channel: str, probed: Gate | None, deps: SendDeps, now: datetime) -> Iterator[None]:
    try:
        yield
    except Exception:
        _leave(channel, probed, deps, now)
        raise


def close_gate(channel: str, deps: SendDeps, now: datetime) -> None:
    """Tell all senders that the quota of this channel is used up. Call it after the release of the claim."""
    deps.status.close(channel, closed(deps.status.gate(channel), now))


def open_gate(channel: str, deps: SendDeps) -> None:
    """Tell all senders that the service takes messages again, if this one was a probe."""
    if gate := deps.status.gate(channel):
        deps.status.open(channel, gate)


def _put_off(attempt: DeliveryAttempt, wait: Deferral, deps: SendDeps, now: datetime) -> SendResult | SkipReason:
    good = postponed(attempt.invitation, attempt.customer, deps.policy, wait)
    return defer(attempt, good, deps, now) if isinstance(good, Deferral) else good


@contextmanager
def _caps_returned_on_error(caps: Sequence[Cap], deps: SendDeps) -> Iterator[None]:
    """Give the caps back where a service does not answer: this attempt sends nothing any more."""
    try:
        yield
    except TransientError:
        deps.caps.give_back(caps)
        raise


def defer(attempt: DeliveryAttempt, wait: Deferral, deps: SendDeps, now: datetime) -> SendResult:
    """Store the wait, then set the timer; a crash in between is healed when the message comes again."""
    waiting = attempt.invitation.defer(wait)
    if not deps.invitations.defer(waiting, attempt.customer):
        message = f"invitation {waiting.id} changed while it was put off: it is looked at again"
        raise TransientError(message)
    schedule_check(waiting, attempt.number, wait.until, deps, now)
    return SendResult(Outcome.DEFERRED, wait.reason)


def schedule_check(invitation: Invitation, number: int, moment: datetime, deps: SendDeps, now: datetime) -> None:
    """Schedule the next look at this delivery, or its next try where the timer cannot be set; harmless to repeat."""
    if not scheduled(invitation, number, moment, deps, now):
        deps.queue.put(invitation.id, number, MAX_DELAY)


def scheduled(invitation: Invitation, number: int, moment: datetime, deps: SendDeps, now: datetime) -> bool:
    """Return whether a message of this delivery will come at `moment`: no survey that is due waits for Scheduler."""
    if moment - now <= MAX_DELAY:
        deps.queue.put(invitation.id, number, max(moment - now, timedelta(0)))
        return True
    try:
        deps.timer.at(invitation, number, moment)
    except TransientError:
        return False
    return True
