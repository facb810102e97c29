"""A mail or a text message, and the receipt for handing it over."""

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
    """The message system took the message."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """The message system took nothing for now: try again after `retry_after`.

    `paused`: it takes nothing before an operator has acted.
    """

    reason: str
    retry_after: timedelta
    paused: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message system will never take this message."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer: the message may or may not be on its way, and must not be sent again."""

    reason: str


@dataclass(frozen=True, slots=True)
class QuotaUsedUp:
    """The message system took nothing, nor any other message for hours: a quota of the account is used up."""

    reason: str


Receipt = Accepted | Deferred | QuotaUsedUp | Rejected | Unknown
