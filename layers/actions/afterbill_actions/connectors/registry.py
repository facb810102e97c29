"""The connectors by name; a module is loaded when it is needed."""

from functools import cache
from importlib import import_module

from afterbill_actions.connector import Connector

NAMES = ("freshdesk", "mail", "shopify", "slack", "teams", "webhooks")
"""Names a connection may give as its connector; each is a package beside this module."""


@cache
def load(name: str) -> Connector:
    """Return the connector of this name, one of NAMES."""
    found = import_module(f"afterbill_actions.connectors.{name}.actions").CONNECTOR
    if not isinstance(found, Connector):
        raise TypeError(name)
    return found
