"""The people whom an operator means by an address, a number, an id, an alias, an invitation or a link."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.phones import mobile_number
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError
from afterbill.model.invitation import SkipReason
from afterbill_cli.masking import masked, masked_number
from afterbill_cli.people.lookup import ID, Lookup
from afterbill_cli.suppression.stored import Standing

_MISTYPED = re.compile(r"[\s@/+]")
"""Of addresses, numbers and links that are not whole; ids of billing systems have none of these."""


@dataclass(frozen=True, slots=True)
class Whom:
    """The people a text leads to: ids of customers, or of an invitation of nobody.

    `id` is the text where it may be an id of ours. `names` are the aliases that it stands for without a doubt, whether
    anybody has them or not. `address` is how the address or number of the text stands, which outlives whoever held it.
    `removed`: the invitation was erased before.
    """

    customer_ids: tuple[str, ...] = ()
    invitation_ids: tuple[str, ...] = ()
    id: str = ""
    names: frozenset[str] = frozenset()
    address: Standing = field(default_factory=Standing)
    removed: bool = False

    @property
    def nobody(self) -> bool:
        """True where nothing is stored about anybody."""
        return not self.customer_ids and not self.invitation_ids

    @property
    def ids(self) -> tuple[str, ...]:
        """Our own ids of all of them."""
        return self.customer_ids + self.invitation_ids


def find_whom(lookup: Lookup, wanted: str) -> Whom:
    """Return whom `wanted` leads to now; AfterbillError for what can lead to nobody, or to one of several.

    An address leads to all customers who hold it, and to guests by their alias, but never to who once had it. An id of
    ours leads on after its customer is gone, to what an erasure that was interrupted has left.
    """
    text = wanted.strip()
    if not text:
        raise AfterbillError("say whom: an address, a number, a customer's id, an invitation's id or a link")
    linked = lookup.invitation_in(text)
    found = _of_id(lookup, linked or text)
    if linked or found:
        return found or Whom(id=linked)
    if ID.fullmatch(text) and not lookup.named(text):
        return Whom(id=text)
    return _of_name(lookup, text)


def known_by(customer: Customer | None) -> str:
    """Return enough of a customer's address, or else number, to know them by, and no more."""
    if customer is None:
        return "removed in part"
    if customer.address:
        return masked(customer.address)
    return masked_number(customer.phone) if customer.phone else "no address"


def _of_id(lookup: Lookup, id_: str) -> Whom | None:
    """Return whom an id of ours leads to; None where none of ours is there."""
    if not ID.fullmatch(id_):
        return None
    if item := lookup.table.read([keys.invitation(id_)]).get(f"INVITATION#{id_}"):
        owner, removed = (item.get(name, {}).get("S", "") for name in (keys.CUSTOMER_ID, "reason"))
        if removed == SkipReason.ERASED:
            return Whom(id=id_, removed=True)
        return Whom((owner,)) if owner else Whom(invitation_ids=(id_,))
    return Whom((id_,)) if lookup.table.customer(id_) or lookup.left_of(id_) else None


def _of_name(lookup: Lookup, text: str) -> Whom:
    contact, named = lookup.contact(text), lookup.named(text)
    explicit = text.partition("#")[0] in lookup.sources
    if not contact and not explicit:
        _agree_on_one(named)
    hashed = lookup.hash(contact) if contact else ""
    owners = dict.fromkeys([*named.values(), *_holders_now(lookup, hashed)])
    if not owners and not contact and not explicit and _MISTYPED.search(text):
        raise AfterbillError(
            "this can lead to nobody: give a whole address such as ada@example.com, a number such as +4915123456789, "
            "an id, SOURCE#ID, or the whole of a link"
        )
    names = lookup.aliases(contact) if contact else [text] if explicit else []
    return Whom(tuple(owners), names=frozenset(names), address=lookup.table.address(hashed))


def _agree_on_one(named: Mapping[str, str]) -> None:
    """Refuse an id that means another customer at another source: nobody who gives one means both."""
    if len(set(named.values())) > 1:
        raise AfterbillError(f"several sources have a customer of this id: give one of {', '.join(sorted(named))}")


def _holders_now(lookup: Lookup, hashed: str) -> Sequence[str]:
    """Return ids of the customers who hold an address or a number now: the index knows the last seconds too late."""
    if not hashed:
        return []
    known = lookup.customers(lookup.holding(hashed))
    return [one.id for one in known if hashed in {one.address_hash, _number_hash(lookup, one)}]


def _number_hash(lookup: Lookup, customer: Customer) -> str:
    number = mobile_number(customer.phone, customer.country)
    return lookup.hash(number) if number else ""
