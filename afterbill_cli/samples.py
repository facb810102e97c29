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
    found = [name for name in registry.PROVIDERS if name.replace("_", "") == plain]
    if not found:
        raise AfterbillError(f"{folder} is no provider: name the folder after one of {', '.join(registry.PROVIDERS)}")
    return found[0]


def read(file: Path, about: About, source: str, received_at: datetime | None = None) -> Webhook:
    """The unsigned webhook in a file; a topic that belongs into a header and is not there is the file's name."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise AfterbillError(f"{file}: {error.strerror}") from error
    found, body = _unwrapped(raw)
    headers = {name.lower(): str(value) for name, value in found.items()}
    if about.topic and about.topic not in headers:
        headers[about.topic] = topic_in(file.stem, about.events)
    if about.forms:
        body = _as_form(body)
    return Webhook(source, headers, body, received_at or datetime.now(UTC))


def topic_in(name: str, known: Sequence[str] = ()) -> str:
    """`2024-10.orders.paid` is about `orders/paid`; so are `orders_paid` and `OrdersPaid.2`, where that is `known`."""
    plain = _VERSION.sub("", name)
    subject, _, action = plain.rpartition(".")
    topic = f"{subject.replace('.', '/')}/{action}" if subject else action
    begins = [one for one in known if _letters(plain).startswith(_letters(one))]
    return topic if topic in known else max(begins, key=len, default=topic)


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalpha())


def _unwrapped(raw: bytes) -> tuple[dict[str, object], bytes]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}, raw
    if not (isinstance(found, dict) and isinstance(found.get("headers"), dict) and "body" in found):
        return {}, raw
    body = found["body"]
    return found["headers"], body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()


def _as_form(body: bytes) -> bytes:
    """A flat JSON object of strings and numbers stands for the form that is sent, unless it names its resource."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return body
    flat = isinstance(found, dict) and found and all(type(value) in (str, int) for value in found.values())
    flat = flat and "resource" not in found
    return urlencode(found).encode() if flat else body
