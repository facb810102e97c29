"""Inbox and send queue over SQS, the timer over EventBridge Scheduler."""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill.model.webhooks import MAX_BODY_BYTES, Webhook
from afterbill.outreach.delay import MAX_DELAY

if TYPE_CHECKING:  # receive_webhook shares this module and starts without invitations
    from afterbill.model.invitation import Invitation

_SQS_REFUSES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters of UTF-8 that may not stand in an SQS message (SendMessage, API reference). Naming the allowed ones
instead takes 3 ms to compile, at every start."""

_LONGEST_PROBLEM = 300


@dataclass(frozen=True, slots=True)
class SqsInbox:
    """Raw bytes as the message body, what is known beside them as attributes."""

    sqs: Any
    url: str

    def put(self, webhook: Webhook) -> bool:
        """Return only once SQS has the message; False when it would not fit, as a large body that is no text."""
        return self._put(webhook, {} if webhook.part is None else {"part": str(webhook.part)})

    def put_aside(self, webhook: Webhook, problem: str) -> None:
        """The same for a queue of dead letters, with what is wrong beside the bytes."""
        said = _SQS_REFUSES.sub("?", problem.encode("ascii", "replace").decode())[:_LONGEST_PROBLEM]
        self._put(webhook, {"problem": said or "unknown"})

    def _put(self, webhook: Webhook, more: Mapping[str, str]) -> bool:
        body, encoding = _as_text(webhook.body)
        if len(body) > MAX_BODY_BYTES:
            return False
        attributes = {
            "source": webhook.source,
            "received_at": webhook.received_at.isoformat(),
            "encoding": encoding,
            "headers": json.dumps(dict(webhook.headers)),
            **more,
        }
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        with transient("putting a webhook into a queue"):
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, MessageAttributes=typed)
        return True


def webhook_of(record: Mapping[str, Any]) -> Webhook:
    """The webhook inside one record of an SQS event as Lambda gets it."""
    attributes = {name: value["stringValue"] for name, value in record["messageAttributes"].items()}
    body = record["body"].encode()
    return Webhook(
        source=attributes["source"],
        headers=json.loads(attributes["headers"]),
        body=base64.b64decode(body) if attributes["encoding"] == "base64" else body,
        received_at=datetime.fromisoformat(attributes["received_at"]),
        part=int(attributes["part"]) if "part" in attributes else None,
    )


def _as_text(body: bytes) -> tuple[str, str]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    if not text or _SQS_REFUSES.search(text):
        # "." stands for nothing: SQS refuses an empty message, and b64decode skips what is no base64.
        return base64.b64encode(body).decode() or ".", "base64"
    return text, "text"


@dataclass(frozen=True, slots=True)
class SqsSendQueue:
    """The queue send_survey reads."""

    sqs: Any
    url: str

    def put(self, invitation_id: str, delivery_number: int, delay: timedelta) -> None:
        """Queue for sending after `delay`, rounded up to seconds so that it is never early."""
        seconds = math.ceil(min(delay, MAX_DELAY).total_seconds())
        with transient("queueing an invitation"):
            self.sqs.send_message(
                QueueUrl=self.url, MessageBody=message(invitation_id, delivery_number), DelaySeconds=seconds
            )


def message(invitation_id: str, delivery_number: int) -> str:
    """What a schedule and the send queue carry: ids and nothing else."""
    return json.dumps({"invitation_id": invitation_id, "delivery": delivery_number})


@dataclass(frozen=True, slots=True)
class ScheduleTarget:
    """Where schedules fire to, and how."""

    group: str
    role_arn: str
    queue_arn: str
    dlq_arn: str
    flexible_minutes: int


@dataclass(frozen=True, slots=True)
class EventBridgeTimer:
    """One one-time schedule per delivery and generation, deleted after it fired."""

    scheduler: Any
    target: ScheduleTarget

    def at(self, invitation: "Invitation", delivery_number: int, moment: datetime) -> None:
        """Create the schedule; one of this name is the same timer, set before."""
        try:
            with transient("creating a schedule"):
                self.scheduler.create_schedule(
                    Name=invitation.schedule_name(delivery_number),
                    GroupName=self.target.group,
                    ScheduleExpression=_at(moment),
                    FlexibleTimeWindow=self._window(),
                    ActionAfterCompletion="DELETE",
                    Target=self._queue(message(invitation.id, delivery_number)),
                )
        except ClientError as error:
            if error_code(error) != "ConflictException":
                raise

    def _window(self) -> dict[str, Any]:
        if not self.target.flexible_minutes:
            return {"Mode": "OFF"}
        return {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": self.target.flexible_minutes}

    def _queue(self, text: str) -> dict[str, Any]:
        return {
            "Arn": self.target.queue_arn,
            "RoleArn": self.target.role_arn,
            "Input": text,
            "DeadLetterConfig": {"Arn": self.target.dlq_arn},
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
        }


def _at(due_at: datetime) -> str:
    """A schedule knows whole seconds; rounding up keeps it from firing before the due moment."""
    whole = due_at.astimezone(UTC)
    if whole.microsecond:
        whole = whole.replace(microsecond=0) + timedelta(seconds=1)
    return f"at({whole:%Y-%m-%dT%H:%M:%S})"
