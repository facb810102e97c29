"""The fields of Shopify's Admin API, read from the records of the fake shop and written to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.shop import CUSTOMER, GID, LONGEST_NOTE, ORDER, Record, Shop

TagChange = Callable[[Record, list[str]], None]


@dataclass(frozen=True, slots=True)
class Admin:
    """The resolvers of one call."""

    shop: Shop
    scopes: tuple[str, ...]
    now: datetime

    def root(self) -> dict[str, Any]:
        """The value from which GraphQL starts; it calls each resolver by the name of its field."""
        return {
            "order": self._order,
            "customerByIdentifier": self._customer,
            "shop": {"id": "gid://shopify/Shop/1", "name": "Kranich Tea", "myshopifyDomain": accounts.SHOP},
            "appInstallation": {
                "id": "gid://shopify/AppInstallation/1",
                "accessScopes": [{"handle": scope} for scope in self.scopes],
            },
            "tagsAdd": self._add_tags,
            "tagsRemove": self._remove_tags,
            "orderUpdate": lambda _info, **asked: self._update("order", asked["input"]),
            "customerUpdate": lambda _info, **asked: self._update("customer", asked["input"]),
        }

    def _order(self, _info: object, id: str) -> dict[str, Any] | None:  # noqa: A002  # the argument's name in GraphQL
        self._demand("read_orders", "order")
        kind, number = _read(id)
        return self._shown(self.shop.find(ORDER, number) if kind == ORDER else None)

    def _customer(self, _info: object, identifier: Mapping[str, str]) -> dict[str, Any] | None:
        self._demand("read_customers", "customerByIdentifier")
        if "emailAddress" in identifier:
            return self._shown(self.shop.customer_by_email(identifier["emailAddress"]))
        return self._shown(self.shop.find(CUSTOMER, _read(identifier["id"])[1]))

    def _add_tags(self, _info: object, id: str, tags: list[str]) -> dict[str, Any]:  # noqa: A002  # as above
        return self._tag(id, tags, "tagsAdd", Record.add_tags)

    def _remove_tags(self, _info: object, id: str, tags: list[str]) -> dict[str, Any]:  # noqa: A002  # as above
        return self._tag(id, tags, "tagsRemove", Record.remove_tags)

    def _tag(self, id_: str, tags: list[str], field: str, change: TagChange) -> dict[str, Any]:
        kind, number = _read(id_)
        self._demand("write_customers" if kind == CUSTOMER else "write_orders", field)
        record = self.shop.find(kind, number)
        if record is None:
            return {"node": None, "userErrors": [_wrong("id", f"{kind} does not exist")]}
        change(record, tags)
        record.updated_at = self._at()
        return {"node": self._shown(record), "userErrors": []}

    def _update(self, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the note and the tags that are given, or nothing at all."""
        self._demand(f"write_{name}s", f"{name}Update")
        kind, number = _read(changes.get("id") or "")
        record = self.shop.find(kind, number) if kind.lower() == name else None
        wrong = _fault_of(record, name, changes)
        if record is None or wrong:
            return {name: None, "userErrors": wrong}
        if "note" in changes:
            record.note = changes["note"] or ""
        if "tags" in changes:
            record.tags = []
            record.add_tags(changes["tags"] or [])
        record.email = changes.get("email", record.email)
        record.updated_at = self._at()
        return {name: self._shown(record), "userErrors": []}

    def _shown(self, record: Record | None) -> dict[str, Any] | None:
        if record is None:
            return None
        email = record.email
        customer = self.shop.find(CUSTOMER, record.customer) if record.customer else None
        return {
            "__typename": record.kind,
            "id": record.gid,
            "name": record.name,
            "email": email,
            "defaultEmailAddress": {"emailAddress": email} if email else None,
            "note": record.note or None,
            "tags": list(record.tags),
            "customer": self._shown(customer),
            "createdAt": record.created_at,
            "updatedAt": record.updated_at,
        }

    def _demand(self, scope: str, field: str) -> None:
        if scope not in self.scopes:
            message = f"Access denied for {field} field. Required access: `{scope}` access scope."
            raise GraphQLError(message, extensions={"code": "ACCESS_DENIED", "requiredAccess": scope})

    def _at(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(id_: str) -> tuple[str, str]:
    """Kind and number of a gid."""
    found = GID.fullmatch(id_)
    if found is None:
        raise GraphQLError(f"Invalid global id '{id_}'", extensions={"code": "argumentLiteralsIncompatible"})
    return found[1], found[2]


def _fault_of(record: Record | None, name: str, changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    if record is None:
        return [_wrong("id", f"{name.capitalize()} does not exist")]
    if len(changes.get("note") or "") > LONGEST_NOTE:
        return [_wrong("note", f"Note is too long (maximum is {LONGEST_NOTE} characters)")]
    return []


def _wrong(field: str, message: str) -> dict[str, Any]:
    return {"field": [field], "message": message}
