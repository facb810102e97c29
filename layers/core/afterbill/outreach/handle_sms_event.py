"""Handle events about text messages, and replies to them, in any order and any number of times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from afterbill.model.customer import Suppression
from afterbill.model.errors import PayloadError
from afterbill.model.invitation import Delivery, Invitation, State
from afterbill.model.messages import INVITATION_TAG
from afterbill.outreach.ports import MailEvents, ShortLinks
from afterbill.outreach.stop_words import says_stop

_PROOFS = {
    "TEXT_SUCCESSFUL": Delivery.ACCEPTED,
    "TEXT_PENDING": Delivery.ACCEPTED,
    "TEXT_QUEUED": Delivery.ACCEPTED,
    "TEXT_UNKNOWN": Delivery.ACCEPTED,
    "TEXT_DELIVERED": Delivery.DELIVERED,
    **dict.fromkeys(
        (
            "TEXT_INVALID",
            "TEXT_INVALID_MESSAGE",
            "TEXT_UNREACHABLE",
            "TEXT_CARRIER_UNREACHABLE",
            "TEXT_BLOCKED",
            "TEXT_CARRIER_BLOCKED",
            "TEXT_PROTECT_BLOCKED",
            "TEXT_SPAM",
            "TEXT_TTL_EXPIRED",
        ),
        Delivery.BOUNCED,
    ),
}
"""The rank each event proves (End User Messaging, event types for SMS); only a final event proves a failure."""

_NO_NUMBER = "TEXT_INVALID"
_OPTED_OUT = "OPTED_OUT"


class TextEvents(MailEvents, ShortLinks, Protocol):
    """The table as this use case sees it."""


class Outcome(StrEnum):
    """The result of one event."""

    CONFIRMED_SENT = "confirmed_sent"
    NOTED = "noted"
    REPEATED = "repeated"
    SUPPRESSED = "suppressed"
    OTHER = "other"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class SmsEventDeps:
    """The dependencies of handling SMS events; `day_of` gives the operator's local day of an instant."""

    events: TextEvents
    hash_address: Callable[[str], str]
    day_of: Callable[[datetime], str]


def handle_sms_event(event: Mapping[str, Any], deps: SmsEventDeps, now: datetime) -> Outcome:
    """Raise the delivery rank, confirm an unknown receipt as sent, and record opt-outs.

    `event` is what SNS carries: an event of a configuration set, or a message that somebody sent to our number.
    Raises PayloadError when it is neither.
    """
    if "messageBody" in event:
        return _heard(event, deps, now)
    try:
        kind, message_id, context = str(event["eventType"]), str(event["messageId"]), dict(event.get("context") or {})
        happened_at = datetime.fromtimestamp(int(event["eventTimestamp"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        # Only what kind of error it is: its own words may quote a number.
        message = f"no event with eventType, messageId and eventTimestamp: {type(error).__name__}"
        raise PayloadError(message) from error
    invitation = deps.events.invitation(str(context.get(INVITATION_TAG, "")))
    if invitation is None:
        return Outcome.FOREIGN
    if kind not in _PROOFS:
        return Outcome.OTHER
    confirmed = _confirm_sent(invitation, message_id, happened_at, deps)
    raised = _raise(invitation, event, deps)
    if _suppress(invitation, event, deps, now):
        return Outcome.SUPPRESSED
    if confirmed:
        return Outcome.CONFIRMED_SENT
    return Outcome.NOTED if raised else Outcome.REPEATED


def _heard(event: Mapping[str, Any], deps: SmsEventDeps, now: datetime) -> Outcome:
    number = str(event.get("originationNumber", ""))
    if not number or not says_stop(str(event["messageBody"])):
        return Outcome.OTHER
    hashed = deps.hash_address(number)
    customer = deps.events.customer(deps.events.holder(hashed))
    deps.events.suppress(hashed, Suppression.UNSUBSCRIBED, now, customer)
    return Outcome.SUPPRESSED


def _confirm_sent(invitation: Invitation, message_id: str, at: datetime, deps: SmsEventDeps) -> bool:
    if invitation.state not in {State.SENDING, State.UNKNOWN}:
        return False
    deps.events.confirm_sent(invitation, message_id, at, deps.day_of(at))
    return True


def _raise(invitation: Invitation, event: Mapping[str, Any], deps: SmsEventDeps) -> bool:
    """Raise the delivery rank. The moment is not kept: it only serves to review clicks in mails."""
    delivery = _PROOFS[event["eventType"]]
    if delivery is Delivery.BOUNCED and event.get("isFinal") is False:
        delivery = Delivery.ACCEPTED
    if invitation.delivery is not None and delivery <= invitation.delivery:
        return False
    deps.events.deliver(invitation.id, delivery)
    return True


def _suppress(invitation: Invitation, event: Mapping[str, Any], deps: SmsEventDeps, now: datetime) -> bool:
    """Suppress a number that does not exist, or one that opted out: then its holder too."""
    number, objected = str(event.get("destinationPhoneNumber", "")), _OPTED_OUT in str(event.get("messageStatus", ""))
    if not number or not (objected or event["eventType"] == _NO_NUMBER):
        return False
    holder = deps.events.customer(invitation.customer_id) if objected else None
    reason = Suppression.UNSUBSCRIBED if objected else Suppression.BOUNCED
    deps.events.suppress(deps.hash_address(number), reason, now, holder)
    return True
