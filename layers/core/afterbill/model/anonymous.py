"""The rest of a survey whose customer is removed: an anonymous row that counts, and a tombstone for its links."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from afterbill.model.invitation import NO_DAY, Answer, Invitation, SkipReason, State
from afterbill.model.segments import REMOVED, counted_segments

LONGEST = 30
"""Days by which a row may end later than its invitation would have, so that no common end leads to its tombstone."""


def counts(invitation: Invitation) -> bool:
    """Return whether scores count it, as sent or as answered."""
    return bool({invitation.sent_day, invitation.answered_day} - {"", NO_DAY})


def erased(invitation: Invitation) -> bool:
    """Return whether it is what stays of a survey whose customer was removed."""
    return invitation.reason == SkipReason.ERASED


def anonymous(invitation: Invitation, id_: str) -> Invitation:
    """Return the row: what scores count of it, without the words; no moment is told but noon of the days that count."""
    answer, delivery = invitation.answer, invitation.delivery
    at = noon_of(invitation.sent_day) or noon_of(invitation.answered_day) or noon(invitation.created_at)
    return replace(
        tombstone(invitation),
        id=id_,
        address_hashes=(),
        created_at=at,
        occurred_at=at,
        due_at=at,
        expiry=timedelta(0),
        cooldown=timedelta(0),
        patience=timedelta(0),
        segments={**counted_segments(invitation.segments), REMOVED: "yes"},
        delivery=delivery if delivery and delivery.adverse else None,
        sent_at=noon_of(invitation.sent_day) if invitation.sent_at else None,
        sent_day=invitation.sent_day,
        answer=Answer(answer.rating, reason=answer.reason, confirmed=answer.confirmed) if answer else None,
        answered_at=noon_of(invitation.answered_day) if invitation.answered_at else None,
        answered_day=invitation.answered_day,
    )


def tombstone(invitation: Invitation) -> Invitation:
    """Return what stays under the old id: closed, and where an objection by one of its links goes."""
    return Invitation(
        id=invitation.id,
        fact="",
        customer_id="",
        address_hashes=invitation.address_hashes,
        touchpoint=invitation.touchpoint,
        stage=invitation.stage,
        source=invitation.source,
        channel=invitation.channel,
        locale=invitation.locale,
        created_at=noon(invitation.created_at),
        occurred_at=noon(invitation.occurred_at),
        due_at=noon(invitation.due_at),
        expiry=invitation.expiry,
        cooldown=invitation.cooldown,
        patience=invitation.patience,
        state=State.CLOSED,
        reason=SkipReason.ERASED,
    )


def noon(at: datetime) -> datetime:
    """Return noon of the day of a moment, both in UTC."""
    return at.astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def noon_of(day: str) -> datetime | None:
    """Return noon UTC of a day such as `2026-11-22`; None for no day."""
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC) if day and day != NO_DAY else None
