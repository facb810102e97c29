"""The table in memory as import_responses sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afterbill.intake.ports import ResponseWrite
from afterbill.model.invitation import Invitation
from afterbill_cli.memory.imports import MemoryImports


@dataclass
class MemoryImportedResponses(MemoryImports):
    """ImportedResponses over plain dictionaries."""

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known."""
        return self.snapshot(aliases, ()).customer_ids

    def responses(self, ids: Sequence[str]) -> Mapping[str, Invitation]:
        """The responses that exist among `ids`."""
        return {id_: self.invitations[id_] for id_ in ids if id_ in self.invitations}

    def store(self, rewrites: Sequence[ResponseWrite]) -> bool:
        """All or nothing."""
        if any(_said(self.invitations.get(one.after.id)) != _said(one.before) for one in rewrites):
            return False
        self.invitations |= {one.after.id: one.after for one in rewrites}
        return True


def _said(response: Invitation | None) -> object:
    """What must not have changed."""
    return (response.answer.rating, response.answered_at) if response and response.answer else response
