"""Handle what SES reports about a mail, in any order and any number of times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from afterbill.model.customer import Suppression
from afterbill.model.errors import PayloadError
from afterbill.model.invitation import Delivery, Invitation, State
from afterbill.model.messages import INVITATION_TAG
from afterbill.outreach.ports import MailEvents

_DELIVERIES = {
    "Delivery": Delivery.DELIVERED,
    "Bounce": Delivery.BOUNCED,
    "Complaint": Delivery.COMPLAINED,
}

_WITHHELD = "OnAccountSuppressionList"
"""The subtype of a bounce or complaint about a mail that SES never sent, because the address is on the account's
suppression list: it counts against nobody's reputation (SES API, Bounce and Complaint)."""

_CLOCKS = timedelta(minutes=1)
"""More than our clock and that of SES differ by, and far less than lies between a mail and its reminder."""

_PROOFS = frozenset({"Send", *_DELIVERIES})
"""Events that prove SES took the mail; a Reject or a Rendering Failure does not."""


class Outcome(StrEnum):
    """The result of one mail event."""

    CONFIRMED_SENT = "confirmed_sent"
    NOTED = "noted"
    REPEATED = "repeated"
    SUPPRESSED = "suppressed"
    OTHER = "other"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class MailEventDeps:
    """The dependencies of handling mail events; `day_of` gives the operator's local day of an instant."""

    mail_events: MailEvents
    hash_address: Callable[[str], str]
    day_of: Callable[[datetime], str]


def handle_mail_event(event: Mapping[str, Any], deps: MailEventDeps, now: datetime) -> Outcome:
    """Raise the delivery rank, confirm an unknown receipt as sent, suppress addresses that take no mail.

    `event` is the SES record as SNS carries it. Raises PayloadError when it is not one.
    """
    try:
        kind, mail = event["eventType"], event["mail"]
        ids = mail.get("tags", {}).get(INVITATION_TAG, [])
        message_id, happened_at = str(mail["messageId"]), datetime.fromisoformat(mail["timestamp"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # Only what kind of error it is: its own words may quote an address.
        message = f"no SES event with eventType, mail.messageId and mail.timestamp: {type(error).__name__}"
        raise PayloadError(message) from error
    invitation = deps.mail_events.invitation(str(ids[0])) if ids else None
    if invitation is None:
        return Outcome.FOREIGN
    if kind not in _PROOFS:
        return Outcome.OTHER
    confirmed = _confirm_sent(invitation, message_id, happened_at, deps)
    delivery = _delivery(event)
    delivered_at = _delivered_at(event) if _first(invitation, happened_at) else None
    raised = invitation.delivery is None or delivery > invitation.delivery
    if raised or delivered_at:
        # A complaint may overtake the delivery that it is about: the rank stays, the moment is news.
        deps.mail_events.deliver(invitation.id, max(delivery, invitation.delivery or delivery), delivered_at)
    if _final(event):
        _suppress(invitation, event, deps, now)
        return Outcome.SUPPRESSED
    if confirmed:
        return Outcome.CONFIRMED_SENT
    return Outcome.NOTED if raised else Outcome.REPEATED


def _confirm_sent(invitation: Invitation, message_id: str, at: datetime, deps: MailEventDeps) -> bool:
    if invitation.state not in {State.SENDING, State.UNKNOWN}:
        return False
    deps.mail_events.confirm_sent(invitation, message_id, at, deps.day_of(at))
    return True


def _first(invitation: Invitation, happened_at: datetime) -> bool:
    """Return whether this may be the delivery of the first mail; a reminder's says nothing of clicks in the first."""
    reminded_at = invitation.reminded_at
    return invitation.delivered_at is None and (reminded_at is None or happened_at < reminded_at - _CLOCKS)


def _delivery(event: Mapping[str, Any]) -> Delivery:
    """Return the rank an event proves. A transient bounce is ACCEPTED: it may be the reply that somebody is away."""
    kind: str = event["eventType"]
    details: Mapping[str, Any] = event.get(kind.lower(), {})
    came_back = kind in {"Bounce", "Complaint"}
    if came_back and (details.get(f"{kind.lower()}SubType") == _WITHHELD or not _final(event)):
        return Delivery.ACCEPTED
    return _DELIVERIES.get(kind, Delivery.ACCEPTED)


def _delivered_at(event: Mapping[str, Any]) -> datetime | None:
    """Return when the recipient's server took the mail; None for other events, and for a time that cannot be read."""
    details: Any = event.get("delivery")
    try:
        at = datetime.fromisoformat(details["timestamp"]) if event["eventType"] == "Delivery" else None
    except (KeyError, TypeError, ValueError):
        return None
    return at if at and at.tzinfo else None


def _final(event: Mapping[str, Any]) -> bool:
    """Return whether the address must never be written to again; a transient bounce may be a full mailbox."""
    kind: str = event["eventType"]
    permanent: bool = event.get("bounce", {}).get("bounceType") == "Permanent"
    return kind == "Complaint" or (kind == "Bounce" and permanent)


def _suppress(invitation: Invitation, event: Mapping[str, Any], deps: MailEventDeps, now: datetime) -> None:
    """Suppress the address written to and the one reported: where mail is forwarded, SES names its last address."""
    complained = event["eventType"] == "Complaint"
    reason = Suppression.COMPLAINED if complained else Suppression.BOUNCED
    listed = event["complaint"]["complainedRecipients"] if complained else event["bounce"]["bouncedRecipients"]
    customer = deps.mail_events.customer(invitation.customer_id)
    held = deps.hash_address(customer.address) if customer and customer.address else ""
    reported = (recipient["emailAddress"] for recipient in listed)
    for address in dict.fromkeys(map(str, (*event["mail"].get("destination", ()), *reported))):
        hashed = deps.hash_address(address)
        # The customer may have another address by now: then only the old one is given up.
        deps.mail_events.suppress(hashed, reason, now, customer if hashed == held else None)
