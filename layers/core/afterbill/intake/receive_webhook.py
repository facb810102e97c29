"""Verify a webhook and make its bytes durable; everything else happens after the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from afterbill.intake.connector import Connector
from afterbill.model.webhooks import MAX_BODY_BYTES, Refusal, Reply, Source, Webhook

if TYPE_CHECKING:  # the ports bring the whole domain, of which a start to receive needs nothing
    from afterbill.intake.ports import Inbox


class SigningSecrets(Protocol):
    """The signing secrets of every source; several may be valid at once while one is being rotated."""

    def of(self, source: str) -> Sequence[str]:
        """The secrets known now, none for a source without any."""

    def refresh(self) -> bool:
        """Fetch again unless that happened less than a minute ago; whether it was done."""


class Answer(StrEnum):
    """Outcome of the request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    HANDSHAKE = "handshake"
    UNKNOWN_SOURCE = "unknown_source"
    WRONG_METHOD = "method_not_allowed"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Received:
    """The answer, with the reason where a signature was refused, and the provider's own reply where it has one.

    `limit_bytes` is the size that a body that is TOO_LARGE exceeds.
    """

    answer: Answer
    refusal: Refusal | None = None
    reply: Reply | None = None
    limit_bytes: int = MAX_BODY_BYTES


@dataclass(frozen=True, slots=True)
class Inboxes:
    """The two queues: what proves nothing on arrival waits apart, so that a flood of it delays nobody else's events.

    `admits` counts one such webhook of a source, and returns False for one too many.
    """

    signed: "Inbox"
    unsigned: "Inbox"
    admits: Callable[[str], bool]


def receive_webhook(
    webhook: Webhook,
    *,
    sources: Mapping[str, Source],
    load: Callable[[str], Connector],
    secrets: SigningSecrets,
    inboxes: Inboxes,
) -> Received:
    """Answer ACCEPTED only once the bytes are in an inbox; raises TransientError when that failed.

    A handshake is HANDSHAKE and leaves nothing behind. A method by which the provider sends nothing is WRONG_METHOD.
    What proves nothing is TOO_MANY over its cap, so that its sender comes again.
    """
    source = sources.get(webhook.source)
    if source is None:
        return Received(Answer.UNKNOWN_SOURCE)
    provider = load(source.provider)
    if unread := _unread(webhook, provider):
        return unread
    webhook = replace(webhook, url=source.url)
    greeting, refusal = _judge(provider, webhook, secrets.of(source.name))
    if refusal is Refusal.MISMATCH and secrets.refresh():
        # A secret stored a moment ago takes effect at once; forged requests cannot drive the bill.
        greeting, refusal = _judge(provider, webhook, secrets.of(source.name))
    if greeting:
        return Received(Answer.HANDSHAKE, reply=greeting)
    if refusal:
        return Received(Answer.REFUSED, refusal, provider.REFUSED)
    return _keep(webhook, provider, inboxes)


def _unread(webhook: Webhook, provider: Connector) -> Received | None:
    """Return the answer to what is not even verified."""
    if webhook.method not in provider.METHODS:
        return Received(Answer.WRONG_METHOD, reply=Reply(405, headers={"Allow": ", ".join(provider.METHODS)}))
    return Received(Answer.TOO_LARGE) if len(webhook.body) > MAX_BODY_BYTES else None


def _judge(provider: Connector, webhook: Webhook, secrets: Sequence[str]) -> tuple[Reply | None, Refusal | None]:
    greeting = provider.handshake(webhook, secrets)
    return greeting, None if greeting else provider.verify(webhook, secrets, webhook.received_at)


def _keep(webhook: Webhook, provider: Connector, inboxes: Inboxes) -> Received:
    inbox = inboxes.signed
    if provider.proves_nothing(webhook):
        inbox = inboxes.unsigned
        if len(webhook.body) > provider.MOST_UNPROVEN_BYTES:
            return Received(Answer.TOO_LARGE, limit_bytes=provider.MOST_UNPROVEN_BYTES)
        if not inboxes.admits(webhook.source):
            return Received(Answer.TOO_MANY)
    kept = {name: value for name, value in webhook.headers.items() if name in provider.HEADERS}
    if not inbox.put(Webhook(webhook.source, kept, webhook.body, webhook.received_at)):
        return Received(Answer.TOO_LARGE)
    return Received(Answer.ACCEPTED, reply=provider.ACCEPTED)
