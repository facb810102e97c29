"""The table as surveys inside the product and plain links see it."""

from datetime import datetime

from afterbill.adapters.aws.clients import write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode, end_of, invitation_item, recipient_of, stamp
from afterbill.adapters.dynamodb.table import REMOVED, THERE, InvitationTable
from afterbill.answers.in_product import MOST_SHOWINGS, SEEN_AGAIN, SHOWING
from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import Invitation, State

_UNSETTLED = "attribute_not_exists(dismissed_at) AND attribute_not_exists(rating)"


class InProductSurveysTable(InvitationTable):
    """InProductSurveys over DynamoDB."""

    def customer_called(self, alias: str) -> Customer | None:
        """The customer a source knows by this name: two calls."""
        item = self.item(keys.alias(alias))
        return self.customer(item["customer_id"]["S"]) if item else None

    def objected(self, address_hash: str) -> bool:
        """True where somebody with this address objected; a bounce is no objection."""
        if not address_hash:
            return False
        item = self.item(keys.address(address_hash))
        return recipient_of(address_hash, item).suppressed not in {None, Suppression.BOUNCED}

    def seen(self, customer: Customer, now: datetime) -> None:
        """Note that the customer uses the product; nothing is written within a day of the last time.

        They carry until when they are kept. What waited for them waits no longer, unless the customer changed since.
        """
        end = {} if customer.forget_at else end_of(customer)
        values = {":now": stamp(now), ":one": 1, **{f":{name}": value for name, value in end.items()}}
        seen = ", ".join(["SET last_seen_at = :now", *(f"{name} = :{name}" for name in end)])
        if customer.when_seen:
            update, condition = f"{seen} ADD #version :one REMOVE when_seen", "#version = :read"
            values |= {":read": customer.version}
        else:
            update = f"{seen} ADD #version :one"
            condition = "attribute_exists(pk) AND (attribute_not_exists(last_seen_at) OR last_seen_at <= :before)"
            values |= {":before": stamp(now - SEEN_AGAIN)}
        self.change(keys.customer(customer.id), update, condition, values)

    def show(self, invitation_id: str, now: datetime) -> bool:
        """Note that the survey is shown; True for one window at a time, some times at most, until it is settled."""
        return self.change(
            keys.invitation(invitation_id),
            "SET shown_at = if_not_exists(shown_at, :now), shown_until = :until ADD showings :one",
            "#state = :sent AND answer_until >= :epoch AND (attribute_not_exists(shown_at) OR shown_until <= :now) "
            f"AND (attribute_not_exists(showings) OR showings < :most) AND {_UNSETTLED}",
            {
                ":now": stamp(now),
                ":until": stamp(now + SHOWING),
                ":sent": State.SENT,
                ":epoch": int(now.timestamp()),
                ":one": 1,
                ":most": MOST_SHOWINGS,
            },
        )

    def hide(self, invitation_id: str, now: datetime) -> None:
        """Note that no window shows the survey any more: another may."""
        self.change(
            keys.invitation(invitation_id),
            "SET shown_until = :now",
            f"shown_until > :now AND {_UNSETTLED}",
            {":now": stamp(now)},
        )

    def dismiss(self, invitation_id: str, now: datetime) -> None:
        """Never show the survey again. An answer stays what it is."""
        self.change(
            keys.invitation(invitation_id),
            "SET dismissed_at = :now",
            f"{THERE} AND {_UNSETTLED}",
            {":now": stamp(now), **REMOVED},
        )

    def open(self, invitation: Invitation) -> None:
        """Keep an invitation that a plain link made; one that is there stays as it is."""
        item = invitation_item(invitation, kept=self.kept)
        # Neither due nor sent: nothing waits for it, and it is not counted as sent.
        for name in (keys.DAY_BUCKET, keys.DAY_AT):
            item.pop(name, None)
        item[keys.KEPT_UNTIL] = item[keys.TTL]
        item |= encode({keys.TTL: int((invitation.answer_until + invitation.expiry).timestamp())})
        absent, values = self.absent()
        write_if(
            self.dynamodb.put_item,
            "opening a link",
            TableName=self.table,
            Item=item,
            ConditionExpression=absent,
            ExpressionAttributeValues=encode(values),
        )
