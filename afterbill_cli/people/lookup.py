"""Look up what an operator has at hand: the customers and invitations to which a text leads in the deployed table."""

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import encode, invitation_of
from afterbill.adapters.phones import mobile_number
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError
from afterbill.model.invitation import Invitation
from afterbill_cli.deployed import Deployed
from afterbill_cli.suppression.address import NUMBER, compact, hash_of
from afterbill_cli.suppression.stored import Standing, SuppressionTable

ID = re.compile(r"[0-9a-f]{32}")
"""An id of ours, of a customer or of an invitation."""

_LINK = re.compile(r"/[su]/([A-Za-z0-9_=-]{40,80})")
_ADDRESS = re.compile(r"[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+")
_INVITATION = "INVITATION#"
_MOST = 100
"""Items of one batch read."""


class Lookup:
    """Reads the deployed table by what people have at hand."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self.table = SuppressionTable(deployed.client("dynamodb"), deployed.output("TableName"))

    @cached_property
    def sources(self) -> Collection[str]:
        """The names of the configured sources."""
        return self._deployed.policy().sources

    def invitation_in(self, wanted: str) -> str:
        """Return the id of the invitation whose link a text holds; empty where there is no link in it.

        AfterbillError for a link that was cut off. The signature is not checked: whoever asks may read the table.
        """
        match = _LINK.search(wanted)
        try:
            return urlsafe_b64decode(match[1])[3:19].hex() if match else ""  # version, key and purpose come first
        except binascii.Error as error:
            raise AfterbillError("this link was cut off: give the whole of it") from error

    def aliases(self, wanted: str) -> list[str]:
        """Return the names under which a text may stand for a customer of a source, a guest's address among them."""
        hashed = self.address_hash(wanted)
        aliases = [f"{source}#{wanted}" for source in self.sources] + [wanted] * ("#" in wanted)
        return aliases + [f"{source}@{hashed}" for source in self.sources if hashed]

    def named(self, wanted: str) -> Mapping[str, str]:
        """Return ids of customers by those of these names that are known; some may be gone."""
        return self.table.customer_ids(self.aliases(wanted))

    def owners(self, wanted: str) -> list[str]:
        """Return ids of customers by alias, by address or by number, as far as they are known; some may be gone."""
        contact = compact(wanted) if wanted.startswith("+") else wanted
        held = self.holding(self.hash(contact)) if contact[:1] == "+" or "@" in contact else []
        return list(dict.fromkeys([*self.named(wanted).values(), *held]))

    def contact(self, wanted: str) -> str:
        """Return a whole mail address, or a number in its one spelling; empty for anything else."""
        if wanted.partition("#")[0] in self.sources:
            return ""
        if wanted.startswith("+"):
            return compact(wanted) if NUMBER.fullmatch(compact(wanted)) else ""
        return wanted if _ADDRESS.fullmatch(wanted) else ""

    def holding(self, contact_hash: str) -> list[str]:
        """Return ids of all customers with this address or number as the index has them, those of test surveys too."""
        partitions = keys.holders(contact_hash), keys.testers(contact_hash)
        found = (self.query("customer_id = :id", {":id": partition}, keys.BY_CUSTOMER) for partition in partitions)
        ids = [keys.customer_id(dict(item)) for items in found for item in items]
        return list(filter(None, [*ids, self.table.holder(contact_hash)]))

    def left_of(self, customer_id: str) -> bool:
        """Return whether the index knows anything of a customer, who may be gone."""
        return bool(self.table.by_customer(customer_id, 1))

    def address_hash(self, wanted: str) -> str:
        """Return the keyed hash of a mail address; empty for anything else."""
        return self.hash(wanted) if "@" in wanted else ""

    def hash(self, spelling: str) -> str:
        """Return the keyed hash of an address or number."""
        return hash_of(self._deployed, spelling)

    def customers(self, ids: Iterable[str]) -> list[Customer]:
        """Return the customers that exist among these ids, in their order."""
        wanted, found = list(dict.fromkeys(filter(None, ids))), dict[str, Customer]()
        for start in range(0, len(wanted), _MOST):
            found |= self.table.customers(wanted[start : start + _MOST])
        return [found[id_] for id_ in wanted if id_ in found]

    def standings(self, customer: Customer) -> tuple[Standing, Standing]:
        """Return how the customer's address stands, and their number."""
        number = mobile_number(customer.phone, customer.country)
        return self.table.address(customer.address_hash), self.table.address(self.hash(number) if number else "")

    def invitations_of(self, customer_id: str) -> list[str]:
        """Return ids of all invitations of a customer; the index also knows other items of theirs."""
        items = self.query("customer_id = :id", {":id": customer_id}, keys.BY_CUSTOMER)
        return [keys.invitation_id(dict(item)) for item in items if item[keys.PK]["S"].startswith(_INVITATION)]

    def invitations(self, ids: Sequence[str]) -> list[Invitation]:
        """Return the invitations that exist among these ids, the oldest fact first."""
        items: dict[str, Any] = {}
        for start in range(0, len(ids), _MOST):
            items |= self.table.read([keys.invitation(id_) for id_ in ids[start : start + _MOST]])
        return sorted(map(invitation_of, items.values()), key=lambda one: (one.occurred_at, one.created_at))

    def query(
        self, condition: str, values: dict[str, str], index: str = "", **more: str
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the items of a query of the table or of an index of it."""
        where = {"IndexName": index} if index else {}
        return query(
            self.table.dynamodb,
            TableName=self.table.table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=encode(values),
            **where,
            **more,
        )
