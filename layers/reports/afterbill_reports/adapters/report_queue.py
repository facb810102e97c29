"""The queue of report requests over SQS."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afterbill.adapters.aws.clients import transient


@dataclass(frozen=True, slots=True)
class SqsReportQueue:
    """The queue that compute_reports reads."""

    sqs: Any
    url: str

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue the message as JSON."""
        with transient("asking for reports"):
            self.sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(message))
