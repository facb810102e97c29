"""Read what SES says about a mail: events of a configuration set, and notifications of an identity.

Both have the same shape. A notification names its kind `notificationType`, has no tags, and has headers only where the
operator included them (SES, Developer Guide, "Amazon SNS notification contents for Amazon SES" and "Contents of event
data that Amazon SES publishes to Amazon SNS"). Complaints of some mail providers come as notifications although events
are set up (spatie/mailcoach-support 217).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from afterbill.model.customer import Suppression
from afterbill.model.errors import PayloadError
from afterbill.model.invitation import Delivery
from afterbill.model.messages import INVITATION_TAG
from afterbill.outreach.delivery_reports import Report

_DELIVERIES = {
    "Delivery": Delivery.DELIVERED,
    "Bounce": Delivery.BOUNCED,
    "Complaint": Delivery.COMPLAINED,
}
_RECIPIENTS = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients"}

_PROOFS = frozenset({"Send", "DeliveryDelay", *_DELIVERIES})
"""Events that prove SES took the mail; a Reject or a Rendering Failure does not."""

_GREETING = "AmazonSnsSubscriptionSucceeded"
"""The kind of what SES says once when a topic is set for the notifications of an identity; it is about no mail."""

_WITHHELD = "OnAccountSuppressionList"
"""The subtype of a bounce or complaint about a mail that SES never sent, because the address is on the account's
suppression list: it counts against nobody's reputation (SES API, Bounce and Complaint)."""

_RESCUED = "not-spam"
"""The feedback type of a "complaint" by which somebody took the mail out of the spam folder (RFC 6430)."""


@dataclass(frozen=True, slots=True)
class SesRecord:
    """One record: its kind, the part about the `mail`, and `details`, the part that is named after the kind."""

    kind: str
    mail: Mapping[str, Any]
    details: Mapping[str, Any]
    message_id: str
    accepted_at: datetime
    tags: Mapping[str, Any]

    @property
    def invitation_tag(self) -> str:
        """The id of the invitation in the mail's tags; empty without one."""
        tagged = self.tags.get(INVITATION_TAG)
        return str(tagged[0]) if tagged else ""

    @property
    def source(self) -> str:
        """The address that the mail came from, in lower case."""
        return _bare(self.mail.get("source")).casefold()

    @property
    def reason(self) -> Suppression | None:
        """Why the address must never be written to again; a transient bounce may be a full mailbox."""
        if self.kind == "Complaint":
            rescued = str(self.details.get("complaintFeedbackType")).strip().casefold() == _RESCUED
            return None if rescued else Suppression.COMPLAINED
        permanent = self.kind == "Bounce" and self.details.get("bounceType") == "Permanent"
        return Suppression.BOUNCED if permanent else None

    @property
    def reported(self) -> tuple[str, ...]:
        """The addresses that bounced or complained."""
        recipients = _objects(self.details.get(_RECIPIENTS.get(self.kind, "")))
        return tuple(filter(None, (_bare(recipient.get("emailAddress")) for recipient in recipients)))

    @property
    def report(self) -> Report | None:
        """What it proves about the mail; None where that is nothing."""
        if self.kind not in _PROOFS:
            return None
        # Where mail is forwarded, SES names its last address: the one written to is given up too.
        destination = filter(None, map(_bare, _listed(self.mail.get("destination"))))
        addresses = (*destination, *self.reported)
        delivered_at = self.happened_at if self.kind == "Delivery" else None
        news = (self._delivery, delivered_at, self.reason, self.happened_at)
        return Report(self.message_id, self.accepted_at, *news, addresses)

    def headers(self, wanted: str) -> Iterator[str]:
        """Yield the values of the header of this name; letter case does not count."""
        for header in _objects(self.mail.get("headers")):
            if str(header.get("name")).casefold() == wanted.casefold():
                yield str(header.get("value"))

    @property
    def _delivery(self) -> Delivery:
        """The rank it proves. A transient bounce is ACCEPTED: it may be the reply that somebody is away."""
        withheld = self.details.get(f"{self.kind.lower()}SubType") == _WITHHELD
        if self.kind in _RECIPIENTS and (withheld or self.reason is None):
            return Delivery.ACCEPTED
        return _DELIVERIES.get(self.kind, Delivery.ACCEPTED)

    @property
    def happened_at(self) -> datetime | None:
        """When the recipient's server took or refused the mail, or reported a complaint; None if it cannot be read."""
        try:
            at = datetime.fromisoformat(self.details["timestamp"])
        except (KeyError, TypeError, ValueError):
            return None
        return at if at.tzinfo else None


def read_ses_record(event: Mapping[str, Any]) -> SesRecord | None:
    """Read a record as SNS carries it; None for SES's greeting. Raises PayloadError where it is none of SES."""
    try:
        kind = event.get("eventType") or event["notificationType"]
        if kind == _GREETING:
            return None
        mail, details = event["mail"], event.get(kind.lower())
        tags, message_id, accepted_at = mail.get("tags", {}), str(mail["messageId"]), _moment(mail["timestamp"])
        tags.get(INVITATION_TAG)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # Only what kind of error it is: its own words may quote an address.
        message = f"no SES event with eventType, mail.messageId and mail.timestamp: {type(error).__name__}"
        raise PayloadError(message) from error
    return SesRecord(kind, mail, details if isinstance(details, Mapping) else {}, message_id, accepted_at, tags)


def _moment(text: str) -> datetime:
    """Read a time, with or without fractions of a second; where it names no offset it is UTC."""
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    return (one for one in _listed(value) if isinstance(one, Mapping))


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _bare(value: object) -> str:
    """Return an address without the name that may stand before it; empty for anything else."""
    return value.rpartition("<")[2].rstrip("> ").strip() if isinstance(value, str) else ""
