"""All fake systems at their addresses, and the shop that hears of its orders."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from afterbill_dev.local.connections.accounts import PREFIX
from afterbill_dev.local.connections.freshdesk import Freshdesk
from afterbill_dev.local.connections.kit import FakeSystem, Request, as_json
from afterbill_dev.local.connections.receiver import Receiver
from afterbill_dev.local.connections.shopify import Shopify
from afterbill_dev.local.connections.slack import Slack
from afterbill_dev.local.connections.teams import Teams
from afterbill_dev.local.forwarding import Answer

WEBHOOKS = "/webhooks/"


class Connections:
    """The systems by name; `sources` are the accounts at the billing systems, of which Shopify's shops are heard."""

    def __init__(self, sources: Mapping[str, Mapping[str, Any]]) -> None:
        self._shop = Shopify()
        self._systems: Mapping[str, FakeSystem] = {
            "shopify": self._shop,
            "freshdesk": Freshdesk(),
            "slack": Slack(),
            "teams": Teams(),
            "webhooks": Receiver(),
        }
        shops = {name: source for name, source in sources.items() if source["provider"] == "shopify"}
        self._secrets = {f"{WEBHOOKS}{name}": str(shop["secret"]) for name, shop in shops.items()}

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to a call of `/connections/<name>/<path>`."""
        name, slash, rest = target.removeprefix(PREFIX).partition("/")
        system = self._systems.get(name)
        if system is None:
            return as_json(HTTPStatus.NOT_FOUND, {"error": f"no system is called {name}"})
        return system.answer(Request.read(method, slash + rest, headers, body))

    def overhear(self, target: str, headers: Mapping[str, str], body: bytes) -> None:
        """Have the shop take up what a webhook names that is on its way to one of its sources."""
        secret = self._secrets.get(target.partition("?")[0])
        if secret:
            self._shop.learn({name.lower(): value for name, value in headers.items()}, body, secret)
