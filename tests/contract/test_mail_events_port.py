"""MailEvents, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.invitation import Delivery, State
from tests.contract.people import ID, NOW, claimed, invitation, mailed, sending, sent, stored, unsent

REPORTED_AT = NOW + timedelta(seconds=2)


@pytest.mark.parametrize("silent", [False, True], ids=["sending", "unknown"])
def test_proof_of_sending_settles_what_is_open(world, silent):
    ours, _ = sending(world)
    if silent:
        world.invitations.mark_unknown(ours)

    world.mail_events.confirm_sent(ours, "message-1", REPORTED_AT, "2026-11-22")

    settled = replace(ours, state=State.SENT, message_id="message-1", sent_at=REPORTED_AT, sent_day="2026-11-22")
    assert world.mail_events.invitation(ID) == replace(settled, attempt="", claimed_at=None)
    assert unsent(world, 13) == []


@pytest.mark.parametrize("state", [State.PENDING, State.CLOSED])
def test_what_is_not_open_is_not_settled(world, state):
    asked, _ = stored(world, invitation(state=state))

    world.mail_events.confirm_sent(asked, "message-1", REPORTED_AT, "2026-11-22")

    assert world.mail_events.invitation(ID) == asked


def test_what_was_marked_sent_keeps_its_day(world):
    asked = sent(world)

    world.mail_events.confirm_sent(asked, "message-2", REPORTED_AT + timedelta(days=1), "2026-11-23")

    assert world.mail_events.invitation(ID) == asked


def test_the_mark_after_the_proof_changes_nothing(world):
    """The event may overtake the sender that is about to mark: the first word stands."""
    ours, _ = sending(world)
    world.mail_events.confirm_sent(ours, "message-1", REPORTED_AT, "2026-11-22")

    world.invitations.mark_sent(mailed(ours))

    assert world.mail_events.invitation(ID).sent_at == REPORTED_AT


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [
        (Delivery.ACCEPTED, Delivery.DELIVERED, Delivery.DELIVERED),
        (Delivery.DELIVERED, Delivery.COMPLAINED, Delivery.COMPLAINED),
        (Delivery.COMPLAINED, Delivery.DELIVERED, Delivery.COMPLAINED),
        (Delivery.BOUNCED, Delivery.BOUNCED, Delivery.BOUNCED),
    ],
)
def test_the_delivery_only_rises(world, first, then, kept):
    stored(world)
    world.mail_events.deliver(ID, first)
    world.mail_events.deliver(ID, then)

    assert world.mail_events.invitation(ID).delivery is kept


def test_what_was_erased_stays_erased(world):
    world.mail_events.deliver(ID, Delivery.DELIVERED)
    world.mail_events.confirm_sent(claimed(invitation()), "message-1", REPORTED_AT, "2026-11-22")

    assert world.mail_events.invitation(ID) is None


def test_a_moment_of_delivery_that_was_overtaken_is_kept_too(world):
    stored(world)
    world.mail_events.deliver(ID, Delivery.COMPLAINED)
    world.mail_events.deliver(ID, Delivery.DELIVERED, REPORTED_AT)
    assert world.mail_events.invitation(ID).delivered_at is None

    world.mail_events.deliver(ID, Delivery.COMPLAINED, REPORTED_AT)
    known = world.mail_events.invitation(ID)
    assert (known.delivery, known.delivered_at) == (Delivery.COMPLAINED, REPORTED_AT)


def test_the_first_moment_of_delivery_is_kept(world):
    stored(world)
    world.mail_events.deliver(ID, Delivery.ACCEPTED)
    assert world.mail_events.invitation(ID).delivered_at is None

    world.mail_events.deliver(ID, Delivery.DELIVERED, REPORTED_AT)
    world.mail_events.deliver(ID, Delivery.DELIVERED, REPORTED_AT + timedelta(days=7))
    world.mail_events.deliver(ID, Delivery.COMPLAINED, REPORTED_AT + timedelta(days=8))

    known = world.mail_events.invitation(ID)
    assert (known.delivery, known.delivered_at) == (Delivery.COMPLAINED, REPORTED_AT)
