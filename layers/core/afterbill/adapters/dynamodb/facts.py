"""The table as capture_event sees it: one batch read, one more for customers, one transaction."""

from collections.abc import Mapping
from typing import Any

from afterbill.adapters.aws.clients import write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.compact import microseconds
from afterbill.adapters.dynamodb.items import (
    customer_item,
    encode,
    erased_at,
    failed_at,
    invitation_item,
    invitation_of,
    recipient_of,
)
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.adapters.dynamodb.table import customer_ids_in, storable
from afterbill.adapters.dynamodb.tasks import TasksTable
from afterbill.intake.ports import MOST_NEWEST, FactQuery, FactSnapshot, FactWrites
from afterbill.model.customer import NOBODY, Customer
from afterbill.model.invitation import Invitation, SkipReason, State

_LONGEST_EVENT = 64
"""Characters of an event's id in an invitation, which has to stay small; those of billing systems have 20 to 40."""

_LOST_RACES = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
"""The codes of a single write where somebody else is faster, or in the middle of a transaction."""


class FactsTable(TasksTable, PrivacyRequestsTable):
    """Facts over DynamoDB."""

    def look_up(self, wanted: FactQuery) -> FactSnapshot:
        """All that is stored under these keys, read consistently."""
        asked = {"address": keys.address(wanted.address_hash)} if wanted.address_hash else {}
        asked |= {"invitation": keys.invitation(wanted.invitation_id)} if wanted.invitation_id else {}
        asked |= {"event": keys.event(*wanted.event, wanted.invitation_id)} if wanted.event else {}
        asked |= {"confirmation": keys.invitation(wanted.confirmation)} if wanted.confirmation else {}
        asked |= {"alias": keys.alias(wanted.alias)} if wanted.alias else {}
        asked |= {"erased": keys.erased(wanted.alias_hash)} if wanted.alias_hash else {}
        links = [keys.link(link) for link in wanted.links]
        items = self.read([*asked.values(), *links])

        def item(key: "keys.Key | None") -> Any:  # noqa: ANN401  # attributes as they come
            return items.get(key[keys.PK]["S"], {}) if key else {}

        stored = item(asked.get("invitation"))
        invitation = invitation_of(stored) if stored else None
        linked = [item(link) for link in links]
        confirmation, address = item(asked.get("confirmation")), item(asked.get("address"))
        return FactSnapshot(
            invitation=invitation,
            customer_ids=customer_ids_in(items, [wanted.alias] if wanted.alias else []),
            stopped_by=frozenset(link["stopped_by"]["S"] for link in linked if "stopped_by" in link),
            peers=frozenset(peer for link in linked if "peers" in link for peer in link["peers"]["SS"]),
            failed_at=max((at for link in linked if (at := failed_at(link))), default=None),
            recipient=recipient_of(wanted.address_hash, address) if wanted.address_hash else NOBODY,
            confirmed_at=invitation_of(confirmation).occurred_at if confirmation else None,
            repeated=bool(item(asked.get("event"))) or _reported_first(wanted, stored, invitation),
            erased_at=erased_at(item(asked.get("erased"))),
        )

    def commit(self, change: FactWrites) -> bool:
        """Write all of it; False when somebody else was faster, so that the caller reads again.

        An invitation that is to be sent holds the event that reported it; any other event is an item of its own.
        """
        held = _held(change)
        writes = [self._put_customer(customer) for customer in change.customers]
        writes += [self._put_alias(alias, to, before) for alias, (to, before) in change.aliases.items()]
        marked = change.peers | change.stops.keys() | change.failed.keys()
        writes += [self._update_link(link, change) for link in sorted(marked)]
        if change.invitation:
            writes.append(self._put_invitation(change.invitation, held))
        if change.reported:
            writes.append({"Update": self._join_reported(change.reported)})
        if change.event and not held:
            item = keys.event(*change.event, change.about) | encode(
                {"invitation_id": change.about, **keys.of(change.customer_id), **self._forgotten(change)}
            )
            writes.append({"Put": {"TableName": self.table, "Item": item}})
        return self._alone(*writes) if len(writes) == 1 else self.transact(writes)

    def _alone(self, write: Mapping[str, Any]) -> bool:
        """Make one write without a transaction, for half of its price; False as `transact`."""
        put = "Put" in write
        call = self.dynamodb.put_item if put else self.dynamodb.update_item
        request = write["Put" if put else "Update"]
        with storable():
            return write_if(call, "writing to the table", _LOST_RACES, **request).held

    def newest_invitations(self, customer_id: str) -> list[str]:
        """Ids of the newest invitations of this customer, as the index has them; what has no time lies behind these."""
        newest = map(dict, self.by_customer(customer_id, MOST_NEWEST))
        return [keys.invitation_id(key) for key in newest if keys.is_invitation(key)]

    def _put_customer(self, customer: Customer) -> Mapping[str, Any]:
        if not customer.version:
            return {"Put": self.put_if("attribute_not_exists(pk)", customer_item(customer))}
        put = self.put_if("version = :read", customer_item(customer), {":read": customer.version})
        return {"Put": put}

    def _put_invitation(self, invitation: Invitation, event_id: str) -> Mapping[str, Any]:
        """Put a new invitation; a test one also in place of the same fact that was skipped as a test."""
        item = invitation_item(invitation, self.day_of, self.kept)
        item |= encode({keys.EVENT_ID: event_id}) if event_id else {}
        absent, values = self.absent()
        if not invitation.test:
            return {"Put": self.put_if(absent, item, values)}
        return {"Put": self.put_if(f"{absent} OR reason = :test", item, {**values, ":test": SkipReason.TEST_MODE})}

    def _join_reported(self, invitation: Invitation) -> dict[str, Any]:
        """Update a fact that is still there, unless something newer was reported of it."""
        told = {name: getattr(invitation, name) for name in ("reported_reason", "reported_comment")}
        values = {name: words for name, words in told.items() if words}
        values["reported_at"] = microseconds(invitation.reported_at or invitation.occurred_at)
        same = (
            f"attribute_exists({keys.PK}) AND (attribute_not_exists(reason) OR reason <> :erased) "
            "AND (attribute_not_exists(reported_at) OR reported_at <= :reported_at)"
        )
        return {
            "TableName": self.table,
            "Key": keys.invitation(invitation.id),
            "UpdateExpression": "SET " + ", ".join(f"{name} = :{name}" for name in values),
            "ConditionExpression": same,
            "ExpressionAttributeValues": encode(
                {":erased": SkipReason.ERASED, **{f":{name}": value for name, value in values.items()}}
            ),
        }

    def _put_alias(self, alias: str, to: str, before: str | None) -> Mapping[str, Any]:
        item = keys.alias(alias) | encode(keys.of(to))
        if before is None:
            return {"Put": self.put_if("attribute_not_exists(pk) OR customer_id = :to", item, {":to": to})}
        return {"Put": self.put_if("customer_id IN (:to, :before)", item, {":to": to, ":before": before})}

    def _update_link(self, link: str, change: FactWrites) -> Mapping[str, Any]:
        """Add a stop or peers to the link; the item decides whether another call stored the other kind meanwhile."""
        values: dict[str, Any] = {}
        if link in change.stops:
            values[":stopped_by"] = change.stops[link]
        if link in change.peers:
            values[":peers"] = set(change.peers)
        if link in change.failed:
            values[":failed_at"] = microseconds(change.failed[link])
        values |= {f":{name}": value for name, value in self._forgotten(change).items()}
        values |= {f":{name}": value for name, value in _owner(link, change).items()}
        update: dict[str, Any] = {
            "TableName": self.table,
            "Key": keys.link(link),
            "UpdateExpression": "SET " + ", ".join(f"{name[1:]} = {name}" for name in values),
            "ExpressionAttributeValues": encode(values),
        }
        conditions = []
        if bool(change.stops) != bool(change.peers):
            conditions.append(f"attribute_not_exists({'peers' if change.stops else 'stopped_by'})")
        if link in change.failed:
            conditions.append("(attribute_not_exists(failed_at) OR failed_at <= :failed_at)")
        if conditions:
            update["ConditionExpression"] = f"{' AND '.join(conditions)} OR {keys.TTL} <= :expired"
            update["ExpressionAttributeValues"] |= encode({":expired": int(self.clock())})
        return {"Update": update}

    def _forgotten(self, change: FactWrites) -> dict[str, int]:
        """The TTL of events and links, and from which period it follows: none where a test is forgotten."""
        if change.forget_at is None:
            return {}
        test = change.invitation is not None and change.invitation.test
        return {keys.TTL: int(change.forget_at.timestamp()), keys.KEPT_FOR: 0 if test else self.kept.days}


def _owner(link: str, change: FactWrites) -> dict[str, str]:
    """The owner of the links of a lesson, which no invitation names: one link is found, and leads to the others."""
    return keys.of(change.customer_id) if change.taught_links and link == min(change.peers) else {}


def _held(change: FactWrites) -> str:
    """The id of the event that the new invitation holds: of its own source, and while a day leads to it; else empty."""
    one = change.invitation
    if one is None or change.event is None or one.state is State.CLOSED or one.test:
        return ""
    event_id, source = change.event
    return event_id if source == one.source and len(event_id) <= _LONGEST_EVENT else ""


def _reported_first(wanted: FactQuery, stored: "keys.Key", invitation: Invitation | None) -> bool:
    """True where the event that is asked about is the one that the invitation holds."""
    held = stored.get(keys.EVENT_ID, {}).get("S")
    return bool(held and invitation and wanted.event == (held, invitation.source))
