"""The ports of outreach, under the same promises as in intake."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from afterbill.model.billing import OperatorTask
from afterbill.model.customer import Customer, Recipient, Suppression
from afterbill.model.invitation import Delivery, Invitation, Refusal, SkipReason, StoredInvitation
from afterbill.model.messages import Receipt
from afterbill.model.privacy import Person
from afterbill.model.short_links import ShortLink
from afterbill.outreach.caps import Cap
from afterbill.outreach.policy import Situation
from afterbill.outreach.quota_gate import Gate
from afterbill.outreach.reputation import SendingPause

Message_contra = TypeVar("Message_contra", contravariant=True)

MAX_DELAY = timedelta(minutes=15)
"""The longest a message can wait in the send queue (SQS, SendMessage)."""

AGAIN = 0
"""The delivery number of a message of the sweep: it is about the survey itself, and only while that is pending."""


class ForgettableDeliveries(Protocol):
    """The part of a person that outreach keeps."""

    def forget(self, person: Person) -> Mapping[str, int]:
        """Delete timers, short links, phones and when an address was asked: counts by kind.

        Objections stay, as keyed hashes; one that only the customer carries is kept for their address and number.
        Safe to repeat after a crash anywhere.
        """

    def objections(self, people: Collection[Person]) -> int:
        """Return how many addresses and numbers of these people stay suppressed, each once, whoever has it."""


class Timer(Protocol):
    """Fires a message into the send queue at a later time."""

    def at(self, invitation: Invitation, delivery_number: int, moment: datetime) -> None:
        """Set the timer for this delivery; a second one of the same schedule name changes nothing."""


class SendQueue(Protocol):
    """Invitations whose time has come."""

    def put(self, invitation_id: str, delivery_number: int, delay: timedelta) -> None:
        """Queue for sending after `delay` (0 to MAX_DELAY)."""

    def put_refused(self, invitation_id: str, delivery_number: int, refusal: Refusal, delay: timedelta) -> None:
        """Queue it the same way, with a claim that is to be given back first."""

    def put_all(self, deliveries: Sequence[tuple[str, int]]) -> None:
        """Queue these deliveries, each an invitation's id and a number, for sending at once."""

    def waiting(self) -> int:
        """Return about how many messages there are, those with a delay and those being handled included."""


class Mailer(Protocol[Message_contra]):
    """Hands one mail, or one text message, over, exactly once per call."""

    def send(self, mail: Message_contra, /) -> Receipt:
        """Return the receipt; never raises."""


class Invitations(Protocol):
    """The table as send_survey sees it."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def situation(self, invitation: Invitation) -> Situation:
        """The customer, their address, and whether the payment was taken back."""

    def claim(self, invitation: Invitation, customer: Customer, recipient: Recipient) -> bool:
        """pending -> sending under `invitation.attempt`, and last_asked_at of customer and address to `claimed_at`.

        The customer, channel, addresses, locale, zone, price and segments it carries are kept for good, whatever
        becomes of the mail, and the customer no longer waits for it. Inside the product it is what the customer is
        offered from now on. False when the invitation is no longer pending, the customer changed, or the address was
        asked or suppressed since it was read.
        """

    def defer(self, invitation: Invitation, customer: Customer) -> bool:
        """Store the wait it carries, unless it changed since it was read (then False); the customer waits as long.

        For one that an announced end holds back the customer does not wait: it must not keep others waiting. Nor for
        one that waits until they use the product: that one is among their `when_seen`, until it is claimed or closed.
        """

    def release(self, invitation: Invitation, customer: Customer, recipient: Recipient) -> None:
        """Undo the claim of this attempt: sending -> pending, with the `deferred_until` and generation it carries.

        Also unknown -> pending: a refusal may come to be known later.

        Customer and address were not asked, and the customer waits for it again if that was so when the claim was made.
        """

    def mark_sent(self, invitation: Invitation) -> None:
        """sending -> sent with message id and day."""

    def mark_unknown(self, invitation: Invitation) -> None:
        """sending -> unknown, for this attempt only."""

    def close(self, invitation: Invitation, reason: SkipReason) -> None:
        """From the state it was read in -> closed, at the `closed_at` it carries; the customer waits no longer."""

    def claim_reminder(self, invitation: Invitation, customer: Customer) -> bool:
        """Take the one reminder, at the `reminded_at` it carries; the addresses it carries are kept for good.

        False when it was taken, an answer or a bounce came, or the customer changed since it was read.
        """

    def claim_follow_up(self, invitation: Invitation, customer: Customer) -> bool:
        """Take the delivery after the one before by the channel it carries, and offer it where that is the product.

        What was proved of the one before is not true of it: delivery rank and moment become those it carries too.
        False when it was taken, an answer, a dismissal or a complaint came, or the customer changed since it was read.
        """

    def release_follow_up(self, invitation: Invitation) -> None:
        """Give it back, unless an answer came: all that the claim changed becomes what it carries.

        So do `deferred_until` and generation, which is the next one: of another, the claim is not the same any more.
        """

    def release_reminder(self, invitation: Invitation) -> None:
        """Give it back, with the `deferred_until` and generation it carries."""


class Suppressions(Protocol):
    """Addresses and numbers that are never written to again."""

    def suppressed(self, address_hash: str) -> bool:
        """Return whether this address or number is suppressed."""

    def suppress(self, address_hash: str, reason: Suppression, now: datetime, holder: Customer | None) -> bool:
        """Never write there again, nor to its holder; a bounce is about the address alone, and gives way."""


class Tasks(Protocol):
    """What a person has to decide."""

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:
        """Remember what a person has to decide; False for one that is known, done or not."""


class Caps(Protocol):
    """Counters of what was sent."""

    def take(self, caps: Sequence[Cap]) -> Cap | None:
        """Count one message under each cap (None), or under none of them: then return the cap that is used up."""

    def give_back(self, caps: Sequence[Cap]) -> None:
        """Count one message less under each cap: it was not sent after all."""


class SendingStatus(Protocol):
    """The switch that stops all sending, and the gates of channels whose quota is used up, shared by all senders.

    Both are as read a minute ago at most; what this sender does to a gate it knows at once.
    """

    def pause_reason(self) -> str:
        """Return why nothing may be sent; empty where sending goes on.

        Nothing may from a table that was restored, until the erasures and objections it misses were applied again.
        """

    def gate(self, channel: str) -> Gate | None:
        """Return the gate of the channel; None where it is open."""

    def close(self, channel: str, gate: Gate) -> None:
        """Close the gate, unless it is closed for longer."""

    def probe(self, channel: str, gate: Gate, probed: Gate) -> bool:
        """Put `probed` in the place of `gate`; False where another sender was faster, whose gate is read next."""

    def open(self, channel: str, gate: Gate) -> None:
        """Open the gate, unless it is another by now."""


class SendingSwitch(Protocol):
    """The switch that stops all sending, for those who turn it."""

    def state(self) -> SendingPause:
        """Return the pause, or an empty one; read consistently."""

    def stop(self, halt: SendingPause) -> bool:
        """Stop all sending; False, and nothing done, where it is stopped, or was resumed since `halt` was decided.

        `halt.resumed_on` is the last resume that its author knew of.
        """

    def resume(self, day: date) -> bool:
        """Let sending go on, and remember the local day; False where it was not stopped."""


class MailEvents(Protocol):
    """The table as handle_mail_event sees it."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands."""

    def customer(self, customer_id: str) -> Customer | None:
        """The customer as they stand."""

    def confirm_sent(self, invitation: Invitation, message_id: str, at: datetime, day: str) -> None:
        """sending or unknown -> sent: the mail system's word proves it went out."""

    def deliver(self, invitation_id: str, delivery: Delivery, delivered_at: datetime | None = None) -> None:
        """Raise the delivery rank, and keep the first moment a mail was `delivered_at`.

        A lower rank changes nothing, an equal one no more than a moment that is missing.
        """

    def suppress(self, address_hash: str, reason: Suppression, now: datetime, holder: Customer | None) -> bool:
        """Never write to this address again, nor to its holder; a bounce is about the address alone, and gives way.

        What was said before an operator lifted a suppression stays lifted. Returns whether it is objected to now.
        """


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """The place of an invitation among those of its day: in the order of the ready moments, in whole seconds."""

    day: str
    ready_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class UnsentPage:
    """Some invitations that have not gone out; `end` is where the next page begins, None behind the last."""

    places: Sequence[Place]
    end: Place | None


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """How far the sweep has come in looking at everything that was ready from `since` to `until`.

    It has done what lies up to `place`, None between two passes; the first that it left open was ready at `first_open`.
    `unreadable` are the places, 100 at most, of what could not be read and is looked at again in every pass.
    """

    since: datetime
    until: datetime
    place: Place | None = None
    first_open: datetime | None = None
    unreadable: tuple[Place, ...] = ()


class Sweeps(Protocol):
    """The table as the sweep of overdue work sees it."""

    def not_sent(self, day: str, since: datetime, until: datetime, after: Place | None = None) -> UnsentPage:
        """Return a page of the invitations of a day, ready from `since` to `until`, neither sent nor closed.

        The page begins after a place of that day. One call; the last seconds may be missing. The day of a moment may
        be that of any time zone.
        """

    def read_invitations(self, ids: Sequence[str]) -> Mapping[str, StoredInvitation]:
        """Those that exist among at most 100 ids, by id, each as it stands or why it cannot be read: one call."""

    def mark_unknown(self, invitation: Invitation) -> None:
        """sending -> unknown, for this attempt only."""

    def close(self, invitation: Invitation, reason: SkipReason) -> None:
        """From the state it was read in -> closed, at the `closed_at` it carries; the customer waits no longer."""

    def confirm_sent(self, invitation: Invitation, message_id: str, at: datetime, day: str) -> None:
        """sending or unknown -> sent: an answer proves it went out."""

    def sweep_progress(self) -> SweepProgress | None:
        """Return the progress as the last run stored it, None before the first; UnreadableError for one of its own."""

    def store_sweep_progress(self, progress: SweepProgress) -> None:
        """Store the progress."""


class ShortLinks(Protocol):
    """Short links, and the holders of the phones they were sent to."""

    def keep(self, code: ShortLink) -> bool:
        """Store the short link, or find the same one stored; False where another invitation has this code."""

    def holder(self, phone_hash: str) -> str:
        """Return the id of the customer to whom this phone belonged when it was last written to; empty for none."""
