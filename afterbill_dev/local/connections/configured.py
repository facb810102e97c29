"""The actions of the local stack: its connections lead to the fake systems, its workflows use them on every answer."""

from typing import Any

from afterbill_dev.local.connections import accounts


def tables(inbox_url: str) -> dict[str, Any]:
    """Return actions.toml: low and high answers move the shop, the helpdesk and the team; every answer the others."""
    url = {name: accounts.url(inbox_url, name) for name in accounts.NAMES}
    return {
        "connections": {
            "shopify": {"connector": "shopify", "source": "shopify", "url": url["shopify"]},
            "freshdesk": {"connector": "freshdesk", "url": url["freshdesk"]},
            "slack": {"connector": "slack", "url": url["slack"], "channel": accounts.SLACK["channel"]},
            "teams": {"connector": "teams", "url": url["teams"]},
            "webhooks": {"connector": "webhooks", "url": url["webhooks"]},
        },
        "notices": {"to": ["slack"]},
        "workflows": {
            # One workflow for low and high, so that an answer that changes is one ticket and one message still.
            "low_and_high": {
                "when": {"categories": ["detractor", "promoter"]},
                "do": [
                    {"connection": "freshdesk", "action": "ticket"},
                    {"connection": "slack", "action": "message"},
                    {"connection": "shopify", "action": "tags"},
                    {"connection": "shopify", "action": "note"},
                ],
            },
            "everybody": {
                "when": {},
                "do": [{"connection": "teams", "action": "message"}, {"connection": "webhooks", "action": "post"}],
            },
        },
    }


def secrets(inbox_url: str) -> dict[str, dict[str, str]]:
    """Return what `afterbill connect` would store of each connection."""
    return {
        "shopify": {name: accounts.SHOPIFY[name] for name in ("client_id", "client_secret")},
        "freshdesk": dict(accounts.FRESHDESK),
        "slack": {"token": accounts.SLACK["token"]},
        "teams": {"webhook": accounts.teams_workflow(inbox_url)},
        "webhooks": {"secret": accounts.WEBHOOKS["secret"]},
    }
