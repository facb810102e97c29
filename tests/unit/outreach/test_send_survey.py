from dataclasses import dataclass
from datetime import timedelta

import pytest

from afterbill.model.customer import Customer, Recipient, Waiting
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Delivery, Invitation, SkipReason, State
from afterbill.outreach.delivery import Outcome, SendResult, require_customer
from afterbill_cli.memory.table import MemoryTable
from tests.factories import ADA, DAY, HOUR, NOON, SECOND, event, invitation, policy, ref
from tests.world import World, due_survey

ID = invitation().id


@pytest.fixture
def world() -> World:
    return due_survey()


def test_a_due_survey_goes_out(world: World) -> None:
    assert world.send(ID) == SendResult(Outcome.SENT)
    assert [(mail.to, mail.tags) for mail in world.outbox] == [(ADA, {"invitation": ID})]


def test_what_was_sent_is_marked_with_the_proof_and_the_operators_day(world: World) -> None:
    world.send(ID)
    sent = world.stored.invitations[ID]
    assert (sent.state, sent.message_id, sent.delivery) == (State.SENT, "message-1", Delivery.ACCEPTED)
    assert (sent.sent_at, sent.sent_day) == (world.now, "2026-11-25")


def test_the_customer_was_asked_at_the_moment_of_the_claim(world: World) -> None:
    world.send(ID)
    assert world.stored.people["ada"].last_asked_at == world.now


def test_a_second_message_sends_nothing(world: World) -> None:
    world.send(ID)
    assert world.send(ID) == SendResult(Outcome.NOT_PENDING)
    assert len(world.outbox) == 1


@pytest.mark.parametrize("state", sorted(set(State) - {State.PENDING}))
def test_only_what_is_pending_is_sent(world: World, state: State) -> None:
    world.change(ID, state=state)
    assert world.send(ID) == SendResult(Outcome.NOT_PENDING)


def test_a_message_about_nothing_is_dropped(world: World) -> None:
    assert world.send("ff" * 16) == SendResult(Outcome.NOT_PENDING)


@pytest.mark.parametrize("number", [2, 3])
def test_a_message_of_another_delivery_is_dropped(world: World, number: int) -> None:
    assert world.send(ID, delivery_number=number) == SendResult(Outcome.NOT_PENDING)
    assert world.outbox == []


def test_nothing_goes_out_early(world: World) -> None:
    world.now -= SECOND
    assert world.send(ID) == SendResult(Outcome.EARLY)
    assert world.outbox == []


def test_what_comes_a_moment_early_waits_for_what_remains(world: World) -> None:
    world.now -= timedelta(milliseconds=300)
    world.send(ID)
    assert world.queued.messages == [(ID, 1, timedelta(milliseconds=300))]


def test_what_comes_much_too_early_gets_the_timer_that_may_never_have_been_set(world: World) -> None:
    world.now -= HOUR
    world.send(ID)
    assert world.queued.messages == []
    assert world.set_timers.schedules == {invitation().schedule_name(1): (invitation().due_at, ID, 1)}


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (SkipReason.CUSTOMER_DELETED, {"deleted": True}),
        (SkipReason.SUPPRESSED, {"suppressed": "unsubscribed"}),
        (SkipReason.NO_ADDRESS, {"address": None}),
        (SkipReason.STOPPED, {"last_adverse_at": NOON + DAY}),
        (SkipReason.COOLDOWN, {"last_asked_at": NOON}),
    ],
)
def test_what_was_learned_since_is_checked_again(world: World, reason: SkipReason, changes: dict[str, object]) -> None:
    world.change_person("ada", **changes)
    assert world.send(ID) == SendResult(Outcome.SKIPPED, reason)
    closed = world.stored.invitations[ID]
    assert (closed.state, closed.reason, closed.closed_at) == (State.CLOSED, reason, world.now)
    assert world.outbox == []


def test_what_a_better_one_outlasts_is_looked_at_once_more_and_then_given_up(world: World) -> None:
    world.change_person("ada", waiting={"other": Waiting(80, NOON + 40 * DAY, NOON + 50 * DAY)})
    assert world.send(ID) == SendResult(Outcome.DEFERRED, SkipReason.SUPERSEDED)
    (last_look,) = world.stored.invitations[ID].deferrals
    assert last_look.until == invitation().patient_until - DAY

    world.now = invitation().patient_until
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.SUPERSEDED)


def test_what_waited_to_the_last_goes_out_when_the_better_one_fell_away(world: World) -> None:
    world.change_person("ada", waiting={"other": Waiting(80, NOON + 40 * DAY, NOON + 50 * DAY)})
    world.send(ID)
    world.change_person("ada", waiting={})
    world.now = invitation().patient_until - DAY
    assert world.send(ID).outcome is Outcome.SENT


def test_a_touchpoint_that_was_switched_off_asks_nobody_any_more(world: World) -> None:
    world.policy = policy(ask=False)
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.NOT_ASKED)


def test_a_payment_taken_back_since_is_not_asked_about(world: World) -> None:
    world.stored.stops["test|acct|in_1"] = "the refund"
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.STOPPED)


def test_a_survey_that_waited_too_long_is_not_sent(world: World) -> None:
    world.now += 31 * DAY
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.EXPIRED)


def test_somebody_erased_is_not_written_to(world: World) -> None:
    world.stored.people.clear()
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.NO_CUSTOMER)


def test_whoever_is_not_asked_after_all_no_longer_waits(world: World) -> None:
    world.change_person("ada", waiting={ID: Waiting(50, world.now, world.now + DAY)}, suppressed="bounced")
    world.send(ID)
    assert world.stored.people["ada"].waiting == {}


def test_nor_does_who_was_asked(world: World) -> None:
    other = {"other": Waiting(50, world.now + DAY, world.now + 2 * DAY)}
    world.change_person("ada", waiting={ID: Waiting(50, world.now, world.now + DAY)} | other)
    world.send(ID)
    assert world.stored.people["ada"].waiting == other


def test_an_address_nobody_reads_is_not_written_to(world: World) -> None:
    world.address_problem = {ADA: SkipReason.ROLE_ADDRESS}.get
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.ROLE_ADDRESS)


def test_the_zone_its_moment_was_chosen_in_is_remembered(world: World) -> None:
    world.change_person("ada", time_zone="Asia/Tokyo")
    world.send(ID)
    assert world.stored.invitations[ID].zone == "Asia/Tokyo"


def test_segments_and_language_are_those_of_the_moment_of_sending(world: World) -> None:
    world.send(ID)
    assert world.stored.invitations[ID].segments == {
        "source": "shop",
        "channel": "mail",
        "country": "GB",
        "locale": "de",
    }
    assert world.stored.invitations[ID].locale == "de-GB"


def test_a_language_the_customer_no_longer_has_stays_as_it_was(world: World) -> None:
    world.change_person("ada", locale=None)
    world.change(ID, locale="fr")
    world.send(ID)
    assert world.stored.invitations[ID].locale == "fr-GB"


@dataclass
class Contested(MemoryTable):
    """Something happens between the check and the claim."""

    meanwhile: object = None

    def claim(self, invitation: Invitation, customer: Customer, recipient: Recipient) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, None
        if callable(meanwhile):
            meanwhile()
        return super().claim(invitation, customer, recipient)


def contested(world: World) -> Contested:
    table = Contested(invitations=world.stored.invitations, people=world.stored.people)
    world.table = world.stored = table
    return table


def test_of_two_senders_at_once_one_hands_the_mail_over(world: World) -> None:
    contested(world).meanwhile = lambda: world.send(ID)
    with pytest.raises(TransientError, match=ID):
        world.send(ID)
    assert len(world.outbox) == 1
    assert world.send(ID) == SendResult(Outcome.NOT_PENDING)


def test_of_two_surveys_at_once_the_cooldown_lets_one_through(world: World) -> None:
    other = "cd" * 16
    world.stored.invitations[other] = invitation(id=other)
    contested(world).meanwhile = lambda: world.send(other)
    with pytest.raises(TransientError):
        world.send(ID)
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.COOLDOWN)
    assert len(world.outbox) == 1


def test_two_facts_of_one_second_are_one_mail_now_and_one_after_the_cooldown() -> None:
    world = World(policy(cooldown=10 * DAY))
    world.capture(event("1"), event("2"))
    assert [sent.outcome for sent in world.pass_time(3 * DAY)] == [Outcome.SENT, Outcome.DEFERRED]
    world.live(10 * DAY - SECOND)
    assert len(world.outbox) == 1
    world.live(SECOND)
    assert len(world.outbox) == 2


def test_nobody_is_asked_without_somebody_to_ask() -> None:
    with pytest.raises(ValueError, match="nobody"):
        require_customer(None)


def test_an_opt_out_between_check_and_claim_is_heard(world: World) -> None:
    table = contested(world)
    table.meanwhile = lambda: table.suppress("hash", "unsubscribed", NOON, table.people["ada"])
    with pytest.raises(TransientError):
        world.send(ID)
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.SUPPRESSED)


def test_an_address_learned_while_it_waited_is_the_one_written_to() -> None:
    world = World()
    world.capture(event(customer=ref(email="old@example.com")))
    world.capture(event(customer=ref(), touchpoint=None, occurred_at=NOON + HOUR))
    world.pass_time(3 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]
