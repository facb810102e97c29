"""Mails as SES was asked to send them, with the headers and tags that MiniStack forgets; text messages as SNS was."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class SentMail:
    """One accepted mail. `configuration_set` is None where none was named: SES then tells nobody what became of it."""

    message_id: str
    sent_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    configuration_set: str | None = None

    def header(self, name: str) -> str:
        """The value of a header, empty without it."""
        return next((value for header_name, value in self.headers if header_name.lower() == name.lower()), "")


def read_mail(request: bytes, message_id: str) -> SentMail:
    """The mail of a SendEmail request of SES v2 (`Content.Simple`, which is what afterbill uses)."""
    asked: dict[str, Any] = json.loads(request)
    simple = asked["Content"]["Simple"]
    body = simple.get("Body", {})
    return SentMail(
        message_id=message_id,
        sent_at=datetime.now(UTC),
        sender=asked["FromEmailAddress"],
        recipients=tuple(asked["Destination"].get("ToAddresses", ())),
        subject=simple["Subject"]["Data"],
        text=body.get("Text", {}).get("Data", ""),
        html=body.get("Html", {}).get("Data", ""),
        headers=tuple((header["Name"], header["Value"]) for header in simple.get("Headers", ())),
        tags={tag["Name"]: tag["Value"] for tag in asked.get("EmailTags", ())},
        configuration_set=asked.get("ConfigurationSetName"),
    )


@dataclass(frozen=True)
class Text:
    """One text message."""

    message_id: str
    number: str
    text: str


def read_texts(answer: bytes) -> list[Text]:
    """The text messages that MiniStack's SNS was asked to send (`/_ministack/sns/sms-messages`), by number."""
    by_number: dict[str, Any] = json.loads(answer).get("sms_messages", {})
    return [Text(one["MessageId"], number, one["Message"]) for number in sorted(by_number) for one in by_number[number]]


class Mailbox:
    """The mails of this run, oldest first; several threads put and look."""

    def __init__(self) -> None:
        self._mails: dict[str, SentMail] = {}
        self._lock = threading.Lock()

    def put(self, mail: SentMail) -> None:
        """Store a mail."""
        with self._lock:
            self._mails[mail.message_id] = mail

    def all(self) -> list[SentMail]:
        """All mails, the oldest first."""
        with self._lock:
            return list(self._mails.values())

    def find(self, message_id: str) -> SentMail | None:
        """The mail of this id; None without one."""
        with self._lock:
            return self._mails.get(message_id)
