"""Webhooks in files: bare bodies, or `{"headers": {...}, "body": ...}`, laid out as PROVIDER/NAME."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from afterbill.connectors import registry
from afterbill.intake.connector import About
from afterbill.model.errors import AfterbillError
from afterbill.model.webhooks import Webhook

_VERSION = re.compile(r"^(captured|\d[\d-]*)\.")
"""A file name may begin with its origin or an API version, before the topic."""


def provider_of(folder: str) -> str:
    """The provider a folder is named after, whatever its dashes and underscores; an error names those there are."""
    plain = re.sub("[-_]", "", folder.lower())
    names = [name for name in registry.PROVIDERS if name.replace("_", "") == plain]
    if not names:
        raise AfterbillError(f"{folder} is no provider: name the folder after one of {', '.join(registry.PROVIDERS)}")
    return names[0]


def read(file: Path, about: About, source: str, received_at: datetime | None = None) -> Webhook:
    """The unsigned webhook in a file; a topic that belongs into a header and is not there is the file's name."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise AfterbillError(f"{file}: {error.strerror}") from error
    header_values, body = _unwrapped(raw)
    headers = {name.lower(): str(value) for name, value in header_values.items()}
    if about.topic and about.topic not in headers:
        headers[about.topic] = topic_in(file.stem, about.events)
    if about.forms:
        body = _as_form(body)
    return Webhook(source, headers, body, received_at or datetime.now(UTC))


def topic_in(name: str, topics: Sequence[str] = ()) -> str:
    """Return the topic: `2024-10.orders.paid` is `orders/paid`, as are `orders_paid` and `OrdersPaid.2` in `topics`."""
    plain = _VERSION.sub("", name)
    subject, _, action = plain.rpartition(".")
    topic = f"{subject.replace('.', '/')}/{action}" if subject else action
    begins = [topic_name for topic_name in topics if _letters(plain).startswith(_letters(topic_name))]
    return topic if topic in topics else max(begins, key=len, default=topic)


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalpha())


def _unwrapped(raw: bytes) -> tuple[dict[str, object], bytes]:
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        return {}, raw
    if not (isinstance(content, dict) and isinstance(content.get("headers"), dict) and "body" in content):
        return {}, raw
    body = content["body"]
    return content["headers"], body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()


def _as_form(body: bytes) -> bytes:
    """A flat JSON object of strings and numbers stands for the form that is sent, unless it names its resource."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return body
    flat = isinstance(fields, dict) and fields and all(type(value) in (str, int) for value in fields.values())
    flat = flat and "resource" not in fields
    return urlencode(fields).encode() if flat else body
