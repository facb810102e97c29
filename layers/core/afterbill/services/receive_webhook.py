"""Verify a webhook and make its bytes durable; everything else happens after the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from afterbill.domain.webhooks import MAX_BODY_BYTES, Refusal, Source, Webhook

if TYPE_CHECKING:  # the ports bring the whole domain, of which a start to receive needs nothing
    from afterbill.ports import Inbox


class Verifier(Protocol):
    """The half of a provider that receiving needs."""

    @property
    def HEADERS(self) -> frozenset[str]:  # noqa: N802  # a constant of the module
        """Lower-case names of the headers worth keeping."""

    def verify(self, webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:
        """Why these bytes are not trusted, or None."""


class SigningSecrets(Protocol):
    """The signing secrets of every source; several may be valid at once while one is being rotated."""

    def of(self, source: str) -> Sequence[str]:
        """The secrets known now, none for a source without any."""

    def refresh(self) -> bool:
        """Fetch again unless that happened less than a minute ago; whether it was done."""


class Answer(StrEnum):
    """What became of the request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN_SOURCE = "unknown_source"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Received:
    """The answer, with the reason where a signature was refused."""

    answer: Answer
    refusal: Refusal | None = None


def receive_webhook(
    webhook: Webhook,
    *,
    sources: Mapping[str, Source],
    load: Callable[[str], Verifier],
    secrets: SigningSecrets,
    inbox: "Inbox",
) -> Received:
    """Answer ACCEPTED only once the signed bytes are in the inbox; raises TransientError when that failed."""
    source = sources.get(webhook.source)
    if source is None:
        return Received(Answer.UNKNOWN_SOURCE)
    if len(webhook.body) > MAX_BODY_BYTES:
        return Received(Answer.TOO_LARGE)
    provider = load(source.provider)
    refusal = provider.verify(webhook, secrets.of(source.name), webhook.received_at)
    if refusal is Refusal.MISMATCH and secrets.refresh():
        # A secret rotated a moment ago takes effect at once; forged requests cannot drive the bill.
        refusal = provider.verify(webhook, secrets.of(source.name), webhook.received_at)
    if refusal:
        return Received(Answer.REFUSED, refusal)
    kept = {name: value for name, value in webhook.headers.items() if name in provider.HEADERS}
    stored = inbox.put(replace(webhook, headers=kept))
    return Received(Answer.ACCEPTED if stored else Answer.TOO_LARGE)
