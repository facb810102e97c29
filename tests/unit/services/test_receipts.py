"""What the mail system answers, and what becomes of the survey then."""

import pytest

from afterbill.domain.customer import Pending
from afterbill.domain.invitation import SkipReason, State
from afterbill.domain.mail import Refused, Rejected, Unclear
from afterbill.services.send_survey import Outcome, Sent
from tests.factories import DAY, HOUR, MINUTE, NOON, invitation
from tests.world import World, due_survey

ID = invitation().id
THROTTLED = Refused("TooManyRequestsException", MINUTE, paused=False)
PAUSED = Refused("AccountSuspendedException", 15 * MINUTE, paused=True)


@pytest.fixture
def world() -> World:
    return due_survey()


@pytest.mark.parametrize(("receipt", "outcome"), [(THROTTLED, Outcome.THROTTLED), (PAUSED, Outcome.PAUSED)])
def test_a_refusal_releases_the_claim_and_tries_later(world: World, receipt: Refused, outcome: Outcome) -> None:
    world.mailer.receipts = [receipt]
    assert world.send(ID) == Sent(outcome, receipt.reason)
    released = world.stored.invitations[ID]
    assert (released.state, released.attempt, released.claimed_at) == (State.PENDING, "", None)
    assert (released.ready_at, released.generation) == (world.now + receipt.retry_after, 2)
    assert world.queued.messages == [(ID, 1, receipt.retry_after)]


def test_after_a_refusal_the_customer_was_not_asked(world: World) -> None:
    world.change_person("ada", last_asked_at=NOON - 100 * DAY)
    world.mailer.receipts = [THROTTLED]
    world.send(ID)
    assert world.stored.people["ada"].last_asked_at == NOON - 100 * DAY


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
    assert world.send(ID) == Sent(Outcome.EARLY)


def test_patience_does_not_prolong_a_surveys_life(world: World) -> None:
    world.mailer.receipts = [PAUSED]
    world.now += 30 * DAY
    world.send(ID)
    world.now += HOUR
    assert world.send(ID) == Sent(Outcome.SKIPPED, SkipReason.EXPIRED)


def test_a_mail_that_will_never_be_taken_is_closed(world: World) -> None:
    world.mailer.receipts = [Rejected("MessageRejected")]
    assert world.send(ID) == Sent(Outcome.REJECTED, "MessageRejected")
    assert (world.stored.invitations[ID].state, world.stored.invitations[ID].reason) == (State.CLOSED, "rejected")


def test_whoever_got_no_mail_was_not_asked(world: World) -> None:
    world.mailer.receipts = [Rejected("MessageRejected")]
    world.change_person("ada", pending=Pending(ID, 50, NOON))
    world.send(ID)
    assert (world.stored.people["ada"].last_asked_at, world.stored.people["ada"].pending) == (None, None)


def test_silence_makes_it_unknown_and_nobody_tries_again(world: World) -> None:
    world.mailer.receipts = [Unclear("ReadTimeoutError")]
    assert world.send(ID) == Sent(Outcome.UNKNOWN, "ReadTimeoutError")
    assert world.stored.invitations[ID].state is State.UNKNOWN
    assert world.send(ID) == Sent(Outcome.NOT_PENDING)
    assert world.queued.messages == []


def test_an_unknown_end_counts_as_asked(world: World) -> None:
    world.mailer.receipts = [Unclear("ReadTimeoutError")]
    world.send(ID)
    assert world.stored.people["ada"].last_asked_at == world.now
