"""All that is stored about people, as one document: docs/data-export.md describes it part by part.

Left out are the ids of other customers, the ARNs of operators, and keyed hashes. A comment is its author's own word: it
is shown as it was written, whomever it names, and nowhere but in the author's export.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from afterbill.answers.external import COLLECTED
from afterbill.model.channels import Channel
from afterbill.model.consent import BASIS, CONSENT_WITHDRAWN_AT, basis_of, moment_of
from afterbill.model.customer import MARGIN, NOBODY, Customer, Recipient
from afterbill.model.invitation import Answer, Invitation
from afterbill.model.privacy import KEPT_AFTER, Person, PrivacyRequest
from afterbill.model.recurring import Recurring
from afterbill.model.retention import Retention, as_kept
from afterbill.model.subscriptions import Subscription
from afterbill.model.visits import NOTED, Visit
from afterbill.privacy.ports import People, PrivacyRequests

SCHEMA = 1
"""Rises when a part changes its meaning or goes; new parts may come without that."""

_PROFILE = ("address", "phone", "name", "locale", "country", "time_zone")
_ALIAS = re.compile("([#@])")
"""Behind the source: an id, or for a guest the keyed hash of their address."""
_REACHED_BY = {Channel.MAIL: "mail", Channel.SMS: "text_messages"}
Systems = Mapping[str, Sequence[Mapping[str, Any]]]
"""What other systems hold of surveys, by their ids: as `records[].surveys[].systems` of the document."""


@dataclass(frozen=True, slots=True)
class Contact:
    """The state of an address or a number, whoever holds it, and since when nobody writes to it."""

    recipient: Recipient = NOBODY
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """All that is held about one person: the person as the table has them, their contacts, and requests about them."""

    person: Person
    address: Contact = field(default_factory=Contact)
    number: Contact = field(default_factory=Contact)
    requests: Sequence[PrivacyRequest] = ()
    systems: Systems = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keeper:
    """The holder of the data, and the periods: `company` answers at `contact`, and its days are those of `time_zone`.

    `asked` are sources whose APIs are asked about customers. Copies of webhooks are kept for `copies_days`, 0 where
    there are none.
    """

    company: str
    contact: str
    time_zone: str
    retention: Retention = field(default_factory=Retention)
    asked: frozenset[str] = frozenset()
    copies_days: int = 0


@dataclass(frozen=True, slots=True)
class Exporter:
    """Exports over what is stored: `contacts` reads by keyed hashes how addresses and numbers stand.

    `hash_number` gives the keyed hash of a number as a customer of a country spells it, empty where none can be.
    `systems` reads what other systems hold of surveys.
    """

    people: People
    requests: PrivacyRequests
    contacts: Callable[[Collection[str]], Mapping[str, Contact]]
    hash_number: Callable[[str | None, str | None], str]
    keeper: Keeper
    systems: Callable[[Collection[str]], Systems] = lambda _ids: {}

    def export(self, request: PrivacyRequest, now: datetime) -> Mapping[str, Any]:
        """Return the document about whom this request means, ready for JSON."""
        return export(self.held(request.customer_ids, request.invitation_ids), self.keeper, now)

    def held(self, customer_ids: Collection[str], invitation_ids: Collection[str] = ()) -> list[Held]:
        """Return what is held about each of these customers, and about invitations of nobody."""
        people = list(map(self.people.person, sorted(customer_ids)))
        people += [self.people.invitations_of_nobody(invitation_ids)] if invitation_ids else []
        requests = self.requests.requests()
        return [self._held(person, requests) for person in people]

    def _held(self, person: Person, requests: Sequence[PrivacyRequest]) -> Held:
        customer = person.customer
        address = customer.address_hash if customer else ""
        number = self.hash_number(customer.phone, customer.country) if customer else ""
        known = self.contacts({address, number} - {""})
        theirs = [one for one in requests if person.customer_id and person.customer_id in one.customer_ids]
        systems = self.systems(person.invitations)
        return Held(person, known.get(address, Contact()), known.get(number, Contact()), theirs, systems)


def export(several: Sequence[Held], keeper: Keeper, now: datetime) -> dict[str, Any]:
    """Return the document about these people, who may be one person whom several sources know; ready for JSON."""
    return {
        "schema": SCHEMA,
        "made_at": _moment(now),
        "time_zone": keeper.time_zone,
        "controller": {"name": keeper.company, "contact": keeper.contact},
        "records": [_record(held, keeper, now) for held in several],
        "kept_days": _kept(keeper),
    }


def language_of(several: Sequence[Held]) -> str | None:
    """Return the language tag in which these people read: the customer's, else that of their newest survey."""
    spoken = [held.person.customer.locale for held in several if held.person.customer]
    written = [one.locale for held in several for one in reversed(_readable(held.person))]
    return next(filter(None, [*spoken, *written]), None)


def _record(held: Held, keeper: Keeper, now: datetime) -> dict[str, Any]:
    person, customer = held.person, held.person.customer
    invitations = _readable(person)
    if not (customer and customer.restricted_at):  # words of who is restricted are kept, and theirs to read
        invitations = [as_kept(one, keeper.retention, now) for one in invitations]
    return {
        "id": person.customer_id or None,
        "sources": list(_sources(person)),
        "profile": list(_profile(customer, _names(person))) if customer else [],
        "legal_basis": _basis(customer, now) if customer else None,
        "objections": list(_objections(held)),
        "restricted_at": _moment(customer.restricted_at) if customer else None,
        "deleted_at_source": bool(customer and customer.deleted),
        "last_asked_at": _moment(customer.last_asked_at) if customer else None,
        "last_seen_in_product_at": _moment(customer.last_seen_at) if customer else None,
        "active_at": _moment(customer.active_at) if customer else None,
        "kept_until": _moment(customer.kept_until) if customer else None,
        "last_taken_back_at": _moment(customer.last_adverse_at) if customer else None,
        "subscriptions": [_subscription(*one) for one in customer.subscriptions.items()] if customer else [],
        "surveys": [_survey(one, keeper.retention) | _around(one.id, held) for one in invitations],
        "surveys_unreadable": len(person.invitations) - len(invitations),
        "events": [{"source": source, "id": id_} for id_, source, _ in sorted(person.events)],
        "tasks": [{"source": source, "kind": kind} for source, kind, _ in sorted(person.tasks)],
        "short_links": len(person.codes),
        "copies_of_messages": len(person.copies),
        "recipients": list(_recipients(held, invitations, keeper)),
        "requests": [_request(one) for one in held.requests],
    }


def _readable(person: Person) -> list[Invitation]:
    """Return the invitations that this version can read, the oldest fact first."""
    read = (one for one in person.invitations.values() if isinstance(one, Invitation))
    return sorted(read, key=lambda one: (one.occurred_at, one.id))


def _names(person: Person) -> list[str]:
    """Return the sources by which the person is known."""
    named = {one["source"] for one in _sources(person)} | {one.source for one in _readable(person)}
    return sorted(named)


def _sources(person: Person) -> Iterator[dict[str, Any]]:
    """Yield the names of the person at sources; the name of a guest is a keyed hash, and left out."""
    for alias in sorted(person.aliases):
        source, sign, id_ = _ALIAS.split(alias, maxsplit=1)
        yield {"source": source, "id": id_ if sign == "#" else None, "guest": sign != "#"}


def _profile(customer: Customer, sources: Sequence[str]) -> Iterator[dict[str, Any]]:
    parts = {name: getattr(customer, name) for name in _PROFILE}
    parts |= {f"attributes.{name}": value for name, value in sorted(customer.attributes.items()) if name not in BASIS}
    for name, value in parts.items():
        if value:
            learned_at = _moment(customer.learned_at.get(name))
            yield {"part": name, "value": value, "learned_at": learned_at, "sources": list(sources)}


def _basis(customer: Customer, now: datetime) -> dict[str, Any]:
    """Return the best basis there is, and a withdrawal; a kind of null says that none is on record."""
    basis, withdrawn = basis_of(customer.attributes, now), customer.attributes.get(CONSENT_WITHDRAWN_AT, "")
    return {
        "kind": basis.kind.value if basis else None,
        "at": _moment(basis.at) if basis else None,
        "wording": (basis.wording or None) if basis else None,
        "withdrawn_at": _moment(moment_of(withdrawn)) or withdrawn or None,
    }


def _objections(held: Held) -> Iterator[dict[str, Any]]:
    customer = held.person.customer
    if customer and customer.suppressed:
        yield {"of": "customer", "reason": customer.suppressed.value, "since": None}
    for name, contact in (("address", held.address), ("number", held.number)):
        if contact.recipient.suppressed:
            since = _moment(contact.since)
            yield {"of": name, "reason": contact.recipient.suppressed.value, "since": since}


def _subscription(id_: str, one: Subscription) -> dict[str, Any]:
    state = "ending" if one.leaving else "over" if one.over else "running"
    ended_at = one.ended_at if one.leaving else one.expired_at if one.over else None
    return {
        "id": id_,
        "state": state,
        "heard_at": _moment(one.heard_at),
        "ended_at": _moment(ended_at),
        "recurring": _recurring(one.recurring),
    }


def _survey(one: Invitation, retention: Retention) -> dict[str, Any]:
    collected = one.reason == COLLECTED
    return {
        "id": one.id,
        "about": one.touchpoint,
        "source": one.source,
        "question": one.question.value,
        "state": COLLECTED if collected else one.state.value,
        "not_sent_because": None if collected else one.reason or None,
        "test": one.test,
        "channel": one.channel,
        "language": one.locale or None,
        "time_zone": one.zone or None,
        "objects": dict(one.objects),
        "products": list(one.products),
        "amount": {"minor_units": one.money.amount, "currency": one.money.currency} if one.money else None,
        "recurring": _recurring(one.recurring),
        "end_reported": {"reason": one.reported_reason or None, "comment": one.reported_comment or None},
        "counted_as": dict(one.segments),
        "occurred_at": _moment(one.occurred_at),
        "stored_at": _moment(one.created_at),
        "deliveries": list(_deliveries(one)),
        "delivered_at": _moment(one.delivered_at),
        "delivery": one.delivery.name.lower() if one.delivery else None,
        "shown_at": _moment(one.shown_at),
        "dismissed_at": _moment(one.dismissed_at),
        "visits": [_visit(visit) for visit in one.visits if visit.kind not in NOTED],
        "earlier_visits": sum(condensed.visits for condensed in one.condensed),
        "clicks_not_counted_because": one.label.split(),
        "referral_visits": one.referred,
        "answer": _answer(one, one.answer) if one.answer else None,
        "kept_until": _moment(one.patient_until + one.expiry + retention.responses),
    }


def _around(id_: str, held: Held) -> dict[str, Any]:
    """Return what operators noted about the person's answer, without who they are, and which systems hold of it."""
    noted = held.person.noted.get(id_, {})
    return {
        "systems": list(held.systems.get(id_, ())),
        "read_at": noted.get("read_at"),
        "tags": list(noted.get("tags", ())),
        "notes": [{"at": one["at"], "text": one["text"]} for one in noted.get("notes", ())],
    }


def _recurring(one: Recurring | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "minor_units": one.money.amount,
        "currency": one.money.currency,
        "every": one.every,
        "unit": one.unit,
    }


def _deliveries(one: Invitation) -> Iterator[dict[str, Any]]:
    """Yield each message that went out, the reminder last."""
    if one.follow_ups:
        yield from ({"channel": each.channel, "at": _moment(each.at)} for each in one.follow_ups)
    elif one.sent_at:
        yield {"channel": one.channel, "at": _moment(one.sent_at)}
    if one.reminded_at:
        yield {"channel": one.channel, "at": _moment(one.reminded_at)}


def _visit(visit: Visit) -> dict[str, Any]:
    """Return one use of a link; the network is a keyed hash, and left out."""
    return {"at": _moment(visit.at), "use": visit.kind.value, "number": visit.rating, "program": visit.family or None}


def _answer(one: Invitation, answer: Answer) -> dict[str, Any]:
    return {
        "at": _moment(one.answered_at),
        "rating": answer.rating,
        "lowest": one.scale.lowest,
        "highest": one.scale.highest,
        "reason": answer.reason or None,
        "comment": answer.comment or None,
        "contact_ok": answer.contact_ok,
        "confirmed": answer.confirmed,
    }


def _recipients(held: Held, invitations: Sequence[Invitation], keeper: Keeper) -> Iterator[dict[str, Any]]:
    """Yield who got the data: the cloud, the services that sent, the billing systems asked, the systems written to."""
    yield {"who": "storage", "source": None}
    used = {each["channel"] for one in invitations for each in _deliveries(one)}
    yield from ({"who": who, "source": None} for channel, who in _REACHED_BY.items() if channel in used)
    asked = [name for name in _names(held.person) if name in keeper.asked]
    yield from ({"who": "billing_system", "source": source} for source in asked)
    written = {one["connection"] for each in held.systems.values() for one in each}
    yield from ({"who": "connected_system", "source": name} for name in sorted(written))


def _request(one: PrivacyRequest) -> dict[str, Any]:
    """Return a request; who made it is left out where that is somebody's ARN."""
    return {
        "id": one.id,
        "kind": one.kind.value,
        "state": one.state.value,
        "requested_at": _moment(one.requested_at),
        "due_at": _moment(one.due_at),
        "done_at": _moment(one.done_at),
    }


def _kept(keeper: Keeper) -> Mapping[str, int]:
    retention = keeper.retention
    periods = {
        "profile": retention.customers + MARGIN,
        "surveys": retention.responses,
        "comments": retention.comments,
        "visits": retention.visits,
        "requests": KEPT_AFTER,
        "audit": retention.audit,
    }
    days = {name: period.days for name, period in periods.items()}
    return days | ({"copies_of_messages": keeper.copies_days} if keeper.copies_days else {})


def _moment(at: datetime | None) -> str | None:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else None
