"""The send queue over SQS."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.model.errors import TransientError
from afterbill.outreach.ports import MAX_DELAY

_BATCH = 10
"""Most messages SendMessageBatch takes."""


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

    def put_all(self, deliveries: Sequence[tuple[str, int]]) -> None:
        """Queue all of them without delay, ten to a call; TransientError where SQS did not take every one."""
        for start in range(0, len(deliveries), _BATCH):
            entries = [
                {"Id": str(number), "MessageBody": message(*delivery)}
                for number, delivery in enumerate(deliveries[start : start + _BATCH])
            ]
            with transient("queueing invitations"):
                answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
            if failed := answer.get("Failed"):
                raise TransientError(f"queueing invitations: {failed[0].get('Code')}")


def message(invitation_id: str, delivery_number: int) -> str:
    """The text that a schedule and the send queue carry: ids and nothing else."""
    return json.dumps({"invitation_id": invitation_id, "delivery": delivery_number})
