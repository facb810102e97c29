"""The dry run of a replay: capture over the real table without writing."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from afterbill.connectors import registry
from afterbill.intake.capture_event import capture_event
from afterbill.intake.capture_fact import Captured, CaptureDeps, Outcome
from afterbill.intake.ports import BillingApis, FactQuery, Facts, FactSnapshot, FactWrites
from afterbill.model.billing import OperatorTask
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.privacy import PrivacyRequest
from afterbill.model.webhooks import Webhook
from afterbill.outreach.policy import Policy
from afterbill_cli.memory.queues import MemoryDeadLetters, MemoryInbox, MemorySendQueue, MemoryTimer
from afterbill_cli.memory.table import MemoryTable


@dataclass
class ReadOnlyFacts:
    """Facts that reads a table and remembers what would have been written, so that twins in one replay are met."""

    table: Facts
    seen: MemoryTable = field(default_factory=MemoryTable)

    def look_up(self, wanted: FactQuery) -> FactSnapshot:
        """Combine the stored facts with those that this dry run would have written."""
        stored, would_be = self.table.look_up(wanted), self.seen.look_up(wanted)
        return replace(
            stored,
            invitation=stored.invitation or would_be.invitation,
            customer_ids={**stored.customer_ids, **would_be.customer_ids},
            stopped_by=stored.stopped_by | would_be.stopped_by,
            peers=stored.peers | would_be.peers,
            failed_at=max(filter(None, (stored.failed_at, would_be.failed_at)), default=None),
            confirmed_at=stored.confirmed_at or would_be.confirmed_at,
        )

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """Return stored customers, changed as this dry run would have changed them."""
        return {**self.table.customers(ids), **self.seen.customers(ids)}

    def commit(self, change: FactWrites) -> bool:
        """Keep the writes in memory for the rest of this dry run."""
        if change.invitation:
            self.seen.invitations[change.invitation.id] = change.invitation
        self.seen.people |= {one.id: one for one in change.customers}
        self.seen.aliases |= {alias: to for alias, (to, _) in change.aliases.items()}
        self.seen.stops |= change.stops
        self.seen.peers |= dict.fromkeys(change.peers, change.peers)
        self.seen.failed_payments |= change.failed
        return True

    def newest_invitations(self, customer_id: str) -> Sequence[str]:  # noqa: ARG002  # nothing is woken
        """Name none."""
        return ()

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:  # noqa: ARG002  # nothing is kept
        """Keep no task; return True."""
        return True

    def keep_request(self, request: PrivacyRequest) -> bool:  # noqa: ARG002  # nothing is kept
        """Keep no request; return True."""
        return True

    def tasks_waiting(self, source: str, kind: str, now: datetime) -> int:
        """Count those that are stored."""
        return self.table.tasks_waiting(source, kind, now)


@dataclass(frozen=True, slots=True)
class DryOutcome:
    """The outcome that a webhook would have: `outcome` for counting, `text` for a person."""

    outcome: str
    text: str = ""


@dataclass
class DryCapture:
    """Captures webhooks without writing anything."""

    capture: CaptureDeps
    _slices: MemoryInbox

    def of(self, webhook: Webhook) -> Iterator[DryOutcome]:
        """Yield the outcome of each event of a webhook, also of the slices of a long batch."""
        try:
            results = capture_event(webhook, self.capture, datetime.now(UTC))
        except ConfigurationError as error:
            yield DryOutcome("needs a setting or the API", str(error))
            return
        except AfterbillError as error:
            yield DryOutcome("would be tried again", str(error))
            return
        for captured in results:
            if captured.outcome is not Outcome.SPLIT:
                yield DryOutcome(captured.outcome, _text_of(captured))
        while self._slices.webhooks:
            yield from self.of(self._slices.webhooks.pop(0))


def dry_capture(
    policy: Policy,
    facts: Facts,
    apis: BillingApis,
    hash_address: Callable[[str], str],
    hash_alias: Callable[[str], str],
) -> DryCapture:
    """A trial over this table; what `apis` offers is really asked."""
    slices = MemoryInbox()
    capture = CaptureDeps(
        policy=policy,
        load=registry.load,
        facts=ReadOnlyFacts(facts),
        timer=MemoryTimer(),
        queue=MemorySendQueue(),
        apis=apis,
        inbox=slices,
        dead_letters=MemoryDeadLetters(),
        hash_address=hash_address,
        hash_alias=hash_alias,
        new_id=lambda: uuid.uuid4().hex,
    )
    return DryCapture(capture, slices)


def _text_of(captured: Captured) -> str:
    invitation = captured.invitation
    if invitation is None:
        return captured.problem
    because = f", {invitation.reason}" if invitation.reason else ""
    return f"{invitation.touchpoint}, invitation {invitation.id}{because}"
