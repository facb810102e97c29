"""The ledger and the audit trail in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.model.privacy import Act, Erasure, Objection, Restriction, Standing
from afterbill_cli.memory.table import MemoryTable


@dataclass
class MemoryLedger:
    """Ledger and AuditTrail; a test that restores the table sets `counted`, the number of entries it knows, back."""

    erased: list[Erasure] = field(default_factory=list)
    words: dict[str, Objection] = field(default_factory=dict)
    restricted: dict[str, Restriction] = field(default_factory=dict)
    noted: list[Act] = field(default_factory=list)
    entries: int = 0
    counted: int = 0

    def note_erasure(self, erasure: Erasure) -> None:
        """Keep it once."""
        if not any((one.at, one.request_id) == (erasure.at, erasure.request_id) for one in self.erased):
            self.erased.append(erasure)
            self._count()

    def note_objection(self, objection: Objection) -> None:
        """Keep it, unless a later word is known."""
        before = self.words.get(objection.address_hash)
        if before is None or before.at < objection.at:
            self.words[objection.address_hash] = objection
            self._count()

    def note_restriction(self, restriction: Restriction) -> None:
        """Keep it, unless a later word is known."""
        before = self.restricted.get(restriction.subject_hash)
        if before is None or before.at < restriction.at:
            self.restricted[restriction.subject_hash] = restriction
            self._count()

    def erasures(self) -> Iterator[Erasure]:
        """By moment."""
        return iter(sorted(self.erased, key=lambda erasure: (erasure.at, erasure.request_id)))

    def objections(self) -> Iterator[Objection]:
        """By hash."""
        return iter([self.words[hashed] for hashed in sorted(self.words)])

    def restrictions(self) -> Iterator[Restriction]:
        """By hash."""
        return iter([self.restricted[hashed] for hashed in sorted(self.restricted)])

    def missing(self) -> int:
        """The number of entries that the table does not count."""
        return self.entries - self.counted

    def reconcile(self, missing: int) -> bool:
        """Count them, if it is these that are missing."""
        if self.missing() not in {0, missing}:
            return False
        self.counted = self.entries
        return True

    def note(self, act: Act) -> None:
        """Keep it."""
        self.noted.append(act)

    def acts(self, since: datetime, until: datetime) -> Iterator[Act]:
        """Those of these moments."""
        return iter(sorted((act for act in self.noted if since <= act.at <= until), key=lambda act: act.at))

    def _count(self) -> None:
        self.entries += 1
        self.counted += 1


@dataclass
class MemoryRestored:
    """RestoredTable over MemoryTable."""

    table: MemoryTable

    def standing(self) -> Iterator[Standing]:
        """Customers, invitations and names."""
        yield from map(Standing, self.table.people)
        yield from (Standing(one.customer_id, invitation_id=one.id) for one in self.table.invitations.values())
        yield from (Standing(owner, alias=alias) for alias, owner in self.table.aliases.items())

    def object_again(self, objection: Objection) -> None:
        """The later word counts."""
        if objection.reason is None:
            known = self.table.recipient(objection.address_hash)
            self.table.recipients[objection.address_hash] = replace(known, suppressed=None)
            self.table.lifted[objection.address_hash] = objection.at
            return
        phone = self.table.holder(objection.address_hash)
        reason, at = objection.reason, objection.at
        self.table.suppress(objection.address_hash, reason, at, None)
        for holder in list(self.table.people.values()):
            if objection.address_hash == holder.address_hash or holder.id == phone:
                self.table.suppress(objection.address_hash, reason, at, holder)
