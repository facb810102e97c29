"""Short links, the phones they went to, and numbers that want no more of them."""

from datetime import UTC, datetime

from afterbill.adapters.aws.clients import write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import invitation_of
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.adapters.dynamodb.table import REMOVED, THERE
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation
from afterbill.model.short_links import GRACE, ShortLink


class ShortLinksTable(ResponsesTable):
    """ShortLinks, Referrals and Suppressions over DynamoDB."""

    def keep(self, code: ShortLink) -> bool:
        """Store the short link, or find it as it was stored before; False where another invitation has this code."""
        until, (absent, expired) = int(code.until.timestamp()), self.absent()
        forgotten = int((code.until + GRACE).timestamp())
        owned, owner = _owned(code.customer_id)
        link = self.update(
            keys.code(code.text),
            f"SET invitation = :invitation, #until = :until, expires_at = :forgotten{owned}",
            f"{absent} OR invitation = :invitation",
            {":invitation": code.invitation_id, ":until": until, ":forgotten": forgotten, **expired, **owner},
        )
        # A STOP comes with the number alone; until then it stays the number of the same customer.
        holder = self.update(
            keys.phone(code.phone_hash),
            f"SET {keys.TTL} = :forgotten, {keys.KEPT_FOR} = :days{owned}",
            "",
            {":forgotten": self.kept_since(code.until), ":days": self.kept.days, **owner},
        )
        del holder["ConditionExpression"]
        if self.transact([{"Update": link}, {"Update": holder}]):
            return True
        stored = self.code(code.text)
        if stored and stored.invitation_id != code.invitation_id:
            return False
        message = "a short link or its phone was written by somebody else at the same time"
        raise TransientError(message)

    def holder(self, phone_hash: str) -> str:
        """Id of the customer whose phone this was when it was last written to; empty where nobody is known."""
        return str(self.item(keys.phone(phone_hash)).get(keys.CUSTOMER_ID, {}).get("S", ""))

    def refer(self, invitation_id: str) -> Invitation | None:
        """Count a visit of the personal link in one call; return the invitation as it stands then, if there is one."""
        update = self.update(keys.invitation(invitation_id), "ADD referred :one", THERE, {":one": 1, **REMOVED})
        counted = write_if(self.dynamodb.update_item, "counting a referral", **update, ReturnValues="ALL_NEW")
        return invitation_of(counted.item) if counted.held else None

    def code(self, code: str) -> ShortLink | None:
        """The short link of this code."""
        item = self.item(keys.code(code))
        if not item:
            return None
        return ShortLink(code, item["invitation"]["S"], datetime.fromtimestamp(int(item["until"]["N"]), UTC))

    def suppressed(self, address_hash: str) -> bool:
        """True for an address or number that is never written to again."""
        return "reason" in self.item(keys.address(address_hash))


def _owned(customer_id: str) -> tuple[str, dict[str, str]]:
    """The last part of a SET by which BY_CUSTOMER finds the item with its customer, with its values."""
    owner = keys.of(customer_id)
    return "".join(f", {name} = :{name}" for name in owner), {f":{name}": value for name, value in owner.items()}
