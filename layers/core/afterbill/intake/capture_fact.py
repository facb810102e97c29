"""Turn one billing event into a fact: learn the customer, decide, commit in one transaction, set the timer."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterbill.intake.capture import Captured, CaptureDeps, Outcome, Sender
from afterbill.intake.identify_customer import Identity, aliases_of, identify
from afterbill.intake.ports import FactQuery, FactSnapshot, FactWrites
from afterbill.model.billing import REVERSALS, BillingEvent, Touchpoint
from afterbill.model.customer import Customer, Waiting, await_survey
from afterbill.model.errors import TransientError
from afterbill.model.invitation import RETENTION, Invitation, State
from afterbill.model.questions import Question
from afterbill.model.segments import segments_of
from afterbill.model.webhooks import Source
from afterbill.outreach.policy import Decision, Policy, Rule, Schedule, Situation, Skip, Stops, decide, stoppable

_TRIES = 5
_TIMER_MINIMUM = timedelta(seconds=15)
"""EventBridge Scheduler works by the minute; what is due sooner goes straight to the send queue."""


def capture_fact(event: BillingEvent, sender: Sender, deps: CaptureDeps, now: datetime) -> Captured:
    """Capture it; safe to repeat after a crash anywhere. Raises TransientError when a service did not answer."""
    source = sender.source
    event = _marked(event, source)
    if _idle_test(event, source) and event.touchpoint is None:
        return Captured(Outcome.IGNORED)
    asked = False
    for _ in range(_TRIES):
        known = _look_up(event, source, deps)
        if not asked and _nameless(event, sender, known, deps.policy):
            event, asked = _ask_who(event, sender), True
            continue
        change, invitation = _plan(event, source, known, deps.policy, now)
        if change.empty or deps.facts.commit(change):
            return _conclude(change, invitation, deps, now)
    message = f"event {event.event_id} kept meeting others at the same items: it is retried from the inbox"
    raise TransientError(message)


def _marked(event: BillingEvent, source: Source) -> BillingEvent:
    return replace(event, test=True) if source.sandbox and not event.test else event


def _idle_test(event: BillingEvent, source: Source) -> bool:
    """A test-mode fact is accounted for, but teaches nothing about real customers and stops nothing."""
    return event.test and not source.test_mode


@dataclass(frozen=True, slots=True)
class _Known:
    """What the table knows of an event, and of whom it is about."""

    found: FactSnapshot
    identity: Identity


def _look_up(event: BillingEvent, source: Source, deps: CaptureDeps) -> _Known:
    address = event.customer.address
    found = deps.facts.look_up(
        FactQuery(
            invitation_id=event.invitation_id if event.touchpoint else "",
            aliases=aliases_of(event, deps.hash_address),
            links=event.links,
            address_hash=deps.hash_address(address) if address else None,
            event=_receipt(event),
        )
    )
    if _idle_test(event, source):
        return _Known(found, Identity(None))
    return _Known(found, identify(event, found, deps.facts, deps.hash_address, deps.new_id))


def _receipt(event: BillingEvent) -> tuple[str, str] | None:
    """Under what an operator finds the fact that an event was about."""
    return (event.event_id, event.source) if event.touchpoint and event.event_id else None


def _nameless(event: BillingEvent, sender: Sender, known: _Known, policy: Policy) -> bool:
    """Whether only the provider's API knows whom a new fact is about, and somebody wants to know."""
    if event.touchpoint is None or known.found.invitation or _idle_test(event, sender.source):
        return False
    if sender.provider.find_customer is None or sender.call is None:
        return False
    rule, customer = policy.rules[event.touchpoint], known.identity.customer
    return not (customer and customer.address) and (rule.ask or rule.stops is Stops.CUSTOMER)


def _ask_who(event: BillingEvent, sender: Sender) -> BillingEvent:
    find_customer = sender.provider.find_customer
    return _marked(find_customer(event, sender.source, sender.api), sender.source) if find_customer else event


def _plan(
    event: BillingEvent, source: Source, known: _Known, policy: Policy, now: datetime
) -> tuple[FactWrites, Invitation | None]:
    """What to write, and the invitation to look after (new or met)."""
    found, identity = known.found, known.identity
    if event.touchpoint is None:
        return _lesson(event, identity, found, now), None
    rule = policy.rules[event.touchpoint]
    customer = _take_back(event, rule, identity.customer, now)
    invitation = found.invitation
    if invitation is None:
        stopped = bool(found.stopped_by - {event.invitation_id})
        decision = decide(event, source, Situation(customer, stopped), policy, now)
        invitation = _invite(event, policy, customer, decision, now)
        customer = _await(customer, rule, invitation, now)
    stops = _stops(event, rule, found, effective=not _idle_test(event, source))
    change = FactWrites(
        invitation=None if found.invitation else invitation,
        customers=identity.with_customer(customer).changed,
        aliases=identity.aliases,
        stops=stops,
        peers=found.peers if stops else frozenset(),
        event=None if found.repeated else _receipt(event),
        about=event.invitation_id,
        forget_at=now + RETENTION,
    )
    return change, invitation


def _lesson(event: BillingEvent, identity: Identity, found: FactSnapshot, now: datetime) -> FactWrites:
    """What an event without a touchpoint teaches: its customer, and which objects are one payment."""
    # What was joined before is not written again: whatever stopped it since stopped all of it.
    joined = frozenset(event.links) if not found.peers.issuperset(event.links) else frozenset()
    return FactWrites(
        customers=identity.changed,
        aliases=identity.aliases,
        stops=dict.fromkeys(joined, min(found.stopped_by)) if found.stopped_by else {},
        peers=joined,
        forget_at=now + RETENTION,
    )


def _take_back(event: BillingEvent, rule: Rule, customer: Customer | None, now: datetime) -> Customer | None:
    if customer is None or rule.stops is not Stops.CUSTOMER:
        return customer
    # A sender's clock that runs ahead must not stop what has not happened yet.
    at = max(filter(None, (customer.last_adverse_at, min(event.occurred_at, now))))
    if at == customer.last_adverse_at:
        return customer
    # What will be refused when it is due must not keep others waiting until then.
    waiting = {id_: one for id_, one in customer.waiting.items() if not one.stoppable}
    return replace(customer, last_adverse_at=at, waiting=waiting)


def _stops(event: BillingEvent, rule: Rule, found: FactSnapshot, *, effective: bool) -> dict[str, str]:
    if not effective or event.touchpoint not in REVERSALS or rule.stops is Stops.NOTHING:
        return {}
    if event.invitation_id in found.stopped_by:
        return {}
    return dict.fromkeys({*event.links, *found.peers}, event.invitation_id)


def _await(customer: Customer | None, rule: Rule, invitation: Invitation, now: datetime) -> Customer | None:
    if customer is None or not rule.cooldown or invitation.state is not State.PENDING:
        return customer
    survey = Waiting(rule.priority, invitation.ready_at, invitation.patient_until, invitation.stoppable)
    return replace(customer, waiting=await_survey(customer.waiting, invitation.id, survey, now))


def _invite(
    event: BillingEvent, policy: Policy, customer: Customer | None, decision: Decision, now: datetime
) -> Invitation:
    touchpoint, rule = str(event.touchpoint), policy.rules[Touchpoint(str(event.touchpoint))]
    wait = decision.wait if isinstance(decision, Schedule) else None
    fact = {
        "source": event.source,
        "touchpoint": touchpoint,
        "stage": rule.stage,
        "channel": rule.channels[0],
        "question": None if rule.question is Question.NPS else rule.question,
        "plan": event.plan,
    }
    skipped = decision.reason if isinstance(decision, Skip) else None
    return Invitation(
        id=event.invitation_id,
        fact=event.fact,
        customer_id=customer.id if customer else "",
        touchpoint=touchpoint,
        stage=rule.stage,
        source=event.source,
        channel=rule.channels[0],
        locale=(customer.locale if customer else "") or "",
        created_at=now,
        occurred_at=event.occurred_at,
        due_at=decision.due_at if isinstance(decision, Schedule) else now,
        expiry=rule.expiry,
        cooldown=rule.cooldown,
        patience=rule.patience,
        money=event.money,
        segments=segments_of(fact, customer),
        objects=event.objects,
        products=event.products,
        stoppable=stoppable(event.touchpoint, rule),
        deferred_until=wait.until if wait else None,
        deferrals=(wait,) if wait else (),
        state=State.CLOSED if skipped else State.PENDING,
        reason=skipped or "",
    )


def _conclude(change: FactWrites, invitation: Invitation | None, deps: CaptureDeps, now: datetime) -> Captured:
    if invitation is None:
        return Captured(Outcome.LEARNED)
    if invitation.state is State.PENDING:
        # Repeated for a duplicate too: a crash between the transaction and this call heals here.
        _set_timer(invitation, deps, now)
    if change.invitation is None:
        return Captured(Outcome.DUPLICATE, invitation)
    skipped = invitation.state is State.CLOSED
    return Captured(Outcome.SKIPPED if skipped else Outcome.SCHEDULED, invitation)


def _set_timer(invitation: Invitation, deps: CaptureDeps, now: datetime) -> None:
    remaining = invitation.ready_at - now
    if remaining < _TIMER_MINIMUM:
        deps.queue.put(invitation.id, invitation.delivery_number, max(remaining, timedelta(0)))
    else:
        deps.timer.at(invitation, invitation.delivery_number, invitation.ready_at)
