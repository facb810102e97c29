"""Invitations and customers as items of the table, and back."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.compact import (
    from_microseconds,
    microseconds,
    packed,
    price_of,
    price_text,
    subscription_of,
    subscription_text,
    unpacked,
)
from afterbill.adapters.dynamodb.stored import known, reading, require, require_texts
from afterbill.model.billing import Money
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer, Recipient, Suppression, Waiting
from afterbill.model.invitation import RETENTION, Answer, Deferral, Delivery, FollowUp, Invitation, SkipReason, State
from afterbill.model.visits import codes_of, condensed_of, counted, visits_of

Item = dict[str, Any]

_SERIALIZER = TypeSerializer()
_DESERIALIZER = TypeDeserializer()
_INVITATION_TIMES = (
    "deferred_until",
    "created_at",
    "due_at",
    "claimed_at",
    "previously_asked_at",
    "answered_at",
    "reminded_at",
    "closed_at",
    "shown_at",
    "shown_until",
    "dismissed_at",
)
_PRECISE = ("sent_at", "reported_at")
_DURATIONS = ("expiry", "cooldown", "patience")
_SEGMENTS = ("touchpoint", "stage", "source", "channel")
"""Attributes that stand among the segments as well, and are stored only there."""
_USUAL = {"stoppable": True, "generation": 1, "delivery_number": 1, "referred": 0, "showings": 0}
"""Values that are not stored: an item of less than a KB costs half."""
_TEXTS = frozenset(each.name for each in fields(Invitation) if each.type is str)
_FLAGS = frozenset({"stoppable", "contact_ok", "unconfirmed"})
_PROFILE = ("address", "phone", "name", "locale", "country", "time_zone", "offered")
_HASH = 16
"""Bytes of the keyed hash of an address."""
_CUSTOMER_TIMES = ("last_asked_at", "last_adverse_at", "last_seen_at", "restricted_at", "forget_at")


def encode(values: Mapping[str, Any]) -> Item:
    """Plain values as DynamoDB's typed ones."""
    return {name: _SERIALIZER.serialize(value) for name, value in values.items()}


def stamp(at: datetime) -> str:
    """A moment as it is stored, in its one spelling: conditions compare texts."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def decode(item: Mapping[str, Any]) -> Item:
    """Deserialise an item of DynamoDB; numbers become Decimal."""
    return {name: _DESERIALIZER.deserialize(value) for name, value in item.items()}


def utc_day(at: datetime) -> str:
    """The day of a moment in UTC."""
    return at.astimezone(UTC).date().isoformat()


def invitation_item(
    invitation: Invitation, day_of: Callable[[datetime], str] = utc_day, kept: timedelta = RETENTION
) -> Item:
    """The whole invitation with the keys of its indexes; kept under 1 KB, the unit in which writes are paid.

    `day_of` gives the day of its ready moment, under which BY_DAY has it until it is sent; `kept` is for how long.
    """
    plain = _plain(invitation)
    del plain["id"]  # stands in the key
    answer = plain.pop("answer", None)
    plain |= {name: value for name, value in answer_attributes(answer).items() if value != ""} if answer else {}
    plain["seconds"] = [_seconds(plain.pop(name)) for name in _DURATIONS]
    plain |= {"delivered_at": milliseconds(invitation.delivered_at)} if invitation.delivered_at else {}
    plain |= {"deferrals": deferrals_of(invitation)} if invitation.deferrals else {}
    plain |= {"follow_ups": follow_ups_of(invitation)} if invitation.follow_ups else {}
    plain |= {"reached": reached_of(invitation)} if plain.pop("address_hashes", None) else {}
    plain |= visits_attributes(invitation)
    plain |= {"money": [invitation.money.amount, invitation.money.currency]} if invitation.money else {}
    recurring = plain.pop("recurring", None)
    plain |= {"price": price_text(recurring, invitation.money)} if recurring else {}
    plain["occurred_at"] = microseconds(invitation.occurred_at)
    plain["created_at"] = stamp(invitation.created_at.replace(microsecond=0))
    plain |= {name: microseconds(at) for name in _PRECISE if (at := getattr(invitation, name))}
    plain |= {"message_id": packed(invitation.message_id)} if invitation.message_id else {}
    plain |= {"objects": _besides(invitation.fact, invitation.objects)} if invitation.objects else {}
    plain["answer_until"] = int(invitation.answer_until.timestamp())
    plain[keys.TTL] = int(invitation.kept_until(kept).timestamp())
    if invitation.sent_day or invitation.state is not State.CLOSED:
        plain |= day_attributes(invitation.ready_at, invitation.sent_day or day_of(invitation.ready_at))
    if not invitation.test:
        plain[keys.FACT_HOUR] = keys.fact_hour(invitation.occurred_at)
    if invitation.delivery and invitation.delivery.adverse:
        plain[keys.ADVERSE] = int(invitation.delivery)
    repeated = {name for name in _SEGMENTS if plain[name] == invitation.segments.get(name)}
    stored = {name: value for name, value in plain.items() if _USUAL.get(name) != value and name not in repeated}
    return keys.invitation(invitation.id) | encode(stored)


def invitation_of(item: Mapping[str, Any]) -> Invitation:
    """The invitation an item holds; UnreadableError where it says what this version does not know."""
    with reading(item):
        invitation = _invitation_of(item)
        answer = invitation.answer
        require(answer is None or answer.rating in invitation.scale.ratings, "a rating beyond its question's scale")
        return invitation


def _invitation_of(item: Mapping[str, Any]) -> Invitation:
    plain = decode(item)
    values = {each.name: plain[each.name] for each in fields(Invitation) if each.name in plain}
    values |= {name: datetime.fromisoformat(values[name]) for name in _INVITATION_TIMES if name in values}
    spans = [timedelta(seconds=int(number)) for number in plain["seconds"]]
    values |= dict(zip(_DURATIONS, spans, strict=True))
    values |= {name: plain["segments"][name] for name in _SEGMENTS if name not in plain}
    values |= {"message_id": unpacked(plain["message_id"])} if "message_id" in plain else {}
    require_texts(values, _TEXTS)
    require_texts(plain, ("comment", "answer_reason", "price"))
    if "objects" in plain:
        named = _object_of(plain["fact"])
        values["objects"] = {kind: named if id_ is None else id_ for kind, id_ in plain["objects"].items()}
    for mapping in ("segments", "objects"):
        require_texts(values.get(mapping, {}), values.get(mapping, {}))
    require(all(isinstance(plain.get(name, False), bool) for name in _FLAGS), "a flag that is none")
    known(Channel, values["channel"])
    values["occurred_at"] = from_microseconds(plain["occurred_at"])
    values["id"] = keys.invitation_id(dict(item))
    values["state"] = known(State, plain["state"])
    values |= {name: int(plain.get(name, 1)) for name in ("generation", "delivery_number")}
    values |= {name: from_microseconds(plain[name]) for name in _PRECISE if name in plain}
    if "delivered_at" in plain:
        values["delivered_at"] = datetime.fromtimestamp(int(plain["delivered_at"]) / 1000, UTC)
    if "delivery" in plain:
        values["delivery"] = known(Delivery, int(plain["delivery"]))
    if "rating" in plain:
        values["answer"] = Answer(
            _whole(plain["rating"]),
            plain.get("comment", ""),
            plain.get("answer_reason", ""),
            plain.get("contact_ok", False),
            confirmed=not plain.get("unconfirmed", False),
        )
    values["products"] = tuple(plain.get("products", ()))
    reached = bytes(plain.get("reached", b""))
    values["address_hashes"] = tuple(reached[at : at + _HASH].hex() for at in range(0, len(reached), _HASH))
    values["visits"] = visits_of(plain.get("visits", {}))
    values["condensed"] = tuple(condensed_of(line) for line in plain.get("condensed", ()))
    values["follow_ups"] = tuple(_follow_ups_of(text) for text in plain.get("follow_ups", ()))
    values |= {name: int(plain.get(name, 0)) for name in ("referred", "showings")}
    values["deferrals"] = tuple(_deferral_of(text, values["created_at"]) for text in plain.get("deferrals", ()))
    if "money" in plain:
        values["money"] = Money(int(plain["money"][0]), plain["money"][1])
    if "price" in plain:
        values["recurring"] = price_of(plain["price"], values.get("money"))
    return Invitation(**({"customer_id": "", "locale": ""} | values))


def day_attributes(ready_at: datetime, day: str) -> dict[str, str]:
    """The keys of BY_DAY: the day it is sent on or, until then, the day of its ready moment; and that moment."""
    return {keys.DAY_BUCKET: keys.day_bucket(day), keys.DAY_AT: keys.day_at(ready_at)}


def deferrals_of(invitation: Invitation) -> list[str]:
    """The invitation's waits, a short line each: seconds from its capture, why, and seconds of waiting."""
    begin = _epoch(invitation.created_at)
    return [
        f"{_epoch(wait.at) - begin} {wait.reason} {_epoch(wait.until) - _epoch(wait.at)}"
        for wait in invitation.deferrals
    ]


def visits_attributes(invitation: Invitation) -> dict[str, Any]:
    """The visits by program, in a map that is there even if empty, to be updated, and the number of them."""
    visits: dict[str, Any] = {"visits": codes_of(invitation.visits)}
    visits |= {"visited": counted(invitation.visits)} if invitation.visits else {}
    return visits | ({"condensed": [str(one) for one in invitation.condensed]} if invitation.condensed else {})


def reached_of(invitation: Invitation) -> bytes:
    """The hashes of the addresses it went to, one behind the other: half as long as their digits."""
    return bytes.fromhex("".join(invitation.address_hashes))


def _besides(fact: str, objects: Mapping[str, str]) -> dict[str, str | None]:
    """The objects; the id of the one that its fact names stands in the fact alone: here it is None, which is no id."""
    named = _object_of(fact)
    return {kind: None if id_ == named else id_ for kind, id_ in objects.items()}


def _object_of(fact: str) -> str:
    """The object that a fact is about; an id with a bar in it is spelled in another way there."""
    return "".join(fact.split("|")[2:3])


def milliseconds(at: datetime) -> int:
    """A moment as a number, a third as long as its text; the table compares none of these."""
    return int(at.timestamp() * 1000)


def _deferral_of(text: str, created_at: datetime) -> Deferral:
    since, reason, seconds = text.split(" ")
    at = datetime.fromtimestamp(_epoch(created_at) + int(since), UTC)
    return Deferral(at, known(SkipReason, reason), at + timedelta(seconds=int(seconds)))


def follow_ups_of(invitation: Invitation) -> list[str]:
    """The deliveries by other channels, a short line each: moment, in Unix microseconds, and channel."""
    return [f"{microseconds(sent.at)} {sent.channel}" for sent in invitation.follow_ups]


def _follow_ups_of(text: str) -> FollowUp:
    at, channel = text.split(" ")
    return FollowUp(from_microseconds(at), known(Channel, channel))


def _epoch(at: datetime) -> int:
    """Whole Unix seconds: waits are only shown, nothing is decided by them."""
    return int(at.timestamp())


def answer_attributes(answer: Answer) -> dict[str, Any]:
    """An answer as attributes of its invitation."""
    return {
        "rating": answer.rating,
        "comment": answer.comment,
        "answer_reason": answer.reason,
        "contact_ok": answer.contact_ok or "",
        "unconfirmed": "" if answer.confirmed else True,
    }


def customer_item(customer: Customer) -> Item:
    """The whole customer at its next version, in the bucket of their group and among those with the same address.

    Who exists for a test alone is in no group, and is found apart from the others.
    """
    from afterbill.model.campaigns import slot_of  # noqa: PLC0415  # what answers HTTP writes no customers

    plain = _plain(customer) | {"learned_at": _plain_times(customer.learned_at)}
    # The map is there even if empty, to be updated.
    plain.pop("kept_until", None)
    plain["waiting"] = {id_: _plain(entry) for id_, entry in customer.waiting.items()}
    plain |= end_of(customer)
    if not customer.forget_at:
        plain |= {keys.DAY_BUCKET: keys.slot_bucket(slot_of(customer.id)), keys.DAY_AT: "-"}
    if hashed := plain.pop("address_hash", ""):
        place = keys.testers(hashed) if customer.forget_at else keys.holders(hashed)
        plain |= {keys.CUSTOMER_ID: place, keys.CREATED_AT: keys.NO_TIME}
    if customer.subscriptions:
        plain["subscriptions"] = {id_: subscription_text(one) for id_, one in customer.subscriptions.items()}
    plain = {name: value for name, value in plain.items() if value is not False}
    return keys.customer(customer.id) | encode(plain | {"version": customer.version + 1})


def end_of(customer: Customer) -> dict[str, int]:
    """The attributes of a customer's end: the TTL and, where it moves, the sign of life that it is counted from."""
    until, active_at = customer.forget_at or customer.kept_until, customer.active_at
    end = {keys.TTL: _epoch(until)} if until else {}
    return end | ({"active_at": _epoch(active_at)} if active_at else {})


def customer_of(item: Mapping[str, Any]) -> Customer:
    """The customer an item holds; UnreadableError where it says what this version does not know."""
    with reading(item):
        return _customer_of(item)


def _customer_of(item: Mapping[str, Any]) -> Customer:
    plain = decode(item)
    require_texts(plain, _PROFILE)
    require_texts(plain.get("attributes", {}), plain.get("attributes", {}))
    values = {each.name: plain[each.name] for each in fields(Customer) if each.name in plain}
    values |= {name: datetime.fromisoformat(values[name]) for name in _CUSTOMER_TIMES if name in values}
    values["learned_at"] = {name: datetime.fromisoformat(at) for name, at in plain.get("learned_at", {}).items()}
    values["version"] = int(plain["version"])
    values["suppressed"] = known(Suppression, plain["suppressed"]) if "suppressed" in plain else None
    values["address_hash"] = keys.address_hash(plain.get(keys.CUSTOMER_ID, ""))
    values["subscriptions"] = {id_: subscription_of(text) for id_, text in plain.get("subscriptions", {}).items()}
    values["when_seen"] = frozenset(plain.get("when_seen", ()))
    values |= {"active_at": datetime.fromtimestamp(int(plain["active_at"]), UTC)} if "active_at" in plain else {}
    if keys.TTL in plain and "forget_at" not in plain:
        values["kept_until"] = datetime.fromtimestamp(int(plain[keys.TTL]), UTC)
    values["waiting"] = {id_: _waiting_of(entry) for id_, entry in plain.get("waiting", {}).items()}
    return Customer(**values)


def failed_at(link: Mapping[str, Any]) -> datetime | None:
    """The moment at which the payment behind a link failed last, None where it did not."""
    with reading(link):
        return from_microseconds(link["failed_at"]["N"]) if "failed_at" in link else None


def erased_at(mark: Mapping[str, Any]) -> datetime | None:
    """The moment at which a customer of a name was erased last, None where none was."""
    with reading(mark):
        return datetime.fromisoformat(mark["erased_at"]["S"]) if "erased_at" in mark else None


def recipient_of(address_hash: str, item: Mapping[str, Any]) -> Recipient:
    """The address that an item is about; an empty item is one of which nothing is known."""
    with reading(item):
        plain = decode(item)
        asked_at = plain.get("last_asked_at")
        return Recipient(
            address_hash,
            datetime.fromisoformat(asked_at) if asked_at else None,
            known(Suppression, plain["reason"]) if "reason" in plain else None,
        )


def waiting_of(waiting: Waiting) -> dict[str, Any]:
    """A survey that its customer waits for, as one entry of the map in the customer's item."""
    return _plain(waiting)


def _waiting_of(plain: Mapping[str, Any]) -> Waiting:
    due_at, until = datetime.fromisoformat(plain["due_at"]), datetime.fromisoformat(plain["until"])
    return Waiting(int(plain["priority"]), due_at, until, plain["stoppable"])


def _plain(value: Any) -> dict[str, Any]:  # noqa: ANN401  # any of our dataclasses
    """The fields that are not empty: the others are left out, so that indexes stay sparse and items small."""
    present = {each.name: getattr(value, each.name) for each in fields(value)}
    return {
        name: _scalar(each)
        for name, each in present.items()
        if each is not None and each not in ("", {}, (), frozenset())
    }


def _scalar(value: Any) -> Any:  # noqa: ANN401  # as above
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _plain_times(times: Mapping[str, datetime]) -> dict[str, str]:
    return {name: at.isoformat() for name, at in times.items()}


def _whole(number: object) -> int:
    """A whole number as an int; another one is no rating."""
    whole = int(number) if isinstance(number, Decimal) else None
    require(whole == number, "a rating that is no whole number")
    return whole or 0


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
