"""The records of the fake shop: orders and customers, as a signed webhook named them."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ORDER, CUSTOMER = "Order", "Customer"
GID = re.compile(r"gid://shopify/([A-Za-z]+)/([0-9]+)")
LONGEST_NOTE = 5000
_SIGNATURES = ("x-shopify-hmac-sha256", "shopify-hmac-sha256")
_TOPICS = ("x-shopify-topic", "shopify-topic")
_GONE: Mapping[str, str] = {"orders/delete": ORDER, "customers/delete": CUSTOMER}
_PRIVACY = frozenset({"customers/redact", "customers/data_request", "shop/redact"})
"""Topics that name people whom the shop may have forgotten."""
_NAMING: Mapping[str, str] = {"order_id": ORDER, "origin_order_id": ORDER, "customer_id": CUSTOMER}


@dataclass
class Record:
    """An order or a customer; `customer` is the number of an order's."""

    kind: str
    number: str
    created_at: str
    updated_at: str
    name: str = ""
    email: str | None = None
    customer: str | None = None
    note: str = ""
    tags: list[str] = field(default_factory=list)

    @property
    def gid(self) -> str:
        """The id in the Admin API."""
        return f"gid://shopify/{self.kind}/{self.number}"

    def described(self) -> dict[str, Any]:
        """The record in the state of the fake."""
        own = {"id": self.gid, "number": self.number, "email": self.email, "tags": self.tags, "note": self.note}
        whose = {"name": self.name, "customer": self.customer} if self.kind == ORDER else {}
        return {**own, **whose, "updated_at": self.updated_at}

    def add_tags(self, tags: list[str]) -> None:
        """Add what is not there yet, in whatever case; the shop sorts them."""
        for tag in split_tags(tags):
            if tag.lower() not in {one.lower() for one in self.tags}:
                self.tags.append(tag)
        self.tags.sort(key=str.lower)

    def remove_tags(self, tags: list[str]) -> None:
        """Remove those that are there."""
        gone = {tag.lower() for tag in split_tags(tags)}
        self.tags = [tag for tag in self.tags if tag.lower() not in gone]


def split_tags(tags: list[str]) -> list[str]:
    """The tags that Shopify makes of these: it splits each at its commas."""
    return [part.strip() for tag in tags for part in tag.split(",") if part.strip()]


class Shop:
    """All orders and customers of the shop."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], Record] = {}

    def find(self, kind: str, number: str) -> Record | None:
        """The record, None when there is none."""
        return self._records.get((kind, number))

    def customer_by_email(self, email: str) -> Record | None:
        """The customer with this address, None when there is none."""
        wanted = email.strip().lower()
        customers = (one for one in self._records.values() if one.kind == CUSTOMER)
        return next((one for one in customers if (one.email or "").lower() == wanted), None)

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """All of a kind, each by its gid and again by its number."""
        ours = [one for one in self._records.values() if one.kind == kind]
        return {key: one.described() for one in ours for key in (one.gid, one.number)}

    def learn(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
        """Take up the records that a webhook names; one that is not signed with `secret` names none."""
        event = _signed(headers, body, secret)
        topic = next((headers[name] for name in _TOPICS if name in headers), "")
        if event is None or topic in _PRIVACY:
            return
        if topic in _GONE:
            self._records.pop((_GONE[topic], _number(event.get("id"))), None)
            return
        for kind, number, found in _named(topic, event):
            self._put(kind, number, found, now)

    def _put(self, kind: str, number: str, found: Mapping[str, Any], now: datetime) -> None:
        """Keep what was written to a record that is known already."""
        at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        record = self._records.setdefault((kind, number), Record(kind, number, at, at))
        record.email = found.get("email") or record.email
        if kind == ORDER:
            record.name = found.get("name") or record.name or f"#{number}"
            record.customer = _number(_section(found, "customer").get("id")) or record.customer


def _signed(headers: Mapping[str, str], body: bytes, secret: str) -> dict[str, Any] | None:
    """The content of a webhook of the shop, None for anything else."""
    genuine = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    if not any(hmac.compare_digest(headers.get(name, "").encode(), genuine.encode()) for name in _SIGNATURES):
        return None
    try:
        event = json.loads(body)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _named(topic: str, event: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Kind and number of each record that an event names, and what it tells of the record."""
    about = {"orders": ORDER, "customers": CUSTOMER}.get(topic.partition("/")[0])
    if about:
        yield about, _number(event.get("id")), event
    for key, kind in _NAMING.items():
        if _number(event.get(key)):
            yield kind, _number(event[key]), {}
    person = _section(event, "customer")
    if _number(person.get("id")):
        yield CUSTOMER, _number(person["id"]), person


def _section(event: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = event.get(key)
    return found if isinstance(found, dict) else {}


def _number(id_: object) -> str:
    """The number in an id, which comes as a number, as text or as a gid; empty without one."""
    last = str(id_).rpartition("/")[2]
    return last if last.isascii() and last.isdigit() else ""
