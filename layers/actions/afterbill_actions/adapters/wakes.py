"""The queue that wakes, over SQS."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill_actions.events import Event
from afterbill_actions.wake import MOST_DELAY, Drain, Settle, Tell, Wake, text_of


@dataclass(frozen=True, slots=True)
class SqsWakes:
    """Wakes over the queue that run_actions reads."""

    sqs: Any
    url: str

    def settle(self, invitation_id: str, version: str, at: datetime, after: timedelta) -> None:
        """Ask to look at a version of a response after this time."""
        self._send(Settle(invitation_id, version, at), after)

    def tell(self, event: Event) -> None:
        """Ask to look at an event that is about no response."""
        self._send(Tell(event), timedelta(0))

    def drain(self, connection: str, after: timedelta = timedelta(0)) -> None:
        """Ask to drain a connection after this time, MOST_DELAY at most."""
        self._send(Drain(connection), after)

    def _send(self, wake: Wake, after: timedelta) -> None:
        """The delay is rounded up to seconds, so that it is never early."""
        seconds = math.ceil(min(max(after, timedelta(0)), MOST_DELAY).total_seconds())
        with transient("waking actions"):
            self.sqs.send_message(QueueUrl=self.url, MessageBody=text_of(wake), DelaySeconds=seconds)
