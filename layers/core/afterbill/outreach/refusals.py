"""Refused messages whose claim cannot be given back because the table does not answer: the send queue remembers them.

Without that nobody could tell later that nothing went out, and a survey that may have gone out is never sent again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from afterbill.model.customer import NOBODY, Waiting
from afterbill.model.errors import TransientError
from afterbill.model.invitation import ASKED, Invitation, Refusal
from afterbill.outreach.delivery import FIRST, SendDeps

_AGAIN_AFTER = timedelta(minutes=1)


def released(release: Callable[[], None], claimed: Invitation, refusal: Refusal, deps: SendDeps) -> bool:
    """Give the claim back; False where the table does not answer: then a message of the send queue will do it."""
    try:
        release()
    except TransientError:
        deps.queue.put_refused(claimed.id, claimed.delivery_number, refusal, _AGAIN_AFTER)
        return False
    return True


def settled(invitation_id: str, number: int, refusal: Refusal, deps: SendDeps, now: datetime) -> bool:
    """Give back a claim that was refused, if it still stands; False where the table does not answer yet.

    Harmless to repeat, and after another claim.
    """
    try:
        invitation = deps.invitations.invitation(invitation_id)
        if invitation and invitation.state in ASKED and invitation.claim_name == refusal.claim:
            _undo(invitation, refusal, deps, now)
    except TransientError:
        deps.queue.put_refused(invitation_id, number, refusal, _AGAIN_AFTER)
        return False
    return True


def _undo(claimed: Invitation, refusal: Refusal, deps: SendDeps, now: datetime) -> None:
    undone = replace(claimed, deferred_until=now, generation=claimed.generation + 1)
    if claimed.delivery_number == FIRST:
        _undo_first(undone, refusal, deps)
    elif claimed.reminded_at:
        deps.invitations.release_reminder(undone)
    else:
        deps.invitations.release_follow_up(_before(undone, refusal))
    # After it, for this is not repeated: a cap that counts one too many is the smaller harm.
    quota = deps.rule(claimed).quota if claimed.delivery_number == FIRST else 0
    deps.caps.give_back(deps.caps_on(claimed, claimed.reminded_at or claimed.last_at or now, quota=quota))


def _undo_first(undone: Invitation, refusal: Refusal, deps: SendDeps) -> None:
    situation = deps.invitations.situation(undone)
    if (customer := situation.customer) is None:
        return
    if undone.cooldown:
        entry = Waiting(deps.rule(undone).priority, undone.ready_at, undone.patient_until, undone.stoppable)
        customer = replace(customer, waiting={undone.id: entry})
    recipient = NOBODY if undone.test else replace(situation.recipient, last_asked_at=refusal.address_asked_at)
    deps.invitations.release(replace(undone, previously_asked_at=refusal.asked_at), customer, recipient)


def _before(follow_up: Invitation, refusal: Refusal) -> Invitation:
    """Return the invitation before its last follow-up; the addresses stay, an objection may be about one too many."""
    earlier = follow_up.follow_ups[:-1]
    return replace(
        follow_up,
        delivery_number=follow_up.delivery_number - 1,
        follow_ups=earlier if len(earlier) > 1 else (),
        delivery=refusal.delivery,
        delivered_at=refusal.delivered_at,
    ).by(earlier[-1].channel)
