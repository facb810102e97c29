"""Teach the table many customers at once, by the rules of capturing: batches of reads, full transactions."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from afterbill.intake.identify_customer import Identity, alias_of, identify, is_forgotten
from afterbill.intake.ports import MOST_WRITES, FactWrites, Imports
from afterbill.model.billing import BillingEvent
from afterbill.model.customer import Customer, prolong
from afterbill.model.errors import TransientError
from afterbill.model.retention import Retention

TOGETHER = 100
"""Events to pass at a time: two items for each of them fill whole calls, to read as well as to write."""
_ALONE = 3
"""Tries of a single event, after it lost a race twice among others."""


class Outcome(StrEnum):
    """Outcome of one event."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class CustomerImportDeps:
    """Dependencies of import_customers; both hashes are keyed, `new_id` makes the id of a new customer.

    Who is written is `kept` for this long from `now` on, at least. Names whose customer was erased are passed over,
    unless `include_erased` says that they are known again.
    """

    table: Imports
    hash_address: Callable[[str], str]
    hash_alias: Callable[[str], str]
    new_id: Callable[[], str]
    now: datetime
    kept: timedelta = Retention().customers
    include_erased: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """Events by outcome; those `left` wait for another call, because the table was busy (`problem`)."""

    outcomes: Mapping[Outcome, int]
    left: tuple[BillingEvent, ...] = ()
    problem: str = ""


def import_customers(events: Sequence[BillingEvent], deps: CustomerImportDeps) -> Imported:
    """Learn what these events say of their customers; safe to repeat after a crash anywhere.

    Of one person the event of the latest time counts, and of equal ones the later in `events`. Who lost a race is
    read and tried again, with the others first, then alone.
    """
    open_, outcomes = dict(enumerate(events)), Counter[Outcome]()
    problem = ""
    for together in (len(events), len(events), *[1] * _ALONE):
        for some in _batches(list(open_), max(together, 1)):
            try:
                for commit in _commits({number: open_[number] for number in some}, deps):
                    if commit.change.empty or deps.table.commit(commit.change):
                        outcomes.update(commit.outcomes.values())
                        open_ = {number: event for number, event in open_.items() if number not in commit.outcomes}
            except TransientError as error:
                return Imported(outcomes, tuple(open_.values()), str(error))
        problem = "others kept writing to the same customers"
    return Imported(outcomes, tuple(open_.values()), problem if open_ else "")


@dataclass
class _Page:
    """The part of the table that some events are about: as it was read, and as they leave it."""

    read_ids: Mapping[str, str]
    read_people: Mapping[str, Customer]
    customer_ids: dict[str, str]
    people: dict[str, Customer]
    erased: Mapping[str, datetime]

    def forgets(self, event: BillingEvent, alias: str) -> bool:
        """Return whether the event must teach nothing, because a customer of this name was erased."""
        known = self.customer_ids.get(alias) in self.people
        return is_forgotten(event, self.erased.get(alias), known=known)

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """Return those that exist, as the events before left them."""
        return {id_: self.people[id_] for id_ in ids if id_ in self.people}

    def write(self, identity: Identity) -> None:
        """Let the next event see it."""
        self.people |= {one.id: one for one in identity.changed}
        self.customer_ids |= {alias: to for alias, (to, _) in identity.aliases.items()}

    def outcome(self, identity: Identity) -> Outcome:
        """Return the outcome of this identity, judged before it is written."""
        if identity.customer and identity.customer.id not in self.people:
            return Outcome.NEW
        return Outcome.CHANGED if identity.changed else Outcome.UNCHANGED


@dataclass
class _Commit:
    """Changes that are written together, and the outcomes they mean, by number of the event."""

    customers: list[Customer] = field(default_factory=list)
    aliases: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of items it writes."""
        return len(self.customers) + len(self.aliases)

    @property
    def change(self) -> FactWrites:
        """The changes as the table takes them."""
        return FactWrites(customers=tuple(self.customers), aliases=self.aliases)

    def add(self, other: "_Commit") -> None:
        """Take the other changes into the same transaction."""
        self.customers += other.customers
        self.aliases |= other.aliases
        self.outcomes |= other.outcomes


def _commits(events: Mapping[int, BillingEvent], deps: CustomerImportDeps) -> Iterator[_Commit]:
    """Transactions as full as they may be; what concerns one customer is never torn apart."""
    full = _Commit()
    for changes in _people(events, deps):
        if full.size + changes.size > MOST_WRITES:
            yield full
            full = _Commit()
        full.add(changes)
    yield full


def _people(events: Mapping[int, BillingEvent], deps: CustomerImportDeps) -> Iterable[_Commit]:
    """Yield the changes of each customer's events, in the order of their first events."""
    page = _read(events.values(), deps)
    commits: dict[str, _Commit] = defaultdict(_Commit)
    for number, event in events.items():
        if page.forgets(event, alias_of(event, deps.hash_address)):
            commits[""].outcomes[number] = Outcome.ERASED
            continue
        identity = identify(event, page.customer_ids, page, deps.hash_address, deps.new_id)
        customer_id = identity.customer.id if identity.customer else ""
        commits[customer_id].outcomes[number] = page.outcome(identity)
        page.write(identity)
    for one in page.people.values():
        if one != page.read_people.get(one.id):
            commits[one.id].customers.append(prolong(one, deps.kept, deps.now))
    for alias, to in page.customer_ids.items():
        before = page.read_ids.get(alias)
        if to != before:
            commits[to].aliases[alias] = (to, before)
    return commits.values()


def _read(events: Collection[BillingEvent], deps: CustomerImportDeps) -> _Page:
    """Everything these events may meet."""
    aliases = dict.fromkeys(alias for event in events if (alias := alias_of(event, deps.hash_address)))
    ids = deps.table.customer_ids(tuple(aliases))
    people = deps.table.customers(tuple(dict.fromkeys(ids.values())))
    hashes = {} if deps.include_erased else {alias: deps.hash_alias(alias) for alias in aliases}
    marks = deps.table.erasures(tuple(hashes.values())) if hashes else {}
    erased = {alias: marks[hashed] for alias, hashed in hashes.items() if hashed in marks}
    return _Page(ids, people, dict(ids), dict(people), erased)


def _batches(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))
