"""Turn one billing event into a fact: learn the customer, decide, commit in one transaction, set the timer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from afterbill.intake.connector import Call, Connector
from afterbill.intake.identify_customer import Identity, aliases_of, identify
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
from afterbill.model.billing import REVERSALS, BillingEvent
from afterbill.model.errors import ConfigurationError, TransientError
from afterbill.model.invitation import RETENTION, Invitation, State
from afterbill.model.webhooks import Source
from afterbill.outreach.policy import Policy, Rule, Situation, Stops, decide, take_back
from afterbill.outreach.ports import SendQueue, Timer

_TRIES = 5
_TIMER_MINIMUM = timedelta(seconds=15)
"""EventBridge Scheduler works by the minute; what is due sooner goes straight to the send queue."""


class Outcome(StrEnum):
    """The result of one event."""

    SCHEDULED = "scheduled"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"
    LEARNED = "learned"
    IGNORED = "ignored"
    RECORDED = "recorded"
    PARKED = "parked"
    REFUSED = "refused"
    SPLIT = "split"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Captured:
    """The outcome, with the invitation of a fact (the reason is in it), or the problem of what nobody can read."""

    outcome: Outcome
    invitation: Invitation | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CaptureDeps:
    """The dependencies of capturing; `hash_address` is keyed, `new_id` gives a random customer id.

    `evidence` keeps a copy of every webhook somebody vouches for, where an operator wants that.
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
    new_id: Callable[[], str]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a webhook; `call` reaches its API, None without stored credentials."""

    source: Source
    provider: Connector
    call: Call | None

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
    for _ in range(_TRIES):
        known = _look_up(event, source, deps)
        if not asked and _is_nameless(event, sender, known, deps.policy):
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
    """Return whether an event is a test that only counts: it updates no customer and stops nothing."""
    return event.test and not source.test_mode


@dataclass(frozen=True, slots=True)
class _Known:
    """The stored state of an event and of its customer."""

    snapshot: FactSnapshot
    identity: Identity


def _look_up(event: BillingEvent, source: Source, deps: CaptureDeps) -> _Known:
    address = event.customer.address
    snapshot = deps.facts.look_up(
        FactQuery(
            invitation_id=event.invitation_id if event.touchpoint else "",
            aliases=aliases_of(event, deps.hash_address),
            links=event.links,
            address_hash=deps.hash_address(address) if address else None,
            event=_receipt(event),
        )
    )
    if _idle_test(event, source):
        return _Known(snapshot, Identity(None))
    return _Known(snapshot, identify(event, snapshot, deps.facts, deps.hash_address, deps.new_id))


def _receipt(event: BillingEvent) -> tuple[str, str] | None:
    """Return the id and the source by which an operator finds the fact that an event was about."""
    return (event.event_id, event.source) if event.touchpoint and event.event_id else None


def _is_nameless(event: BillingEvent, sender: Sender, known: _Known, policy: Policy) -> bool:
    """Return whether only the provider's API knows whom a new fact is about, and a rule needs to know."""
    if event.touchpoint is None or known.snapshot.invitation or _idle_test(event, sender.source):
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
    """Return what to write, and the invitation to look after (new, or stored before)."""
    snapshot, identity = known.snapshot, known.identity
    if event.touchpoint is None:
        return _lesson(event, identity, snapshot, now), None
    rule = policy.rules[event.touchpoint]
    if snapshot.invitation:
        invitation, customer = snapshot.invitation, take_back(event, rule, identity.customer, now)
    else:
        stopped = bool(snapshot.stopped_by - {event.invitation_id})
        decision = decide(event, source, Situation(identity.customer, stopped), policy, now)
        invitation, customer = decision.invitation, decision.customer
    stops = _stops(event, rule, snapshot, effective=not _idle_test(event, source))
    change = FactWrites(
        invitation=None if snapshot.invitation else invitation,
        customers=identity.with_customer(customer).changed,
        aliases=identity.aliases,
        stops=stops,
        peers=snapshot.peers if stops else frozenset(),
        event=None if snapshot.repeated else _receipt(event),
        about=event.invitation_id,
        forget_at=now + RETENTION,
    )
    return change, invitation


def _lesson(event: BillingEvent, identity: Identity, snapshot: FactSnapshot, now: datetime) -> FactWrites:
    """Return what an event without a touchpoint teaches: its customer, and which objects are one payment."""
    # Links that were joined before are not written again: what stopped one of them since stopped all of them.
    joined = frozenset(event.links) if not snapshot.peers.issuperset(event.links) else frozenset()
    return FactWrites(
        customers=identity.changed,
        aliases=identity.aliases,
        stops=dict.fromkeys(joined, min(snapshot.stopped_by)) if snapshot.stopped_by else {},
        peers=joined,
        forget_at=now + RETENTION,
    )


def _stops(event: BillingEvent, rule: Rule, snapshot: FactSnapshot, *, effective: bool) -> dict[str, str]:
    if not effective or event.touchpoint not in REVERSALS or rule.stops is Stops.NOTHING:
        return {}
    if event.invitation_id in snapshot.stopped_by:
        return {}
    return dict.fromkeys({*event.links, *snapshot.peers}, event.invitation_id)


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
