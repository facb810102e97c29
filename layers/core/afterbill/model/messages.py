"""A mail or a text message, and what came of handing it over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

INVITATION_TAG = "invitation"
"""The message tag that carries the invitation id to the mail system and back."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as its recipient gets it; `tags` come back with the mail system's events."""

    to: str
    sender: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sms:
    """One text message; `to` is a number as E.164 has it (`+4915123456789`), `tags` come back with its events."""

    to: str
    text: str
    tags: Mapping[str, str]


OPTED_OUT = "opted_out"
"""The reason of a rejection that is an objection: this number wants no more text messages."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The mail system took the mail."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The mail system took nothing; ask again after `retry_after`. `paused`: an operator must act first."""

    reason: str
    retry_after: timedelta
    paused: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """This very mail will never be taken."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """No answer that proves anything: the mail may or may not be on its way."""

    reason: str


Receipt = Accepted | Refused | Rejected | Unclear
