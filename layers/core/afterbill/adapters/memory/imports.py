"""The table in memory as import_customers sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterbill.adapters.memory.table import MemoryTable
from afterbill.ports_intake import Known


@dataclass
class MemoryImports(MemoryTable):
    """Imports over plain dictionaries."""

    def known(self, aliases: Sequence[str], address_hashes: Sequence[str]) -> Known:
        """All that is stored under these keys."""
        return Known(
            {alias: self.aliases[alias] for alias in aliases if alias in self.aliases},
            {one: self.suppressions[one] for one in address_hashes if one in self.suppressions},
        )
