"""Turn one billing event into a fact: learn the customer, decide, commit in one transaction, set the timer."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from afterbill.intake.connector import Call, Connector
from afterbill.intake.identify_customer import Identity, alias_of, identify, is_forgotten
from afterbill.intake.ports import (
    BillingApis,
    DeadLetters,
    Evidence,
    FactQuery,
    Facts,
    FactSnapshot,
    FactWrites,
    Inbox,
)
from afterbill.intake.reported_ends import with_reported
from afterbill.intake.survey_tests import plan_test
from afterbill.model.billing import CROWDED, REVERSALS, UNTIL_THEN, BillingEvent, OperatorTask, Touchpoint
from afterbill.model.customer import MOST_ATTRIBUTES, NOBODY, Customer, Recipient, prolong
from afterbill.model.errors import ConfigurationError, TransientError
from afterbill.model.invitation import Invitation, SkipReason, State
from afterbill.model.subscriptions import farewell_of, frees, hear
from afterbill.model.webhooks import Source
from afterbill.outreach.policy import Policy, Rule, Situation, Stops, decide, failed_since, take_back
from afterbill.outreach.ports import MAX_DELAY, SendQueue, Timer

_FIRST = 1
_TRIES = 5
_TIMER_MINIMUM = timedelta(seconds=15)
"""EventBridge Scheduler works by the minute; what is due sooner goes straight to the send queue."""


def _at_once(_tries: int) -> None:
    """Try again without a pause."""


class Outcome(StrEnum):
    """The result of one event."""

    SCHEDULED = "scheduled"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"
    LEARNED = "learned"
    IGNORED = "ignored"
    ERASED = "erased"
    RECORDED = "recorded"
    PARKED = "parked"
    REQUESTED = "requested"
    DROPPED = "dropped"
    REFUSED = "refused"
    SPLIT = "split"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Captured:
    """The outcome, with the invitation of a fact (the reason is in it), or the problem of what nobody can read.

    `customer_id` is that of the customer whom it is about and who is stored, empty for nobody; `others` it names too.
    """

    outcome: Outcome
    invitation: Invitation | None = None
    problem: str = ""
    customer_id: str = field(default="", compare=False)
    others: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class CaptureDeps:
    """The dependencies of capturing; `hash_address` and `hash_alias` are keyed, `new_id` gives a random customer id.

    `evidence` keeps a copy of every webhook somebody vouches for, where an operator wants that. `pause` may wait for a
    moment after this many tries that met others at the same items.
    """

    policy: Policy
    load: Callable[[str], Connector]
    facts: Facts
    timer: Timer
    queue: SendQueue
    apis: BillingApis
    inbox: Inbox
    dead_letters: DeadLetters
    hash_address: Callable[[str], str]
    hash_alias: Callable[[str], str]
    new_id: Callable[[], str]
    evidence: Evidence | None = None
    pause: Callable[[int], object] = _at_once


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a webhook; `call` reaches its API, None without stored credentials.

    `copy` is the name of the webhook's copy, empty where none is kept.
    """

    source: Source
    provider: Connector
    call: Call | None
    copy: str = ""

    @property
    def api(self) -> Call:
        """The call to its API; raises ConfigurationError without credentials."""
        if self.call is None:
            raise without_credentials(self.source)
        return self.call


def without_credentials(source: Source) -> ConfigurationError:
    """Return the error that says how to store credentials for an API."""
    return ConfigurationError(f"source {source.name} needs credentials for its API: `afterbill source add` stores them")


def capture_fact(event: BillingEvent, sender: Sender, deps: CaptureDeps, now: datetime) -> Captured:
    """Capture one fact; safe to repeat after a crash anywhere. Raises TransientError when a service did not answer."""
    source = sender.source
    event = _marked(event, source)
    if _idle_test(event, source) and event.touchpoint is None:
        return Captured(Outcome.IGNORED)
    asked = False
    for tries in range(_TRIES):
        known = _look_up(event, source, deps)
        if _is_forgotten(event, known):
            return Captured(Outcome.ERASED)
        if not asked and _is_nameless(event, sender, known, deps.policy):
            event, asked = _ask_who(event, sender), True
            continue
        named = _as_known(event, known)
        if named.invitation_id != event.invitation_id:
            event = named
            continue
        change, invitation = _plan_test(named, source, known, deps, now) or _plan(
            named, source, known, deps.policy, now
        )
        _tell_crowded(named, known, deps, now)
        if change.empty or deps.facts.commit(change):
            _wake(named, known, deps)
            return _conclude(change, invitation, deps, now)
        deps.pause(tries)
    message = f"event {event.event_id} kept meeting others at the same items: it is retried from the inbox"
    raise TransientError(message)


def _marked(event: BillingEvent, source: Source) -> BillingEvent:
    return replace(event, test=True) if source.sandbox and not event.test else event


def _idle_test(event: BillingEvent, source: Source) -> bool:
    """Return whether an event is a test that only counts: it updates no customer and stops nothing."""
    return event.test and not source.test_mode


@dataclass(frozen=True, slots=True)
class _Known:
    """The stored state of an event and of its customer."""

    snapshot: FactSnapshot
    identity: Identity


def _look_up(event: BillingEvent, source: Source, deps: CaptureDeps) -> _Known:
    address, alias = event.customer.address, alias_of(event, deps.hash_address)
    snapshot = deps.facts.look_up(
        FactQuery(
            invitation_id=event.invitation_id if event.touchpoint else "",
            alias=alias,
            alias_hash=deps.hash_alias(alias) if alias else "",
            links=event.links,
            address_hash=deps.hash_address(address) if address else "",
            event=_receipt(event),
            confirmation=event.confirmation_id,
        )
    )
    if _idle_test(event, source):
        return _Known(snapshot, Identity(None))
    return _Known(snapshot, identify(event, snapshot.customer_ids, deps.facts, deps.hash_address, deps.new_id))


def _is_forgotten(event: BillingEvent, known: _Known) -> bool:
    """Return whether the customer of an event was erased: by the fact's own trace, by our id of them, or their name."""
    snapshot, identity = known.snapshot, known.identity
    if snapshot.invitation and snapshot.invitation.reason == SkipReason.ERASED:
        return True
    if event.customer.own_id:
        return identity.read is None
    return is_forgotten(event, snapshot.erased_at, known=identity.read is not None)


def _as_known(event: BillingEvent, known: _Known) -> BillingEvent:
    """Return the event in the light of what is stored: one end is one fact, and a confirmed payment was reversed."""
    snapshot, customer = known.snapshot, known.identity.customer
    if event.takes_back and snapshot.confirmed_at and snapshot.confirmed_at <= event.occurred_at:
        event = replace(event, touchpoint=Touchpoint.PAYMENT_REVERSED)
    if customer and not snapshot.repeated:
        event = farewell_of(event, customer.subscriptions)
    return event


def _tell_crowded(event: BillingEvent, known: _Known, deps: CaptureDeps, now: datetime) -> None:
    """Tell an operator, once for each customer, that a sender makes up ever new attributes."""
    customer = known.identity.customer
    if customer and known.identity.newly_crowded:
        details = {"kept": f"the newest {MOST_ATTRIBUTES} attributes", "customer": customer.id}
        whose = replace(event.customer, own_id=customer.id)
        task = OperatorTask(event.source, CROWDED, customer.id, now, whose, details, urgent=False)
        deps.facts.keep_task(task, customer.address_hash, now)


def _wake(event: BillingEvent, known: _Known, deps: CaptureDeps) -> None:
    """Look again at surveys that an end holds back, once it may be theirs no more; harmless to repeat."""
    customer = known.identity.customer
    if customer and customer.version and frees(customer.subscriptions, event):
        for invitation_id in deps.facts.newest_invitations(customer.id):
            deps.queue.put(invitation_id, _FIRST, timedelta(0))


def _receipt(event: BillingEvent) -> tuple[str, str] | None:
    """Return the id and the source by which an operator finds the fact that an event was about."""
    told = event.touchpoint or event.subscription_state
    return (event.event_id, event.source) if told and event.event_id else None


def _is_nameless(event: BillingEvent, sender: Sender, known: _Known, policy: Policy) -> bool:
    """Return whether only the provider's API knows whom a new fact is about, and a rule needs to know."""
    if event.touchpoint is None or known.snapshot.invitation:
        return False
    if _idle_test(event, sender.source) and (event.customer.address or not policy.test.recipients):
        return False
    if sender.provider.find_customer is None or sender.call is None:
        return False
    rule, customer = policy.rules[event.touchpoint], known.identity.customer
    return not (customer and customer.address) and (rule.ask or rule.stops in {Stops.CUSTOMER, Stops.SUBSCRIPTION})


def _ask_who(event: BillingEvent, sender: Sender) -> BillingEvent:
    find_customer = sender.provider.find_customer
    return _marked(find_customer(event, sender.source, sender.api), sender.source) if find_customer else event


def _plan_test(
    event: BillingEvent, source: Source, known: _Known, deps: CaptureDeps, now: datetime
) -> tuple[FactWrites, Invitation] | None:
    if not _idle_test(event, source):
        return None
    return plan_test(event, known.snapshot, deps.policy, (deps.hash_address, deps.new_id), now)


def _plan(
    event: BillingEvent, source: Source, known: _Known, policy: Policy, now: datetime
) -> tuple[FactWrites, Invitation | None]:
    """Return what to write, and the invitation to look after (new, or stored before); a repeat writes nothing."""
    snapshot, identity = known.snapshot, known.identity
    if snapshot.repeated and (snapshot.invitation or event.touchpoint is None):
        return FactWrites(customer_id=identity.read.id if identity.read else ""), snapshot.invitation
    forget_at = now + policy.retention.responses
    identity = identity.with_customer(_hear(event, identity.customer, policy, now))
    if event.touchpoint is None:
        return _lesson(event, identity, snapshot, forget_at), None
    rule = policy.rules[event.touchpoint]
    if snapshot.invitation:
        # What a fact takes back it took back when it was told first; only who it is about may be news.
        first = replace(event, occurred_at=min(event.occurred_at, snapshot.invitation.occurred_at))
        invitation, customer = snapshot.invitation, identity.customer
        if event.touchpoint is not Touchpoint.CANCELLED:
            customer = take_back(first, rule, customer, now)
    else:
        situation = Situation(identity.customer, _stopped(event, snapshot), recipient=_recipient(identity, snapshot))
        decision = decide(event, source, situation, policy, now)
        invitation, customer = decision.invitation, decision.customer
    effective = not _idle_test(event, source)
    stops = _stops(event, rule, snapshot) if effective else {}
    change = FactWrites(
        invitation=None if snapshot.invitation else invitation,
        customers=identity.with_customer(customer).changed,
        aliases=identity.aliases,
        stops=stops,
        peers=snapshot.peers if stops else frozenset(),
        failed=_failed(event, rule, snapshot) if effective else {},
        event=None if snapshot.repeated else _receipt(event),
        about=event.invitation_id,
        customer_id=identity.customer_id or invitation.customer_id,
        forget_at=forget_at,
        reported=_reported(event, snapshot, policy, now) if effective else None,
    )
    return change, invitation


def _reported(event: BillingEvent, snapshot: FactSnapshot, policy: Policy, now: datetime) -> Invitation | None:
    known = snapshot.invitation
    return with_reported(known, event, policy.retention.comments, now) if known else None


def _hear(event: BillingEvent, customer: Customer | None, policy: Policy, now: datetime) -> Customer | None:
    if customer is None:
        return None
    heard = replace(customer, subscriptions=hear(customer.subscriptions, event, now))
    return prolong(heard, policy.retention.customers, now)


def _recipient(identity: Identity, snapshot: FactSnapshot) -> Recipient:
    """Return the address that the event names if a survey would go there; any other is looked up when it is due."""
    held = identity.customer.address_hash if identity.customer else ""
    return snapshot.recipient if snapshot.recipient.hash == held else NOBODY


def _stopped(event: BillingEvent, snapshot: FactSnapshot) -> bool:
    """Return whether the payment that a fact is about was taken back, or failed after all."""
    reversed_ = bool(snapshot.stopped_by - {event.invitation_id})
    return reversed_ or failed_since(event.touchpoint, event.occurred_at, snapshot.failed_at)


def _lesson(event: BillingEvent, identity: Identity, snapshot: FactSnapshot, forget_at: datetime) -> FactWrites:
    """Return what an event without a touchpoint teaches: its customer, and which objects are one payment."""
    # Links that were joined before are not written again: what stopped one of them since stopped all of them.
    joined = frozenset(event.links) if not snapshot.peers.issuperset(event.links) else frozenset()
    return FactWrites(
        customers=identity.changed,
        aliases=identity.aliases,
        stops=dict.fromkeys(joined, min(snapshot.stopped_by)) if snapshot.stopped_by else {},
        peers=joined,
        event=None if snapshot.repeated else _receipt(event),
        customer_id=identity.customer_id,
        forget_at=forget_at,
    )


def _stops(event: BillingEvent, rule: Rule, snapshot: FactSnapshot) -> dict[str, str]:
    """Return the links to mark as taken back for good: those of the payment that this event takes back."""
    takes_back = rule.stops is Stops.PAYMENT or (event.touchpoint in REVERSALS and rule.stops is not Stops.NOTHING)
    if (
        not takes_back
        or event.touchpoint in {*UNTIL_THEN, Touchpoint.PAYMENT_FAILED}
        or event.invitation_id in snapshot.stopped_by
    ):
        return {}
    return dict.fromkeys({*event.links, *snapshot.peers}, event.invitation_id)


def _failed(event: BillingEvent, rule: Rule, snapshot: FactSnapshot) -> dict[str, datetime]:
    """Return the links of a payment that failed, or of an order that was cancelled.

    Nothing that happened to it before is asked about, whenever it is told; what happens to it later is.
    """
    failed = event.touchpoint is Touchpoint.PAYMENT_FAILED and rule.stops is Stops.PAYMENT
    cancelled = event.touchpoint in UNTIL_THEN and rule.stops is not Stops.NOTHING
    known = snapshot.failed_at
    if not (event.takes_back or failed or cancelled) or (known and known >= event.occurred_at):
        return {}
    return dict.fromkeys(event.links, event.occurred_at)


def _conclude(change: FactWrites, invitation: Invitation | None, deps: CaptureDeps, now: datetime) -> Captured:
    whose = change.customer_id
    if invitation is None:
        return Captured(Outcome.LEARNED, customer_id=whose)
    if invitation.state is State.PENDING:
        # Repeated for a duplicate too: a crash between the transaction and this call heals here.
        _set_timer(invitation, deps, now)
    if change.invitation is None:
        return Captured(Outcome.DUPLICATE, invitation, customer_id=whose or invitation.customer_id)
    skipped = invitation.state is State.CLOSED
    return Captured(Outcome.SKIPPED if skipped else Outcome.SCHEDULED, invitation, customer_id=whose)


def _set_timer(invitation: Invitation, deps: CaptureDeps, now: datetime) -> None:
    remaining = invitation.ready_at - now
    # An operator who tests is waiting: the timer may be late by its flexible window, the queue is not.
    if remaining < (MAX_DELAY if invitation.test else _TIMER_MINIMUM):
        deps.queue.put(invitation.id, invitation.delivery_number, max(remaining, timedelta(0)))
    else:
        deps.timer.at(invitation, invitation.delivery_number, invitation.ready_at)
