"""The envelope of a Stripe event, read once, and the words shared by what is read from inside it."""

from dataclasses import dataclass

from afterbill.connectors._kit.envelope import Envelope, WebhookEvent
from afterbill.connectors._kit.json import Json, alpha_code, identifier, integer, moment, needed, section, text
from afterbill.model.billing import Money, Touchpoint, exponent
from afterbill.model.webhooks import Source

FIRST_PAYMENTS_MARKED = "2018-10-31"
"""The API version since which invoices say that they are a subscription's first."""

FAILED = "payment_failed"
"""The meaning of every attempt that failed."""

_EXPONENTS = {"ISK": 2, "MGA": 0, "UGX": 2}
"""Decimals where Stripe's smallest unit is not ISO 4217's (docs.stripe.com/currencies, special cases)."""


@dataclass(frozen=True, slots=True)
class StripeEvent(WebhookEvent):
    """A Stripe event: `content` is its data.object."""

    api_version: str
    #: what an update changed, as it was before
    previous: Json

    @property
    def ids_only(self) -> bool:
        """True if invoice lines name prices and products by id only (from 2025-03-31 "basil" on)."""
        return self.api_version >= "2025-03-31"

    @property
    def first_payment(self) -> Touchpoint:
        """The touchpoint of a subscription's first payment, the same for all its reporters.

        Before FIRST_PAYMENTS_MARKED an invoice did not tell a first payment from others, so no twin may claim to know
        (docs.stripe.com/changelog/2018-10-31/first-invoice-subscription-billing-reason-subscription-create).
        """
        if self.api_version and self.api_version < FIRST_PAYMENTS_MARKED:
            return Touchpoint.PAYMENT_SUCCEEDED
        return Touchpoint.SUBSCRIPTION_STARTED


def parse_event(payload: Json, kind: str, source: Source) -> StripeEvent:
    """Read the envelope; what does not say it is live counts as test, so that no stranger gets a mail."""
    event = f"Stripe event {kind}"
    envelope = Envelope(
        provider="stripe",
        account=identifier(payload.get("account")) or "",
        source=source.name,
        event_id=needed(text(payload.get("id")), event, "id"),
        occurred_at=needed(moment(payload.get("created")), event, "created (Unix seconds)"),
        test=payload.get("livemode") is not True,
    )
    return StripeEvent(
        name=event,
        envelope=envelope,
        content=needed(section(payload, "data", "object") or None, event, "data.object"),
        api_version=text(payload.get("api_version")) or "",
        previous=section(payload, "data", "previous_attributes"),
    )


def stripe_money(amount: object, currency: object) -> Money | None:
    """An amount in Stripe's smallest unit as one in ISO 4217's."""
    number, code = integer(amount), alpha_code(currency, 3)
    if number is None or code is None:
        return None
    shift = exponent(code) - _EXPONENTS.get(code, exponent(code))
    return Money(number * 10**shift if shift > 0 else number // 10**-shift, code)
