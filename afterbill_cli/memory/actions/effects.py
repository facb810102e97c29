"""The effects of responses in memory."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill_actions.effects import Effects, Written


@dataclass
class MemoryEffects:
    """EffectsStore over a dictionary; `ends` are the moments from which items may be forgotten."""

    held: dict[str, Effects] = field(default_factory=dict)
    ends: dict[str, datetime] = field(default_factory=dict)

    def effects(self, invitation_ids: Collection[str]) -> Mapping[str, Effects]:
        """Those that exist."""
        return {id_: self.held[id_] for id_ in invitation_ids if id_ in self.held}

    def mark_published(
        self, invitation_id: str, version: str, at: datetime, expires_at: datetime, rating: int | None = None
    ) -> None:
        """Count another version."""
        one = self.held.get(invitation_id) or Effects(invitation_id)
        if one.published_at is None or one.published != version:
            first = rating if one.first_rating is None else one.first_rating
            self.held[invitation_id] = replace(
                one, published=version, published_at=at, versions=one.versions + 1, first_rating=first
            )
            self.ends[invitation_id] = expires_at

    def keep_written(self, invitation_id: str, effect: str, written: Written) -> None:
        """Keep it where the item is there."""
        if one := self.held.get(invitation_id):
            self.held[invitation_id] = replace(one, written={**one.written, effect: written})

    def forget_written(self, invitation_id: str, effect: str) -> None:
        """Take it out."""
        if one := self.held.get(invitation_id):
            rest = {name: written for name, written in one.written.items() if name != effect}
            self.held[invitation_id] = replace(one, written=rest)

    def forget(self, invitation_ids: Collection[str]) -> None:
        """Delete them."""
        for id_ in invitation_ids:
            self.held.pop(id_, None)
            self.ends.pop(id_, None)
