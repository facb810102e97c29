"""A shop as Shopify is said to be, as small as the tests need it; documents are validated and carried out."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from graphql import build_schema, graphql_sync, parse, validate

from afterbill_actions.connectors.shopify.documents import TagChange
from afterbill_actions.exchange import Reply, Request

SDL = """
interface Node { id: ID! }
type Customer implements Node { id: ID! tags: [String!]! }
type Order implements Node { id: ID! note: String tags: [String!]! customer: Customer }
type UserError { field: [String!] message: String! }
type TagsAddPayload { node: Node userErrors: [UserError!]! }
type TagsRemovePayload { node: Node userErrors: [UserError!]! }
type OrderUpdatePayload { order: Order userErrors: [UserError!]! }
type AccessScope { handle: String! }
type AppInstallation { accessScopes: [AccessScope!]! }
type Shop { name: String! }
input OrderInput { id: ID! note: String tags: [String!] }
input CustomerIdentifierInput { id: ID emailAddress: String }
type Query {
  shop: Shop!
  appInstallation(id: ID): AppInstallation
  order(id: ID!): Order
  customerByIdentifier(identifier: CustomerIdentifierInput!): Customer
}
type Mutation {
  tagsAdd(id: ID!, tags: [String!]!): TagsAddPayload
  tagsRemove(id: ID!, tags: [String!]!): TagsRemovePayload
  orderUpdate(input: OrderInput!): OrderUpdatePayload
}
"""
SCHEMA = build_schema(SDL)
ORDER, CUSTOMER = "gid://shopify/Order/4501", "gid://shopify/Customer/7301"
SCOPES = ("read_orders", "write_orders", "read_customers", "write_customers")


def answer(body: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


def error(code: str, **extensions: Any) -> Reply:
    return answer({"errors": [{"message": "ada@example.com", "extensions": {"code": code}}], "extensions": extensions})


@dataclass
class Shop:
    """Orders and customers by GraphQL id; tags in `drops` are lost without a word."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    drops: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = SCOPES
    tokens: list[str] = field(default_factory=lambda: ["shpat_1"])
    documents: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        if request.url.endswith("/admin/oauth/access_token"):
            return self._sell(parse_qs(request.body.decode()))
        assert request.url.endswith("/admin/api/2026-07/graphql.json")
        if request.headers["x-shopify-access-token"] not in self.tokens:
            return answer({"errors": "[API] Invalid API key or access token"}, 401)
        asked = json.loads(request.body)
        self.documents.append(asked["query"])
        assert not validate(SCHEMA, parse(asked["query"]))
        result = graphql_sync(SCHEMA, asked["query"], self._root(), variable_values=asked["variables"])
        assert not result.errors, result.errors
        return answer({"data": result.data})

    def _sell(self, form: dict[str, list[str]]) -> Reply:
        if form["client_secret"] != ["right"]:
            return answer({"error": "invalid_client"}, 400)
        self.tokens.append(f"bought_{len(self.tokens)}")
        return answer({"access_token": self.tokens[-1], "scope": ",".join(self.scopes), "expires_in": 86399})

    def _root(self) -> dict[str, Any]:
        return {
            "shop": {"name": "Acme"},
            "appInstallation": lambda _info: {"accessScopes": [{"handle": one} for one in self.scopes]},
            "order": lambda _info, id: self._read(id),  # noqa: A006  # the vendor's name
            "customerByIdentifier": lambda _info, identifier: self._read(identifier["id"]),
            "tagsAdd": lambda _info, id, tags: self._add(id, tags),  # noqa: A006  # same
            "tagsRemove": lambda _info, id, tags: self._remove(id, tags),  # noqa: A006  # same
            "orderUpdate": lambda _info, input: self._update(**input),  # noqa: A006  # same
        }

    def _read(self, id_: str) -> dict[str, Any] | None:
        record = self.records.get(id_)
        return record and record | {"customer": self.records.get(record.get("customer", ""))}

    def _payload(self, id_: str) -> dict[str, Any]:
        if id_ in self.records:
            return {"node": None, "userErrors": []}
        return {"node": None, "userErrors": [{"field": ["id"], "message": "does not exist"}]}

    def _add(self, id_: str, tags: list[str]) -> dict[str, Any]:
        split = [part.strip() for tag in tags for part in tag.split(",")]
        for tag in split if id_ in self.records else ():
            there = self.records[id_]["tags"]
            if tag not in self.drops and tag.casefold() not in map(str.casefold, there):
                there.append(tag)
        return self._payload(id_)

    def _remove(self, id_: str, tags: list[str]) -> dict[str, Any]:
        gone = set(map(str.casefold, tags))
        if id_ in self.records:
            self.records[id_]["tags"] = [tag for tag in self.records[id_]["tags"] if tag.casefold() not in gone]
        return self._payload(id_)

    def _update(self, id: str, note: str) -> dict[str, Any]:  # noqa: A002  # the vendor's name
        if len(note) > 5000:
            return {"order": None, "userErrors": [{"field": ["note"], "message": "is too long"}]}
        if id in self.records:
            self.records[id]["note"] = note
        return {"order": None, "userErrors": self._payload(id)["userErrors"]}


def shop(**changes: Any) -> Shop:
    """A shop with Ada's order."""
    order = {"id": ORDER, "note": "", "tags": ["theirs"], "customer": CUSTOMER}
    ada = {"id": CUSTOMER, "tags": ["vip"]}
    return Shop({ORDER: order, CUSTOMER: ada}, **changes)


SHAPES_OF_CHANGES = [
    [TagChange(ORDER, [], ["NPS 3"])],
    [TagChange(ORDER, ["NPS 3"], [])],
    [TagChange(ORDER, ["NPS 3"], ["NPS 9"]), TagChange(CUSTOMER, ["NPS 3"], ["NPS 9"])],
    [TagChange(ORDER, [], ["NPS 9"]), TagChange(CUSTOMER, [], ["NPS 9"]), TagChange(CUSTOMER, ["NPS 3"], [])],
]
