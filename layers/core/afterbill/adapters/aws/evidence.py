"""Copies of webhooks in S3, where an operator wants to keep them for some days."""

import base64
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode
from afterbill.model.errors import TransientError
from afterbill.model.webhooks import Webhook

_MOST_DELETES = 1000
"""Objects of one DeleteObjects."""


@dataclass(frozen=True, slots=True)
class S3Copies:
    """Copies of webhooks by their names, to be deleted."""

    s3: Any
    bucket: str

    def delete(self, names: Collection[str]) -> None:
        """Delete the copies of these names, one call for a thousand; those that are not there count as deleted."""
        listed = [{"Key": name} for name in sorted(names)]
        for start in range(0, len(listed), _MOST_DELETES):
            batch = listed[start : start + _MOST_DELETES]
            with transient("deleting copies of webhooks"):
                answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})
            if errors := answer.get("Errors"):
                raise TransientError(f"{len(errors)} copies of webhooks were not deleted: {errors[0].get('Code')}")


@dataclass(frozen=True, slots=True)
class S3Evidence(S3Copies):
    """Copies of webhooks, one object each; the bucket encrypts them and forgets them after the time `kept_for`.

    Whom a copy is about stands in the table.
    """

    dynamodb: Any
    table: str
    kept_for: timedelta

    def keep(self, webhook: Webhook) -> None:
        """Return only once the copy is durable; the same webhook is kept once."""
        with transient("keeping evidence"):
            self.s3.put_object(
                Bucket=self.bucket, Key=key_of(webhook), Body=content_of(webhook), ContentType="application/json"
            )

    def name_of(self, webhook: Webhook) -> str:
        """The name of the copy: that of its object."""
        return key_of(webhook)

    def remember(self, name: str, customer_ids: Sequence[str], now: datetime) -> None:
        """Store one item for each customer, which ends with the copy."""
        until = encode({keys.TTL: int((now + self.kept_for).timestamp())})
        for customer_id in customer_ids:
            item = keys.copy(name, customer_id) | encode(keys.of(customer_id)) | until
            with transient("remembering whom a copy is about"):
                self.dynamodb.put_item(TableName=self.table, Item=item)


def key_of(webhook: Webhook) -> str:
    """`stripe/2026/11/22/20261122T133015000250Z-<32 hex digits>.json`: by source and day, the same for every try."""
    at = webhook.received_at.astimezone(UTC)
    digest = hashlib.sha256(webhook.body).hexdigest()[:32]
    return f"{webhook.source}/{at:%Y/%m/%d}/{at:%Y%m%dT%H%M%S%f}Z-{digest}.json"


def content_of(webhook: Webhook) -> bytes:
    """Everything the inbox holds; a body that is no UTF-8 as base64."""
    try:
        encoding, body = "text", webhook.body.decode()
    except UnicodeDecodeError:
        encoding, body = "base64", base64.b64encode(webhook.body).decode()
    content = {
        "source": webhook.source,
        "received_at": webhook.received_at.isoformat(),
        "headers": dict(webhook.headers),
        "encoding": encoding,
        "body": body,
    }
    return json.dumps(content).encode()
