"""The receipts of the mail system, and the state in which each leaves a survey."""

from dataclasses import replace

import pytest

from afterbill.model.customer import NOBODY, Waiting
from afterbill.model.invitation import SkipReason, State
from afterbill.model.messages import Deferred, Rejected, Unknown
from afterbill.outreach.send_survey import Outcome, SendResult
from tests.factories import DAY, HOUR, MINUTE, NOON, invitation
from tests.world import World, due_survey

ID = invitation().id
THROTTLED = Deferred("TooManyRequestsException", MINUTE, paused=False)
PAUSED = Deferred("AccountSuspendedException", 15 * MINUTE, paused=True)


@pytest.fixture
def world() -> World:
    return due_survey()


@pytest.mark.parametrize(("receipt", "outcome"), [(THROTTLED, Outcome.THROTTLED), (PAUSED, Outcome.PAUSED)])
def test_a_refusal_releases_the_claim_and_tries_later(world: World, receipt: Deferred, outcome: Outcome) -> None:
    world.mailer.receipts = [receipt]
    assert world.send(ID) == SendResult(outcome, receipt.reason)
    released = world.stored.invitations[ID]
    assert (released.state, released.attempt, released.claimed_at) == (State.PENDING, "", None)
    assert (released.ready_at, released.generation) == (world.now + receipt.retry_after, 2)
    assert world.queued.messages == [(ID, 1, receipt.retry_after)]


def test_after_a_refusal_the_customer_was_not_asked(world: World) -> None:
    world.change_person("ada", last_asked_at=NOON - 100 * DAY)
    world.mailer.receipts = [THROTTLED]
    world.send(ID)
    assert world.stored.people["ada"].last_asked_at == NOON - 100 * DAY


def test_and_waits_for_it_again_so_that_a_worse_survey_does_not_slip_in(world: World) -> None:
    worse, entry = "cd" * 16, Waiting(80, world.now, world.now + 30 * DAY)
    world.stored.invitations[worse] = invitation(id=worse)
    world.change_person("ada", waiting={ID: entry})
    world.mailer.receipts = [THROTTLED]
    world.send(ID)
    assert world.stored.people["ada"].waiting == {ID: replace(entry, due_at=world.now + MINUTE)}
    assert world.send(worse) == SendResult(Outcome.DEFERRED, SkipReason.SUPERSEDED)
    assert world.pass_time(MINUTE) == [SendResult(Outcome.SENT)]


def test_a_refusal_after_another_survey_went_out_does_not_unmake_that(world: World) -> None:
    """Two surveys at once: no claim is undone but its own."""
    claimed_at = world.now
    world.change(ID, state=State.SENDING, attempt="a", claimed_at=claimed_at)
    world.change_person("ada", last_asked_at=claimed_at + MINUTE)
    mine = replace(world.stored.invitations[ID], previously_asked_at=None)
    world.stored.release(mine, world.stored.people["ada"], NOBODY)
    assert world.stored.invitations[ID].state is State.PENDING
    assert world.stored.people["ada"].last_asked_at == claimed_at + MINUTE


@pytest.mark.parametrize("state", sorted(set(State) - {State.SENDING}))
def test_an_attempt_that_is_no_longer_the_one_at_work_changes_nothing(world: World, state: State) -> None:
    now = world.change(ID, state=state, attempt="another")
    mine = replace(now, attempt="mine", claimed_at=world.now, message_id="m")
    world.stored.release(mine, world.stored.people["ada"], NOBODY)
    world.stored.mark_sent(mine)
    world.stored.mark_unknown(mine)
    assert world.stored.invitations[ID] == now


def test_a_throttled_survey_goes_out_once(world: World) -> None:
    world.mailer.receipts = [THROTTLED, THROTTLED]
    world.send(ID)
    assert [sent.outcome for sent in world.pass_time(MINUTE)] == [Outcome.THROTTLED]
    assert [sent.outcome for sent in world.pass_time(MINUTE)] == [Outcome.SENT]
    assert len(world.outbox) == 1


def test_nothing_goes_out_before_the_patience_asked_for_is_over(world: World) -> None:
    world.mailer.receipts = [PAUSED]
    world.send(ID)
    world.now += MINUTE
    assert world.send(ID) == SendResult(Outcome.EARLY)


def test_patience_does_not_prolong_a_surveys_life(world: World) -> None:
    world.mailer.receipts = [PAUSED]
    world.now += 30 * DAY
    world.send(ID)
    world.now += HOUR
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.EXPIRED)


def test_a_mail_that_will_never_be_taken_is_closed(world: World) -> None:
    world.mailer.receipts = [Rejected("MessageRejected")]
    assert world.send(ID) == SendResult(Outcome.REJECTED, "MessageRejected")
    closed = world.stored.invitations[ID]
    assert (closed.state, closed.reason, closed.closed_at) == (State.CLOSED, "rejected", world.now)


def test_whoever_got_no_mail_was_not_asked(world: World) -> None:
    world.mailer.receipts = [Rejected("MessageRejected")]
    world.change_person("ada", waiting={ID: Waiting(50, NOON, NOON + 40 * DAY)})
    world.send(ID)
    assert (world.stored.people["ada"].last_asked_at, world.stored.people["ada"].waiting) == (None, {})


def test_silence_makes_it_unknown_and_nobody_tries_again(world: World) -> None:
    world.mailer.receipts = [Unknown("ReadTimeoutError")]
    assert world.send(ID) == SendResult(Outcome.UNKNOWN, "ReadTimeoutError")
    assert world.stored.invitations[ID].state is State.UNKNOWN
    assert world.send(ID) == SendResult(Outcome.NOT_PENDING)
    assert world.queued.messages == []


def test_an_unknown_end_counts_as_asked(world: World) -> None:
    world.mailer.receipts = [Unknown("ReadTimeoutError")]
    world.send(ID)
    assert world.stored.people["ada"].last_asked_at == world.now
