"""Find the customer of an event, and update their profile from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from afterbill.intake.ports import FactSnapshot
from afterbill.model.billing import BillingEvent
from afterbill.model.customer import Customer, Suppression, follow_merges, learn, merge, survivor_of, weightiest


class People(Protocol):
    """The part of a table that holds the customers."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The customer of an event, the customers as they were read, and the aliases to write."""

    customer: Customer | None
    others: tuple[Customer, ...] = ()
    read: Mapping[str, Customer] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)

    @property
    def changed(self) -> tuple[Customer, ...]:
        """The customers that differ from those read."""
        all_ = (self.customer, *self.others) if self.customer else self.others
        return tuple(one for one in all_ if one != self.read.get(one.id))

    def with_customer(self, customer: Customer | None) -> "Identity":
        """Return the same identity with another state of its customer."""
        return replace(self, customer=customer)


def aliases_of(event: BillingEvent, hash_address: Callable[[str], str]) -> tuple[str, ...]:
    """Return the names under which this customer may be stored; the mail address first, for it survives a merge."""
    ref = event.customer
    mail = (f"mail#{hash_address(ref.address)}",) if ref.address else ()
    return mail + ((f"{event.source}#{ref.id}",) if ref.id else ())


def identify(
    event: BillingEvent,
    snapshot: FactSnapshot,
    facts: People,
    hash_address: Callable[[str], str],
    new_id: Callable[[], str],
) -> Identity:
    """Follow the aliases; make a customer where there is none, and one of two that turn out to be the same."""
    own_id = event.customer.own_id
    if own_id:
        return _named(own_id, facts)
    aliases = aliases_of(event, hash_address)
    if not aliases:
        return Identity(None)
    read = follow_merges((snapshot.customer_ids.get(alias, "") for alias in aliases), facts.customers)
    people = [one for one in read.values() if one.merged_into is None]
    survivor = people[0] if people else Customer(new_id())
    # Nothing but the way to the survivor stays: whoever erases that one must find no second copy of the person.
    others = tuple(Customer(one.id, one.version, merged_into=survivor.id) for one in people[1:])
    for other in people[1:]:
        survivor = merge(survivor, other)
    survivor = _suppress(learn(survivor, event), survivor, event, snapshot)
    moved = {
        alias: (survivor.id, snapshot.customer_ids.get(alias))
        for alias in aliases
        if snapshot.customer_ids.get(alias) != survivor.id
    }
    return Identity(survivor, others, read, moved)


def _named(own_id: str, facts: People) -> Identity:
    """Return a customer that afterbill itself named: nothing is learned of them, and an erased one is nobody."""
    read = follow_merges([own_id], facts.customers)
    return Identity(survivor_of(own_id, read), read=read)


def _suppress(learned: Customer, before: Customer, event: BillingEvent, snapshot: FactSnapshot) -> Customer:
    """Suppress the holder of a suppressed address; a bounce is forgotten with the address that bounced."""
    if event.customer.address is None or learned.address != event.customer.address:
        return learned
    moved = learned.suppressed == Suppression.BOUNCED and learned.address != before.address
    return replace(learned, suppressed=weightiest(None if moved else learned.suppressed, snapshot.suppression))
