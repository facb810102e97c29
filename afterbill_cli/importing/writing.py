"""Checked customers go to the table."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from afterbill.intake.import_customers import TOGETHER, CustomerImportDeps, import_customers
from afterbill.intake.ports import FactWrites, Imports, ImportSnapshot
from afterbill.model.billing import BillingEvent
from afterbill.model.customer import Customer
from afterbill_cli.importing.journal import Journal
from afterbill_cli.importing.retrying_writer import Attempt, RetryingWriter


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Imports that reads a table and writes nothing."""

    table: Imports

    def snapshot(self, aliases: Sequence[str], address_hashes: Sequence[str]) -> ImportSnapshot:
        """As it is."""
        return self.table.snapshot(aliases, address_hashes)

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """As they are."""
        return self.table.customers(ids)

    def commit(self, change: FactWrites) -> bool:  # noqa: ARG002  # nothing is written
        """As if it were written."""
        return True


@dataclass(frozen=True, slots=True)
class Writer:
    """Imports customers; `at` is told the number of the last row that is done."""

    importing: CustomerImportDeps
    at: Callable[[int], None]
    sleep: Callable[[float], None] = time.sleep

    def try_out(self, rows: Iterable[tuple[int, BillingEvent]]) -> Counter[str]:
        """What would come of them; chunks know nothing of each other."""
        return self._patient.try_out(rows)

    def write(self, rows: Iterable[tuple[int, BillingEvent]], journal: Journal) -> None:
        """Import them; after each chunk the journal says so."""
        self._patient.write(rows, journal)

    @property
    def _patient(self) -> RetryingWriter[BillingEvent]:
        return RetryingWriter(self._attempt, TOGETHER, self.at, self.sleep)

    def _attempt(self, events: Sequence[BillingEvent]) -> Attempt[BillingEvent]:
        imported = import_customers(events, self.importing)
        return Attempt(Counter(imported.outcomes), imported.left, imported.problem)
