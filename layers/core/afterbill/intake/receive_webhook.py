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


@dataclass(frozen=True, slots=True)
class Received:
    """The answer, with the reason where a signature was refused, and the provider's own reply where it has one."""

    answer: Answer
    refusal: Refusal | None = None
    reply: Reply | None = None


def receive_webhook(
    webhook: Webhook,
    *,
    sources: Mapping[str, Source],
    load: Callable[[str], Connector],
    secrets: SigningSecrets,
    inbox: "Inbox",
) -> Received:
    """Answer ACCEPTED only once the signed bytes are in the inbox; raises TransientError when that failed.

    A handshake is HANDSHAKE and leaves nothing behind. A method by which the provider sends nothing is WRONG_METHOD.
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
    kept = {name: value for name, value in webhook.headers.items() if name in provider.HEADERS}
    if not inbox.put(Webhook(source.name, kept, webhook.body, webhook.received_at)):
        return Received(Answer.TOO_LARGE)
    return Received(Answer.ACCEPTED, reply=provider.ACCEPTED)


def _unread(webhook: Webhook, provider: Connector) -> Received | None:
    """Return the answer to what is not even verified."""
    if webhook.method not in provider.METHODS:
        return Received(Answer.WRONG_METHOD, reply=Reply(405, headers={"Allow": ", ".join(provider.METHODS)}))
    return Received(Answer.TOO_LARGE) if len(webhook.body) > MAX_BODY_BYTES else None


def _judge(provider: Connector, webhook: Webhook, secrets: Sequence[str]) -> tuple[Reply | None, Refusal | None]:
    greeting = provider.handshake(webhook, secrets)
    return greeting, None if greeting else provider.verify(webhook, secrets, webhook.received_at)
