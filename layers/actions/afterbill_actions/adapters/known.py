"""Known over DynamoDB: a customer's answers before, as events compare them."""

from collections.abc import Collection

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.model.invitation import Invitation
from afterbill_actions.earlier import newest_before

_NEWEST = 25
"""Surveys of a customer among which their answer before is looked for."""


class KnownTable(InvitationTable):
    """Known over DynamoDB."""

    def restricted(self) -> Collection[str]:
        """One GetItem of the list of who is restricted."""
        return frozenset(self.item(keys.restricted()).get("customers", {}).get("SS", ()))

    def earlier(self, invitation: Invitation) -> Invitation | None:
        """One query of BY_CUSTOMER and one batch; what cannot be read is passed over."""
        newest = map(dict, self.by_customer(invitation.customer_id, _NEWEST))
        ids = [id_ for key in newest if keys.is_invitation(key) and (id_ := keys.invitation_id(key)) != invitation.id]
        found = self.read_invitations(ids, consistent=False) if ids else {}
        return newest_before(invitation, [one for one in found.values() if isinstance(one, Invitation)])
