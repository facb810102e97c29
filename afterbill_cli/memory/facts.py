"""What capture_event sees of the table, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from afterbill.intake.ports import FactQuery, FactSnapshot, FactWrites
from afterbill.model.billing import OperatorTask
from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import Invitation


@dataclass
class MemoryFacts:
    """Facts over plain dictionaries."""

    invitations: dict[str, Invitation] = field(default_factory=dict)
    people: dict[str, Customer] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    stops: dict[str, str] = field(default_factory=dict)
    peers: dict[str, frozenset[str]] = field(default_factory=dict)
    suppressions: dict[str, Suppression] = field(default_factory=dict)
    events: set[tuple[str, str, str]] = field(default_factory=set)
    tasks: dict[tuple[str, str, str], tuple[OperatorTask, str]] = field(default_factory=dict)

    def look_up(self, wanted: FactQuery) -> FactSnapshot:
        """All that is stored under these keys."""
        aliases, links = wanted.aliases, wanted.links
        return FactSnapshot(
            invitation=self.invitations.get(wanted.invitation_id),
            customer_ids={alias: self.aliases[alias] for alias in aliases if alias in self.aliases},
            stopped_by=frozenset(self.stops[link] for link in links if link in self.stops),
            peers=frozenset(peer for link in links for peer in self.peers.get(link, ())),
            suppression=self.suppressions.get(wanted.address_hash or ""),
            repeated=(*(wanted.event or ("", "")), wanted.invitation_id) in self.events,
        )

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""
        return {id_: self.people[id_] for id_ in ids if id_ in self.people}

    def commit(self, change: FactWrites) -> bool:
        """All or nothing."""
        if change.invitation and change.invitation.id in self.invitations:
            return False
        if any(self._version(one.id) != one.version for one in change.customers):
            return False
        if any(self.aliases.get(alias) not in {before, to} for alias, (to, before) in change.aliases.items()):
            return False
        if bool(change.stops) != bool(change.peers):
            unseen: Collection[str] = self.peers if change.stops else self.stops
            if any(link in unseen for link in (change.stops or change.peers)):
                return False
        if change.invitation:
            self.invitations[change.invitation.id] = change.invitation
        for one in change.customers:
            self.people[one.id] = replace(one, version=one.version + 1)
        self.aliases |= {alias: to for alias, (to, _) in change.aliases.items()}
        self.stops |= change.stops
        self.peers |= dict.fromkeys(change.peers, change.peers)
        if change.event:
            self.events.add((*change.event, change.about))
        return True

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:  # noqa: ARG002  # nothing expires here
        """False for one that is known."""
        key = (task.source, task.kind, task.id)
        return key not in self.tasks and not self.tasks.update({key: (task, address_hash)})

    def _version(self, customer_id: str) -> int:
        known = self.people.get(customer_id)
        return known.version if known else 0
