"""The stories of customers, and what leads to them, over DynamoDB."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import customer_of, encode
from afterbill.adapters.dynamodb.people import ERASED, PeopleTable
from afterbill.model.customer import Customer
from afterbill.model.errors import UnreadableError
from afterbill_actions.adapters.effects import effects_of
from afterbill_actions.adapters.keys import effects as effects_key
from afterbill_actions.effects import Effects
from afterbill_console.adapters.answers import handled_of
from afterbill_console.adapters.tasks import task_of
from afterbill_console.people.handling import Handled
from afterbill_console.people.ports import STORY_PART, Told

_MOST_TASKS = 9
_TOGETHER = 100
_PLACE = re.compile(r"([0-9TZ:.+-]{1,40})\|([0-9a-f]{32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class StoriesTable:
    """Stories over the table; `part` is how many facts are told at a time."""

    table: PeopleTable
    part: int = STORY_PART

    def story(self, customer_id: str, after: str = "") -> Told:
        """One Query of the index, which has invitations first and the newest before others, and one batch."""
        found = self._owned(customer_id, after)
        invitations = [item for item in found if keys.is_invitation(item)]
        part, more = invitations[: self.part], len(invitations) > self.part
        tasks = [] if more else [item for item in found if item[keys.PK]["S"].startswith("TASK#")][:_MOST_TASKS]
        effects = [effects_key(keys.invitation_id(item)) for item in part]
        wanted = [keys.customer(customer_id), *map(_key, [*part, *tasks]), *effects]
        items = [item for item in self.table.read_all(wanted) if self.table.current(item)]
        return _told(
            items, customer_id, f"{part[-1][keys.CREATED_AT]['S']}|{keys.invitation_id(part[-1])}" if more else ""
        )

    def _owned(self, customer_id: str, after: str) -> Sequence[dict[str, Any]]:
        begin: dict[str, Any] = {}
        if after:
            place = _PLACE.fullmatch(after)
            if place is None:
                raise ValueError("is none of ours")
            at, id_ = place.groups()
            begin = {
                "ExclusiveStartKey": keys.invitation(id_) | encode({keys.CUSTOMER_ID: customer_id, keys.CREATED_AT: at})
            }
        with transient("querying the table"):
            page = self.table.dynamodb.query(
                TableName=self.table.table,
                IndexName=keys.BY_CUSTOMER,
                KeyConditionExpression=f"{keys.CUSTOMER_ID} = :id",
                ExpressionAttributeValues=encode({":id": customer_id}),
                ScanIndexForward=False,
                **begin,
            )
        return list(page["Items"])

    def owner(self, invitation_id: str) -> str | None:
        """One GetItem."""
        item = self.table.item(keys.invitation(invitation_id))
        if not item or item.get("reason") == ERASED:
            return None
        return str(item.get(keys.CUSTOMER_ID, {}).get("S", ""))

    def called(self, aliases: Sequence[str]) -> Sequence[str]:
        """One BatchGetItem."""
        return list(dict.fromkeys(self.table.customer_ids(aliases[:_TOGETHER]).values()))

    def known(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """One BatchGetItem."""
        return self.table.customers(ids[:_TOGETHER])

    def holding(self, contact_hash: str) -> Sequence[str]:
        """Two queries of the index, and the item of the number."""
        phone = self.table.item(keys.phone(contact_hash)).get(keys.CUSTOMER_ID, {}).get("S", "")
        places = keys.holders(contact_hash), keys.testers(contact_hash)
        held = [keys.customer_id(dict(item)) for place in places for item in self.table.by_customer(place, _TOGETHER)]
        return [*held, *([phone] if phone else [])]


def _key(item: Mapping[str, Any]) -> "keys.Key":
    return {keys.PK: item[keys.PK], keys.SK: item[keys.SK]}


def _told(items: Sequence[dict[str, Any]], customer_id: str, following: str) -> Told:
    """Return what the items say; the index may name what belongs to somebody else by now."""
    customer = next((item for item in items if item[keys.PK] == keys.customer(customer_id)[keys.PK]), None)
    theirs = [item for item in items if item.get(keys.CUSTOMER_ID) == {"S": customer_id}]
    read = [handled_of(item) for item in theirs if keys.is_invitation(item)]
    answers = [one for one in read if isinstance(one, Handled)]
    answers.sort(key=lambda one: (one.response.created_at, one.response.id), reverse=True)
    tasks = [task_of(item) for item in theirs if item[keys.PK]["S"].startswith("TASK#")]
    return Told(_customer(customer), answers, tasks, len(read) - len(answers), following, _effects(items, answers))


def _effects(items: Sequence[Mapping[str, Any]], answers: Sequence[Handled]) -> Mapping[str, Effects]:
    """Return what these answers set in motion; what cannot be read is left out of a story."""
    theirs, found = {one.response.id for one in answers}, dict[str, Effects]()
    for item in items:
        if item[keys.PK]["S"].startswith("EFFECTS#"):
            with suppress(UnreadableError):
                one = effects_of(item)
                found |= {one.invitation_id: one} if one.invitation_id in theirs else {}
    return found


def _customer(item: Mapping[str, Any] | None) -> Customer | None:
    try:
        return customer_of(item) if item else None
    except UnreadableError:
        return None
