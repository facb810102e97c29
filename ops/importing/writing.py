"""The checked rows go to the table, a chunk at a time, with patience while it is busy."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from afterbill.domain.billing import BillingEvent
from afterbill.domain.customer import Customer
from afterbill.domain.errors import AfterbillError
from afterbill.ports import Change, Imports, Known
from afterbill.services.import_customers import TOGETHER, Importing, Outcome, import_customers
from ops.importing.journal import Journal

_PAUSES = (1, 2, 4, 8, 16, 30, 30, 30, 60, 60, 60)
"""Seconds between the tries of one chunk: a table at its limit recovers within a minute, an outage takes longer."""


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Imports that reads a table and writes nothing."""

    table: Imports

    def known(self, aliases: Sequence[str], address_hashes: Sequence[str]) -> Known:
        """As it is."""
        return self.table.known(aliases, address_hashes)

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """As they are."""
        return self.table.customers(ids)

    def commit(self, change: Change) -> bool:  # noqa: ARG002  # nothing is written
        """As if it were written."""
        return True


@dataclass(frozen=True, slots=True)
class Writer:
    """Imports rows; `at` is told the number of the last one that is done."""

    importing: Importing
    at: Callable[[int], None]
    sleep: Callable[[float], None] = time.sleep

    def try_out(self, rows: Iterable[tuple[int, BillingEvent]]) -> Counter[Outcome]:
        """What would come of them; chunks know nothing of each other."""
        outcomes = Counter[Outcome]()
        for number, chunk in _chunks(rows):
            outcomes += self._patiently(chunk)
            self.at(number)
        return outcomes

    def write(self, rows: Iterable[tuple[int, BillingEvent]], journal: Journal) -> None:
        """Import them; after each chunk the journal says so."""
        for number, chunk in _chunks(rows):
            journal.outcomes += self._patiently(chunk)
            journal.done = number
            journal.write()
            self.at(number)

    def _patiently(self, chunk: Sequence[BillingEvent]) -> Counter[Outcome]:
        outcomes = Counter[Outcome]()
        problem = ""
        for pause in (0, *_PAUSES):
            self.sleep(pause)
            imported = import_customers(chunk, self.importing)
            outcomes.update(imported.outcomes)
            if not imported.left:
                return outcomes
            chunk, problem = imported.left, imported.problem
        raise AfterbillError(f"{problem}. What is done is remembered: run the same command again to go on")


def _chunks(rows: Iterable[tuple[int, BillingEvent]]) -> Iterator[tuple[int, list[BillingEvent]]]:
    """Chunks and the number of the last row of each."""
    chunk: list[BillingEvent] = []
    last = 0
    for last, event in rows:
        chunk.append(event)
        if len(chunk) == TOGETHER:
            yield last, chunk
            chunk = []
    if chunk:
        yield last, chunk
