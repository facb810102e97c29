"""From an invitation to its row in the archive, and the local day under which the row lies."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from afterbill.insight.measures import GROUPS, OTHER_GROUPS
from afterbill.insight.tally import LONGEST_VALUE
from afterbill.model.anonymous import erased
from afterbill.model.channels import Channel
from afterbill.model.invitation import NO_DAY, Invitation, SkipReason, State
from afterbill.model.questions import SCALES, Category, Question
from afterbill.model.segments import ANONYMOUS, DIMENSIONS, REMOVED
from afterbill.model.visits import Kind

Row = Mapping[str, Any]
"""The values of one row by column: moments are UTC without a zone, days are dates, None is what is not known."""

_HOUR = timedelta(hours=1)
_OWN = frozenset({*DIMENSIONS, REMOVED, "question", "account", "brand", "payment_method", "variant"})
"""Segments that have columns of their own, or none: all others are declared ones."""
_SKIPS = frozenset(SkipReason)
_VIEWS = frozenset({Kind.OPENED, Kind.SEEN})
_CATEGORIES = (Category.PROMOTER, Category.PASSIVE, Category.DETRACTOR)


def fact_day(occurred_at: datetime, zone: tzinfo, days: tuple[str, str] | None = None) -> date:
    """Return the local day under which a fact lies.

    `days` are given for a row of somebody who was removed: the days on which it counts as sent and as answered, of
    which the first one is taken.
    """
    counted = next((day for day in days or () if day and day != NO_DAY), "")
    return date.fromisoformat(counted) if counted else occurred_at.astimezone(zone).date()


def day_of(one: Invitation, zone: tzinfo) -> date:
    """Return the day under which an invitation lies."""
    return fact_day(one.occurred_at, zone, (one.sent_day, one.answered_day) if REMOVED in one.segments else None)


def hours_of(day: date, zone: tzinfo) -> list[datetime]:
    """Return the hours of UTC in which facts of a local day lie.

    They are those that the day overlaps, 23 to 26, and the one with noon: rows of removed people lie there, whatever
    the zone.
    """
    first, last = (_midnight(each, zone) for each in (day, day + timedelta(days=1)))
    hour = first.replace(minute=0, second=0)
    hours = {datetime(day.year, day.month, day.day, 12, tzinfo=UTC)}
    while hour < last:
        hours.add(hour)
        hour += _HOUR
    return sorted(hours)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def archived(one: Invitation) -> bool:
    """Return whether it is a fact of the archive: no test, no tombstone, no opening of a plain link left unanswered."""
    tombstone = erased(one) and REMOVED not in one.segments
    opened = one.channel == Channel.LINK and one.answer is None
    return not (one.test or tombstone or opened)


def row_of(one: Invitation, zone: tzinfo, brand: str) -> Row:
    """Return the row of columns.FACTS; `brand` is the operator's, and told of everybody."""
    segments = {name: text for name, value in one.segments.items() if (text := value.strip()[:LONGEST_VALUE])}
    removed, answer = REMOVED in segments, one.answer
    per_month = one.recurring.per_month if one.recurring else None
    skipped = one.state is State.CLOSED and one.reason in _SKIPS and not removed
    return {
        "id": one.id,
        "fact_day": day_of(one, zone),
        "occurred_at": _plain(one.occurred_at),
        "customer_id": one.customer_id or None,
        "account": None if removed else segments.get("account"),
        **{name: segments.get(name) for name in ("plan", "country", "locale", "payment_method")},
        "brand": brand[:LONGEST_VALUE] or None,
        "source": segments.get("source", one.source),
        "touchpoint": segments.get("touchpoint", str(one.touchpoint)),
        "stage": segments.get("stage", one.stage),
        "channel": segments.get("channel", str(one.channel)),
        "products": list(one.products),
        "segments": {name: segments[name] for name in sorted(segments.keys() - _OWN)},
        "amount_minor": one.money.amount if one.money else None,
        "currency": one.money.currency if one.money else None,
        "recurring_minor": per_month.amount if per_month else None,
        "recurring_currency": per_month.currency if per_month else None,
        "question": one.question.value,
        "rating": answer.rating if answer else None,
        "category": category_of(one.question, answer.rating) if answer else None,
        "reason": (answer and answer.reason) or None,
        "reported_reason": one.reported_reason or None,
        "confirmed": answer.confirmed if answer else None,
        "anonymous": ANONYMOUS in segments,
        "removed": removed,
        "imported": one.channel == Channel.IMPORT,
        "state": one.state.value,
        "skip_reason": one.reason if skipped else None,
        "delivery": one.delivery.name.lower() if one.delivery else None,
        "variant": segments.get("variant"),
        "due_at": _plain(one.due_at),
        "sent_at": _plain(one.sent_at),
        "delivered_at": _plain(one.delivered_at),
        "opened_at": _plain(_opened_at(one)),
        "answered_at": _plain(one.answered_at),
        "sent_day": _day(one.sent_day),
        "answered_day": _day(one.answered_day),
    }


def comment_of(one: Invitation) -> Row | None:
    """Return the row of columns.COMMENTS; None where nobody wrote anything."""
    answer = one.answer
    comment = answer.comment if answer else ""
    if not comment and not one.reported_comment:
        return None
    return {
        "id": one.id,
        "answered_day": _day(one.answered_day),
        "touchpoint": str(one.touchpoint),
        "question": one.question.value,
        "rating": answer.rating if answer else None,
        "comment": comment or None,
        "reported_comment": one.reported_comment or None,
    }


def without_person(row: Row) -> Row:
    """Return the row without what tells one customer from others."""
    return {**row, "customer_id": None, "account": None}


def category_of(question: Question, rating: int) -> str:
    """Return the group of people, or of answers, that a rating belongs to."""
    groups = GROUPS if question is Question.NPS else OTHER_GROUPS
    return groups[_CATEGORIES.index(SCALES[question].category(rating))]


def _opened_at(one: Invitation) -> datetime | None:
    """Return when a person's program first had the page, or the product first showed it; None once visits ended."""
    views = [visit.at for visit in one.visits if visit.kind in _VIEWS and not visit.scanner]
    return min([*views, *([one.shown_at] if one.shown_at else [])], default=None)


def _plain(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC).replace(tzinfo=None) if at else None


def _day(day: str) -> date | None:
    return date.fromisoformat(day) if day else None
