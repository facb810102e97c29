"""Tells the topic what became of each mail, in the shapes and words of SES, which MiniStack never does by itself.

What happens is decided by the address, like with the mailbox simulator of SES: `bounce@` (with or without `+...`) does
not exist, `complaint@` marks the mail as spam, everybody else receives it. Shapes:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3

from afterbill_dev.local.mailbox import Letter
from afterbill_dev.paths import ACCOUNT, REGION

if TYPE_CHECKING:
    import queue

SUBJECT = "Amazon SES Email Event Notification"
OUTCOMES = {"bounce": ("Send", "Bounce"), "complaint": ("Send", "Delivery", "Complaint")}
DELIVERED = ("Send", "Delivery")


def work(letters: "queue.Queue[Letter]", topic_arn: str) -> None:
    """Publish the events of every letter that comes in, for ever."""
    topic = boto3.client("sns")
    while True:
        for event in events(letters.get()):
            topic.publish(TopicArn=topic_arn, Subject=SUBJECT, Message=json.dumps(event))


def events(letter: Letter) -> list[dict[str, Any]]:
    """What SES says about one mail, in order; nothing without a configuration set."""
    if letter.configuration_set is None:
        return []
    mailbox = letter.recipients[0].partition("@")[0].partition("+")[0]
    return [_event(letter, kind) for kind in OUTCOMES.get(mailbox, DELIVERED)]


def _event(letter: Letter, kind: str) -> dict[str, Any]:
    tell = {"Send": _send, "Delivery": _delivery, "Bounce": _bounce, "Complaint": _complaint}[kind]
    return {"eventType": kind, "mail": _mail(letter), kind.lower(): tell(letter)}


def _send(_: Letter) -> dict[str, Any]:
    return {}


def _delivery(letter: Letter) -> dict[str, Any]:
    return {
        "timestamp": _instant(letter.sent_at),
        "processingTimeMillis": 1,
        "recipients": list(letter.recipients),
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "mta.local",
    }


def _bounce(letter: Letter) -> dict[str, Any]:
    failure = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    return {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": recipient, **failure} for recipient in letter.recipients],
        "timestamp": _instant(letter.sent_at),
        "feedbackId": f"feedback-{letter.message_id}",
        "reportingMTA": "dsn; mta.local",
    }


def _complaint(letter: Letter) -> dict[str, Any]:
    return {
        "complainedRecipients": [{"emailAddress": recipient} for recipient in letter.recipients],
        "timestamp": _instant(letter.sent_at),
        "feedbackId": f"feedback-{letter.message_id}",
        "complaintSubType": None,
        "userAgent": "Mailbox on this machine",
        "complaintFeedbackType": "abuse",
        "arrivalDate": _instant(letter.sent_at),
    }


def _mail(letter: Letter) -> dict[str, Any]:
    """The part that all events share."""
    address = letter.sender.rpartition("<")[2].rstrip(">")
    domain = address.rpartition("@")[2]
    usual = (("From", letter.sender), ("To", ", ".join(letter.recipients)), ("Subject", letter.subject))
    tags = {
        "ses:configuration-set": letter.configuration_set,
        "ses:from-domain": domain,
        "ses:caller-identity": "local",
        **letter.tags,
    }
    return {
        "timestamp": _instant(letter.sent_at),
        "source": letter.sender,
        "sourceArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{domain}",
        "sendingAccountId": ACCOUNT,
        "messageId": letter.message_id,
        "destination": list(letter.recipients),
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in (*usual, *letter.headers)],
        "commonHeaders": {
            "from": [letter.sender],
            "to": list(letter.recipients),
            "messageId": letter.message_id,
            "subject": letter.subject,
        },
        "tags": {name: [value] for name, value in tags.items()},
    }


def _instant(moment: datetime) -> str:
    """As SES writes it: UTC with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
