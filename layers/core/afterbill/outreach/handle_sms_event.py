"""Handle events about text messages, and replies to them, in any order and any number of times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from afterbill.model.customer import Customer, Suppression
from afterbill.model.errors import PayloadError
from afterbill.model.invitation import Delivery
from afterbill.model.messages import INVITATION_TAG
from afterbill.outreach.delivery_reports import Outcome, Report, ReportDeps, record_report, suppress
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


@dataclass(frozen=True, slots=True)
class SmsEventDeps(ReportDeps):
    """The dependencies of handling SMS events."""

    events: TextEvents


def handle_sms_event(event: Mapping[str, Any], deps: SmsEventDeps, published_at: datetime) -> Outcome:
    """Raise the delivery rank, confirm an unknown receipt as sent, and record opt-outs.

    `event` is what SNS carries since `published_at`: an event of a configuration set, or a message that somebody sent
    to our number, which has no time of its own. Raises PayloadError when it is neither.
    """

    def holder_of(number_hash: str) -> Customer | None:
        return deps.events.customer(deps.events.holder(number_hash))

    if "messageBody" in event:
        number = str(event.get("originationNumber", ""))
        objects = bool(number) and says_stop(str(event["messageBody"]))
        reason = Suppression.UNSUBSCRIBED
        return suppress([number], reason, holder_of, deps, published_at) if objects else Outcome.OTHER
    invitation_id, report = _read(event)
    invitation = deps.events.invitation(invitation_id)
    if invitation is None:
        return Outcome.FOREIGN
    return record_report(invitation, report, holder_of, deps, published_at) if report else Outcome.OTHER


def _read(event: Mapping[str, Any]) -> tuple[str, Report | None]:
    """Return the invitation that an event is about, and what it reports; None for a kind that proves nothing."""
    try:
        kind, message_id, context = str(event["eventType"]), str(event["messageId"]), dict(event.get("context") or {})
        accepted_at = datetime.fromtimestamp(int(event["eventTimestamp"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        # Only what kind of error it is: its own words may quote a number.
        message = f"no event with eventType, messageId and eventTimestamp: {type(error).__name__}"
        raise PayloadError(message) from error
    delivery = _PROOFS.get(kind)
    if delivery is Delivery.BOUNCED and event.get("isFinal") is False:
        delivery = Delivery.ACCEPTED
    number = str(event.get("destinationPhoneNumber", ""))
    # The moment of delivery is not kept: it only serves to review clicks in mails.
    reason, addresses = _reason(kind, event), (number,) if number else ()
    report = delivery and Report(
        message_id, accepted_at, delivery, reason=reason, said_at=accepted_at, addresses=addresses
    )
    return str(context.get(INVITATION_TAG, "")), report or None


def _reason(kind: str, event: Mapping[str, Any]) -> Suppression | None:
    """Return why this number gets no more messages: its holder opted out, or it does not exist."""
    if _OPTED_OUT in str(event.get("messageStatus", "")):
        return Suppression.UNSUBSCRIBED
    return Suppression.BOUNCED if kind == _NO_NUMBER else None
