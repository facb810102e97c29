"""People in memory: all that leads to one, and what each wing forgets of them."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from afterbill.adapters.dynamodb.items import stamp
from afterbill.model.anonymous import anonymous, counts, erased, tombstone
from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import Invitation
from afterbill.model.privacy import Person, Removed
from afterbill.privacy.ports import Copies
from afterbill_cli.memory.items import MemoryItems
from afterbill_cli.memory.queues import MemoryTimer
from afterbill_console.people.handling import Handling


@dataclass
class MemoryPeople:
    """People over the items of MemoryTable."""

    table: MemoryItems

    def person(self, customer_id: str) -> Person:
        """All that belongs to a customer."""
        table = self.table
        if not customer_id:
            return Person("")
        theirs = [one.id for one in table.invitations.values() if one.customer_id == customer_id]
        tasks = (key for key, (task, _) in table.tasks.items() if task.customer.own_id == customer_id)
        return Person(
            customer_id,
            table.people.get(customer_id),
            invitations=table.read_invitations(theirs),
            aliases=frozenset(alias for alias, owner in table.aliases.items() if owner == customer_id),
            events=frozenset(event for event, owner in table.events.items() if owner == customer_id),
            codes=frozenset(text for text, link in table.codes.items() if link.customer_id == customer_id),
            links=frozenset(link for link, owner in table.payers.items() if owner == customer_id),
            phones=frozenset(hashed for hashed, owner in table.phones.items() if owner == customer_id),
            copies=frozenset(name for name, owner in table.copies if owner == customer_id),
            tasks=frozenset(tasks),
            noted={id_: _noted(table.handlings[id_]) for id_ in theirs if id_ in table.handlings},
        )

    def invitations_of_nobody(self, ids: Collection[str]) -> Person:
        """The invitations that exist among these ids, without what stayed of removed ones."""
        found = [id_ for id_ in sorted(ids) if self.table.alive(id_)]
        return Person("", invitations=self.table.read_invitations(found))

    def mark_erased(self, alias_hashes: Collection[str], at: datetime) -> None:
        """A later moment stays."""
        for hashed in alias_hashes:
            self.table.erased[hashed] = max(at, self.table.erased.get(hashed, at))

    def forget_names(self, customer_id: str, aliases: Collection[str]) -> int:
        """Those that are still theirs."""
        theirs = [alias for alias in aliases if self.table.aliases.get(alias) == customer_id]
        return len([self.table.aliases.pop(alias) for alias in theirs])


def _noted(one: Handling) -> Mapping[str, Any]:
    notes = [{"at": stamp(note.at), "who": note.who, "text": note.text} for note in one.notes]
    values = {"read_at": stamp(one.read_at) if one.read_at else "", "tags": list(one.tags), "notes": notes}
    return {name: value for name, value in values.items() if value}


@dataclass
class MemoryForgettableAnswers:
    """ForgettableAnswers over the invitations of MemoryTable."""

    table: MemoryItems
    new_id: Callable[[], str]

    def forget(self, person: Person) -> Mapping[str, int]:
        """Replace each invitation that is still theirs."""
        done = Counter[str]()
        for id_ in person.invitations:
            stored = self.table.invitations[id_]
            if not erased(stored) and person.customer_id in {"", stored.customer_id}:
                done.update(self._replace(stored))
        return done

    def _replace(self, stored: Invitation) -> Mapping[str, int]:
        kept = counts(stored)
        if kept:
            row = anonymous(stored, self.new_id())
            self.table.invitations[row.id] = row
        self.table.unreadable.discard(stored.id)
        self.table.handlings.pop(stored.id, None)
        self.table.invitations[stored.id] = tombstone(stored)
        answered = kept and stored.answer is not None
        return {Removed.INVITATIONS: 1, Removed.ROWS_KEPT: int(kept), Removed.ANSWERS_KEPT: int(answered)}


@dataclass
class MemoryForgettableDeliveries:
    """ForgettableDeliveries over MemoryTable and MemoryTimer."""

    table: MemoryItems
    timer: MemoryTimer
    hash_number: Callable[[str | None, str | None], str]
    clock: Callable[[], datetime]

    def forget(self, person: Person) -> Mapping[str, int]:
        """The same steps as over DynamoDB, in the same order."""
        table, now = self.table, self.clock()
        stored = [table.invitations[id_] for id_ in person.invitations]
        names = {name for one in stored for name in one.schedule_names(now)}
        timers = [self.timer.schedules.pop(name, None) for name in sorted(names)]
        customer = table.people.get(person.customer_id)
        current = self._current(customer) if customer else set()
        if customer and customer.suppressed not in {None, Suppression.BOUNCED}:
            self._keep_objection(customer, current)
        reached = {hashed for one in stored for hashed in one.address_hashes}
        done = self._addresses(current | person.phones | reached, person.customer_id)
        done[Removed.TIMERS] = len(timers) - timers.count(None)
        readable = (one for one in person.invitations.values() if isinstance(one, Invitation))
        done[Removed.PAYMENT_LINKS] = self._links({*person.links, *(link for one in readable for link in one.links)})
        phones = [hashed for hashed in person.phones if table.phones.get(hashed) == person.customer_id]
        done[Removed.PHONES] = len([table.phones.pop(hashed) for hashed in phones])
        for text in person.codes:
            table.codes.pop(text, None)
        done[Removed.SHORT_LINKS] = len(person.codes)
        return done

    def objections(self, people: Collection[Person]) -> int:
        """Of addresses and numbers, each once."""
        stored = [self.table.invitations[id_] for person in people for id_ in person.invitations]
        hashes = {hashed for one in stored for hashed in one.address_hashes}
        hashes |= {hashed for person in people for hashed in person.phones}
        hashes |= {hashed for person in people if person.customer for hashed in self._current(person.customer)}
        return sum(self.table.recipient(hashed).suppressed is not None for hashed in hashes)

    def _current(self, customer: Customer) -> set[str]:
        return {customer.address_hash, self.hash_number(customer.phone, customer.country)} - {""}

    def _keep_objection(self, customer: Customer, hashes: Collection[str]) -> None:
        for hashed in hashes:
            known = self.table.recipient(hashed)
            if known.suppressed in {None, Suppression.BOUNCED}:
                self.table.recipients[hashed] = replace(known, suppressed=customer.suppressed)

    def _addresses(self, hashes: Collection[str], customer_id: str) -> Counter[str]:
        done = Counter[str]()
        for hashed in hashes & self.table.recipients.keys():
            shared = set(self.table.holders(hashed)) - {customer_id}
            known = self.table.recipients[hashed]
            if known.suppressed:
                self.table.recipients[hashed] = known if shared else replace(known, last_asked_at=None)
            elif not shared:
                del self.table.recipients[hashed]
                self.table.lifted.pop(hashed, None)
                done[Removed.ADDRESSES] += 1
        return done

    def _links(self, wanted: set[str]) -> int:
        """Forget links of payments, and those that are known to belong to the same ones."""
        table = self.table
        looked = set[str]()
        while new := wanted - looked:
            looked |= new
            wanted |= {peer for link in new for peer in table.peers.get(link, ())}
        known = wanted & (table.stops.keys() | table.peers.keys() | table.failed_payments.keys())
        for link in known:
            table.stops.pop(link, None)
            table.peers.pop(link, None)
            table.failed_payments.pop(link, None)
            table.payers.pop(link, None)
        return len(known)


@dataclass
class MemoryForgettableFacts:
    """ForgettableFacts over MemoryTable."""

    table: MemoryItems
    copies: Copies | None = field(default=None)

    def forget(self, person: Person) -> Mapping[str, int]:
        """The customer last, and only as they were read."""
        table = self.table
        copies = person.copies if self.copies else frozenset[str]()
        if self.copies and copies:
            self.copies.delete(copies)
        table.copies -= {(name, person.customer_id) for name in copies}
        for event in person.events:
            table.events.pop(event, None)
        for task in person.tasks:
            table.tasks.pop(task, None)
        aliases = [alias for alias in person.aliases if table.aliases.get(alias) == person.customer_id]
        return {
            Removed.COPIES: len(copies),
            Removed.EVENTS: len(person.events),
            Removed.TASKS: len(person.tasks),
            Removed.ALIASES: len([table.aliases.pop(alias) for alias in aliases]),
            Removed.CUSTOMERS: self._customer(person),
        }

    def _customer(self, person: Person) -> int:
        stored, read = self.table.people.get(person.customer_id), person.customer
        if stored is None or (read and stored.version != read.version):
            return 0
        del self.table.people[person.customer_id]
        return 1
