"""Campaigns in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from afterbill.model.campaigns import Done, slot_of
from afterbill.model.customer import Customer


@dataclass
class MemoryCampaigns:
    """`people` is shared with MemoryTable; who is new among them is put into a group at the next look."""

    people: dict[str, Customer] = field(default_factory=dict)
    come: dict[str, Done] = field(default_factory=dict)
    groups: dict[int, list[str]] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)

    def customers_in(self, slot: int) -> Iterator[str]:
        """Ids of the customers of a group."""
        # A dictionary keeps its order: whoever is new stands behind all that are known.
        for id_ in list(takewhile(lambda one: one not in self.grouped, reversed(self.people))):
            self.grouped.add(id_)
            self.groups.setdefault(slot_of(id_), []).append(id_)
        known = (self.people.get(id_) for id_ in self.groups.get(slot, ()))
        return iter([one.id for one in known if one and not one.merged_into])

    def done(self, campaign: str) -> Done | None:
        """How far it has come."""
        return self.come.get(campaign)

    def set_done(self, campaign: str, done: Done) -> None:
        """Remember it."""
        self.come[campaign] = done
