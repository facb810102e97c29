"""The send queue over SQS."""

import json
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.outreach.ports import MAX_DELAY


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
    """The text that a schedule and the send queue carry: ids and nothing else."""
    return json.dumps({"invitation_id": invitation_id, "delivery": delivery_number})
