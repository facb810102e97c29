"""The parts of a connector to which nobody sends webhooks: whatever arrives at its address is not its own."""

from collections.abc import Sequence
from datetime import datetime

from afterbill.model.webhooks import Refusal, Webhook

HEADERS: frozenset[str] = frozenset()


def verify(_webhook: Webhook, _secrets: Sequence[str], _now: datetime) -> Refusal | None:
    """Refuse whatever arrives: nothing can prove it."""
    return Refusal.MISSING


def sign(webhook: Webhook, _secret: str) -> Webhook:
    """Return the webhook as it is: there is nothing to sign with."""
    return webhook
