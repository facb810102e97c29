"""The fake systems behind the sockets of the local stack's own server."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest
import urllib3

from afterbill_dev.local import sources
from afterbill_dev.local.billing_apis import BillingApis
from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.systems import Connections
from afterbill_dev.local.forwarding import Address
from afterbill_dev.local.server import ApiServer, MailServer, ProxyServer
from afterbill_dev.paths import HOST
from tests.unit.dev.connections.callers import shopify_headers

MADE = sources.make("http://127.0.0.1:8480", "http://127.0.0.1:8425/")
NOBODY = Address(HOST, 9)
PAID = json.dumps({"id": 1, "name": "#1", "customer": {"id": 2}}).encode()


class Stack:
    """The front and the inbox, with nothing behind them."""

    def __init__(self) -> None:
        connections, billing = Connections(sources.accounts(MADE)), BillingApis(sources.accounts(MADE))
        self.servers = [
            ApiServer(listening(), NOBODY, {}, connections),
            MailServer(listening(), NOBODY, billing, connections),
        ]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        self.api_url, self.inbox_url = map(url_of, self.servers)
        self.http = urllib3.PoolManager(timeout=10, retries=False)

    def state(self, name: str) -> dict[str, object]:
        described = accounts.described(f"{self.inbox_url}/")[name]
        read = self.http.request("GET", described["state"]).json()
        assert isinstance(read, dict)
        return read

    def post(self, url: str, body: bytes, **headers: str) -> int:
        return self.http.request("POST", url, body=body, headers=headers).status

    def end(self) -> None:
        self.http.clear()
        for server in self.servers:
            server.shutdown()
            server.server_close()


def listening() -> socket.socket:
    return socket.create_server((HOST, 0))


def url_of(server: ProxyServer) -> str:
    return f"http://{HOST}:{server.server_address[1]}"


@pytest.fixture
def stack() -> Iterator[Stack]:
    stack = Stack()
    yield stack
    stack.end()


def test_a_message_to_the_address_of_the_stack_is_kept(stack: Stack) -> None:
    hook = accounts.slack_webhook(f"{stack.inbox_url}/")

    assert stack.post(hook, b'{"text": "Rated 3"}', **{"Content-Type": "application/json"}) == 200
    (message,) = stack.state("slack")["messages"]
    assert message["text"] == "Rated 3"


def test_a_call_without_an_answer_ends_its_connection(stack: Stack) -> None:
    hook = accounts.slack_webhook(f"{stack.inbox_url}/")
    fault = json.dumps({"status": 0, "after_write": True}).encode()

    assert stack.post(accounts.url(stack.inbox_url, "slack") + accounts.FAULT, fault) == 204
    with pytest.raises(urllib3.exceptions.ProtocolError):
        stack.post(hook, b'{"text": "Rated 3"}', **{"Content-Type": "application/json"})
    assert stack.state("slack")["calls"] == 1


def test_an_order_exists_before_its_webhook_is_answered(stack: Stack) -> None:
    signed = shopify_headers("orders/paid", PAID, MADE["shopify"].secret)

    stack.post(f"{stack.api_url}/webhooks/shopify", PAID, **signed)

    assert "gid://shopify/Order/1" in stack.state("shopify")["orders"]
    assert "2" in stack.state("shopify")["customers"]
