"""Find the stored items for an address, an id, an event or a link: these may belong to several customers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from afterbill.adapters.dynamodb import keys
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError
from afterbill.model.invitation import Invitation
from afterbill_cli.deployed import Deployed
from afterbill_cli.people.lookup import ID, Lookup
from afterbill_cli.suppression.stored import Standing

_AHEAD = 90
"""Days that a survey may wait, as far as its event is looked for."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One customer, or nobody who is known: all their invitations or single ones; how address and number stand."""

    customer: Customer | None = None
    invitations: Sequence[Invitation] = field(default_factory=tuple)
    address: Standing = field(default_factory=Standing)
    number: Standing = field(default_factory=Standing)


class Finder:
    """Finds items in the deployed table."""

    def __init__(self, deployed: Deployed, today: date) -> None:
        self._deployed, self._today, self._lookup = deployed, today, Lookup(deployed)

    def find(self, wanted: str) -> Sequence[Subject]:
        """Find the subjects that `wanted` names, at least one; AfterbillError where nothing is stored."""
        subjects = (
            self._by_link(wanted)
            or self._by_id(wanted)
            or self._by_event(wanted)
            or self._by_alias(wanted)
            or self._by_day(wanted)
        )
        if not subjects:
            raise AfterbillError(
                f"nothing is known of {wanted!r}: give a mail address, a phone number that was written to, a "
                "customer's id at the billing system (or SOURCE#ID), an event's id, an invitation's id, or a link from "
                "a mail. An event that was ignored, or only taught something about a customer, leaves no fact: look "
                "for its outcome in capture_event's log"
            )
        return subjects

    def _by_link(self, wanted: str) -> Sequence[Subject]:
        linked = self._lookup.invitation_in(wanted)
        return self._invitations([linked]) if linked else ()

    def _by_id(self, wanted: str) -> Sequence[Subject]:
        return self._invitations([wanted]) or self._customers([wanted]) if ID.fullmatch(wanted) else ()

    def _by_event(self, wanted: str) -> Sequence[Subject]:
        events = self._lookup.query(f"{keys.PK} = :pk", {":pk": keys.events(wanted)})
        ids = [item["invitation_id"]["S"] for item in events]
        return self._invitations([*ids, *self._held_with(wanted, self._lookup.invitations(ids))])

    def _by_day(self, wanted: str) -> Sequence[Subject]:
        """Look for an event day by day, the nearest first: of one that was asked about only its invitation knows."""
        if "@" in wanted or "#" in wanted or wanted.startswith("+"):
            return ()
        days = sorted(range(-_days_back(self._deployed), _AHEAD + 1), key=abs)
        first = next((ids for away in days if (ids := self._held(wanted, self._today + timedelta(away)))), [])
        return self._invitations([*first, *self._held_with(wanted, self._lookup.invitations(first))])

    def _held_with(self, event_id: str, others: Sequence[Invitation]) -> list[str]:
        """Ids of the invitations that hold an event, on the days on which those may be that came with `others`."""
        since = [one.created_at.date() for one in others]
        days = sorted({begin + timedelta(away) for begin in since for away in range(-1, _AHEAD + 1)})
        return [id_ for day in days for id_ in self._held(event_id, day)]

    def _held(self, event_id: str, day: date) -> list[str]:
        """Ids of the invitations of a day that hold the event that reported their fact first."""
        values = {":bucket": keys.day_bucket(day.isoformat()), ":event": event_id}
        held = "event_id = :event"
        found = self._lookup.query("day_bucket = :bucket", values, keys.BY_DAY, FilterExpression=held)
        return [keys.invitation_id(dict(item)) for item in found]

    def _by_alias(self, wanted: str) -> Sequence[Subject]:
        found = self._customers(self._lookup.owners(wanted))
        address = self._lookup.table.address(self._lookup.address_hash(wanted))
        return found or ([Subject(address=address)] if address.known else ())

    def _customers(self, ids: Iterable[str]) -> list[Subject]:
        return [
            self._subject(customer, self._lookup.invitations(self._lookup.invitations_of(customer.id)))
            for customer in self._lookup.customers(ids)
        ]

    def _subject(self, customer: Customer | None, invitations: Sequence[Invitation]) -> Subject:
        return Subject(customer, invitations, *(self._lookup.standings(customer) if customer else ()))

    def _invitations(self, ids: Sequence[str]) -> Sequence[Subject]:
        invitations = self._lookup.invitations(ids)
        owners = dict.fromkeys(invitation.customer_id for invitation in invitations)
        return [
            self._subject(self._lookup.table.customer(owner), [one for one in invitations if one.customer_id == owner])
            for owner in owners
        ]


def _days_back(deployed: Deployed) -> int:
    """Return as many days as an invitation is kept: so far back an event is looked for."""
    return deployed.policy().retention.responses.days
