"""One ask: its identity, its two axes of state, and the answer it may hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from afterbill.model.billing import Money, links_of
from afterbill.model.errors import UnreadableError
from afterbill.model.questions import Question, Scale, scale_of
from afterbill.model.visits import CondensedVisits, Visit

if TYPE_CHECKING:  # named in annotations alone
    from afterbill.model.recurring import Recurring


class State(StrEnum):
    """The state of the ask."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    CLOSED = "closed"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.SENDING, State.CLOSED}),
    State.SENDING: frozenset({State.PENDING, State.SENT, State.UNKNOWN, State.CLOSED}),
    State.UNKNOWN: frozenset({State.PENDING, State.SENT, State.CLOSED}),
    State.SENT: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}

ASKED = frozenset({State.SENDING, State.SENT, State.UNKNOWN})
"""States in which a mail may be in somebody's hands, so that an answer counts."""


class Delivery(IntEnum):
    """The report of the mail system, as a rank that only rises: repeats and disorder are legal."""

    ACCEPTED = 1
    DELIVERED = 2
    BOUNCED = 3
    COMPLAINED = 4

    @property
    def adverse(self) -> bool:
        """Whether it speaks against the sender, as mail systems see it."""
        return self >= Delivery.BOUNCED


class SkipReason(StrEnum):
    """The reason why a fact was not asked about; every fact is accounted for."""

    NOT_ASKED = "not_asked"
    TEST_MODE = "test_mode"
    NO_CUSTOMER = "no_customer"
    NO_ADDRESS = "no_address"
    CUSTOMER_DELETED = "customer_deleted"
    SUPPRESSED = "suppressed"
    STOPPED = "stopped"
    NOT_PAID = "not_paid"
    NOT_SAMPLED = "not_sampled"
    COOLDOWN = "cooldown"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FAILED = "failed"
    NO_BASIS = "no_basis"
    BAD_ADDRESS = "bad_address"
    ROLE_ADDRESS = "role_address"
    QUOTA = "quota"
    LIMIT = "limit"
    SERVICE_QUOTA = "service_quota"
    WINDOW = "window"
    ANSWERED = "answered"
    NO_PHONE = "no_phone"
    BAD_PHONE = "bad_phone"
    NOT_SEEN = "not_seen"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"
    STILL_SUBSCRIBED = "still_subscribed"
    RESTRICTED = "restricted"
    ERASED = "erased"


REMINDER = 2
"""The delivery number of the one reminder where no other channel comes first; `reminded_at` is what tells it."""

MOST_DEFERRALS = 50
"""Waits of one invitation that are written down; an hourly cap may cause many."""

RETENTION = timedelta(days=730)
"""The period of an invitation from the last moment it could go out, unless [retention] says otherwise."""

NO_DAY = "test"
"""Stands for the day of a test survey, which belongs to no day of any score."""

TEST_RETENTION = timedelta(days=30)
"""The same for a test survey; its unsubscribe link lives as long."""

COMMENT_LENGTH = 10_000
"""Most characters a comment may have, a line break counting as one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a person; `rating` is one of the question's scale, `reason` the name of a choice.

    Not `confirmed`: a number was clicked and its page seen, and nothing spoke for a machine.
    """

    rating: int
    comment: str = ""
    reason: str = ""
    contact_ok: bool = False
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Deferral:
    """A wait that began at `at`, for `reason`, and ends at `until`."""

    at: datetime
    reason: SkipReason
    until: datetime


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One of several deliveries: at `at`, by `channel`."""

    at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """One ask about one fact, with its schedule, its deliveries and its answer."""

    #: The hash of the fact, so that every retry meets the same invitation.
    id: str
    #: The identity of the fact (`billing.fact_key`).
    fact: str
    #: Empty where nobody is known.
    customer_id: str
    #: Keyed hashes of the addresses and numbers it went to, the newest last; before, of the one it is planned for.
    address_hashes: tuple[str, ...] = field(default=(), kw_only=True)
    #: The kind of fact it asks about.
    touchpoint: str
    #: The stage of the touchpoint when the fact was captured.
    stage: str
    #: The name of the source that reported the fact.
    source: str
    #: The channel of its newest delivery, the reminder aside; before the first, the one it is planned for.
    channel: str
    #: The language tag it is written in.
    locale: str
    #: When the fact was captured.
    created_at: datetime
    #: When the fact happened.
    occurred_at: datetime
    #: When it is due by its touchpoint's delay.
    due_at: datetime
    #: How long it can be answered, counted from sending.
    expiry: timedelta
    #: How long its customer is asked nothing else afterwards.
    cooldown: timedelta = timedelta(0)
    #: How long after `due_at` it may still wait for its turn.
    patience: timedelta = timedelta(0)
    #: The customer's time zone when it went out.
    zone: str = ""
    #: The amount of the fact.
    money: Money | None = None
    #: The price of the subscription that the fact is about, for each of its intervals.
    recurring: "Recurring | None" = None
    #: The billing system's code for why the subscription ended.
    reported_reason: str = ""
    #: The customer's words about that end, as the billing system reports them.
    reported_comment: str = ""
    #: When the event happened that said so last.
    reported_at: datetime | None = None
    #: A snapshot of the dimensions of scores, so a score never changes because a customer did.
    segments: Mapping[str, str] = field(default_factory=dict)
    #: The provider's ids of what the fact is about, by kind (`invoice`, `charge`, ...).
    objects: Mapping[str, str] = field(default_factory=dict)
    #: What was bought, in the order of the bill.
    products: tuple[str, ...] = ()
    #: Whether a refund, a dispute or a cancellation stops it.
    stoppable: bool = True
    #: Rises whenever it is put off or refused, so that an older timer of the survey means nothing.
    generation: int = 1
    #: When it may go out after the newest deferral.
    deferred_until: datetime | None = None
    #: The newest deferrals, at most MOST_DEFERRALS.
    deferrals: tuple[Deferral, ...] = ()
    #: The number of its newest delivery; the survey itself is 1.
    delivery_number: int = 1
    #: All deliveries, the first too, once there was more than one; the reminder is not among them.
    follow_ups: tuple[FollowUp, ...] = ()
    #: When the one reminder was claimed.
    reminded_at: datetime | None = None
    #: How far it has come.
    state: State = State.PENDING
    #: Why it was closed: a SkipReason, else empty.
    reason: str = ""
    #: When it was closed, if that was after its capture.
    closed_at: datetime | None = None
    #: What is known of its newest delivery, the reminder aside.
    delivery: Delivery | None = None
    #: The random id of the attempt that claimed it; empty once that attempt is over.
    attempt: str = ""
    #: When that attempt claimed it.
    claimed_at: datetime | None = None
    #: When its customer had last been asked before the claim, to undo the claim.
    previously_asked_at: datetime | None = None
    #: The message system's id of the survey itself.
    message_id: str = ""
    #: When the survey itself went out.
    sent_at: datetime | None = None
    #: The operator's local day of `sent_at`, as `2026-11-22`; NO_DAY of a test.
    sent_day: str = ""
    #: When the recipient's mail server took the mail.
    delivered_at: datetime | None = None
    #: When it was first shown inside the product.
    shown_at: datetime | None = None
    #: Until when no other window shows it: its window may still be open, and nobody answered or dismissed it there.
    shown_until: datetime | None = None
    #: How often it was shown inside the product.
    showings: int = 0
    #: When it was dismissed inside the product.
    dismissed_at: datetime | None = None
    #: The uses of its links that say something about who used them.
    visits: tuple[Visit, ...] = ()
    #: Visits that reviews no longer keep, as clicks of their time are decided.
    condensed: tuple[CondensedVisits, ...] = ()
    #: The signals by which the newest click among the visits does not count, parted by blanks.
    label: str = ""
    #: What its customer answered last.
    answer: Answer | None = None
    #: When the first answer came.
    answered_at: datetime | None = None
    #: The operator's local day of `answered_at`; NO_DAY of a test, from the beginning.
    answered_day: str = ""
    #: How often the link was visited that its customer hands on.
    referred: int = 0

    @property
    def test(self) -> bool:
        """Whether it is a test: its days are none, so that no score can count it."""
        return self.answered_day == NO_DAY

    @property
    def question(self) -> Question:
        """The question it asks; a segment like any other, and left out where it is NPS."""
        return Question(self.segments.get("question", Question.NPS))

    @property
    def contactable(self) -> bool:
        """Whether a customer is known who could be contacted about the answer."""
        return bool(self.customer_id)

    @property
    def scale(self) -> Scale:
        """The ratings it can be answered with."""
        return scale_of(self.question)

    @property
    def links(self) -> tuple[str, ...]:
        """The passing objects through which a refund finds this payment."""
        return links_of(self.fact, self.objects)

    @property
    def known_since(self) -> datetime:
        """The moment that a reversal is compared with: a fact that was dated ahead cannot escape one."""
        return min(self.occurred_at, self.created_at)

    @property
    def held(self) -> bool:
        """Whether it waits for an announced end of a subscription to be taken back."""
        return bool(self.deferrals) and self.deferrals[-1].reason is SkipReason.STOPPED

    @property
    def until_seen(self) -> bool:
        """Whether it waits, before anything went out, for its customer to use the product."""
        waits = bool(self.deferrals) and self.deferrals[-1].reason is SkipReason.NOT_SEEN
        return waits and self.state is State.PENDING

    @property
    def answer_until(self) -> datetime:
        """The moment the answer page closes: the expiry counts from sending, before that from the due moment."""
        return (self.sent_at or self.claimed_at or self.due_at) + self.expiry

    @property
    def claim_name(self) -> str:
        """The name of its newest claim, by an attempt or, once it went out, by a delivery; no other has the same.

        A follow-up that is given back raises the generation.
        """
        return f"{self.delivery_number}.{self.generation}.{self.attempt}"

    @property
    def last_at(self) -> datetime | None:
        """The moment of its last delivery, the reminder aside."""
        return self.follow_ups[-1].at if self.follow_ups else self.sent_at or self.claimed_at

    @property
    def ready_at(self) -> datetime:
        """The moment from which it may go out: the due one, or the later one it was put off to."""
        return self.deferred_until or self.due_at

    @property
    def patient_until(self) -> datetime:
        """The last moment at which it may still go out."""
        return self.due_at + self.patience

    def kept_until(self, period: timedelta = RETENTION) -> datetime:
        """Return the moment from which it may be forgotten, where invitations are kept for this period."""
        return self.patient_until + self.expiry + (TEST_RETENTION if self.test else period)

    def day(self, local: str) -> str:
        """Return the day on which it counts as sent; `local` is the operator's."""
        return NO_DAY if self.test else local

    def schedule_name(self, delivery_number: int) -> str:
        """Return the name that makes repeating a schedule call harmless (at most 64 characters).

        The survey's own carries the generation. A follow-up has one name, however often the survey before it was
        tried; where it was put off, or fired early, it has that moment's: what fired may not be deleted yet.
        """
        if delivery_number == 1:
            return f"{self.id}-g{self.generation}-d1"
        waited = self.last_at is not None and bool(self.deferrals) and self.deferrals[-1].at > self.last_at
        return f"{self.id}-d{delivery_number}" + (f"-{self.deferrals[-1].until:%Y%m%dT%H%M%S}" if waited else "")

    def schedule_names(self, now: datetime) -> frozenset[str]:
        """Return the names under which timers of it may wait: its own, and that of the delivery after the newest."""
        # Whoever came to the product was asked before the timer of their survey fired.
        own = {self.schedule_name(1)} if now < max([self.ready_at, *(wait.until for wait in self.deferrals)]) else set()
        if self.state is State.CLOSED or (self.state is State.SENT and now > self.answer_until):
            return frozenset(own)
        following = self.delivery_number + 1
        waiting = {self.schedule_name(following), f"{self.id}-d{following}"}
        return frozenset(waiting | (own if self.state is State.SENT else {self.schedule_name(1)}))

    def defer(self, deferral: Deferral) -> "Invitation":
        """Return the invitation with this deferral and the next generation of its timer."""
        deferrals = (*self.deferrals, deferral)[-MOST_DEFERRALS:]
        return replace(self, deferred_until=deferral.until, generation=self.generation + 1, deferrals=deferrals)

    def by(self, channel: str) -> "Invitation":
        """Return the invitation by this channel, in its segments too."""
        return replace(self, channel=str(channel), segments={**self.segments, "channel": str(channel)})

    def answerable(self, now: datetime) -> bool:
        """Return whether an answer given now is recorded."""
        return self.state in ASKED and now <= self.answer_until


StoredInvitation = Invitation | UnreadableError
"""An invitation of several that are read together, or why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A claim under which nothing went out, with what it overwrote and no item tells any more.

    `claim` is its `claim_name`; customer and address were asked before at `asked_at` and `address_asked_at`. The
    delivery before a follow-up had the rank `delivery` and was delivered at `delivered_at`.
    """

    claim: str
    asked_at: datetime | None = None
    address_asked_at: datetime | None = None
    delivery: Delivery | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The invitation after an answer came, and whether the answer was `stored`."""

    invitation: Invitation
    stored: bool
