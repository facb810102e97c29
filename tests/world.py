"""Every use case over the memory twins, with a clock that only a test moves."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from afterbill.answers.record_response import RespondDeps, Responded, record_response
from afterbill.intake.capture_event import capture_event
from afterbill.intake.capture_fact import Captured, CaptureDeps
from afterbill.model.billing import BillingEvent
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation, Refusal, State
from afterbill.model.messages import INVITATION_TAG, Sms
from afterbill.model.webhooks import Webhook
from afterbill.outreach.delivery import SendDeps, SendResult
from afterbill.outreach.delivery_reports import Outcome as MailOutcome
from afterbill.outreach.first_skips import FirstSkips
from afterbill.outreach.handle_mail_event import MailEventDeps, handle_mail_event
from afterbill.outreach.policy import Policy
from afterbill.outreach.send_survey import send_survey
from afterbill.outreach.sweep import Finding, SweepDeps, sweep
from afterbill.outreach.text_messages import Texting
from afterbill_cli.memory.keys import MemoryApis, MemoryCaps, MemoryLinkKeys
from afterbill_cli.memory.queues import MemoryDeadLetters, MemoryInbox, MemoryMailer, MemorySendQueue, MemoryTimer
from afterbill_cli.memory.table import MemoryTable
from tests.factories import (
    KEYS,
    NOON,
    compose,
    customer,
    day_of,
    event,
    hash_address,
    hash_alias,
    ids,
    invitation,
    policy,
    provider,
    survey_token,
)


@dataclass
class World:
    """Every use case over the memory twins; time passes only through `pass_time`."""

    policy: Policy = field(default_factory=policy)
    now: datetime = NOON
    table: Any = field(default_factory=MemoryTable)
    timer: Any = field(default_factory=MemoryTimer)
    queue: Any = field(default_factory=MemorySendQueue)
    mailer: Any = field(default_factory=MemoryMailer)
    caps: Any = field(default_factory=MemoryCaps)
    compose: Any = field(default=compose)
    address_problem: Any = field(default=lambda _address: None)
    apis: Any = field(default_factory=MemoryApis)
    inbox: Any = field(default_factory=MemoryInbox)
    dead_letters: Any = field(default_factory=MemoryDeadLetters)
    evidence: Any = None
    abilities: dict[str, Any] = field(default_factory=dict)
    texting: Any = None

    def __post_init__(self) -> None:
        self.stored: MemoryTable = self.table
        self.outbox: list[Any] = self.mailer.outbox  # mails, and text messages where there are any
        self.set_timers: MemoryTimer = self.timer
        self.counters: MemoryCaps = self.caps
        self.queued: MemorySendQueue = self.queue
        self.waiting: list[tuple[datetime, str, int, Refusal | None]] = []
        self.told: set[str] = set()
        self.new_customer, self.new_attempt = ids("customer"), ids("attempt")

    def capture(self, *events: BillingEvent, source: str = "shop") -> Captured:
        """Capture them as one webhook; what became of the last one."""
        return self.understand(lambda _webhook, _source: events, source)[-1]

    def understand(
        self, normalise: Any, source: str = "shop", part: int | None = None, **more: Any
    ) -> tuple[Captured, ...]:
        """Capture a webhook, understood as the test likes."""
        capture = CaptureDeps(
            policy=self.policy,
            load=lambda _name: provider(normalise=normalise, **self.abilities),
            facts=self.table,
            timer=self.timer,
            queue=self.queue,
            apis=self.apis,
            inbox=self.inbox,
            dead_letters=self.dead_letters,
            hash_address=hash_address,
            hash_alias=hash_alias,
            new_id=self.new_customer,
            evidence=self.evidence,
        )
        return capture_event(Webhook(source, {}, b"", self.now, part=part), capture, self.now, **more)

    def send(self, invitation_id: str, delivery_number: int = 1, refusal: Refusal | None = None) -> SendResult:
        """Handle its message as if it came out of the send queue now."""
        return send_survey(invitation_id, delivery_number, self.sending, self.now, refusal)

    @property
    def sending(self) -> SendDeps:
        """The dependencies of sending, with the policy of today."""
        return SendDeps(
            invitations=self.table,
            caps=self.caps,
            status=self.caps,
            timer=self.timer,
            queue=self.queue,
            mailer=self.mailer,
            policy=self.policy,
            compose=self.compose,
            address_problem=self.address_problem,
            day_of=day_of,
            new_id=self.new_attempt,
            texting=self.texting(self) if self.texting else None,
            first_skips=FirstSkips(self.table, self.told),
        )

    def answer(self, one: Invitation, **fields: str) -> Responded:
        """Submit the form behind the link in its mail."""
        responding = RespondDeps(
            self.table, MemoryLinkKeys(KEYS), day_of, hash_address, frozenset({"price", "service"})
        )
        return record_response(survey_token(one), fields, responding, self.now)

    def report(self, mail_event: Mapping[str, Any]) -> MailOutcome:
        """The mail system tells something."""
        return handle_mail_event(mail_event, MailEventDeps(self.table, hash_address, day_of), self.now)

    def sweep(self) -> Mapping[Finding, int]:
        """Look for what was lost."""
        return sweep(
            SweepDeps(self.table, self.queue, timedelta(0), day_of),
            self.now,
            paused=bool(self.caps.pause_reason()),
        ).found

    def pass_time(self, duration: timedelta) -> list[SendResult]:
        """Let time go by, then send what has become due."""
        self.collect()
        self.now += duration
        return [self.send(*message) for message in self.ripe()]

    def live(self, duration: timedelta) -> list[SendResult]:
        """Let time go by, every timer and message in its turn."""
        end, happened = self.now + duration, list[SendResult]()
        while (moment := self.next_moment()) is not None and moment <= end:
            happened += self.pass_time(max(moment - self.now, timedelta(0)))
        return happened + self.pass_time(end - self.now)

    def next_moment(self) -> datetime | None:
        """When the next message comes out of the send queue, one behind a timer included."""
        self.collect()
        timers = [moment for moment, _, _ in self.set_timers.schedules.values()]
        return min(timers + [moment for moment, *_ in self.waiting], default=None)

    def collect(self) -> None:
        """Count the delay of messages put into the send queue from now."""
        self.waiting += [(self.now + delay, id_, number, None) for id_, number, delay in self.queued.messages]
        self.waiting += [(self.now + delay, *message) for *message, delay in self.queued.refused]  # type: ignore[misc]
        self.queued.messages.clear()
        self.queued.refused.clear()

    def ripe(self) -> list[tuple[str, int, Refusal | None]]:
        """Messages that come out of the send queue by now, those of timers included."""
        self.waiting += [(self.now, *message, None) for message in self.set_timers.fire(self.now)]
        ready = [message for message in self.waiting if message[0] <= self.now]
        self.waiting = [message for message in self.waiting if message[0] > self.now]
        return [(id_, number, refusal) for _, id_, number, refusal in ready]

    def invitation(self, one: BillingEvent) -> Invitation:
        """The invitation stored about this fact."""
        return self.stored.invitations[one.invitation_id]

    def sent(self, one: BillingEvent | None = None) -> Invitation:
        """An invitation whose mail went out just now."""
        fact = one or event(occurred_at=self.now)
        captured = self.capture(fact).invitation
        assert captured is not None
        self.pass_time(captured.ready_at - self.now)
        assert self.invitation(fact).state is State.SENT
        return self.invitation(fact)

    def person(self) -> Customer:
        """The only one there is."""
        (one,) = self.stored.people.values()
        return one

    def change_person(self, customer_id: str, **changes: Any) -> None:
        """Put the stored customer into a condition it could be in."""
        self.stored.people[customer_id] = replace(self.stored.people[customer_id], **changes)

    def change(self, invitation_id: str, **changes: Any) -> Invitation:
        """Put the stored invitation into a condition it could be in."""
        self.stored.invitations[invitation_id] = replace(self.stored.invitations[invitation_id], **changes)
        return self.stored.invitations[invitation_id]


def due_survey() -> World:
    """Ada's invitation is due now."""
    world = World(now=invitation().due_at)
    world.stored.invitations[invitation().id] = invitation()
    world.stored.people["ada"] = customer(locale="de", country="GB")
    return world


def texting(world: World, **changes: Any) -> Texting:
    """Text messages over the world's own table and mailer, to numbers spelled as E.164 has it."""
    parts: dict[str, Any] = {
        "mailer": world.mailer,
        "compose": lambda one, _customer, number, code: Sms(number, f"/c/{code}", {INVITATION_TAG: one.id}),
        "number": lambda phone, _country: phone if phone and phone.startswith("+") else None,
        "codes": world.table,
        "suppressions": world.table,
        "hash_address": hash_address,
        "keys": lambda: KEYS,
    }
    return Texting(**parts | changes)
