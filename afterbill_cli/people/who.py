"""Whom an operator means by an address, a number, an id, an alias, an invitation or a link."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.phones import mobile_number
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError
from afterbill.model.invitation import SkipReason
from afterbill_cli.people.lookup import ID, Lookup
from afterbill_cli.suppression.address import compact
from afterbill_cli.suppression.stored import Standing

_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a text leads to: ids of customers, or of an invitation of nobody.

    `names` are the aliases that the text itself may stand for, whether anybody has them or not. `address` is how the
    address or number of the text stands, which outlives whoever held it. `removed`: the invitation was erased before.
    """

    customer_ids: tuple[str, ...] = ()
    invitation_ids: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    address: Standing = field(default_factory=Standing)
    removed: bool = False

    @property
    def nobody(self) -> bool:
        """Whether nothing is stored about anybody."""
        return not self.customer_ids and not self.invitation_ids

    @property
    def ids(self) -> tuple[str, ...]:
        """Our own ids of all of them."""
        return self.customer_ids + self.invitation_ids


def find_whom(lookup: Lookup, wanted: str) -> Whom:
    """Return whom `wanted` leads to now; AfterbillError for what can lead to nobody.

    An address leads to all customers who hold it, and to guests by their alias, but never to who once had it. An id of
    ours leads on after its customer is gone, to what an erasure that was interrupted has left.
    """
    text = wanted.strip()
    if not text:
        raise AfterbillError("say whom: an address, a number, a customer's id, an invitation's id or a link")
    linked = lookup.invitation_in(text)
    found = _of_id(lookup, linked or text)
    if linked or found:
        return found or Whom()
    return _of_name(lookup, text)


def masked(customer: Customer | None) -> str:
    """Return enough of a customer's address, or else number, to know them by, and no more: `a***@example.com`."""
    if customer is None:
        return "removed in part"
    if customer.address:
        name, at, domain = customer.address.rpartition("@")
        return f"{name[:1]}{_HIDDEN}{at}{domain}" if at else _HIDDEN
    return f"{_HIDDEN}{customer.phone[-2:]}" if customer.phone else "no address"


def _of_id(lookup: Lookup, id_: str) -> Whom | None:
    """Return whom an id of ours leads to; None where none of ours is there."""
    if not ID.fullmatch(id_):
        return None
    if item := lookup.table.read([keys.invitation(id_)]).get(f"INVITATION#{id_}"):
        owner, removed = (item.get(name, {}).get("S", "") for name in (keys.CUSTOMER_ID, "reason"))
        if removed == SkipReason.ERASED:
            return Whom(removed=True)
        return Whom((owner,)) if owner else Whom(invitation_ids=(id_,))
    return Whom((id_,)) if lookup.table.customer(id_) or lookup.left_of(id_) else None


def _of_name(lookup: Lookup, text: str) -> Whom:
    names, hashed = lookup.aliases(text), lookup.address_hash(text)
    number = compact(text) if text.startswith("+") else ""
    hashed = hashed or (lookup.hash(number) if number else "")
    owners = [*lookup.table.customer_ids(names).values(), *_holders(lookup, hashed, number)]
    return Whom(tuple(dict.fromkeys(owners)), names=frozenset(names), address=lookup.table.address(hashed))


def _holders(lookup: Lookup, hashed: str, number: str) -> Sequence[str]:
    """Return ids of the customers who hold an address or a number now: the index knows the last seconds too late."""
    known = [lookup.table.holder(hashed)] if number else lookup.holders(hashed) if hashed else []
    return [one.id for one in lookup.customers(known) if hashed in {one.address_hash, _number_hash(lookup, one)}]


def _number_hash(lookup: Lookup, customer: Customer) -> str:
    number = mobile_number(customer.phone, customer.country)
    return lookup.hash(number) if number else ""
