"""Publishes the SES events of each mail to the topic, which MiniStack does not.

What happens is decided by the address, like with the mailbox simulator of SES: `bounce@` (with or without `+...`) does
not exist, `complaint@` marks the mail as spam, everybody else receives it. Shapes:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3

from afterbill_dev.local.mailbox import SentMail
from afterbill_dev.paths import ACCOUNT, REGION

if TYPE_CHECKING:
    import queue

SUBJECT = "Amazon SES Email Event Notification"
OUTCOMES = {"bounce": ("Send", "Bounce"), "complaint": ("Send", "Delivery", "Complaint")}
DELIVERED = ("Send", "Delivery")


def work(mails: "queue.Queue[SentMail]", topic_arn: str) -> None:
    """Publish the events of every mail that comes in, for ever."""
    topic = boto3.client("sns")
    while True:
        for event in events(mails.get()):
            topic.publish(TopicArn=topic_arn, Subject=SUBJECT, Message=json.dumps(event))


def events(mail: SentMail) -> list[dict[str, Any]]:
    """Return the events of SES about one mail, in order; none without a configuration set."""
    if mail.configuration_set is None:
        return []
    mailbox = mail.recipients[0].partition("@")[0].partition("+")[0]
    return [_event(mail, kind) for kind in OUTCOMES.get(mailbox, DELIVERED)]


def _event(mail: SentMail, kind: str) -> dict[str, Any]:
    tell = {"Send": _send, "Delivery": _delivery, "Bounce": _bounce, "Complaint": _complaint}[kind]
    return {"eventType": kind, "mail": _mail(mail), kind.lower(): tell(mail)}


def _send(_: SentMail) -> dict[str, Any]:
    return {}


def _delivery(mail: SentMail) -> dict[str, Any]:
    return {
        "timestamp": _instant(mail.sent_at),
        "processingTimeMillis": 1,
        "recipients": list(mail.recipients),
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "mta.local",
    }


def _bounce(mail: SentMail) -> dict[str, Any]:
    failure = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    return {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": recipient, **failure} for recipient in mail.recipients],
        "timestamp": _instant(mail.sent_at),
        "feedbackId": f"feedback-{mail.message_id}",
        "reportingMTA": "dsn; mta.local",
    }


def _complaint(mail: SentMail) -> dict[str, Any]:
    return {
        "complainedRecipients": [{"emailAddress": recipient} for recipient in mail.recipients],
        "timestamp": _instant(mail.sent_at),
        "feedbackId": f"feedback-{mail.message_id}",
        "complaintSubType": None,
        "userAgent": "Mailbox on this machine",
        "complaintFeedbackType": "abuse",
        "arrivalDate": _instant(mail.sent_at),
    }


def _mail(mail: SentMail) -> dict[str, Any]:
    """The part that all events share."""
    address = mail.sender.rpartition("<")[2].rstrip(">")
    domain = address.rpartition("@")[2]
    usual = (("From", mail.sender), ("To", ", ".join(mail.recipients)), ("Subject", mail.subject))
    tags = {
        "ses:configuration-set": mail.configuration_set,
        "ses:from-domain": domain,
        "ses:caller-identity": "local",
        **mail.tags,
    }
    return {
        "timestamp": _instant(mail.sent_at),
        "source": mail.sender,
        "sourceArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{domain}",
        "sendingAccountId": ACCOUNT,
        "messageId": mail.message_id,
        "destination": list(mail.recipients),
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in (*usual, *mail.headers)],
        "commonHeaders": {
            "from": [mail.sender],
            "to": list(mail.recipients),
            "messageId": mail.message_id,
            "subject": mail.subject,
        },
        "tags": {name: [value] for name, value in tags.items()},
    }


def _instant(moment: datetime) -> str:
    """Format a time as SES does: UTC with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
