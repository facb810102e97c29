"""The wing of an erasure that reaches other systems: what was written there is removed, or listed for a person."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from afterbill.model.privacy import Person, Removed
from afterbill_actions.effects import Effects
from afterbill_actions.outbox import Entry, EntryState, Operation, place_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from afterbill_actions.ports import Connections, EffectsStore, Outbox, Wakes

_PAGE = 100
_REASON = "the customer was erased"


@dataclass(frozen=True, slots=True)
class ForgettableEffects:
    """The stores of an erasure; `names` are all known connections. It goes before what leads to the answers."""

    effects: "EffectsStore"
    outbox: "Outbox"
    connections: "Connections"
    wakes: "Wakes"
    names: Collection[str]
    clock: "Callable[[], datetime]"

    def forget(self, person: Person) -> Mapping[str, int]:
        """Have other systems forget what was written of a person, and let be what was still to be written.

        The entries that erase hold the other systems' own records, and nobody. They are put before anything that leads
        to them goes: a repeat after a crash puts them again, which is harmless. An attempt of which nobody heard may
        have written: it is looked for.
        """
        found = self.effects.effects(person.invitations)
        names = {*self.names, *(written.connection for one in found.values() for written in one.written.values())}
        open_entries = [entry for name in sorted(names) for entry in self._open(name, person)]
        erasures = {entry.place: entry for entry in [*self._written(found), *self._perhaps(open_entries, found)]}
        self.outbox.put([*erasures.values()])
        for entry in open_entries:
            dropped = replace(entry, state=EntryState.DROPPED, reason=_REASON, customer_id="", content={})
            self.outbox.store(replace(dropped, ended_at=self.clock()), entry)
        self.effects.forget(person.invitations)
        for name in dict.fromkeys(entry.connection for entry in erasures.values()):
            self.wakes.drain(name)
        return {Removed.WRITTEN_ELSEWHERE: len(erasures)}

    def _open(self, name: str, person: Person) -> Iterator[Entry]:
        """Yield the entries about a person that are not over: all others hold no customer, and ids that stay."""
        after = self.connections.state(name).cursor
        while page := self.outbox.entries(name, after, _PAGE):
            after = page[-1].place
            yield from (entry for entry in page if not entry.over and _about(entry, person))

    def _written(self, found: Mapping[str, Effects]) -> Iterator[Entry]:
        for invitation_id, effects in found.items():
            for effect, written in effects.written.items():
                yield self._erasure(written.connection, invitation_id, effect, written.record)

    def _perhaps(self, entries: Collection[Entry], found: Mapping[str, Effects]) -> Iterator[Entry]:
        for entry in entries:
            known = found.get(entry.invitation_id, Effects(entry.invitation_id)).written
            if entry.attempts and entry.effect not in known:
                yield self._erasure(entry.connection, entry.invitation_id, entry.effect, {})

    def _erasure(self, connection: str, invitation_id: str, effect: str, record: Mapping[str, str]) -> Entry:
        now = self.clock()
        place = place_of(now, f"{invitation_id}:erase", effect)
        return Entry(connection, place, effect, Operation.ERASE, now, invitation_id, content=dict(record))


def _about(entry: Entry, person: Person) -> bool:
    """Return whether an entry writes about a person; what erases does so for good."""
    theirs = bool(person.customer_id) and entry.customer_id == person.customer_id
    return entry.operation is not Operation.ERASE and (theirs or entry.invitation_id in person.invitations)
