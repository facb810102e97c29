"""Invitations and customers as items of the table, and back."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from afterbill.adapters.aws import keys
from afterbill.domain.customer import Customer, Pending
from afterbill.domain.invitation import RETENTION, Answer, Delivery, Invitation, State

Item = dict[str, Any]

_SERIALIZER = TypeSerializer()
_DESERIALIZER = TypeDeserializer()
_INVITATION_TIMES = (
    "deferred_until",
    "created_at",
    "occurred_at",
    "due_at",
    "claimed_at",
    "previously_asked_at",
    "sent_at",
    "answered_at",
)
_CUSTOMER_TIMES = ("last_asked_at", "last_adverse_at")


def encode(values: Mapping[str, Any]) -> Item:
    """Plain values as DynamoDB's typed ones."""
    return {name: _SERIALIZER.serialize(value) for name, value in values.items()}


def decode(item: Mapping[str, Any]) -> Item:
    """And back; numbers become Decimal."""
    return {name: _DESERIALIZER.deserialize(value) for name, value in item.items()}


def invitation_item(invitation: Invitation) -> Item:
    """The whole invitation with the keys of its indexes; kept under 1 KB, the unit in which writes are paid."""
    plain = _plain(invitation)
    del plain["id"]  # stands in the key
    answer = plain.pop("answer", None)
    plain |= answer_attributes(answer) if answer else {}
    plain["expiry_seconds"] = _seconds(plain.pop("expiry"))
    plain["cooldown_seconds"] = _seconds(plain.pop("cooldown"))
    plain["answer_until"] = int(invitation.answer_until.timestamp())
    plain[keys.TTL] = int((invitation.due_at + invitation.expiry + RETENTION).timestamp())
    if invitation.sent_day:
        plain[keys.DAY_BUCKET] = keys.sent_bucket(invitation.sent_day)
    elif invitation.state is not State.CLOSED:
        plain[keys.DAY_BUCKET] = keys.due_bucket(keys.due_hour(invitation.due_at))
    return keys.invitation(invitation.id) | encode(plain)


def invitation_of(item: Mapping[str, Any]) -> Invitation:
    """The invitation an item holds."""
    plain = decode(item)
    known = {one.name: plain[one.name] for one in fields(Invitation) if one.name in plain}
    known |= {name: datetime.fromisoformat(known[name]) for name in _INVITATION_TIMES if name in known}
    known["expiry"] = timedelta(seconds=int(plain["expiry_seconds"]))
    known["cooldown"] = timedelta(seconds=int(plain["cooldown_seconds"]))
    known["id"] = keys.invitation_id(dict(item))
    known["state"] = State(plain["state"])
    known["generation"], known["delivery_number"] = int(plain["generation"]), int(plain["delivery_number"])
    if "delivery" in plain:
        known["delivery"] = Delivery(int(plain["delivery"]))
    if "rating" in plain:
        known["answer"] = Answer(
            int(plain["rating"]),
            plain.get("comment", ""),
            plain.get("answer_reason", ""),
            plain.get("contact_ok", False),
        )
    known["products"] = tuple(plain.get("products", ()))
    return Invitation(**({"customer_id": "", "locale": ""} | known))


def answer_attributes(answer: Answer) -> dict[str, Any]:
    """An answer as attributes of its invitation."""
    return {
        "rating": answer.rating,
        "comment": answer.comment,
        "answer_reason": answer.reason,
        "contact_ok": answer.contact_ok,
    }


def customer_item(customer: Customer) -> Item:
    """The whole customer at its next version."""
    plain = _plain(customer) | {"learned_at": _plain_times(customer.learned_at)}
    if customer.pending:
        plain["pending"] = _plain(customer.pending)
    return keys.customer(customer.id) | encode(plain | {"version": customer.version + 1})


def customer_of(item: Mapping[str, Any]) -> Customer:
    """The customer an item holds."""
    plain = decode(item)
    known = {one.name: plain[one.name] for one in fields(Customer) if one.name in plain}
    known |= {name: datetime.fromisoformat(known[name]) for name in _CUSTOMER_TIMES if name in known}
    known["learned_at"] = {name: datetime.fromisoformat(at) for name, at in plain.get("learned_at", {}).items()}
    known["version"] = int(plain["version"])
    if "pending" in plain:
        pending = plain["pending"]
        known["pending"] = Pending(
            pending["invitation_id"],
            int(pending["priority"]),
            datetime.fromisoformat(pending["due_at"]),
            pending["stoppable"],
        )
    return Customer(**known)


def _plain(value: Any) -> dict[str, Any]:  # noqa: ANN401  # any of our dataclasses
    """The fields that say something: what is empty is left out, so that indexes stay sparse and items small."""
    named = {one.name: getattr(value, one.name) for one in fields(value)}
    return {name: _scalar(one) for name, one in named.items() if one is not None and one not in ("", {}, ())}


def _scalar(value: Any) -> Any:  # noqa: ANN401  # as above
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _plain_times(times: Mapping[str, datetime]) -> dict[str, str]:
    return {name: at.isoformat() for name, at in times.items()}


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
