"""The billing systems we understand, each loaded when it is first asked for."""

from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from afterbill.domain.errors import ConfigurationError
from afterbill.domain.webhooks import Refusal, Source, Webhook

if TYPE_CHECKING:
    from afterbill.domain.billing import BillingEvent

PROVIDERS = ("stripe", "standard_webhooks")
"""Names a source may give as its provider; each is a module of this package."""


class Provider(Protocol):
    """What a provider's module offers; receiving needs `verify` and `HEADERS`, capturing needs `normalise`."""

    @property
    def HEADERS(self) -> frozenset[str]:  # noqa: N802  # a constant of the module
        """Lower-case names of the headers that `normalise` reads, so that the inbox keeps them."""

    def verify(self, webhook: Webhook, secrets: Sequence[str], now: datetime) -> Refusal | None:
        """Why these bytes are not trusted, or None; never raises, whatever the headers and secrets hold."""

    def normalise(self, webhook: Webhook, source: Source) -> "tuple[BillingEvent, ...]":
        """What the webhook says: empty for an unwanted kind, PayloadError for what is no event of the provider."""


def load(provider: str) -> Provider:
    """The module of this provider; a ConfigurationError names an unknown one and those there are."""
    if provider not in PROVIDERS:
        raise ConfigurationError(f"Unknown provider {provider!r}: it must be one of {', '.join(PROVIDERS)}.")
    return cast("Provider", import_module(f"afterbill.providers.{provider}"))
