"""Requests about what is stored of somebody, in DynamoDB: one item each, in one partition; parts have their own."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.stored import known, reading
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.errors import UnreadableError, pass_over
from afterbill.model.privacy import KEPT_AFTER, PrivacyRequest, RequestKind, RequestState

_MOMENTS = frozenset({"requested_at", "due_at", "settle_at", "done_at"})
_NUMBERS = frozenset({"changed", "walks", "walked", "met", "people", "shared"})
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

    def advance_request(self, request: PrivacyRequest) -> bool:
        """Put the whole request as its next version, unless there is one already."""
        same = "version = :read" if request.version else "attribute_not_exists(version)"
        values = {"ExpressionAttributeValues": encode({":read": request.version})} if request.version else {}
        return write_if(
            self.dynamodb.put_item,
            "storing a privacy request",
            TableName=self.table,
            Item=_item_of(replace(request, version=request.version + 1)),
            ConditionExpression=f"attribute_not_exists({keys.PK}) OR {same}",
            **values,
        ).held

    def request(self, id_: str) -> PrivacyRequest | None:
        """The request, read consistently."""
        with transient("reading a privacy request"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.privacy_request(id_), ConsistentRead=True)
        return _request_of(response["Item"]) if "Item" in response else None

    def requests(self, tell: Callable[[UnreadableError], object] = pass_over) -> Sequence[PrivacyRequest]:
        """All requests that are kept and can be read, the oldest first."""
        return self._of(keys.PRIVACY, tell)

    def parts(self, id_: str, tell: Callable[[UnreadableError], object] = pass_over) -> Sequence[PrivacyRequest]:
        """All parts of a request that can be read."""
        return self._of(keys.privacy_parts(id_), tell)

    def _of(self, partition: str, tell: Callable[[UnreadableError], object]) -> Sequence[PrivacyRequest]:
        items = query(
            self.dynamodb,
            TableName=self.table,
            KeyConditionExpression=f"{keys.PK} = :requests",
            ExpressionAttributeValues=encode({":requests": partition}),
            ConsistentRead=True,
        )
        return sorted(_readable(items, tell), key=lambda request: (request.requested_at, request.id))


def _readable(
    items: Iterable[Mapping[str, Any]], tell: Callable[[UnreadableError], object]
) -> Iterator[PrivacyRequest]:
    for item in items:
        try:
            yield _request_of(item)
        except UnreadableError as error:
            tell(error)


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
        values |= {"version": int(values.get("version", 0))}
        values |= {name: datetime.fromisoformat(values[name]) for name in _MOMENTS if name in values}
        values |= {name: frozenset(values[name]) for name in _SETS if name in values}
        values |= {"removed": {kind: int(number) for kind, number in plain.get("removed", {}).items()}}
        values |= {name: int(values[name]) for name in _NUMBERS if name in values}
        values |= {"kind": known(RequestKind, plain["kind"])}
        return PrivacyRequest(id=plain[keys.SK], **(values | {"state": known(RequestState, plain["state"])}))
