"""Find the customer of an event, and update their profile from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from afterbill.model.billing import BillingEvent, OperatorTask
from afterbill.model.customer import Customer, learn


class People(Protocol):
    """The part of a table that holds the customers."""

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The customer of an event as they will be and were `read`, and the alias to write: its name, new and old id."""

    customer: Customer | None
    read: Customer | None = None
    aliases: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)

    @property
    def changed(self) -> tuple[Customer, ...]:
        """The customer, if they differ from what was read."""
        return (self.customer,) if self.customer and self.customer != self.read else ()

    @property
    def customer_id(self) -> str:
        """Our id of the customer, empty for nobody."""
        return self.customer.id if self.customer else ""

    @property
    def newly_crowded(self) -> bool:
        """Whether this event is the first for which attributes had to go."""
        return bool(self.customer and self.customer.crowded and not (self.read and self.read.crowded))

    def with_customer(self, customer: Customer | None) -> "Identity":
        """Return the same identity with another state of its customer."""
        return replace(self, customer=customer)


def alias_of(event: BillingEvent | OperatorTask, hash_address: Callable[[str], str]) -> str:
    """Return the name under which this customer is stored: the source's id, else their address there; empty for nobody.

    A person is not an address: no source's customer is another's, and who has an id is not who shopped as a guest,
    only because somebody typed the same address.
    """
    ref = event.customer
    if ref.id:
        return f"{event.source}#{ref.id}"
    return f"{event.source}@{hash_address(ref.address)}" if ref.address else ""


def is_forgotten(event: BillingEvent | OperatorTask, erased_at: datetime | None, *, known: bool) -> bool:
    """Return whether an event must teach nothing, because a customer of its name was erased at `erased_at`.

    What happened before is never learned again. Where nobody has the name since (`known`), only a fact makes somebody
    who has it: a profile may be told at any time, and is no reason to know a person again.
    """
    if erased_at is None:
        return False
    new_fact = isinstance(event, BillingEvent) and event.touchpoint is not None
    return event.occurred_at <= erased_at or not (known or new_fact)


def identify(
    event: BillingEvent,
    customer_ids: Mapping[str, str],
    people: People,
    hash_address: Callable[[str], str],
    new_id: Callable[[], str],
) -> Identity:
    """Follow the alias, or make a customer where there is none, and learn what the event says of them."""
    if own_id := event.customer.own_id:
        # Nothing is learned of whom afterbill itself named, and an erased one is nobody.
        read = people.customers([own_id]).get(own_id)
        return Identity(read, read)
    alias = alias_of(event, hash_address)
    if not alias:
        return Identity(None)
    known = customer_ids.get(alias)
    read = people.customers([known]).get(known) if known else None
    learned = learn(read or Customer(new_id()), event)
    hashed = hash_address(learned.address) if learned.address else ""
    aliases = {} if learned.id == known else {alias: (learned.id, known)}
    return Identity(replace(learned, address_hash=hashed), read, aliases)
