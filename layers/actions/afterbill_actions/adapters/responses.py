"""Responses as actions read them, over DynamoDB."""

from collections.abc import Sequence

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import encode, invitation_of
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.model.anonymous import erased
from afterbill.model.invitation import Invitation
from afterbill_actions.adapters import keys as own_keys
from afterbill_actions.adapters.effects import effects_of
from afterbill_actions.effects import Effects
from afterbill_actions.ports import Snapshot
from afterbill_actions.responses import addressed, earlier, ids_by_objects

_MOST_EARLIER = 50
"""Invitations of a customer among which the earlier answers are looked for, the newest."""


class ActionResponsesTable(InvitationTable):
    """Responses over DynamoDB."""

    def snapshot(self, invitation_id: str, *, with_earlier: bool = False) -> Snapshot | None:
        """Read the response with its effects in one batch, then its customer; their aliases where it names no id."""
        places = keys.invitation(invitation_id), own_keys.effects(invitation_id)
        items = self.read(places)
        item, effects = (items.get(place[keys.PK]["S"], {}) for place in places)
        invitation = invitation_of(item) if item else None
        if invitation is None or erased(invitation):
            return None
        customer = self.customer(invitation.customer_id)
        return Snapshot(
            invitation,
            customer,
            effects_of(effects) if effects else Effects(invitation_id),
            ids_by_objects(invitation) or self._own_ids(invitation),
            addressed(invitation, customer),
            earlier(invitation, self._others(invitation)) if with_earlier else (),
        )

    def _own_ids(self, invitation: Invitation) -> Sequence[str]:
        """The ids by which the source knows the customer, as the index has them."""
        if not invitation.customer_id:
            return ()
        begins = keys.alias(f"{invitation.source}#")[keys.PK]["S"]
        owned = (item[keys.PK]["S"] for item in self._owned(invitation.customer_id))
        return tuple(sorted(name.removeprefix(begins) for name in owned if name.startswith(begins)))

    def _owned(self, customer_id: str) -> Sequence["keys.Key"]:
        found = query(
            self.dynamodb,
            TableName=self.table,
            IndexName=keys.BY_CUSTOMER,
            KeyConditionExpression=f"{keys.CUSTOMER_ID} = :id",
            ExpressionAttributeValues=encode({":id": customer_id}),
            ProjectionExpression=f"{keys.PK}, {keys.SK}",
        )
        return [{keys.PK: item[keys.PK], keys.SK: item[keys.SK]} for item in found]

    def _others(self, invitation: Invitation) -> Sequence[Invitation]:
        if not invitation.customer_id:
            return ()
        found = self.by_customer(invitation.customer_id, 2 * _MOST_EARLIER)
        ids = [keys.invitation_id(dict(item)) for item in found if keys.is_invitation(dict(item))]
        stored = self.read_invitations(ids[:_MOST_EARLIER])
        return [one for one in stored.values() if isinstance(one, Invitation)]
