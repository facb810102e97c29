"""The systems that actions write to, as their own users see them, and a shop whose customers are asked."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from afterbill.model.webhooks import Webhook
from afterbill_dev.local.connections import accounts
from tests.e2e import billing_systems
from tests.e2e.town import ROOT, RUN, Town, eventually, own

SAMPLE = ROOT / "events" / "webhooks" / "shopify" / "orders.paid.json"
SHOP, HELPDESK, TEAM, CARDS, HOOKS = accounts.NAMES
_ORDER, _CUSTOMER, _EMAIL = "6118834700553", "8204417736905", "mira.koenig@example.com"
_API = "/admin/api/2026-01/graphql.json"


@dataclass(frozen=True)
class Buyer:
    """Somebody who bought at the shop, by a name of this run's own."""

    called: str

    @property
    def email(self) -> str:
        return f"{self.called}.buys@example.com"

    @property
    def order(self) -> str:
        """The number of the order; that of the customer is the next."""
        return str(10**9 + int(sha256(f"{self.called} {RUN}".encode()).hexdigest(), 16) % 10**9)

    @property
    def customer(self) -> str:
        return str(int(self.order) + 1)


def buys(town: Town, who: Buyer) -> None:
    """The shop tells of an order that was paid."""
    sample = SAMPLE.read_text()
    for there, here in ((_ORDER, who.order), (_CUSTOMER, who.customer), (_EMAIL, own(who.email))):
        sample = sample.replace(there, here)
    headers = {"content-type": "application/json", "x-shopify-topic": "orders/paid"}
    webhook = Webhook("shopify", headers, sample.encode(), datetime.now(UTC))
    assert billing_systems.post(town, billing_systems.signed(town, webhook)).status == 202


def answers(town: Town, who: Buyer, rating: int, comment: str = "") -> str:
    """The buyer answers by the link in the mail; returns the id of the response."""
    town.answer(town.mail(who.email), rating, comment)
    return response_of(town, who)


def response_of(town: Town, who: Buyer) -> str:
    """The id of the survey in the mail."""
    mails = town.http.request("GET", f"{town.stack['inbox_url']}mails.json").json()
    return next(str(mail["tags"]["invitation"]) for mail in mails if mail["to"] == [own(who.email)])


def state(town: Town, name: str) -> Any:
    """All that a system holds."""
    return town.http.request("GET", town.stack["connections"][name]["state"]).json()


def fail(town: Town, name: str, **fault: Any) -> None:
    """Have the next calls of a system fail."""
    answer = town.http.request("POST", f"{town.stack['connections'][name]['url']}/_fault", json=fault)
    assert answer.status == 204, answer.data


def order(town: Town, who: Buyer) -> Any:
    return state(town, SHOP)["orders"][who.order]


def customer(town: Town, who: Buyer) -> Any:
    return state(town, SHOP)["customers"][who.customer]


def tickets(town: Town, who: Buyer) -> list[Any]:
    return [one for one in state(town, HELPDESK)["tickets"] if one["email"] == own(who.email)]


def messages(town: Town, response: str) -> list[Any]:
    return [one for one in state(town, TEAM)["messages"] if response in json.dumps(one)]


def cards(town: Town, response: str) -> list[Any]:
    return [one["card"] for one in state(town, CARDS)["messages"] if response in json.dumps(one)]


def deliveries(town: Town, response: str) -> list[Any]:
    """What the receiver took for genuine, without repeats of the same id."""
    found = {one["id"]: one["content"] for one in state(town, HOOKS)["deliveries"]}
    return [one for one in found.values() if one["data"]["id"] == response]


def edited(town: Town, who: Buyer, note: str, tag: str) -> None:
    """Somebody at the shop writes above the order's note, and tags the order."""
    gid = f"gid://shopify/Order/{who.order}"
    document = (
        "mutation($i: OrderInput!, $id: ID!, $tags: [String!]!) { orderUpdate(input: $i) { userErrors { field } } "
    )
    document += "tagsAdd(id: $id, tags: $tags) { userErrors { field } } }"
    changed = {"id": gid, "note": f"{note}\n\n{order(town, who)['note']}"}
    asked = {"query": document, "variables": {"i": changed, "id": gid, "tags": [tag]}}
    headers = {"X-Shopify-Access-Token": accounts.SHOPIFY["token"]}
    answer = town.http.request("POST", town.stack["connections"][SHOP]["url"] + _API, json=asked, headers=headers)
    assert "errors" not in answer.json(), answer.data


def once(town: Town, who: Buyer, response: str) -> dict[str, int]:
    """How many of everything there are that one answer sets in motion."""
    mark = f"afterbill-{response}"
    notes = [note for ticket in tickets(town, who) for note in ticket["notes"]]
    return {
        "ticket": len(tickets(town, who)),
        "note of the ticket": sum(mark in note["body"] for note in notes),
        "message": len(messages(town, response)),
        "card": len(cards(town, response)),
        "webhook": len(deliveries(town, response)),
        "score on the order": sum(tag.startswith("NPS ") for tag in order(town, who)["tags"]),
        "score on the customer": sum(tag.startswith("NPS ") for tag in customer(town, who)["tags"]),
        "block in the note": order(town, who)["note"].count(f"--- {mark} ---"),
    }


ONE_OF_EACH = {
    "ticket": 1,
    "note of the ticket": 1,
    "message": 1,
    "card": 1,
    "webhook": 1,
    "score on the order": 2,
    "score on the customer": 2,
    "block in the note": 1,
}
"""The score and its category are a tag each."""


@contextmanager
def listening(town: Town, *types: str) -> Iterator[str]:
    """A queue that an operator's own rule fills with events of the bus, as long as it is asked."""
    name = f"listening-{RUN}"
    queue = town.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = town.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    where = {"EventBusName": town.stack["outputs"]["EventBusName"]}
    events = town.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["afterbill"], "detail-type": types}), **where)
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}], **where)
    try:
        yield queue
    finally:
        events.remove_targets(Rule=name, Ids=["queue"], **where)
        events.delete_rule(Name=name, **where)
        town.sqs.delete_queue(QueueUrl=queue)


def heard(town: Town, queue: str, response: str) -> Any:
    """The event about a response, once a rule has put it into the queue."""
    seen = list[Any]()

    def look() -> list[Any]:
        found = town.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        seen.extend(json.loads(one["Body"]) for one in found)
        return [event for event in seen if event["detail"]["response_id"] == response]

    return eventually(look, bool, "an event on the bus")[0]


def seconds_until_all(town: Town, who: Buyer, response: str, wanted: dict[str, int]) -> dict[str, float]:
    """The seconds after which there was each of what is wanted."""
    began, seen = time.monotonic(), dict[str, float]()

    def look() -> dict[str, int]:
        there = once(town, who, response)
        for what, number in there.items():
            if number == wanted[what]:
                seen.setdefault(what, round(time.monotonic() - began, 1))
        return there

    eventually(look, lambda there: there == wanted, "one of everything", 180, 0.5)
    return seen
