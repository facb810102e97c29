"""Find the stored items for an address, an id, an event or a link."""

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import encode, invitation_of
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError
from afterbill.model.invitation import Invitation
from afterbill_cli.deployed import Deployed

_ID = re.compile(r"[0-9a-f]{32}")
_LINK = re.compile(r"/[su]/([A-Za-z0-9_=-]{40,80})")
_MOST = 100
"""Items of one batch read."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A customer with all invitations, or single invitations."""

    customer: Customer | None = None
    invitations: Sequence[Invitation] = field(default_factory=tuple)


class Finder:
    """Finds items in the deployed table."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._table = InvitationTable(deployed.client("dynamodb"), deployed.output("TableName"))

    def find(self, wanted: str) -> Subject:
        """Find the subject that `wanted` names; AfterbillError where nothing is stored."""
        subject = self._by_link(wanted) or self._by_id(wanted) or self._by_event(wanted) or self._by_alias(wanted)
        if subject is None:
            raise AfterbillError(
                f"nothing is known of {wanted!r}: give a mail address, a customer's id at the billing system (or "
                "SOURCE#ID), an event's id, an invitation's id, or a link from a mail. An event that was ignored, or "
                "only taught something about a customer, leaves no fact: look for its outcome in capture_event's log"
            )
        return subject

    def _by_link(self, wanted: str) -> Subject | None:
        match = _LINK.search(wanted)
        # Version, key and purpose come first; the signature is not checked, for whoever asks may read the table.
        try:
            return self._invitations([urlsafe_b64decode(match[1])[3:19].hex()]) if match else None
        except binascii.Error as error:
            raise AfterbillError("this link was cut off: give the whole of it") from error

    def _by_id(self, wanted: str) -> Subject | None:
        if not _ID.fullmatch(wanted):
            return None
        return self._invitations([wanted]) or self._customer(wanted)

    def _by_event(self, wanted: str) -> Subject | None:
        events = self._query(f"{keys.PK} = :pk", {":pk": keys.events(wanted)})
        return self._invitations([item["invitation_id"]["S"] for item in events])

    def _by_alias(self, wanted: str) -> Subject | None:
        aliases = [f"{source}#{wanted}" for source in self._deployed.policy().sources]
        aliases += [wanted] if "#" in wanted else []
        items = self._table.read([keys.alias(alias) for alias in aliases])
        owners = [item["customer_id"]["S"] for item in items.values()]
        owners += self._table.holders(self._hash(wanted), _MOST) if "@" in wanted else []
        return next(filter(None, map(self._customer, dict.fromkeys(owners))), None)

    def _hash(self, address: str) -> str:
        secret = Secret(self._deployed.client("secretsmanager"), self._deployed.output("KeysSecretArn"), monotonic)
        return SecretKeys(secret).hash_address(address)

    def _customer(self, customer_id: str) -> Subject | None:
        customer = self._table.customer(customer_id)
        if customer is None:
            return None
        return Subject(customer, self._read(self._invitations_of(customer.id)))

    def _invitations_of(self, customer_id: str) -> list[str]:
        items = self._query("customer_id = :id", {":id": customer_id}, keys.BY_CUSTOMER)
        return [keys.invitation_id(dict(item)) for item in items]

    def _invitations(self, ids: Sequence[str]) -> Subject | None:
        invitations = self._read(ids)
        customer = self._table.customer(invitations[0].customer_id) if invitations else None
        return Subject(customer, invitations) if invitations else None

    def _read(self, ids: Sequence[str]) -> list[Invitation]:
        items: dict[str, Any] = {}
        for start in range(0, len(ids), _MOST):
            items |= self._table.read([keys.invitation(id_) for id_ in ids[start : start + _MOST]])
        return sorted(
            map(invitation_of, items.values()), key=lambda invitation: (invitation.occurred_at, invitation.created_at)
        )

    def _query(self, condition: str, values: dict[str, str], index: str = "") -> Iterator[Mapping[str, Any]]:
        where = {"IndexName": index} if index else {}
        return query(
            self._table.dynamodb,
            TableName=self._table.table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=encode(values),
            **where,
        )
