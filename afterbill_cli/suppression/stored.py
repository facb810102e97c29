"""What the table holds about one address or number: its suppression, its customers, and who lifted what and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode, recipient_of, stamp
from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.model.customer import NOBODY, Customer, Recipient, Suppression

MOST_LIFTS = 10
"""Liftings that are remembered of one address, the newest ones."""

_MOST = 100
"""Items of one batch read, and writes of one transaction."""


_GRAVITY = (Suppression.BOUNCED, Suppression.UNSUBSCRIBED, Suppression.COMPLAINED)


@dataclass(frozen=True, slots=True)
class Lift:
    """One lifting: `by` is the ARN of who did it, `was` the gravest suppression that ended."""

    at: datetime
    by: str
    why: str
    was: Suppression

    def stated(self) -> dict[str, str]:
        """Return the JSON object, which is also what the table holds."""
        return {"at": stamp(self.at), "by": self.by, "why": self.why, "was": self.was}


@dataclass(frozen=True, slots=True)
class Standing:
    """One address or number as it stands: since when it is suppressed, the liftings, newest first, and its holders."""

    recipient: Recipient = NOBODY
    since: datetime | None = None
    lifts: Sequence[Lift] = ()
    customers: Sequence[Customer] = field(default_factory=tuple)

    @property
    def known(self) -> bool:
        """Whether anything is stored about the address itself."""
        return bool(self.recipient.last_asked_at or self.recipient.suppressed or self.lifts)

    @property
    def marked(self) -> Sequence[Customer]:
        """The holders who objected themselves, by whatever way."""
        return [customer for customer in self.customers if customer.suppressed]


def gravest(*reasons: Suppression | None) -> Suppression | None:
    """Return the gravest of these reasons not to write to somebody; None where there is none."""
    return max(filter(None, reasons), key=_GRAVITY.index, default=None)


class SuppressionTable(ShortLinksTable):
    """Suppressions as operators see them."""

    def standing(self, address_hash: str, *, number: bool = False) -> Standing:
        """Return all that is known of an address, or of a number; holders of addresses as the index has them."""
        holders = [self.holder(address_hash)] if number else self._all_holders(address_hash)
        return replace(self.address(address_hash), customers=self._existing(list(filter(None, holders))))

    def address(self, address_hash: str) -> Standing:
        """Return what is known of an address or number, without its holders."""
        return _standing_of(address_hash, self.item(keys.address(address_hash))) if address_hash else Standing()

    def lift(self, standing: Standing, lift: Lift, freed: Sequence[Customer]) -> bool:
        """End the suppression of the address and of these holders; False, and nothing done, where it changed meanwhile.

        All of it is one transaction, unless more than 99 customers hold the address: then the rest follows.
        """
        updates = iter([self._lifted(standing, lift), *map(self._freed, freed)])
        while some := [{"Update": update} for update in islice(updates, _MOST)]:
            if not self.transact(some):
                return False
        return True

    def _lifted(self, standing: Standing, lift: Lift) -> dict[str, Any]:
        known, lifts = standing.recipient, [lift, *standing.lifts][:MOST_LIFTS]
        return self.update(
            keys.address(known.hash),
            f"SET lifted_at = :now, {keys.SAID_AT} = :now, lifts = :lifts, {keys.TTL} = :forgotten "
            "REMOVE reason, since",
            "reason = :was" if known.suppressed else "attribute_not_exists(reason)",
            {
                ":now": stamp(lift.at),
                ":lifts": [one.stated() for one in lifts],
                ":forgotten": self.kept_since(lift.at),
                **({":was": known.suppressed} if known.suppressed else {}),
            },
        )

    def _freed(self, customer: Customer) -> dict[str, Any]:
        return self.update(
            keys.customer(customer.id),
            "REMOVE suppressed ADD #version :one",
            "suppressed = :was",
            {":one": 1, ":was": customer.suppressed},
        )

    def _all_holders(self, address_hash: str) -> list[str]:
        items = query(
            self.dynamodb,
            TableName=self.table,
            IndexName=keys.BY_CUSTOMER,
            KeyConditionExpression=f"{keys.CUSTOMER_ID} = :holders",
            ExpressionAttributeValues=encode({":holders": keys.holders(address_hash)}),
        )
        return [keys.customer_id(dict(item)) for item in items]

    def _existing(self, ids: Sequence[str]) -> list[Customer]:
        found: dict[str, Customer] = {}
        for start in range(0, len(ids), _MOST):
            found |= self.customers(ids[start : start + _MOST])
        return [found[id_] for id_ in sorted(found)]


def _standing_of(address_hash: str, item: Mapping[str, Any]) -> Standing:
    """Return the address that an item is about; an empty item is one of which nothing is known."""
    plain = decode(item)
    since = datetime.fromisoformat(plain["since"]) if "since" in plain else None
    lifts = [
        Lift(datetime.fromisoformat(one["at"]), one["by"], one["why"], Suppression(one["was"]))
        for one in plain.get("lifts", ())
    ]
    return Standing(recipient_of(address_hash, item), since, lifts)
