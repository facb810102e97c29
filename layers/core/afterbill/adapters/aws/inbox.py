"""The inbox over SQS; in a module of its own, so that receiving starts without invitations and sending."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.model.webhooks import MAX_BODY_BYTES, Webhook

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
        """Put the webhook into a queue of dead letters, with what is wrong beside the bytes."""
        text = _SQS_REFUSES.sub("?", problem.encode("ascii", "replace").decode())[:_LONGEST_PROBLEM]
        self._put(webhook, {"problem": text or "unknown"})

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
