"""Find the stored items for an address, an id, an event or a link: these may belong to several customers."""

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import encode, invitation_of
from afterbill.adapters.phones import mobile_number
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError
from afterbill.model.invitation import RETENTION, Invitation
from afterbill_cli.deployed import Deployed
from afterbill_cli.suppression.address import compact, hash_of
from afterbill_cli.suppression.stored import Standing, SuppressionTable

_ID = re.compile(r"[0-9a-f]{32}")
_LINK = re.compile(r"/[su]/([A-Za-z0-9_=-]{40,80})")
_MOST = 100
"""Items of one batch read."""
_BACK = RETENTION.days
"""Days back that an event is looked for."""
_AHEAD = 90
"""Days that a survey may wait, as far as its event is looked for."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One customer, or nobody who is known: all their invitations or single ones; how address and number stand."""

    customer: Customer | None = None
    invitations: Sequence[Invitation] = field(default_factory=tuple)
    address: Standing = field(default_factory=Standing)
    number: Standing = field(default_factory=Standing)


class Finder:
    """Finds items in the deployed table."""

    def __init__(self, deployed: Deployed, today: date) -> None:
        self._deployed, self._today = deployed, today
        self._table = SuppressionTable(deployed.client("dynamodb"), deployed.output("TableName"))

    def find(self, wanted: str) -> Sequence[Subject]:
        """Find the subjects that `wanted` names, at least one; AfterbillError where nothing is stored."""
        subjects = (
            self._by_link(wanted)
            or self._by_id(wanted)
            or self._by_event(wanted)
            or self._by_alias(wanted)
            or self._by_day(wanted)
        )
        if not subjects:
            raise AfterbillError(
                f"nothing is known of {wanted!r}: give a mail address, a phone number that was written to, a "
                "customer's id at the billing system (or SOURCE#ID), an event's id, an invitation's id, or a link from "
                "a mail. An event that was ignored, or only taught something about a customer, leaves no fact: look "
                "for its outcome in capture_event's log"
            )
        return subjects

    def _by_link(self, wanted: str) -> Sequence[Subject]:
        match = _LINK.search(wanted)
        # Version, key and purpose come first; the signature is not checked, for whoever asks may read the table.
        try:
            return self._invitations([urlsafe_b64decode(match[1])[3:19].hex()]) if match else ()
        except binascii.Error as error:
            raise AfterbillError("this link was cut off: give the whole of it") from error

    def _by_id(self, wanted: str) -> Sequence[Subject]:
        return self._invitations([wanted]) or self._customers([wanted]) if _ID.fullmatch(wanted) else ()

    def _by_event(self, wanted: str) -> Sequence[Subject]:
        events = self._query(f"{keys.PK} = :pk", {":pk": keys.events(wanted)})
        ids = [item["invitation_id"]["S"] for item in events]
        return self._invitations([*ids, *self._held_with(wanted, self._read(ids))])

    def _by_day(self, wanted: str) -> Sequence[Subject]:
        """Look for an event day by day, the nearest first: of one that was asked about only its invitation knows."""
        if "@" in wanted or "#" in wanted or wanted.startswith("+"):
            return ()
        days = sorted(range(-_BACK, _AHEAD + 1), key=abs)
        first = next((ids for away in days if (ids := self._held(wanted, self._today + timedelta(away)))), [])
        return self._invitations([*first, *self._held_with(wanted, self._read(first))])

    def _held_with(self, event_id: str, others: Sequence[Invitation]) -> list[str]:
        """Ids of the invitations that hold an event, on the days on which those may be that came with `others`."""
        since = [one.created_at.date() for one in others]
        days = sorted({begin + timedelta(away) for begin in since for away in range(-1, _AHEAD + 1)})
        return [id_ for day in days for id_ in self._held(event_id, day)]

    def _held(self, event_id: str, day: date) -> list[str]:
        """Ids of the invitations of a day that hold the event that reported their fact first."""
        values = {":bucket": keys.day_bucket(day.isoformat()), ":event": event_id}
        found = self._query("day_bucket = :bucket", values, keys.BY_DAY, FilterExpression="event_id = :event")
        return [keys.invitation_id(dict(item)) for item in found]

    def _by_alias(self, wanted: str) -> Sequence[Subject]:
        sources, hashed = self._deployed.policy().sources, self._hash(wanted) if "@" in wanted else ""
        aliases = [f"{source}#{wanted}" for source in sources] + [wanted] * ("#" in wanted)
        aliases += [f"{source}@{hashed}" for source in sources if hashed]
        owners = list(self._table.customer_ids(aliases).values())
        owners += self._table.holders(hashed, _MOST) + self._testers(hashed) if hashed else []
        owners += [self._table.holder(self._hash(compact(wanted)))] if wanted.startswith("+") else []
        found = self._customers(owners)
        address = self._table.address(hashed)
        return found or ([Subject(address=address)] if address.known else ())

    def _testers(self, address_hash: str) -> list[str]:
        """Ids of the customers who stand for this address in test surveys."""
        return [keys.customer_id(dict(key)) for key in self._table.by_customer(keys.testers(address_hash), _MOST)]

    def _customers(self, ids: Iterable[str]) -> list[Subject]:
        customers = filter(None, map(self._table.customer, dict.fromkeys(ids)))
        return [self._subject(customer, self._read(self._invitations_of(customer.id))) for customer in customers]

    def _subject(self, customer: Customer | None, invitations: Sequence[Invitation]) -> Subject:
        if customer is None:
            return Subject(None, invitations)
        number = mobile_number(customer.phone, customer.country)
        standings = map(self._table.address, (customer.address_hash, self._hash(number) if number else ""))
        return Subject(customer, invitations, *standings)

    def _hash(self, spelling: str) -> str:
        return hash_of(self._deployed, spelling)

    def _invitations_of(self, customer_id: str) -> list[str]:
        items = self._query("customer_id = :id", {":id": customer_id}, keys.BY_CUSTOMER)
        return [keys.invitation_id(dict(item)) for item in items if keys.is_invitation(dict(item))]

    def _invitations(self, ids: Sequence[str]) -> Sequence[Subject]:
        invitations = self._read(ids)
        owners = dict.fromkeys(invitation.customer_id for invitation in invitations)
        return [
            self._subject(self._table.customer(owner), [one for one in invitations if one.customer_id == owner])
            for owner in owners
        ]

    def _read(self, ids: Sequence[str]) -> list[Invitation]:
        items: dict[str, Any] = {}
        for start in range(0, len(ids), _MOST):
            items |= self._table.read([keys.invitation(id_) for id_ in ids[start : start + _MOST]])
        return sorted(
            map(invitation_of, items.values()), key=lambda invitation: (invitation.occurred_at, invitation.created_at)
        )

    def _query(
        self, condition: str, values: dict[str, str], index: str = "", **more: str
    ) -> Iterator[Mapping[str, Any]]:
        where = {"IndexName": index} if index else {}
        return query(
            self._table.dynamodb,
            TableName=self._table.table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=encode(values),
            **where,
            **more,
        )
