"""Requests about what is stored of somebody, in DynamoDB: one item each, all in one partition."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.stored import known, reading
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.privacy import KEPT_AFTER, PrivacyRequest, RequestKind, RequestState

_MOMENTS = frozenset({"requested_at", "due_at", "settle_at", "done_at"})
_SETS = frozenset({"customer_ids", "invitation_ids", "alias_hashes", "copies"})


class PrivacyRequestsTable(TableReader):
    """PrivacyRequests over DynamoDB."""

    def keep_request(self, request: PrivacyRequest) -> bool:
        """Store a new request in one conditional put; False, and nothing done, where one of this id is there."""
        condition = {"ConditionExpression": f"attribute_not_exists({keys.PK})"}
        put = {"TableName": self.table, "Item": _item_of(request), **condition}
        return write_if(self.dynamodb.put_item, "keeping a privacy request", **put).held

    def store_request(self, request: PrivacyRequest) -> None:
        """Put the whole request: whoever else is at it does the same, and everything that is done may be done again."""
        with transient("storing a privacy request"):
            self.dynamodb.put_item(TableName=self.table, Item=_item_of(request))

    def request(self, id_: str) -> PrivacyRequest | None:
        """The request, read consistently."""
        with transient("reading a privacy request"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.privacy_request(id_), ConsistentRead=True)
        return _request_of(response["Item"]) if "Item" in response else None

    def requests(self) -> Sequence[PrivacyRequest]:
        """All requests that are kept, the oldest first."""
        items = query(
            self.dynamodb,
            TableName=self.table,
            KeyConditionExpression=f"{keys.PK} = :requests",
            ExpressionAttributeValues=encode({":requests": keys.PRIVACY}),
            ConsistentRead=True,
        )
        return sorted(map(_request_of, items), key=lambda request: (request.requested_at, request.id))


def _item_of(request: PrivacyRequest) -> dict[str, Any]:
    """The item; one that is done is forgotten after a time."""
    values = {each.name: _stored(getattr(request, each.name)) for each in fields(request) if each.name != "id"}
    item = keys.privacy_request(request.id) | encode({name: value for name, value in values.items() if value})
    done = request.done_at
    return item | (encode({keys.TTL: int((done + KEPT_AFTER).timestamp())}) if done else {})


def _stored(value: object) -> object:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, frozenset):
        return sorted(value)
    return dict(value) if isinstance(value, Mapping) else value


def _request_of(item: Mapping[str, Any]) -> PrivacyRequest:
    with reading(item):
        plain = decode(item)
        values = {each.name: plain[each.name] for each in fields(PrivacyRequest) if each.name in plain}
        values |= {name: datetime.fromisoformat(values[name]) for name in _MOMENTS if name in values}
        values |= {name: frozenset(values[name]) for name in _SETS if name in values}
        values |= {"removed": {kind: int(number) for kind, number in plain.get("removed", {}).items()}}
        values |= {"walked": int(plain.get("walked", 0)), "kind": known(RequestKind, plain["kind"])}
        return PrivacyRequest(id=plain[keys.SK], **(values | {"state": known(RequestState, plain["state"])}))
