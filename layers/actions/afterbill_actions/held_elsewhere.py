"""The systems that hold something of answers, as the export of a person names them (docs/data-export.md)."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from afterbill_actions.connection import Connection
from afterbill_actions.connector import Connector

if TYPE_CHECKING:
    from afterbill_actions.effects import Effects
    from afterbill_actions.ports import EffectsStore


@dataclass(frozen=True, slots=True)
class HeldElsewhere:
    """The reading of what actions wrote: a connection that is configured no more is named without its system."""

    effects: "EffectsStore"
    connections: Mapping[str, Connection]
    load: Callable[[str], Connector]

    def __call__(self, invitation_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        """Return for each survey of which something was written: where, by which action, when last, and the ids there.

        What may have been written, and what was crossed out there, is named as well: the system holds it.
        """
        found = self.effects.effects(invitation_ids) if invitation_ids else {}
        return {id_: rows for id_, one in found.items() if (rows := list(self._rows(one)))}

    def _rows(self, effects: "Effects") -> Iterator[dict[str, Any]]:
        for _, written in sorted(effects.written.items()):
            known = self.connections.get(written.connection)
            yield {
                "connection": written.connection,
                "system": self.load(known.connector).title if known else None,
                "action": written.action,
                "written_at": f"{written.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "ids": dict(written.record),
            }
