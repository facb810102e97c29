"""Answers and what operators do about them, over DynamoDB.

What operators do stands with the answer itself: it goes with it when the customer is removed, at the same moment, and
one batch reads fifty answers with everything.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.answered import AnsweredTable, brief_of
from afterbill.adapters.dynamodb.items import decode, encode, invitation_of, stamp
from afterbill.adapters.dynamodb.table import REMOVED, THERE
from afterbill.answers.read_responses import Place
from afterbill.model.errors import UnreadableError
from afterbill_console.adapters.keys import earlier as earlier_key
from afterbill_console.people.handling import MOST_BYTES, MOST_NOTES, Handled, Handling, Note
from afterbill_console.people.ports import Earlier, FeedPart, Found, Listed

_ANSWERED = f"{THERE} AND attribute_exists(rating)"
_LIST_KEPT = timedelta(days=740)
_SINCE = "since"


@dataclass(frozen=True, slots=True)
class AnswersTable:
    """Answers over the table."""

    table: AnsweredTable

    def answered(self, place: Place) -> Found:
        """One Query of the index of days, which ends with the list of the day."""
        page = self.table.page(place, newest_first=True)
        briefs = [brief_of(item) for item in page["Items"] if keys.is_invitation(item)]
        lists = [earlier_of(item) for item in page["Items"] if not keys.is_invitation(item)]
        return Found(briefs, earlier=lists[0]) if lists else Found(briefs, "LastEvaluatedKey" in page)

    def listed(self, day: date) -> Earlier | None:
        """One GetItem."""
        item = self.table.item(earlier_key(day))
        return earlier_of(item) if item else None

    def keep(self, day: date, earlier: Earlier) -> None:
        """One PutItem, of attributes that the index has anyway; what has no moment stands behind all that have one."""
        item = {
            keys.ANSWERED_DAY: day.isoformat(),
            "answered_at": keys.NO_TIME,
            "segments": _lines(earlier),
            keys.TTL: int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + _LIST_KEPT.total_seconds()),
        }
        with transient("keeping a list of answers"):
            self.table.dynamodb.put_item(TableName=self.table.table, Item=earlier_key(day) | encode(item))

    def read(self, ids: Sequence[str]) -> FeedPart:
        """One BatchGetItem."""
        items = self.table.read([*map(keys.invitation, ids), keys.restricted()])
        listed = items.pop(keys.restricted()[keys.PK]["S"], {})
        answers = {keys.invitation_id(item): handled_of(item) for item in items.values()}
        known = {keys.invitation_id(item): item.get("answered_at", {}).get("S") for item in items.values()}
        moments = {id_: at for id_, at in known.items() if at}
        return FeedPart(answers, restricted_in(listed), moments)


def _lines(earlier: Earlier) -> Mapping[str, str]:
    """Return a list as the index holds it: by day its answers, and since when it has all."""
    lines: dict[str, str] = {}
    for one in earlier.answers:
        day = one.day.isoformat()
        lines[day] = f"{lines.get(day, '')} {one.id}:{one.rating}:{one.question}".strip()
    return {**lines, _SINCE: earlier.since.isoformat()}


def earlier_of(item: Mapping[str, Any]) -> Earlier | None:
    """Return the list of an item; None where this version cannot read it: it is made anew in its turn."""
    try:
        lines = dict(decode(item)["segments"])
        since = date.fromisoformat(lines.pop(_SINCE))
        return Earlier(since, tuple(_listed_in(lines)))
    except (KeyError, TypeError, ValueError):
        return None


def _listed_in(lines: Mapping[str, str]) -> Iterator[Listed]:
    for day in sorted(lines, reverse=True):
        for text in lines[day].split():
            id_, rating, question = text.split(":")
            yield Listed(date.fromisoformat(day), id_, int(rating), question)


def restricted_in(item: Mapping[str, Any]) -> Collection[str]:
    """Return the customers that the list of who is restricted names."""
    return frozenset(decode(item).get("customers", ()))


def handled_of(item: Mapping[str, Any]) -> Handled | UnreadableError:
    """Return an invitation with its handling, or why it cannot be read."""
    try:
        return Handled(invitation_of(item), handling_of(item))
    except UnreadableError as error:
        return error


def handling_of(item: Mapping[str, Any]) -> Handling:
    """Return what operators did about an answer."""
    plain = decode({name: value for name, value in item.items() if name.startswith("agent_")})
    read_at = plain.get("agent_read_at")
    notes = (Note(datetime.fromisoformat(one["at"]), one["who"], one["text"]) for one in plain.get("agent_notes", ()))
    return Handling(
        datetime.fromisoformat(read_at) if read_at else None,
        plain.get("agent_read_by", ""),
        tuple(plain.get("agent_tags", ())),
        tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class HandlingsTable:
    """Handlings over the table: one conditional update each."""

    table: AnsweredTable

    def mark_read(self, id_: str, who: str, at: datetime, *, read: bool) -> bool:
        """Set both attributes, or remove them."""
        if not read:
            return self._change(id_, "REMOVE agent_read_at, agent_read_by", {})
        return self._change(id_, "SET agent_read_at = :at, agent_read_by = :who", {":at": stamp(at), ":who": who})

    def set_tags(self, id_: str, tags: Sequence[str]) -> bool:
        """Put them in the place of others."""
        if not tags:
            return self._change(id_, "REMOVE agent_tags", {})
        return self._change(id_, "SET agent_tags = :tags", {":tags": list(tags)})

    def add_note(self, id_: str, who: str, at: datetime, text: str) -> bool:
        """Append it, on the condition that there is room: an answer must fit the item, whatever was noted."""
        size = len(text.encode())
        note = {":note": [{"at": stamp(at), "who": who, "text": text}], ":none": [], ":size": size}
        return self._change(
            id_,
            "SET agent_notes = list_append(if_not_exists(agent_notes, :none), :note) ADD agent_size :size",
            note | {":most": MOST_NOTES, ":room": MOST_BYTES - size},
            " AND (attribute_not_exists(agent_notes) OR (size(agent_notes) < :most AND agent_size <= :room))",
        )

    def _change(self, id_: str, update: str, values: Mapping[str, Any], condition: str = "") -> bool:
        return self.table.change(keys.invitation(id_), update, _ANSWERED + condition, {**REMOVED, **values})


def size_of(handling: Handling) -> int:
    """Return the bytes of all notes."""
    return sum(len(one.text.encode()) for one in handling.notes)


def stored(handling: Handling) -> dict[str, Any]:
    """Return the attributes of a handling, for whoever writes an answer anew."""
    notes = [{"at": stamp(one.at), "who": one.who, "text": one.text} for one in handling.notes]
    values: dict[str, Any] = {"agent_tags": list(handling.tags), "agent_notes": notes}
    values |= {"agent_read_at": stamp(handling.read_at) if handling.read_at else "", "agent_read_by": handling.read_by}
    values |= {"agent_size": size_of(handling)}
    return encode({name: value for name, value in values.items() if value})
