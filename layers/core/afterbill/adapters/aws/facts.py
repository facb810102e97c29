"""The table as capture_event sees it: one batch read, one more for customers, one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws import keys
from afterbill.adapters.aws.clients import error_code, passing, transient
from afterbill.adapters.aws.items import customer_item, customer_of, encode, invitation_item, invitation_of
from afterbill.domain.billing import OperatorTask
from afterbill.domain.customer import Customer
from afterbill.domain.errors import TransientError
from afterbill.ports import Change, Found

_READS = 3
_LOST_RACES = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


class TableReader:
    """Consistent reads of whole items by key."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401  # a boto3 client
        self.dynamodb = dynamodb
        self.table = table

    def read(self, wanted: Sequence["keys.Key"]) -> dict[str, Any]:
        """The items that exist under these keys, by partition key: one call, at most 100 keys."""
        unique = {key[keys.PK]["S"]: key for key in wanted}
        items: dict[str, Any] = {}
        request: Any = {self.table: {"Keys": list(unique.values()), "ConsistentRead": True}}
        for _ in range(_READS):
            if not request or not unique:
                return items
            with transient("reading the table"):
                page = self.dynamodb.batch_get_item(RequestItems=request)
            items |= {item[keys.PK]["S"]: item for item in page["Responses"].get(self.table, ())}
            request = page.get("UnprocessedKeys")
        if request:
            message = "the table left keys unread: it is throttling"
            raise TransientError(message)
        return items

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""
        items = self.read([keys.customer(id_) for id_ in ids])
        people = [customer_of(item) for item in items.values()]
        return {one.id: one for one in people}

    def customer(self, customer_id: str) -> Customer | None:
        """The customer, merged ones followed."""
        known = self.customers([customer_id]).get(customer_id) if customer_id else None
        return self.customer(known.merged_into) if known and known.merged_into else known

    def transact(self, writes: Sequence[Mapping[str, Any]]) -> bool:
        """All of the writes or none; False when a condition failed or somebody else was at the same items."""
        try:
            with transient("writing to the table"):
                self.dynamodb.transact_write_items(TransactItems=list(writes))
        except ClientError as error:
            codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
            if codes & _LOST_RACES:
                return False
            if codes or passing(error.response):
                message = f"the table cancelled a transaction: {sorted(code for code in codes if code)}"
                raise TransientError(message) from error
            raise
        return True


class FactsTable(TableReader):
    """Facts over DynamoDB."""

    def look_up(
        self, invitation_id: str, aliases: Sequence[str], links: Sequence[str], address_hash: str | None
    ) -> Found:
        """All that is stored under these keys, read consistently."""
        wanted = [keys.alias(alias) for alias in aliases] + [keys.link(link) for link in links]
        wanted += [keys.invitation(invitation_id)] if invitation_id else []
        wanted += [keys.suppression(address_hash)] if address_hash else []
        items = self.read(wanted)

        def value(key: "keys.Key", attribute: str) -> str | None:
            item = items.get(key[keys.PK]["S"])
            return item[attribute]["S"] if item else None

        invitation = items.get(keys.invitation(invitation_id)[keys.PK]["S"])
        owners = {alias: value(keys.alias(alias), "customer_id") for alias in aliases}
        known = [items.get(keys.link(link)[keys.PK]["S"], {}) for link in links]
        return Found(
            invitation=invitation_of(invitation) if invitation else None,
            customer_ids={alias: owner for alias, owner in owners.items() if owner},
            stopped_by=frozenset(link["stopped_by"]["S"] for link in known if "stopped_by" in link),
            peers=frozenset(peer for link in known if "peers" in link for peer in link["peers"]["SS"]),
            suppression=(value(keys.suppression(address_hash), "reason") or "") if address_hash else "",
        )

    def commit(self, change: Change) -> bool:
        """Write all of it; False when somebody else was faster, so that the caller reads again."""
        writes = [self._put_customer(one) for one in change.customers]
        writes += [self._put_alias(alias, to, before) for alias, (to, before) in change.aliases.items()]
        writes += [self._update_link(link, change) for link in sorted(change.peers | change.stops.keys())]
        if change.invitation:
            writes.append({"Put": self._put_if("attribute_not_exists(pk)", invitation_item(change.invitation))})
        return self.transact(writes)

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:
        """Remember what a person has to decide; False for one that is known, done or not."""
        said = {"source": task.source, "kind": task.kind, "id": task.id, "address_hash": address_hash}
        said |= {"customer": task.customer.id or "", "occurred_at": task.occurred_at.isoformat()}
        kept = {name: value for name, value in said.items() if value}
        item = encode({**kept, "details": dict(task.details), keys.TTL: int((now + task.lives).timestamp())})
        # Of DynamoDB's own cleaning up it is only known that it takes days.
        expired = f"attribute_not_exists({keys.PK}) OR {keys.TTL} <= :now"
        put = self._put_if(expired, keys.task(task.source, task.kind, task.id) | item, {":now": int(now.timestamp())})
        try:
            with transient("keeping a task"):
                self.dynamodb.put_item(**put)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _put_customer(self, customer: Customer) -> Mapping[str, Any]:
        if not customer.version:
            return {"Put": self._put_if("attribute_not_exists(pk)", customer_item(customer))}
        put = self._put_if("version = :read", customer_item(customer), {":read": customer.version})
        return {"Put": put}

    def _put_alias(self, alias: str, to: str, before: str | None) -> Mapping[str, Any]:
        item = keys.alias(alias) | encode({"customer_id": to})
        if before is None:
            return {"Put": self._put_if("attribute_not_exists(pk) OR customer_id = :to", item, {":to": to})}
        return {"Put": self._put_if("customer_id IN (:to, :before)", item, {":to": to, ":before": before})}

    def _update_link(self, link: str, change: Change) -> Mapping[str, Any]:
        """Whoever saw no peers (or no stop) must not meet one stored in between: the item of the link decides."""
        values: dict[str, Any] = {}
        if link in change.stops:
            values[":stopped_by"] = change.stops[link]
        if link in change.peers:
            values[":peers"] = set(change.peers)
        if change.forget_links_at:
            values[f":{keys.TTL}"] = int(change.forget_links_at.timestamp())
        update: dict[str, Any] = {
            "TableName": self.table,
            "Key": keys.link(link),
            "UpdateExpression": "SET " + ", ".join(f"{name[1:]} = {name}" for name in values),
            "ExpressionAttributeValues": encode(values),
        }
        if not (change.stops and change.peers):
            update["ConditionExpression"] = f"attribute_not_exists({'peers' if change.stops else 'stopped_by'})"
        return {"Update": update}

    def _put_if(self, condition: str, item: Any, values: Mapping[str, Any] | None = None) -> dict[str, Any]:  # noqa: ANN401
        put = {"TableName": self.table, "Item": item, "ConditionExpression": condition}
        return put | ({"ExpressionAttributeValues": encode(values)} if values else {})
