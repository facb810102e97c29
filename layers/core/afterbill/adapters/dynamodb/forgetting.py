"""The `forget` of each wing, over DynamoDB; every step may be repeated."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import write_if
from afterbill.adapters.aws.timer import Schedules
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.anonymous import as_read, counts, row_of, tombstone_of
from afterbill.adapters.dynamodb.batches import write_batches
from afterbill.adapters.dynamodb.items import encode, stamp
from afterbill.adapters.dynamodb.people import ERASED, PeopleTable, delete_owned
from afterbill.model.customer import Suppression
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation
from afterbill.model.privacy import Person, Removed
from afterbill.privacy.ports import Copies

_TRIES = 8
"""Reads of an invitation that changes just when it is replaced."""
_HASH = 16
"""Bytes of the keyed hash of an address."""


@dataclass(frozen=True, slots=True)
class ForgettableAnswersTable:
    """ForgettableAnswers over DynamoDB.

    `new_id` gives 32 random hex digits, `longer` a random time up to LONGEST days by which a row is kept longer.
    """

    table: PeopleTable
    new_id: Callable[[], str]
    longer: Callable[[], timedelta]

    def forget(self, person: Person) -> Mapping[str, int]:
        """Replace each invitation, one transaction for one that counts; what is no longer theirs stays."""
        done = Counter[str]()
        for item in self.table.read_all(map(keys.invitation, person.invitations)):
            done.update(self._replace(item, person.customer_id))
        return done

    def _replace(self, item: dict[str, Any], customer_id: str) -> Mapping[str, int]:
        key = {keys.PK: item[keys.PK], keys.SK: item[keys.SK]}
        for _ in range(_TRIES):
            if not _belongs(item, customer_id):
                return {}
            if self._replaced(item):
                return _replaced_kinds(item)
            item = next(self.table.read_all([key]), {})
        message = "an invitation changed whenever it was to be replaced"
        raise TransientError(message)

    def _replaced(self, item: Mapping[str, Any]) -> bool:
        """The row and the tombstone appear together: at no moment the invitation counts twice, or not at all."""
        table = self.table.table
        tombstone = {"TableName": table, "Item": tombstone_of(item), **as_read(item)}
        if not counts(item):
            return write_if(self.table.dynamodb.put_item, "removing an invitation", **tombstone).held
        new = f"attribute_not_exists({keys.PK})"
        row = {"TableName": table, "Item": row_of(item, self.new_id(), self.longer()), "ConditionExpression": new}
        return self.table.transact([{"Put": row}, {"Put": tombstone}])


def _belongs(item: Mapping[str, Any], customer_id: str) -> bool:
    """True for an invitation of this customer; of nobody in particular any will do."""
    theirs = not customer_id or item.get(keys.CUSTOMER_ID) == {"S": customer_id}
    return bool(item) and theirs and item.get("reason") != ERASED


def _replaced_kinds(item: Mapping[str, Any]) -> Mapping[str, int]:
    kept = counts(item)
    return {
        Removed.INVITATIONS: 1,
        Removed.ROWS_KEPT: int(kept),
        Removed.ANSWERS_KEPT: int(kept and "rating" in item),
    }


@dataclass(frozen=True, slots=True)
class ForgettableDeliveriesTable:
    """ForgettableDeliveries over DynamoDB and Scheduler.

    `hash_number` gives the keyed hash of a number as a customer of a country spells it, empty where none can be.
    """

    table: PeopleTable
    schedules: Schedules
    hash_number: Callable[[str | None, str | None], str]
    clock: Callable[[], datetime]

    def forget(self, person: Person) -> Mapping[str, int]:
        """Objections are put where they stay before anything is deleted that leads to them."""
        now = self.clock()
        raw = {item[keys.PK]["S"]: item for item in self.table.read_all(self._raw(person))}
        customer = raw.pop(keys.customer(person.customer_id)[keys.PK]["S"], {})
        done = Counter({Removed.TIMERS.value: self.schedules.delete(_schedules(person, raw.values(), now))})
        current = {keys.address_hash(_text(customer, keys.CUSTOMER_ID)), self._number(customer)} - {""}
        self._keep_objection(_text(customer, "suppressed"), current, now)
        done.update(self._addresses({*current, *person.phones, *_reached(person, raw.values())}, person.customer_id))
        done[Removed.PAYMENT_LINKS] = self._links(person)
        done[Removed.PHONES] = self._phones(person)
        _delete(self.table, map(keys.code, person.codes))
        done[Removed.SHORT_LINKS] = len(person.codes)
        return done

    def objections(self, people: Collection[Person]) -> int:
        """One batch, whatever of theirs is removed by now: it is read by their addresses and numbers alone."""
        hashes = {hashed for person in people for hashed in self._hashes(person)}
        return sum("reason" in item for item in self.table.read_all(map(keys.address, sorted(hashes))))

    def _hashes(self, person: Person) -> set[str]:
        customer = person.customer
        current = (
            {customer.address_hash, self.hash_number(customer.phone, customer.country)} if customer else set[str]()
        )
        raw = self.table.read_all(map(keys.invitation, _unreadable(person)))
        return {*current, *person.phones, *_reached(person, raw)} - {""}

    def _raw(self, person: Person) -> list["keys.Key"]:
        """The items whose content the person does not tell: the customer as they are now, and what cannot be read."""
        customer = [keys.customer(person.customer_id)] if person.customer_id else []
        return [*customer, *map(keys.invitation, _unreadable(person))]

    def _number(self, customer: Mapping[str, Any]) -> str:
        return self.hash_number(_text(customer, "phone"), _text(customer, "country"))

    def _keep_objection(self, reason: str, hashes: Collection[str], now: datetime) -> None:
        """Suppress address and number of a customer who objected; a bounce is about the address alone."""
        if reason in {"", Suppression.BOUNCED}:
            return
        for hashed in sorted(hashes):
            self.table.change(
                keys.address(hashed),
                f"SET reason = :reason, since = if_not_exists(since, :now), {keys.SAID_AT} = :now REMOVE {keys.TTL}",
                "attribute_not_exists(reason) OR reason = :bounced",
                {":reason": reason, ":bounced": Suppression.BOUNCED, ":now": stamp(now)},
            )

    def _addresses(self, hashes: Collection[str], customer_id: str) -> Counter[str]:
        """Delete what is known of addresses that nobody else has; of suppressed ones their objection stays."""
        done = Counter[str]()
        for item in self.table.read_all(map(keys.address, sorted(hashes))):
            hashed = keys.address_hash(item[keys.PK]["S"])
            shared = set(self.table.holders(hashed)) - {customer_id}
            if "reason" not in item and not shared and self._deleted(item):
                done[Removed.ADDRESSES] += 1
            elif "reason" in item and not shared and item.keys() & {"last_asked_at", "lifts"}:
                self._objection_alone(item)
        return done

    def _deleted(self, item: Mapping[str, Any]) -> bool:
        """False where it became suppressed meanwhile; then only the objection stays."""
        key, unless = {keys.PK: item[keys.PK], keys.SK: item[keys.SK]}, "attribute_not_exists(reason)"
        call = self.table.dynamodb.delete_item
        deleted = write_if(
            call, "forgetting an address", TableName=self.table.table, Key=key, ConditionExpression=unless
        ).held
        if not deleted:
            self._objection_alone(item)
        return deleted

    def _objection_alone(self, item: Mapping[str, Any]) -> None:
        """Remove when they were asked, and what operators wrote when they lifted an earlier objection."""
        key = {keys.PK: item[keys.PK], keys.SK: item[keys.SK]}
        told = "attribute_exists(last_asked_at) OR attribute_exists(lifts)"
        update = self.table.update(key, "REMOVE last_asked_at, lifts", told, {})
        del update["ExpressionAttributeValues"]
        self.table.apply(update)

    def _links(self, person: Person) -> int:
        """Delete the links of payments, and those that are known to belong to the same ones."""
        found: dict[str, Mapping[str, Any]] = {}
        readable = (one for one in person.invitations.values() if isinstance(one, Invitation))
        wanted = {*person.links, *(link for one in readable for link in one.links)}
        looked = set[str]()
        while new := wanted - looked:
            looked |= new
            for item in self.table.read_all(map(keys.link, sorted(new))):
                found[item[keys.PK]["S"]] = item
                wanted |= set(item.get("peers", {}).get("SS", ()))
        _delete(self.table, ({keys.PK: item[keys.PK], keys.SK: item[keys.SK]} for item in found.values()))
        return len(found)

    def _phones(self, person: Person) -> int:
        return sum(delete_owned(self.table, keys.phone(one), person.customer_id) for one in sorted(person.phones))


def _schedules(person: Person, raw: Iterable[Mapping[str, Any]], now: datetime) -> frozenset[str]:
    """Names of the timers that may wait; of an invitation that cannot be read those that follow from its numbers."""
    readable = (one for one in person.invitations.values() if isinstance(one, Invitation))
    names = {name for one in readable for name in one.schedule_names(now)}
    for item in raw:
        id_ = keys.invitation_id(dict(item))
        names |= {f"{id_}-g{_number(item, 'generation')}-d1", f"{id_}-d{_number(item, 'delivery_number') + 1}"}
    return frozenset(names)


def _unreadable(person: Person) -> list[str]:
    return [id_ for id_, one in person.invitations.items() if not isinstance(one, Invitation)]


def _number(item: Mapping[str, Any], name: str) -> int:
    text = item.get(name, {}).get("N", "")
    return int(text) if text.isdecimal() else 1


def _reached(person: Person, raw: Iterable[Mapping[str, Any]]) -> set[str]:
    """Hashes of all addresses and numbers that the invitations went to or are planned for."""
    readable = (one for one in person.invitations.values() if isinstance(one, Invitation))
    hashes = {hashed for one in readable for hashed in one.address_hashes}
    for item in raw:
        reached = bytes(item.get("reached", {}).get("B", b""))
        hashes |= {reached[at : at + _HASH].hex() for at in range(0, len(reached), _HASH)}
    return hashes


@dataclass(frozen=True, slots=True)
class ForgettableFactsTable:
    """ForgettableFacts over DynamoDB and S3; `copies` is None where no copies of webhooks are kept."""

    table: PeopleTable
    copies: Copies | None = None

    def forget(self, person: Person) -> Mapping[str, int]:
        """A copy is deleted before what leads to it; names and customer only while they are still theirs.

        Where no copies are kept any more, those from before stay until they end, and so does what leads to them.
        """
        copies = person.copies if self.copies else frozenset[str]()
        if self.copies and copies:
            self.copies.delete(copies)
        _delete(
            self.table,
            [
                *(keys.copy(name, person.customer_id) for name in copies),
                *(keys.event(*event) for event in person.events),
                *(keys.task(*task) for task in person.tasks),
            ],
        )
        names = [delete_owned(self.table, keys.alias(name), person.customer_id) for name in sorted(person.aliases)]
        return {
            Removed.COPIES: len(copies),
            Removed.EVENTS: len(person.events),
            Removed.TASKS: len(person.tasks),
            Removed.ALIASES: sum(names),
            Removed.CUSTOMERS: self._customer(person),
        }

    def _customer(self, person: Person) -> int:
        """Delete the customer; 0 where there is none, or where they changed since they were read."""
        if not person.customer_id:
            return 0
        if person.customer and person.customer.restricted_at:
            self.table.unlist(person.customer_id)
        unchanged: dict[str, Any] = {}
        if person.customer:
            unchanged = {
                "ConditionExpression": f"attribute_not_exists({keys.PK}) OR version = :read",
                "ExpressionAttributeValues": encode({":read": person.customer.version}),
            }
        call, key = self.table.dynamodb.delete_item, keys.customer(person.customer_id)
        deleted = write_if(
            call, "removing a customer", TableName=self.table.table, Key=key, ReturnValues="ALL_OLD", **unchanged
        )
        return int(deleted.held and bool(deleted.item))


def _delete(table: PeopleTable, found: Iterable["keys.Key"]) -> None:
    """Delete what nobody else can come to own: one call for 25 items."""
    write_batches(table.dynamodb, table.table, ({"DeleteRequest": {"Key": key}} for key in found))


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))
