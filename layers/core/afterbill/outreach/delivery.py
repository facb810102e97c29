"""What sending needs, what it comes to, and the steps that surveys and reminders share."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation, SkipReason, Wait
from afterbill.model.messages import Accepted, Mail, Receipt
from afterbill.outreach.caps import Limit, limits_of
from afterbill.outreach.delay import MAX_DELAY
from afterbill.outreach.eligibility import Verdict, postponed
from afterbill.outreach.policy import Policy, Rule, Situation
from afterbill.outreach.ports import Halts, Invitations, Limits, Mailer, SendQueue, Timer
from afterbill.outreach.sending_window import moment_in
from afterbill.outreach.text_messages import Texting

HALTED_FOR = timedelta(minutes=15)
"""After this long a message looks again whether sending goes on."""


class Outcome(StrEnum):
    """What became of one due survey."""

    SENT = "sent"
    SENT_ANOTHER_WAY = "sent_another_way"
    REMINDED = "reminded"
    NOT_REMINDED = "not_reminded"
    SKIPPED = "skipped"
    PUT_OFF = "put_off"
    HALTED = "halted"
    NOT_PENDING = "not_pending"
    EARLY = "early"
    THROTTLED = "throttled"
    PAUSED = "paused"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome, with the reason where nothing went out."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """What sending needs; `compose` is pure, `day_of` gives the operator's local day of an instant.

    `address_problem` says why mail to an address is pointless, None where it is not. Without `texting` nobody gets a
    text message.
    """

    invitations: Invitations
    limits: Limits
    halts: Halts
    timer: Timer
    queue: SendQueue
    mailer: Mailer[Mail]
    policy: Policy
    compose: Callable[[Invitation, Customer], Mail]
    address_problem: Callable[[str], SkipReason | None]
    day_of: Callable[[datetime], str]
    new_id: Callable[[], str]
    texting: Texting | None = None

    def rule(self, invitation: Invitation) -> Rule:
        """How its touchpoint is treated today."""
        return self.policy.rules[Touchpoint(invitation.touchpoint)]

    def judge(
        self,
        recheck: Callable[[Invitation, Situation, Policy, datetime], Verdict],
        invitation: Invitation,
        now: datetime,
    ) -> tuple[Verdict, Customer | None]:
        """What `recheck` says of all that decides about it now; who wants no text message is asked after last."""
        situation = self._situation(invitation)
        verdict, customer = recheck(invitation, situation, self.policy, now), situation.customer
        if verdict is Channel.SMS and customer and self.texting and self.texting.unwanted(customer):
            situation = replace(situation, phone_problem=SkipReason.SUPPRESSED)
            verdict = recheck(invitation, situation, self.policy, now)
        return verdict, customer

    def _situation(self, invitation: Invitation) -> Situation:
        found = self.invitations.situation(invitation)
        customer = found.customer
        if customer is None:
            return found
        address = self.address_problem(customer.address) if customer.address else None
        phone = self.texting.problem(customer) if self.texting else SkipReason.NO_PHONE
        return replace(found, address_problem=address, phone_problem=phone)

    def write(self, invitation: Invitation, customer: Customer) -> Callable[[], Receipt]:
        """Compose what goes out by its channel; calling what is returned hands it over, once."""
        if invitation.channel == Channel.IN_APP:
            return lambda: Accepted("")  # the product asks for it: customer.offered
        if invitation.channel == Channel.SMS and self.texting:
            sms = self.texting.write(invitation, customer)
            return partial(self.texting.mailer.send, sms)
        mail = self.compose(invitation, customer)
        return partial(self.mailer.send, mail)

    def heed(self, reason: str, channel: Channel, customer: Customer, now: datetime) -> None:
        """Hear the objection that may be in a rejection; only what was released before is tried again if it fails."""
        if channel is Channel.SMS and self.texting:
            self.texting.heed(reason, customer, now)

    def limits_on(self, invitation: Invitation, now: datetime, *, quota: int) -> tuple[Limit, ...]:
        """What one more mail or text message counts against; inside the product nothing is sent."""
        if invitation.channel == Channel.IN_APP:
            return ()
        zone = ZoneInfo(self.policy.time_zone)
        return limits_of(invitation.touchpoint, quota, self.policy.sending, zone, now)


@dataclass(frozen=True, slots=True)
class Turn:
    """One delivery of an invitation whose time has come, to this customer."""

    invitation: Invitation
    customer: Customer
    number: int


def named(customer: Customer | None) -> Customer:
    """The customer that a check without objection has seen."""
    if customer is None:
        message = "no survey goes out to nobody"
        raise ValueError(message)
    return customer


def halted(turn: Turn, sending: Sending) -> Sent | None:
    """The switch that keeps everything from being sent; looked at before anything is written."""
    reason = sending.halts.halted()
    if not reason:
        return None
    # Meanwhile no sweep queues what is overdue: there is never more than one message of it.
    sending.queue.put(turn.invitation.id, turn.number, HALTED_FOR)
    return Sent(Outcome.HALTED, reason)


def hold_back(turn: Turn, limits: Sequence[Limit], sending: Sending, now: datetime) -> Sent | SkipReason | None:
    """Which of the `limits` keeps it from being sent; None once it is counted."""
    used_up = sending.limits.take(limits) if limits else None
    if used_up is None:
        return None
    wait = postponed(turn.invitation, turn.customer, sending.policy, Wait(now, used_up.reason, _spread(turn, used_up)))
    return put_off(turn, wait, sending, now) if isinstance(wait, Wait) else wait


def _spread(turn: Turn, used_up: Limit) -> datetime:
    """Some time in the hour after the limit ends: of all that wait only a few could go out at its end."""
    hour = (used_up.until, used_up.until + timedelta(hours=1))
    return moment_in(hour, f"{turn.invitation.id}-{turn.invitation.generation}", timedelta(0))


@contextmanager
def counted(limits: Sequence[Limit], sending: Sending) -> Iterator[None]:
    """Give back what was counted where a service does not answer: this attempt sends nothing any more."""
    try:
        yield
    except TransientError:
        sending.limits.give_back(limits)
        raise


def put_off(turn: Turn, wait: Wait, sending: Sending, now: datetime) -> Sent:
    """Store the wait, then set the timer; a crash in between is healed when the message comes again."""
    waiting = turn.invitation.put_off(wait)
    if not sending.invitations.put_off(waiting, turn.customer):
        message = f"invitation {waiting.id} changed while it was put off: it is looked at again"
        raise TransientError(message)
    wake(waiting, turn.number, wait.until, sending, now)
    return Sent(Outcome.PUT_OFF, wait.reason)


def wake(invitation: Invitation, number: int, moment: datetime, sending: Sending, now: datetime) -> None:
    """See to it that this delivery is looked at again at `moment`; harmless to repeat."""
    if moment - now <= MAX_DELAY:
        sending.queue.put(invitation.id, number, max(moment - now, timedelta(0)))
    else:
        sending.timer.at(invitation, number, moment)
