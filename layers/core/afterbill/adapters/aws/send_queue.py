"""The send queue over SQS."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Delivery, Refusal
from afterbill.outreach.ports import MAX_DELAY

_BATCH = 10
"""Most messages SendMessageBatch takes."""

_NUMBERS = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
]

_MOMENTS = ("asked_at", "address_asked_at", "delivered_at")
"""The moments of a refusal, as attributes and in a message."""


@dataclass(frozen=True, slots=True)
class SqsSendQueue:
    """The queue send_survey reads."""

    sqs: Any
    url: str

    def put(self, invitation_id: str, delivery_number: int, delay: timedelta) -> None:
        """Queue for sending after `delay`, rounded up to seconds so that it is never early."""
        self._put(message(invitation_id, delivery_number), delay)

    def put_refused(self, invitation_id: str, delivery_number: int, refusal: Refusal, delay: timedelta) -> None:
        """Queue it the same way, with a claim that is to be given back first."""
        self._put(message(invitation_id, delivery_number, refused=_written(refusal)), delay)

    def _put(self, text: str, delay: timedelta) -> None:
        seconds = math.ceil(min(delay, MAX_DELAY).total_seconds())
        with transient("queueing an invitation"):
            self.sqs.send_message(QueueUrl=self.url, MessageBody=text, DelaySeconds=seconds)

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

    def waiting(self) -> int:
        """Return about how many messages there are, as SQS knew within the last minute or so."""
        with transient("counting messages"):
            answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=_NUMBERS)
        return sum(int(answer["Attributes"][name]) for name in _NUMBERS)


def message(invitation_id: str, delivery_number: int, **more: object) -> str:
    """The text that a schedule and the send queue carry: ids and nothing else, but for the moments of a refusal."""
    return json.dumps({"invitation_id": invitation_id, "delivery": delivery_number, **more})


def refusal_in(body: Mapping[str, Any]) -> Refusal | None:
    """Return the refusal that a message of the send queue carries, if any."""
    if (refused := body.get("refused")) is None:
        return None
    moments = {name: datetime.fromisoformat(refused[name]) for name in _MOMENTS if name in refused}
    rank = refused.get("delivery")
    return Refusal(refused["claim"], delivery=None if rank is None else Delivery(rank), **moments)


def _written(refusal: Refusal) -> Mapping[str, str | int]:
    known = {name: moment for name in _MOMENTS if (moment := getattr(refusal, name))}
    rank = {} if refusal.delivery is None else {"delivery": int(refusal.delivery)}
    return {"claim": refusal.claim, **rank, **{name: moment.isoformat() for name, moment in known.items()}}
