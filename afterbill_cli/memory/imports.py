"""The table in memory as import_customers sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterbill.intake.ports import ImportSnapshot
from afterbill_cli.memory.table import MemoryTable


@dataclass
class MemoryImports(MemoryTable):
    """Imports over plain dictionaries."""

    def snapshot(self, aliases: Sequence[str], address_hashes: Sequence[str]) -> ImportSnapshot:
        """All that is stored under these keys."""
        return ImportSnapshot(
            {alias: self.aliases[alias] for alias in aliases if alias in self.aliases},
            {one: self.suppressions[one] for one in address_hashes if one in self.suppressions},
        )
