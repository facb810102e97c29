"""The rules of surveys.toml, and what they make of a fact as it is captured: an invitation, and a changed customer."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from afterbill.insight.reports.asked import ReportRules
from afterbill.model.billing import REVERSALS, UNTIL_THEN, BillingEvent, Touchpoint
from afterbill.model.campaigns import CAMPAIGNS, Campaign
from afterbill.model.channels import Channel, InProduct, SmsPolicy
from afterbill.model.consent import Legal, Need
from afterbill.model.customer import NOBODY, Customer, Recipient, Suppression, Waiting, await_survey
from afterbill.model.invitation import Deferral, Invitation, SkipReason, State
from afterbill.model.questions import Question
from afterbill.model.retention import Retention
from afterbill.model.subscriptions import recurring_of, stays, subscription_of
from afterbill.model.survey_tests import SEND_TEST, SurveyTests
from afterbill.model.visits import Integrity
from afterbill.model.webhooks import Source
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.fact_segments import declared, fact_segments
from afterbill.outreach.sending_window import Almanac, Place, SendingWindow, moment_in, next_opening, place_of

LATE_FACT_GRACE = timedelta(hours=1)
"""A fact that arrives late waits up to this long, so that a refund or an address queued behind it is seen first."""

LEAVING = timedelta(minutes=20)
"""Left at the end of a window for a mail to get out: the timer's flexible window, and a queue that is busy."""


_EVER = datetime.min.replace(tzinfo=UTC)
_OWN = {CAMPAIGNS: Source(CAMPAIGNS, CAMPAIGNS), SEND_TEST: Source(SEND_TEST, "send_test")}
"""The sources of our own messages: each has a connector that no configured source can name."""


class Stops(StrEnum):
    """The facts that a touchpoint takes back: all earlier ones of its customer, those of its payment, or none.

    SUBSCRIPTION: those of the subscription that ends, and what names none once its customer has no other subscription.
    """

    CUSTOMER = "customer"
    SUBSCRIPTION = "subscription"
    PAYMENT = "payment"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of one touchpoint; surveys.toml documents each key."""

    ask: bool
    stage: str
    delay: timedelta
    sampling: float
    priority: int
    channels: tuple[Channel, ...]
    cooldown: timedelta
    expiry: timedelta
    patience: timedelta
    paid_only: bool
    stops: Stops
    window: SendingWindow | None = None
    reminder: timedelta = timedelta(0)
    quota: int = 0
    question: Question = Question.NPS
    reasons: tuple[str, ...] = ()
    seen_within: timedelta = timedelta(0)
    fallback: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole of surveys.toml; `time_zone` is the operator's, in which days and months are cut.

    `segments` are declared dimensions, each with the attribute that holds its value; that of `reports_account` names
    the account of a customer.
    """

    time_zone: str
    rules: Mapping[Touchpoint, Rule]
    sources: Mapping[str, Source]
    legal: Legal = field(default_factory=lambda: Legal(Need.NOTHING))
    sending: SendingCaps = field(default_factory=SendingCaps)
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    almanac: Almanac = field(default_factory=lambda: Almanac({}, {}, {}, 0))
    integrity: Integrity = field(default_factory=Integrity)
    sms: SmsPolicy = field(default_factory=SmsPolicy)
    in_product: InProduct = field(default_factory=InProduct)
    links: Mapping[str, Touchpoint] = field(default_factory=dict)
    test: SurveyTests = field(default_factory=SurveyTests)
    retention: Retention = field(default_factory=Retention)
    segments: Mapping[str, str] = field(default_factory=dict)
    reports_account: str = ""
    reports: ReportRules = field(default_factory=ReportRules)

    def source(self, name: str) -> Source | None:
        """Return the source of this name: a configured endpoint or one of our own; None for any other."""
        return _OWN.get(name) or self.sources.get(name)

    def place(self, customer: Customer | None) -> Place:
        """Return where this customer lives: by their zone, else their country, else where the operator is."""
        zone_and_country = (customer.time_zone, customer.country) if customer else (None, None)
        return place_of(*zone_and_country, self.almanac, self.time_zone)


@dataclass(frozen=True, slots=True)
class Situation:
    """The customer and what else is known when a decision is made.

    `stopped`: its payment was taken back or its order cancelled; `recipient`: their address; `address_problem`: why
    mail to it is pointless, and `phone_problem` the same for text messages to the number.
    """

    customer: Customer | None
    stopped: bool = False
    address_problem: SkipReason | None = None
    phone_problem: SkipReason | None = None
    recipient: Recipient = NOBODY


@dataclass(frozen=True, slots=True)
class Decision:
    """The invitation to store, closed where nobody is to be asked, and the customer as they will be."""

    invitation: Invitation
    customer: Customer | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The time to ask: `due_at`, or if that is no good moment, the end of `wait`."""

    due_at: datetime
    wait: Deferral | None = None


def decide(event: BillingEvent, source: Source, situation: Situation, policy: Policy, now: datetime) -> Decision:
    """Decide about one fact as it is captured; everything is checked again when the survey is due.

    What may still be learned until then (an address, a legal basis) is checked only then.
    """
    rule = policy.rules[_touchpoint(event)]
    customer = take_back(event, rule, situation.customer, now)
    reason = _reason_to_skip(event, rule, source, situation, now)
    plan = reason or _schedule(event, rule, (customer, situation.recipient), policy, now)
    invitation = planned(event, policy, customer, plan, now)
    return Decision(invitation, _await(customer, rule, invitation, now))


def take_back(event: BillingEvent, rule: Rule, customer: Customer | None, now: datetime) -> Customer | None:
    """Return the customer after this event, which may take back every earlier fact of theirs.

    The end of a subscription may be taken back itself, so its moment is not noted here: `held` tells what it stops.
    """
    if customer is None or rule.stops is Stops.NOTHING or rule.stops is Stops.PAYMENT:
        return customer
    if ending := _ending(event):
        stands = not no_farewell(event.fact, ending, customer, now)
        return replace(customer, waiting=_not_stopped(customer)) if stands else customer
    # A sender's clock that runs ahead must not stop what has not happened yet.
    at = max(filter(None, (customer.last_adverse_at, min(event.occurred_at, now))))
    if at == customer.last_adverse_at:
        return customer
    return replace(customer, last_adverse_at=at, waiting=_not_stopped(customer))


def _ending(event: BillingEvent) -> str:
    """Return the id of the subscription whose end this is, empty for any other event."""
    return subscription_of(event) if event.touchpoint is Touchpoint.CANCELLED else ""


def _not_stopped(customer: Customer) -> Mapping[str, Waiting]:
    """Return the surveys that the customer still waits for: what is stopped must not keep others waiting."""
    return {id_: survey for id_, survey in customer.waiting.items() if not survey.stoppable}


def failed_since(touchpoint: str | None, occurred_at: datetime, failed_at: datetime | None) -> bool:
    """Return whether a payment failed, or its order was cancelled, after this fact; failures are no such facts."""
    stands = touchpoint in UNTIL_THEN or touchpoint == Touchpoint.PAYMENT_FAILED
    return failed_at is not None and failed_at >= occurred_at and not stands


def held(invitation: Invitation, customer: Customer, stops: Stops, now: datetime) -> bool:
    """Return whether the end of a subscription stops a survey, as long as nobody takes it back.

    `stops` is that of `cancelled`. Who has another subscription left is not leaving.
    """
    about = invitation.objects.get("subscription", "")
    ends = {
        id_: one
        for id_, one in customer.subscriptions.items()
        if one.leaving and one.announced_at and one.announced_at >= invitation.known_since
    }
    match stops:
        case Stops.SUBSCRIPTION:
            leaves = not about and any(not stays(customer.subscriptions, id_, now) for id_ in ends)
            return invitation.stoppable and (about in ends or leaves)
        case Stops.CUSTOMER:
            return invitation.stoppable and bool(ends)
        case _:
            return False


def no_farewell(fact: str, ending: str, customer: Customer, now: datetime) -> SkipReason | None:
    """Return why the end of a subscription is not asked about, or None: it was taken back, or another one is left."""
    subscription = customer.subscriptions.get(ending)
    if subscription and (not subscription.leaving or subscription.farewell != fact):
        return SkipReason.WITHDRAWN
    return SkipReason.STILL_SUBSCRIBED if stays(customer.subscriptions, ending, now) else None


def planned(
    event: BillingEvent, policy: Policy, customer: Customer | None, plan: Schedule | SkipReason, now: datetime
) -> Invitation:
    """Return the invitation as planned: pending, or closed at once."""
    touchpoint = _touchpoint(event)
    rule = policy.rules[touchpoint]
    skipped, wait = (plan, None) if isinstance(plan, SkipReason) else ("", plan.wait)
    return Invitation(
        id=event.invitation_id,
        fact=event.fact,
        customer_id=customer.id if customer else "",
        address_hashes=(customer.address_hash,) if customer and customer.address_hash else (),
        touchpoint=touchpoint.value,
        stage=rule.stage,
        source=event.source,
        channel=rule.channels[0],
        locale=(customer.locale if customer else "") or "",
        created_at=now,
        occurred_at=event.occurred_at,
        due_at=now if isinstance(plan, SkipReason) else plan.due_at,
        expiry=rule.expiry,
        cooldown=rule.cooldown,
        patience=rule.patience,
        money=event.money,
        recurring=recurring_of(event, customer.subscriptions if customer else {}),
        reported_reason=event.reported_reason,
        reported_comment=event.reported_comment,
        reported_at=event.occurred_at if event.reported_reason or event.reported_comment else None,
        segments=fact_segments(event, rule, customer, declared(policy)),
        # Who it was is known by the customer's name at the source: items stay small.
        objects={kind: id_ for kind, id_ in event.objects.items() if kind != "customer"},
        products=event.products,
        stoppable=stoppable(event.touchpoint, rule),
        deferred_until=wait.until if wait else None,
        deferrals=(wait,) if wait else (),
        state=State.CLOSED if skipped else State.PENDING,
        reason=skipped,
    )


def _await(customer: Customer | None, rule: Rule, invitation: Invitation, now: datetime) -> Customer | None:
    """Return the customer as they wait for this survey too, where a cooldown lets surveys compete."""
    if customer is None or not rule.cooldown or invitation.state is not State.PENDING:
        return customer
    survey = Waiting(rule.priority, invitation.ready_at, invitation.patient_until, invitation.stoppable)
    return replace(customer, waiting=await_survey(customer.waiting, invitation.id, survey, now))


def _reason_to_skip(
    event: BillingEvent, rule: Rule, source: Source, situation: Situation, now: datetime
) -> SkipReason | None:
    """Return the first reason not to ask, or None."""
    customer = situation.customer
    reason = (
        _not_wanted(event, rule, source)
        or unreachable(situation, rule.channels)
        or _taken_back(event, rule, situation, now)
        or _farewell(event, customer, now)
        or _late(event, rule, now)
    )
    if reason is None and customer and not sampled(customer.id, str(event.touchpoint), rule.sampling):
        return SkipReason.NOT_SAMPLED
    return reason


def _schedule(
    event: BillingEvent, rule: Rule, whom: tuple[Customer | None, Recipient], policy: Policy, now: datetime
) -> Schedule | SkipReason:
    customer, recipient = whom
    due_at = due(event.occurred_at, rule, now)
    free_at = cooled(customer, recipient, rule.cooldown)
    start, why = (due_at, SkipReason.WINDOW) if free_at <= due_at else (free_at, SkipReason.COOLDOWN)
    moment = good_moment(
        (start, due_at + rule.patience), timing(rule, rule.channels), event.invitation_id, policy, customer
    )
    if moment is None:
        return why
    return Schedule(due_at, Deferral(now, why, moment) if moment > due_at else None)


def cooled(customer: Customer | None, recipient: Recipient, cooldown: timedelta) -> datetime:
    """Return when the cooldown of this customer and their address ends; long ago if neither was ever asked."""
    asked_at = asked_last(customer, recipient)
    return asked_at + cooldown if asked_at else _EVER


def asked_last(customer: Customer | None, recipient: Recipient) -> datetime | None:
    """Return when this customer was last asked, or anybody at their address."""
    mine, theirs = customer.last_asked_at if customer else None, recipient.last_asked_at
    return max(mine, theirs) if mine and theirs else mine or theirs


def good_moment(
    between: tuple[datetime, datetime], rule: Rule, key: str, policy: Policy, customer: Customer | None
) -> datetime | None:
    """Return a moment in the first opening `between` two instants, spread over it by `key`; None without an opening."""
    start, latest = between
    if start > latest:
        return None
    if rule.window is None:
        return start
    opening = next_opening(rule.window, policy.place(customer), policy.almanac, start)
    if opening is None or opening[0] > latest:
        return None
    return moment_in((opening[0], min(opening[1], latest)), key, LEAVING)


def timing(rule: Rule, channels: tuple[Channel, ...]) -> Rule:
    """Return the rule without its window if the product is among the channels: there every hour is a good one."""
    return replace(rule, window=None) if Channel.IN_APP in channels else rule


def unreachable(situation: Situation, channels: tuple[Channel, ...]) -> SkipReason | None:
    """Return why no channel is open to this customer, or None. An address may still be learned until it is due."""
    customer = situation.customer
    if customer is None:
        return SkipReason.NO_CUSTOMER
    if customer.restricted_at:
        return SkipReason.RESTRICTED
    if customer.deleted:
        return SkipReason.CUSTOMER_DELETED
    reason = customer.suppressed or situation.recipient.suppressed
    # A bounce is about an address: who can be asked another way still is.
    closed = reason and (reason is not Suppression.BOUNCED or channels == (Channel.MAIL,))
    return SkipReason.SUPPRESSED if closed else None


def due(occurred_at: datetime, rule: Rule, now: datetime) -> datetime:
    """Return the due moment. The delay counts from the fact; a fact from the future counts from now."""
    return max(min(occurred_at, now) + rule.delay, now + min(rule.delay, LATE_FACT_GRACE))


def sampled(customer_id: str, touchpoint: str, share: float) -> bool:
    """Return whether a customer is in a touchpoint's sample: always, or never."""
    if share >= 1:
        return True
    digest = hashlib.sha256(f"{touchpoint}|{customer_id}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def stoppable(touchpoint: Touchpoint | None, rule: Rule) -> bool:
    """Return whether reversals stop this survey. A touchpoint that takes others back is not taken back itself."""
    return touchpoint not in REVERSALS and rule.stops is Stops.NOTHING


def _touchpoint(event: BillingEvent) -> Touchpoint:
    if event.touchpoint is None:
        message = "only a fact is decided about"
        raise ValueError(message)
    return event.touchpoint


def _not_wanted(event: BillingEvent, rule: Rule, source: Source) -> SkipReason | None:
    return SkipReason.TEST_MODE if event.test and not source.test_mode else not_wanted(event, rule)


def not_wanted(event: BillingEvent, rule: Rule) -> SkipReason | None:
    """Return why a touchpoint's rule asks nobody about this fact, or None."""
    if not rule.ask:
        return SkipReason.NOT_ASKED
    paid = event.money is None or event.money.amount > 0
    return None if paid or not rule.paid_only else SkipReason.NOT_PAID


def _farewell(event: BillingEvent, customer: Customer | None, now: datetime) -> SkipReason | None:
    ending = _ending(event)
    return no_farewell(event.fact, ending, customer, now) if customer and ending else None


def _taken_back(event: BillingEvent, rule: Rule, situation: Situation, now: datetime) -> SkipReason | None:
    if not stoppable(event.touchpoint, rule):
        return None
    # A fact that is dated ahead is known since now, and so meets a reversal that is.
    adverse = situation.customer and adverse_since(situation.customer, min(event.occurred_at, now))
    return SkipReason.STOPPED if situation.stopped or adverse else None


def adverse_since(customer: Customer, at: datetime) -> bool:
    """Return whether the customer's facts of that time were taken back."""
    return customer.last_adverse_at is not None and customer.last_adverse_at >= at


def _late(event: BillingEvent, rule: Rule, now: datetime) -> SkipReason | None:
    return SkipReason.EXPIRED if now > event.occurred_at + rule.delay + rule.patience else None
