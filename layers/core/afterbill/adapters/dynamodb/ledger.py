"""The ledger beside the table: erasures and objections that survive a restore of the table, and the audit trail."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.stored import known, reading
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.model.customer import Suppression
from afterbill.model.errors import TransientError
from afterbill.model.privacy import Act, Erasure, Objection, Restriction
from afterbill.model.retention import Retention

ENTRIES = "entries"
"""The number of erasures and objections, in the ledger and in the table."""
LIFTED_FOR = timedelta(days=730)
"""The period of a word that was lifted: no older backup is of use to anybody, and an objection stays for ever."""
_TRIES = 5
"""All entries meet at the two numbers: whoever loses there tries again."""


class LedgerTable:
    """Ledger and AuditTrail over DynamoDB; `ledger` and `table` are the names of both tables, `audit` is kept so long.

    An entry, the number of entries in the ledger and that in the table are one transaction.
    """

    def __init__(
        self,
        dynamodb: Any,  # noqa: ANN401  # a boto3 client
        ledger: str,
        table: str,
        audit: timedelta | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.dynamodb = dynamodb
        self.ledger = ledger
        self.table = table
        self._audit = audit or Retention().audit
        self._sleep = sleep

    # Ledger

    def note_erasure(self, erasure: Erasure) -> None:
        """Put it, unless it is there."""
        key = keys.erasure(stamp(erasure.at), erasure.request_id)
        hashes = {"subjects": sorted(erasure.subject_hashes), "aliases": sorted(erasure.alias_hashes)}
        item = key | encode({"request_id": erasure.request_id, "at": stamp(erasure.at), **hashes})
        new = f"attribute_not_exists({keys.PK})"
        put = {"Put": {"TableName": self.ledger, "Item": item, "ConditionExpression": new}}
        self._note(put, erasure.at, lambda: bool(self._item(self.ledger, key)))

    def note_objection(self, objection: Objection) -> None:
        """Put it in the place of an earlier word."""
        key, at = keys.objection(objection.address_hash), stamp(objection.at)
        word = {"reason": objection.reason} if objection.reason else {keys.TTL: _second(objection.at + LIFTED_FOR)}
        self._note(self._later(key, at, word), objection.at, lambda: _text(self._item(self.ledger, key), "at") >= at)

    def note_restriction(self, restriction: Restriction) -> None:
        """Put it in the place of an earlier word."""
        key, at = keys.restriction(restriction.subject_hash), stamp(restriction.at)
        put = self._later(key, at, {"restricted": restriction.restricted})
        self._note(put, restriction.at, lambda: _text(self._item(self.ledger, key), "at") >= at)

    def erasures(self) -> Iterator[Erasure]:
        """All pages of their one partition, in the order of their moments."""
        return map(_erasure_of, self._partition(keys.ERASURES))

    def objections(self) -> Iterator[Objection]:
        """Partition by partition: each is a query."""
        for number in range(256):
            yield from map(_objection_of, self._partition(keys.objections(f"{number:02x}")))

    def restrictions(self) -> Iterator[Restriction]:
        """All pages of their one partition."""
        return map(_restriction_of, self._partition(keys.RESTRICTIONS))

    def missing(self) -> int:
        """The ledger is read before the table: what is noted in between counts there, and not as missing."""
        entries = self.entries()
        return self.lacking(entries, entries_of(self._item(self.table, keys.reconciled())))

    def lacking(self, entries: int, counted: int) -> int:
        """The entries that a table lacks which counts so many; where it counts more, the ledger is read again.

        An entry counts in both at once, so a ledger that is read after the table and counts fewer lost some.
        """
        return entries - counted if entries >= counted else min(0, self.entries() - counted)

    def entries(self) -> int:
        """The number of entries of the ledger: one GetItem."""
        return entries_of(self._item(self.ledger, keys.newest()))

    def reconcile(self, missing: int) -> bool:
        """Set the table's number to the ledger's, in a transaction that holds only while both are as they were read."""
        for turn in range(_TRIES):
            entries, counted = self.entries(), entries_of(self._item(self.table, keys.reconciled()))
            if entries == counted:
                return True
            if entries - counted != missing:
                return False
            if self._both_are(entries, counted):
                return True
            self._sleep(_pause(turn))
        raise TransientError("the ledger changes all the time")

    def _both_are(self, entries: int, counted: int) -> bool:
        unchanged = {
            "TableName": self.ledger,
            "Key": keys.newest(),
            "ConditionExpression": _counts("entries", entries),
            "ExpressionAttributeValues": encode({":entries": entries}),
        }
        values = {":entries": entries, ":counted": counted}
        update = self._main.update(keys.reconciled(), f"SET {ENTRIES} = :entries", _counts("counted", counted), values)
        return self._main.transact([{"ConditionCheck": unchanged}, {"Update": update}])

    def _later(self, key: "keys.Key", at: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """The write of a word in the place of an earlier one."""
        put = {
            "TableName": self.ledger,
            "Item": key | encode({"at": at, **said}),
            "ConditionExpression": "attribute_not_exists(#at) OR #at < :at",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": encode({":at": at}),
        }
        return {"Put": put}

    def _note(self, put: Mapping[str, Any], at: datetime, is_known: Callable[[], bool]) -> None:
        counts = [self._counted(self.ledger, keys.newest(), at), self._counted(self.table, keys.reconciled(), at)]
        for turn in range(_TRIES):
            if self._main.transact([put, *counts]) or is_known():
                return
            self._sleep(_pause(turn))
        raise TransientError("others write to the ledger all the time")

    def _counted(self, table: str, key: "keys.Key", at: datetime) -> dict[str, Any]:
        update = {
            "TableName": table,
            "Key": key,
            "UpdateExpression": f"SET #at = :at ADD {ENTRIES} :one",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": encode({":at": stamp(at), ":one": 1}),
        }
        return {"Update": update}

    # AuditTrail

    def note(self, act: Act) -> None:
        """Put it under a key that nobody had before."""
        plain = {"at": stamp(act.at), "who": act.who, "what": act.what, "whose": list(act.whose), "why": act.why}
        forgotten = {"found": act.found, keys.TTL: _second(act.at + self._audit)}
        item = keys.act(stamp(act.at), secrets.token_hex(8)) | encode(plain | forgotten)
        new = f"attribute_not_exists({keys.PK})"
        write_if(self.dynamodb.put_item, "noting an act", TableName=self.ledger, Item=item, ConditionExpression=new)

    def acts(self, since: datetime, until: datetime) -> Iterator[Act]:
        """Day by day: each is a query."""
        first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
        for back in range((last - first).days + 1):
            for item in self._partition(keys.acts((first + timedelta(days=back)).isoformat())):
                act = _act_of(item)
                if since <= act.at <= until:
                    yield act

    @property
    def _main(self) -> InvitationTable:
        return InvitationTable(self.dynamodb, self.table)

    def _item(self, table: str, key: "keys.Key") -> Mapping[str, Any]:
        with transient("reading the ledger"):
            item: Mapping[str, Any] = self.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get(
                "Item", {}
            )
        return item

    def _partition(self, partition: str) -> Iterator[Mapping[str, Any]]:
        return query(
            self.dynamodb,
            TableName=self.ledger,
            KeyConditionExpression=f"{keys.PK} = :partition",
            ExpressionAttributeValues=encode({":partition": partition}),
            ConsistentRead=True,
        )


def _counts(name: str, number: int) -> str:
    """The condition that an item counts as many entries as this value says; none may be an item that is not there."""
    condition = f"{ENTRIES} = :{name}"
    return condition if number else f"(attribute_not_exists({ENTRIES}) OR {condition})"


def entries_of(item: Mapping[str, Any]) -> int:
    """The number of entries that an item counts; none where it is empty."""
    return int(item.get(ENTRIES, {}).get("N", 0))


def _erasure_of(item: Mapping[str, Any]) -> Erasure:
    with reading(item):
        plain = decode(item)
        at = datetime.fromisoformat(plain["at"])
        return Erasure(plain["request_id"], at, frozenset(plain["subjects"]), frozenset(plain["aliases"]))


def _objection_of(item: Mapping[str, Any]) -> Objection:
    with reading(item):
        plain = decode(item)
        reason = known(Suppression, plain["reason"]) if "reason" in plain else None
        return Objection(plain[keys.SK], datetime.fromisoformat(plain["at"]), reason)


def _restriction_of(item: Mapping[str, Any]) -> Restriction:
    with reading(item):
        plain = decode(item)
        return Restriction(plain[keys.SK], datetime.fromisoformat(plain["at"]), plain["restricted"])


def _act_of(item: Mapping[str, Any]) -> Act:
    with reading(item):
        plain = decode(item)
        at, whose = datetime.fromisoformat(plain["at"]), tuple(map(str, plain["whose"]))
        return Act(at, plain["who"], plain["what"], whose, plain["why"], int(plain["found"]))


def _second(at: datetime) -> int:
    return int(at.timestamp())


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _pause(turn: int) -> float:
    """Seconds before the next try, by chance, so that those who met do not meet again."""
    return 0.05 * float(2**turn) * (1 + secrets.randbelow(100) / 100)
