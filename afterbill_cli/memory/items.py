"""The items of the table in memory, and what intake reads and writes of them: one method one call."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from afterbill.intake.ports import MOST_NEWEST, FactQuery, FactSnapshot, FactWrites, ResponseWrite
from afterbill.model.anonymous import erased
from afterbill.model.billing import OperatorTask
from afterbill.model.customer import NOBODY, Customer, Recipient, Suppression
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Invitation, SkipReason, StoredInvitation
from afterbill.model.privacy import PrivacyRequest
from afterbill.model.short_links import ShortLink
from afterbill.outreach.ports import SweepProgress
from afterbill_console.people.handling import Handling


@dataclass
class MemoryItems:
    """The items, over plain dictionaries; Facts, Imports and ImportedResponses read and write them."""

    invitations: dict[str, Invitation] = field(default_factory=dict)
    people: dict[str, Customer] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    stops: dict[str, str] = field(default_factory=dict)
    peers: dict[str, frozenset[str]] = field(default_factory=dict)
    failed_payments: dict[str, datetime] = field(default_factory=dict)
    payers: dict[str, str] = field(default_factory=dict)
    """Ids of customers by a link of theirs that no invitation names."""
    recipients: dict[str, Recipient] = field(default_factory=dict)
    lifted: dict[str, datetime] = field(default_factory=dict)
    events: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Ids of customers, or nobody's, by event, source and invitation."""
    tasks: dict[tuple[str, str, str], tuple[OperatorTask, str]] = field(default_factory=dict)
    erased: dict[str, datetime] = field(default_factory=dict)
    """Moments by the hashes of the names of erased customers."""
    copies: set[tuple[str, str]] = field(default_factory=set)
    """Names of copies of webhooks with the ids of customers they are about; MemoryEvidence may share them."""
    requests: dict[str, PrivacyRequest] = field(default_factory=dict)
    codes: dict[str, ShortLink] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    swept: SweepProgress | UnreadableError | None = None
    handlings: dict[str, Handling] = field(default_factory=dict)
    """The handling of answers by operators, by the id of its invitation."""
    unreadable: set[str] = field(default_factory=set)
    """Ids of invitations that cannot be read, as after a rollback."""

    # Reads that several ports share

    def alive(self, invitation_id: str) -> Invitation | None:
        """The invitation, unless it is only what stays of one whose customer was removed."""
        stored = self.invitations.get(invitation_id)
        return None if stored is None or erased(stored) else stored

    def invitation(self, invitation_id: str) -> Invitation | None:
        """The invitation as it stands; UnreadableError for one that cannot be read."""
        if invitation_id in self.unreadable:
            raise UnreadableError(f"INVITATION#{invitation_id}")
        return self.invitations.get(invitation_id)

    def read_invitations(self, ids: Sequence[str]) -> Mapping[str, StoredInvitation]:
        """Those that exist among at most 100 ids, each as it stands or why it cannot be read."""
        return stored_among(self.invitations, self.unreadable, ids)

    def customer(self, customer_id: str) -> Customer | None:
        """The customer as they stand."""
        return self.people.get(customer_id)

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """The customers that exist among `ids`."""
        return {id_: self.people[id_] for id_ in ids if id_ in self.people}

    def customer_ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Ids of customers by those of these aliases that are known."""
        return {alias: self.aliases[alias] for alias in aliases if alias in self.aliases}

    def erasures(self, alias_hashes: Sequence[str]) -> Mapping[str, datetime]:
        """The moments of erasures, by those of these hashes of names that are marked."""
        return {hashed: self.erased[hashed] for hashed in alias_hashes if hashed in self.erased}

    def holders(self, address_hash: str) -> Sequence[str]:
        """Ids of customers with this address."""
        return [one.id for one in self.people.values() if one.address_hash == address_hash and not one.forget_at][:2]

    def everybody_at(self, address_hash: str) -> Sequence[str]:
        """Ids of all customers with this address, and of who stands for it in a test survey."""
        return [one.id for one in self.people.values() if one.address_hash == address_hash]

    @property
    def suppressions(self) -> Mapping[str, Suppression]:
        """Reasons by the hashes of the addresses and numbers that are never written to again."""
        return {hash_: one.suppressed for hash_, one in self.recipients.items() if one.suppressed}

    def recipient(self, address_hash: str) -> Recipient:
        """The address of this hash."""
        return self.recipients.get(address_hash, Recipient(address_hash)) if address_hash else NOBODY

    # Facts, Imports, ImportedResponses

    def look_up(self, wanted: FactQuery) -> FactSnapshot:
        """All that is stored under these keys."""
        links = wanted.links
        confirmation = self.invitations.get(wanted.confirmation)
        return FactSnapshot(
            invitation=self.invitations.get(wanted.invitation_id),
            customer_ids=self.customer_ids([wanted.alias]),
            stopped_by=frozenset(self.stops[link] for link in links if link in self.stops),
            failed_at=max((self.failed_payments[link] for link in links if link in self.failed_payments), default=None),
            peers=frozenset(peer for link in links for peer in self.peers.get(link, ())),
            recipient=self.recipient(wanted.address_hash),
            confirmed_at=confirmation.occurred_at if confirmation else None,
            repeated=(*(wanted.event or ("", "")), wanted.invitation_id) in self.events,
            erased_at=self.erased.get(wanted.alias_hash),
        )

    def _holds(self, change: FactWrites) -> bool:
        """True where everything is still as the change assumes."""
        there = self.invitations.get(change.invitation.id) if change.invitation else None
        if there and not (change.invitation and change.invitation.test and there.reason == SkipReason.TEST_MODE):
            return False
        stored = {customer.id: self.people.get(customer.id) for customer in change.customers}
        versions = {id_: customer.version if customer else 0 for id_, customer in stored.items()}
        if any(versions[customer.id] != customer.version for customer in change.customers):
            return False
        if any(self.aliases.get(alias) not in {before, to} for alias, (to, before) in change.aliases.items()):
            return False
        if bool(change.stops) != bool(change.peers):
            unseen_links: Collection[str] = self.peers if change.stops else self.stops
            if any(link in unseen_links for link in (change.stops or change.peers)):
                return False
        return not any(self.failed_payments.get(link, at) > at for link, at in change.failed.items())

    def commit(self, change: FactWrites) -> bool:
        """All or nothing."""
        if not self._holds(change) or (change.reported and not self._join_reported(change.reported)):
            return False
        if change.invitation:
            self.invitations[change.invitation.id] = change.invitation
        for customer in change.customers:
            self._change_customer(customer)
        self.aliases |= {alias: to for alias, (to, _) in change.aliases.items()}
        self.stops |= change.stops
        self.failed_payments |= change.failed
        self.peers |= dict.fromkeys(change.peers, change.peers)
        self.payers |= {min(change.peers): change.customer_id} if change.taught_links else {}
        if change.event:
            self.events[*change.event, change.about] = change.customer_id
        return True

    def _join_reported(self, told: Invitation) -> bool:
        stored = self.alive(told.id)
        if not stored or (stored.reported_at and told.reported_at and stored.reported_at > told.reported_at):
            return False
        reported = {name: getattr(told, name) for name in ("reported_reason", "reported_comment", "reported_at")}
        return bool(self._change(stored, **reported))

    def keep_task(self, task: OperatorTask, address_hash: str, now: datetime) -> bool:  # noqa: ARG002  # nothing expires here
        """False for one that is known."""
        key = (task.source, task.kind, task.id)
        return key not in self.tasks and not self.tasks.update({key: (task, address_hash)})

    def keep_request(self, request: PrivacyRequest) -> bool:
        """False for one that is known."""
        return self.requests.setdefault(request.id, request) is request

    def tasks_waiting(self, source: str, kind: str, now: datetime) -> int:  # noqa: ARG002  # nothing expires here
        """Count those that are kept; none is ever done here."""
        return sum(key[:2] == (source, kind) for key in self.tasks)

    def newest_invitations(self, customer_id: str) -> Sequence[str]:
        """Ids of the newest invitations of this customer, the newest first."""
        theirs = (one for one in self.invitations.values() if one.customer_id == customer_id)
        return [one.id for one in sorted(theirs, key=lambda one: one.created_at, reverse=True)[:MOST_NEWEST]]

    def responses(self, ids: Sequence[str]) -> Mapping[str, Invitation]:
        """The responses that exist among `ids`."""
        return {id_: self.invitations[id_] for id_ in ids if id_ in self.invitations}

    def store(self, rewrites: Sequence[ResponseWrite]) -> bool:
        """All or nothing."""
        there = [(self.invitations.get(write.after.id), write.before) for write in rewrites]
        if any((stored and erased(stored)) or _version(stored) != _version(before) for stored, before in there):
            return False
        self.invitations |= {write.after.id: write.after for write in rewrites}
        return True

    # Restrictions

    def set_restricted(self, customer_id: str, since: datetime | None) -> bool:
        """Restrict a customer, or release them with None; False where nothing changed."""
        known = self.people.get(customer_id)
        if known is None or bool(known.restricted_at) == bool(since):
            return False
        self._change_customer(known, restricted_at=since)
        return True

    def _change(self, stored: Invitation, **changes: Any) -> Invitation:  # noqa: ANN401  # fields of any kind
        self.invitations[stored.id] = changed = replace(stored, **changes)
        return changed

    def _change_customer(self, known: Customer, **changes: Any) -> None:  # noqa: ANN401  # fields of any kind
        self.people[known.id] = replace(known, **changes, version=known.version + 1)


def stored_among(
    invitations: Mapping[str, Invitation], unreadable: Collection[str], ids: Sequence[str]
) -> Mapping[str, StoredInvitation]:
    """The invitations of these ids, or for those among the `unreadable` the error."""
    there = [id_ for id_ in ids if id_ in invitations]
    return {id_: UnreadableError(f"INVITATION#{id_}") if id_ in unreadable else invitations[id_] for id_ in there}


def _version(response: Invitation | None) -> object:
    """The part of a response that must not have changed since it was read."""
    return (response.answer.rating, response.answered_at) if response and response.answer else response
