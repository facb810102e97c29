"""Domain events: ids, numbers and names of what happened; never an address, a name or a comment.

docs/events holds a JSON Schema of each.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, TypeAlias

from afterbill.model.anonymous import erased
from afterbill.model.channels import Channel
from afterbill.model.invitation import Answer, Invitation
from afterbill.model.questions import Category
from afterbill.model.segments import ACCOUNT, REMOVED
from afterbill_actions.version import version_of

_DIGITS = 32
_REVIEWED = timedelta(days=1)
"""The time after the page of a survey closed in which a review may still find an answer."""
_REPLAYED = timedelta(days=1)
"""The age from which an answer that is new here was given elsewhere, or is told again."""
_RANKS = (Category.DETRACTOR, Category.PASSIVE, Category.PROMOTER)
_NOT_TOLD = frozenset({ACCOUNT, REMOVED, "question", "touchpoint", "stage", "source", "channel"})
"""Segments that say who somebody is, or that stand beside the segments in each event."""


class EventType(StrEnum):
    """The kinds of events, as EventBridge's `detail-type`."""

    SURVEY_SENT = "SurveySent"
    RESPONSE_RECORDED = "ResponseRecorded"
    RESPONSE_CHANGED = "ResponseChanged"
    RESPONSE_REVIEWED = "ResponseReviewed"
    CATEGORY_CHANGED = "CategoryChanged"
    CUSTOMER_OBJECTED = "CustomerObjected"
    SOURCE_SILENT = "SourceSilent"


ABOUT_NO_RESPONSE = frozenset({EventType.SURVEY_SENT, EventType.CUSTOMER_OBJECTED, EventType.SOURCE_SILENT})
"""Events that are told of once, and of which nothing can be updated or taken back."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; a repeat of it has the same id. `detail` is what JSON can hold, without the id and the moment."""

    id: str
    type: EventType
    at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SurveyChange:
    """An invitation before and after a change at `at`; `before` is None where it is new.

    `was` is the version of the answer before, where a sweep knows no more of that.
    """

    at: datetime
    before: Invitation | None
    after: Invitation
    was: str = ""

    @property
    def versions(self) -> tuple[str, str]:
        """The versions of its answer before and after; empty for no answer."""
        return self.was or version_of(self.before.answer if self.before else None), version_of(self.after.answer)

    @property
    def told(self) -> bool:
        """Whether it is news of a response: its answer changed, by its customer or by a review.

        After the page of a survey closed only retention changes an answer: it takes the comment out.
        """
        before, after = self.versions
        timely = not before or self.at <= self.after.answer_until + _REVIEWED
        return before != after and timely and tells(self.after)

    @property
    def fires(self) -> bool:
        """Whether workflows may act on it: somebody is known, and the answer is no old one that is new here."""
        answered_at = self.after.answered_at or self.at
        replayed = not self.versions[0] and self.at - answered_at > _REPLAYED
        return self.told and self.after.contactable and not replayed


@dataclass(frozen=True, slots=True)
class Objection:
    """A customer objected at `at`; `reason` is a Suppression."""

    at: datetime
    customer_id: str
    reason: str


Change: TypeAlias = SurveyChange | Objection


def tells(invitation: Invitation) -> bool:
    """Return whether events tell of it: no test, nothing imported, nothing of somebody who was removed."""
    return not (invitation.test or erased(invitation) or invitation.channel == Channel.IMPORT)


def event_id(kind: EventType, *about: str) -> str:
    """Return 32 hex digits, the same for the same kind of event about the same things."""
    return sha256(json.dumps([kind, *about]).encode()).hexdigest()[:_DIGITS]


def events_of(change: Change, earlier: Invitation | None = None) -> Sequence[Event]:
    """Return the events that a change tells of; `earlier` is the customer's answer to the same question before it."""
    if isinstance(change, Objection):
        return [_objected(change)]
    return [*_sent(change), *_responded(change), *_reviewed(change), *_turned(change, earlier)]


def silence(source: str, last_at: datetime, now: datetime) -> Event:
    """Return the event about a source that sent its last event at `last_at`: one for each silence."""
    since = last_at.isoformat()
    kind = EventType.SOURCE_SILENT
    return Event(event_id(kind, source, since), kind, now, {"source": source, "silent_since": since})


def _objected(change: Objection) -> Event:
    kind, customer = EventType.CUSTOMER_OBJECTED, change.customer_id
    # Whoever objects again after a lifting, does so at another moment.
    id_ = event_id(kind, customer, change.reason, change.at.isoformat())
    return Event(id_, kind, change.at, {"customer_id": customer, "reason": change.reason})


def _sent(change: SurveyChange) -> Iterator[Event]:
    before, after = change.before, change.after
    if after.sent_day and before and not before.sent_day and tells(after):
        sent_at, kind = after.sent_at or change.at, EventType.SURVEY_SENT
        detail = {"sent_at": sent_at.isoformat(), "answer_until": after.answer_until.isoformat()}
        yield Event(event_id(kind, after.id), kind, change.at, _about(after) | detail)


def _responded(change: SurveyChange) -> Iterator[Event]:
    answer, (before, after) = change.after.answer, change.versions
    if answer is None or not change.told:
        return
    kind = EventType.RESPONSE_CHANGED if before else EventType.RESPONSE_RECORDED
    detail = _about(change.after) | _said(change.after, answer)
    if change.before and change.before.answer:
        detail["before"] = _judged(change.before, change.before.answer)
    yield Event(event_id(kind, change.after.id, before, after), kind, change.at, detail)


def _reviewed(change: SurveyChange) -> Iterator[Event]:
    """Yield the judgement of a review: an unconfirmed answer, signals of a machine, or an answer taken back."""
    invitation, answer, (before, after) = change.after, change.after.answer, change.versions
    found = change.told and (answer is None or not answer.confirmed)
    labelled = invitation.label and not (change.before and change.before.label)
    if not tells(invitation) or not (found or (labelled and answer is None)):
        return
    kind = EventType.RESPONSE_REVIEWED
    detail: dict[str, Any] = _about(invitation)
    detail |= {"outcome": "answer" if answer else "no_answer", "signals": [] if answer else invitation.label.split()}
    detail |= _judged(invitation, answer) if answer else {}
    yield Event(event_id(kind, invitation.id, before, after, invitation.label), kind, change.at, detail)


def _turned(change: SurveyChange, earlier: Invitation | None) -> Iterator[Event]:
    """Yield the turn of a category: of this answer, or of its customer since their answer before."""
    changed = change.before if change.before and change.before.answer else None
    invitation, previous = change.after, changed or (None if change.versions[0] else earlier)
    if not change.told or not invitation.answer or not previous or not previous.answer:
        return
    was, now = (_category(one, one.answer) for one in (previous, invitation) if one.answer)
    if was is now:
        return
    kind = EventType.CATEGORY_CHANGED
    detail = _about(invitation) | {
        "was": _judged(previous, previous.answer),
        "now": _judged(invitation, invitation.answer),
        "turn": "better" if _RANKS.index(now) > _RANKS.index(was) else "worse",
        "since": "this_answer" if changed else "earlier_answer",
        **({} if changed else {"earlier_response_id": previous.id}),
    }
    yield Event(event_id(kind, invitation.id, *change.versions), kind, change.at, detail)


def _about(invitation: Invitation) -> dict[str, Any]:
    """Return what every event about a survey says; nobody is named where nobody is known."""
    segments = {name: value for name, value in invitation.segments.items() if name not in _NOT_TOLD}
    return {
        "response_id": invitation.id,
        **({"customer_id": invitation.customer_id} if invitation.customer_id else {}),
        "question": str(invitation.question),
        "touchpoint": str(invitation.touchpoint),
        "stage": invitation.stage,
        "source": invitation.source,
        "channel": str(invitation.channel),
        "segments": segments,
    }


def _said(invitation: Invitation, answer: Answer) -> dict[str, Any]:
    return {
        **_judged(invitation, answer),
        "has_comment": bool(answer.comment),
        "contact_ok": answer.contact_ok,
        **({"reason": answer.reason} if answer.reason else {}),
        **({"answered_at": invitation.answered_at.isoformat()} if invitation.answered_at else {}),
    }


def _judged(invitation: Invitation, answer: Answer) -> dict[str, Any]:
    return {
        "rating": answer.rating,
        "category": str(_category(invitation, answer)),
        "confirmed": answer.confirmed,
        "version": version_of(answer),
    }


def _category(invitation: Invitation, answer: Answer) -> Category:
    return invitation.scale.category(answer.rating)
