"""The accounts at the fake systems: addresses below the inbox, and the secrets that open them.

The values are fixed, since nobody can reach them from beyond this machine; they are put together here so that no
scanner takes them for real ones.
"""

import base64
from collections.abc import Mapping
from types import MappingProxyType

PREFIX = "/connections/"
NAMES = ("shopify", "freshdesk", "slack", "teams", "webhooks")
STATE = "/_state"
FAULT = "/_fault"

SHOPIFY: Mapping[str, str] = MappingProxyType(
    {
        "client_id": f"afterbill-local-{'c' * 16}",
        "client_secret": f"shpss{'_'}{'5' * 32}",
        "token": f"shpat{'_'}{'a' * 32}",
    }
)
"""Opens the shop; `token` is the fixed one of an app that was made in the admin."""
SHOPIFY_SCOPES = ("read_orders", "write_orders", "read_customers", "write_customers")
SHOP = "kranich-tea.myshopify.com"

FRESHDESK: Mapping[str, str] = MappingProxyType({"key": "LocalFreshdeskKey4u2"})
FRESHDESK_FIELDS: Mapping[str, type] = MappingProxyType({"cf_afterbill_response": str, "cf_afterbill_rating": int})
"""Custom ticket fields that exist there, with the type of their value."""

SLACK: Mapping[str, str] = MappingProxyType({"token": f"xoxb{'-'}local-afterbill", "channel": "C0LOCAL0001"})
SLACK_HOOK = "/services/T0LOCAL/B0LOCAL/afterbill-local-hook"
"""The path of the incoming webhook, which posts to the same channel."""
SLACK_ARCHIVED = {"channel": "C0LOCAL0009", "hook": "/services/T0LOCAL/B0ARCHIVED/afterbill-local-hook"}
"""A channel that was archived, and its webhook."""

TEAMS_FLOW = "/workflows/afterbill/triggers/manual/paths/invoke"
TEAMS: Mapping[str, str] = MappingProxyType({"sig": "local-signature-of-the-flow"})
"""The part of a flow's address that is secret."""

WEBHOOKS: Mapping[str, str] = MappingProxyType(
    {
        "secret": f"whsec_{base64.b64encode(b'afterbill local stack, receiver').decode()}",
        "next_secret": f"whsec_{base64.b64encode(b'afterbill local stack, rotated!').decode()}",
    }
)
"""`secret` verifies at every path of the receiver but `/rotated`, which already wants `next_secret`."""


def url(inbox_url: str, name: str) -> str:
    """The address of a system, without a slash at its end."""
    return f"{inbox_url.rstrip('/')}{PREFIX}{name}"


def slack_webhook(inbox_url: str) -> str:
    """The address of Slack's incoming webhook, a secret as a whole."""
    return url(inbox_url, "slack") + SLACK_HOOK


def teams_workflow(inbox_url: str) -> str:
    """The address of Teams' flow, a secret as a whole."""
    query = f"api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={TEAMS['sig']}"
    return f"{url(inbox_url, 'teams')}{TEAMS_FLOW}?{query}"


def described(inbox_url: str) -> dict[str, dict[str, str]]:
    """The part `connections` of stack.json."""
    return {name: {"url": url(inbox_url, name), "state": url(inbox_url, name) + STATE} for name in NAMES}
