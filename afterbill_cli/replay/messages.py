"""Webhooks to replay, from dead letters, kept evidence or files."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from afterbill.adapters.aws.inbox import webhook_of
from afterbill.connectors import registry
from afterbill.model.errors import AfterbillError
from afterbill.model.webhooks import Source, Webhook
from afterbill_cli import samples

_SECONDS_OUT_OF_SIGHT = 60
"""Time for which a dead letter is hidden from other consumers, unless it is released before."""
_WAIT_SECONDS = 2
"""A receive that waits asks every server of the queue: when it brings nothing, nothing is left."""
_WEBHOOKS = frozenset({".json", ".xml", ".txt", ".form"})
"""Files of a folder that are replayed; what else lies there would only become dead letters."""


SIGNED, UNSIGNED = "InboxUrl", "UnsignedInboxUrl"
"""Outputs of the stack with the URLs of the inboxes."""


def _nothing() -> None:
    """Remove nothing: webhooks in files and buckets stay there."""


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook with the name to print; `remove` deletes it from its queue.

    It goes through the inbox whose URL the output `inbox` of the stack names.
    """

    name: str
    webhook: Webhook
    remove: Callable[[], None] = _nothing
    inbox: str = SIGNED


@dataclass
class DeadLetters:
    """An inbox's dead letters; those that arrived after `until`, for example from this replay, are skipped."""

    sqs: Any
    url: str
    until: datetime
    inbox: str = SIGNED

    @contextmanager
    def messages(self) -> Iterator[Iterator[Message]]:
        """Yield each message once; release those that were not removed."""
        open_: dict[str, str] = {}
        try:
            yield self._each(open_)
        finally:
            for receipt in open_.values():
                self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=0)

    def _each(self, open_: dict[str, str]) -> Iterator[Message]:
        met: set[str] = set()
        while batch := {message["MessageId"]: message for message in self._receive()}:
            open_ |= {id_: message["ReceiptHandle"] for id_, message in batch.items()}
            if batch.keys() <= met:
                return  # everything was seen, and comes into sight again
            for id_, message in batch.items():
                webhook = _webhook_in(message) if id_ not in met and self._is_old(message) else None
                if webhook:
                    yield Message(id_, webhook, partial(self._remove, id_, open_), self.inbox)
            met |= batch.keys()

    def _receive(self) -> list[Mapping[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=_WAIT_SECONDS,
            VisibilityTimeout=_SECONDS_OUT_OF_SIGHT,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages: list[Mapping[str, Any]] = answer.get("Messages", [])
        return messages

    def _is_old(self, message: Mapping[str, Any]) -> bool:
        return int(message["Attributes"]["SentTimestamp"]) <= self.until.timestamp() * 1000

    def _remove(self, id_: str, open_: dict[str, str]) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=open_.pop(id_))


def evidence(
    s3: Any,  # noqa: ANN401  # a boto3 client
    bucket: str,
    source: str | None,
    days: tuple[date | None, date | None],
) -> Iterator[Message]:
    """The copies of one source or of all, of the UTC days from the first to the last; by source and time."""
    since, until = days
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{source}/" if source else "")
    for page in pages:
        for copy in page.get("Contents", ()):
            day = _day_in(copy["Key"])
            if day and (since or day) <= day <= (until or day):
                body = s3.get_object(Bucket=bucket, Key=copy["Key"])["Body"].read()
                yield Message(copy["Key"], _webhook_of_copy(body))


def files(folder: Path, source: Source) -> Iterator[Message]:
    """The webhooks in a folder, or the one in a file, as if they arrived now; with the headers the inbox keeps."""
    if not folder.exists():
        raise AfterbillError(f"{folder}: no such file or folder")
    paths = sorted(path for path in folder.rglob("*") if path.suffix in _WEBHOOKS) if folder.is_dir() else [folder]
    provider = registry.load(source.provider)
    for file in paths:
        webhook = samples.read(file, provider.ABOUT, source.name)
        kept = {name: value for name, value in webhook.headers.items() if name in provider.HEADERS}
        yield Message(str(file), replace(webhook, headers=kept))


def _webhook_in(message: Mapping[str, Any]) -> Webhook | None:
    """Parse a message as the SQS API returns it; None where this stack did not put it there."""
    attributes = message.get("MessageAttributes", {})
    strings = {name: {"stringValue": value["StringValue"]} for name, value in attributes.items()}
    try:
        return webhook_of({"body": message["Body"], "messageAttributes": strings})
    except (KeyError, ValueError):
        print(f"{message['MessageId']}: not put there by this stack, left where it is")
        return None


def _day_in(key: str) -> date | None:
    """Return the day in a key such as `stripe/2026/11/22/...`; None where there is none."""
    try:
        return datetime.strptime("/".join(key.split("/")[1:4]), "%Y/%m/%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _webhook_of_copy(content: bytes) -> Webhook:
    copy = json.loads(content)
    body = base64.b64decode(copy["body"]) if copy["encoding"] == "base64" else copy["body"].encode()
    return Webhook(copy["source"], copy["headers"], body, datetime.fromisoformat(copy["received_at"]))
