"""The billing systems we understand, each loaded when it is first asked for."""

from dataclasses import fields
from functools import cache
from importlib import import_module

from afterbill.intake.connector import Connector
from afterbill.model.errors import ConfigurationError

PROVIDERS = (
    "stripe",
    "shopify",
    "lemonsqueezy",
    "woocommerce",
    "chargebee",
    "paddle",
    "square",
    "braintree",
    "recurly",
    "gocardless",
    "mollie",
    "freshbooks",
    "xero",
    "quickbooks",
    "paypal",
    "zuora",
    "standard_webhooks",
    "cloudevents",
    "runmyaccounts",
)
"""Names a source may give as its provider; each is a package of connectors."""

_OURS = ("campaigns", "send_test")
"""Connectors for messages of afterbill itself: no billing systems, and no source can name them."""


@cache
def load(provider: str) -> Connector:
    """Return the parts of this connector; a ConfigurationError names an unknown one and those there are."""
    if provider not in PROVIDERS + _OURS:
        raise ConfigurationError(f"Unknown provider {provider!r}: it must be one of {', '.join(PROVIDERS)}.")
    module = import_module(f"afterbill.connectors.{provider}")
    parts = {part.name: getattr(module, part.name) for part in fields(Connector) if hasattr(module, part.name)}
    return Connector(**parts)
