"""The timeline of one fact: every decision with its rule, every use of a link."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from afterbill.answers.click_signals import Signal, judge
from afterbill.answers.external import COLLECTED
from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, Deferral, Invitation, SkipReason, State
from afterbill.model.visits import CondensedVisits, Integrity, Kind, Visit
from afterbill.outreach.policy import Policy, Rule
from afterbill.outreach.sending_window import Place
from afterbill.settings.config import written
from afterbill_cli.skip_reasons import why
from afterbill_cli.suppression.stored import Standing

_WAYS: Mapping[str, str] = {
    Channel.MAIL: "mail sent",
    Channel.SMS: "text message sent",
    Channel.IN_APP: "offered inside the product",
}
_HELD = "held back: the subscription's end may be taken back"
_UNTIL_SEEN = "; it goes on as soon as they do"


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the past or the future."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class TimelineContext:
    """Today's policy, the customer with time zone and country, and how their address and number stand."""

    policy: Policy
    customer: Customer | None
    place: Place
    now: datetime
    address: Standing = field(default_factory=Standing)
    number: Standing = field(default_factory=Standing)

    def local(self, at: datetime) -> str:
        """Format a moment in the customer's time zone."""
        return f"{at.astimezone(self.place.zone):%a %d %b %H:%M} {self.place.zone.key}"


def timeline(invitation: Invitation, context: TimelineContext) -> list[Step]:
    """Return the steps of one fact, the oldest first."""
    if invitation.reason == SkipReason.ERASED:
        return [_removed(invitation)]
    if invitation.reason == COLLECTED:
        return list(_collected(invitation))
    rule = context.policy.rules[Touchpoint(invitation.touchpoint)]
    steps = [*_captured(invitation, rule, context), *_waited(invitation, context), *_sent(invitation, context)]
    steps += _in_product(invitation, context)
    uses = (Step(at, text) for at, text in visited(invitation, context.policy.integrity))
    return sorted([*steps, *uses, *_ended(invitation, context)], key=lambda step: step.at)


def _removed(invitation: Invitation) -> Step:
    """Return what is left to tell where the person was removed; of all moments no more than the day is kept."""
    counted = [f"sent on {invitation.sent_day}"] if invitation.sent_day else []
    if invitation.answer:
        counted.append(f"answered {invitation.answer.rating} of {invitation.scale.highest}")
    kept = f"what counts: {', '.join(counted)}" if counted else "where an objection by its links goes"
    return Step(invitation.created_at, f"the person was removed, all that is kept is {kept}")


def _collected(invitation: Invitation) -> Iterator[Step]:
    """Yield the steps of an answer that was given elsewhere, without an invitation of ours."""
    if invitation.answered_at and invitation.answer:
        text = f"answered {_answer(invitation, invitation.answer, ', elsewhere')}"
        yield Step(invitation.answered_at, f"{text}: {invitation.touchpoint} of source {invitation.source}")
    yield Step(invitation.created_at, f"kept: told by {invitation.channel}, counts on {invitation.answered_day}")


def _captured(invitation: Invitation, rule: Rule, context: TimelineContext) -> Iterator[Step]:
    named = ", ".join(f"{kind} {id_}" for kind, id_ in invitation.objects.items())
    text = f"fact: {invitation.touchpoint} of source {invitation.source}: {named}"
    yield Step(invitation.occurred_at, text)
    if invitation.state is State.CLOSED and invitation.closed_at is None:
        reason = SkipReason(invitation.reason)
        yield Step(invitation.created_at, f"decided: skip, {reason}: {why(reason, invitation.touchpoint)}")
    else:
        due = f"{invitation.due_at:%Y-%m-%d %H:%M:%S} UTC, {context.local(invitation.due_at)}"
        delay = "a test" if invitation.test else f"delay {written(rule.delay)}"
        yield Step(invitation.created_at, f"decided: ask, due {due} ({delay})")


def _waited(invitation: Invitation, context: TimelineContext) -> Iterator[Step]:
    for wait in invitation.deferrals:
        reason = _reason(wait, invitation)
        until = f"{wait.until:%Y-%m-%d %H:%M:%S} UTC, {context.local(wait.until)}"
        yield Step(wait.at, f"decided: wait until {until}: {wait.reason}, {reason}")


def _reason(wait: Deferral, invitation: Invitation) -> str:
    if wait.reason is SkipReason.STOPPED:
        return _HELD
    reason, before = why(wait.reason, invitation.touchpoint), invitation.sent_at or wait.until
    return reason + _UNTIL_SEEN * (wait.reason is SkipReason.NOT_SEEN and wait.at < before)


def _sent(invitation: Invitation, context: TimelineContext) -> Iterator[Step]:
    if invitation.claimed_at:
        yield Step(invitation.claimed_at, "claimed for sending; what became of it is not known yet")
    if invitation.sent_at:
        delivery = f"; {invitation.delivery.name.lower()}" if invitation.delivery else ""
        message = f", message {invitation.message_id}" if invitation.message_id else ""
        first = invitation.follow_ups[0].channel if invitation.follow_ups else invitation.channel
        text = f"{_way(first)}, {context.local(invitation.sent_at)}{message}{delivery}"
        yield Step(invitation.sent_at, text)
    for number, follow_up in enumerate(invitation.follow_ups[1:], 2):
        yield Step(
            follow_up.at, f"no answer, delivery {number}: {_way(follow_up.channel)}, {context.local(follow_up.at)}"
        )
    if invitation.reminded_at:
        yield Step(invitation.reminded_at, f"reminder sent, {context.local(invitation.reminded_at)}")
    if invitation.answered_at and invitation.answer:
        yield Step(invitation.answered_at, f"answered {_answer(invitation, invitation.answer)}")


def _in_product(invitation: Invitation, context: TimelineContext) -> Iterator[Step]:
    if invitation.shown_at:
        yield Step(invitation.shown_at, f"shown inside the product, {context.local(invitation.shown_at)}")
    if invitation.dismissed_at:
        yield Step(invitation.dismissed_at, f"dismissed inside the product, {context.local(invitation.dismissed_at)}")


def _answer(invitation: Invitation, answer: Answer, where: str = "") -> str:
    """Describe an answer but for its comment; who was not asked for the permission to be contacted refused nothing."""
    rated = f"{answer.rating} of {invitation.scale.highest}{where}"
    if not answer.confirmed:
        return f"{rated}, unconfirmed: tapped and seen"
    reason = f", reason {answer.reason}" if answer.reason else ""
    return f"{rated}{reason}, {'may be contacted' if answer.contact_ok else 'no permission to be contacted'}"


def _way(channel: str) -> str:
    return _WAYS.get(channel, "asked")


def _ended(invitation: Invitation, context: TimelineContext) -> Iterator[Step]:
    if invitation.closed_at:
        reason = SkipReason(invitation.reason)
        yield Step(invitation.closed_at, f"decided: not sent, {reason}: {why(reason, invitation.touchpoint)}")
    elif invitation.state is State.PENDING:
        ahead = "not asked, unless the customer uses the product until" if invitation.until_seen else "its mail leaves"
        text = "overdue since" if context.now > invitation.ready_at else ahead
        yield Step(max(invitation.ready_at, context.now), f"{text} {context.local(invitation.ready_at)}")


def rule_of(invitation: Invitation, policy: Policy) -> str:
    """The rule that decides about it today, as surveys.toml writes it."""
    rule = policy.rules[Touchpoint(invitation.touchpoint)]
    window = rule.window.name if rule.window else "none"
    return (
        f"[touchpoints.{invitation.touchpoint}] delay {written(rule.delay)}, window {window}, "
        f"cooldown {written(rule.cooldown)}, patience {written(rule.patience)}, priority {rule.priority}, "
        f"channels {' '.join(rule.channels)}, fallback {written(rule.fallback)}, "
        f"sampling {rule.sampling}, quota {rule.quota or 'none'}, reminder {written(rule.reminder)}, "
        f"expiry {written(rule.expiry)}, stops {rule.stops}"
    )


_USES = {
    Kind.OPENED: "opened",
    Kind.PROBED: "asked for by HEAD",
    Kind.AHEAD: "fetched ahead",
    Kind.HIDDEN: "opened",
    Kind.SEEN: "seen for a moment, not sent",
    Kind.MACHINE: "used by a known machine until here",
}
_SIGNALS = {
    Signal.HIDDEN_LINK: "its visitor opened the link that no person sees",
    Signal.SEVERAL_NUMBERS: "its visitor opened more numbers than a person does",
    Signal.HURRIED: "its visitor opened two numbers faster than a person can",
    Signal.SEVERAL_CHOICES: "more numbers were chosen on its page than a person weighs",
    Signal.PROBED: "somebody asked for the head of the same link in the same seconds",
    Signal.BEFORE_DELIVERY: "the mail was not delivered yet",
    Signal.SCANNER: "its program or network is on your list of scanners",
    Signal.KNOWN_MACHINE: "its program was a machine's just before",
    Signal.CROWDED: "so many visits came that those that speak against it may be missing",
}


def visited(invitation: Invitation, integrity: Integrity) -> Iterator[tuple[datetime, str]]:
    """Every use of a link with its moment; of a tap also what speaks against it, by the thresholds of today.

    Uses that are no longer kept are told together.
    """
    for tap in judge(invitation.visits, invitation.delivered_at, integrity):
        yield tap.visit.at, _described(tap.visit) + (f": no answer, {objections(tap.signals)}" if tap.signals else "")
    yield from ((visit.at, _described(visit)) for visit in invitation.visits if visit.kind is not Kind.SEEN)
    yield from ((condensed.since, _told_together(condensed)) for condensed in invitation.condensed)


def objections(signals: tuple[Signal, ...]) -> str:
    """Explain the signals that make a tap no answer."""
    return ", ".join(f"{signal} ({_SIGNALS[signal]})" for signal in signals)


def _told_together(condensed: CondensedVisits) -> str:
    uses = f"{condensed.visits} uses of links by {condensed.programs} programs, until {condensed.until:%d %b %H:%M} UTC"
    why_not = f": no answer, {condensed.signals.replace(' ', ', ')}" if condensed.signals else ""
    return f"{uses}, no longer kept{why_not}"


def _described(visit: Visit) -> str:
    if visit.kind is Kind.GAP:
        return "until here so many programs used the links that not every use was kept"
    unnumbered = visit.rating is None or visit.kind is Kind.MACHINE
    link = "hidden link" if visit.kind is Kind.HIDDEN else "link" if unnumbered else f"{visit.rating}"
    who = f"network {visit.network or 'unknown'}, {visit.family or 'unknown program'}"
    return f"{link} {_USES[visit.kind]} ({who})"
