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
"""Names a source may give as its provider; each is a module of this package."""

_OURS = ("campaigns",)
"""Modules for what afterbill itself puts into the inbox: no billing systems, and nothing a source can name."""


@cache
def load(provider: str) -> Connector:
    """What the module of this provider offers; a ConfigurationError names an unknown one and those there are."""
    if provider not in PROVIDERS + _OURS:
        raise ConfigurationError(f"Unknown provider {provider!r}: it must be one of {', '.join(PROVIDERS)}.")
    module = import_module(f"afterbill.connectors.{provider}")
    return Connector(**{one.name: getattr(module, one.name) for one in fields(Connector) if hasattr(module, one.name)})
