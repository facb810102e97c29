"""Messages that were refused while the table does not answer: their claims are given back once it does."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from afterbill.model.channels import Channel
from afterbill.model.customer import Waiting
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Answer, Delivery, Invitation, SkipReason, State
from afterbill.model.messages import Deferred, QuotaUsedUp, Receipt, Rejected
from afterbill.model.survey_tests import SurveyTests
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.delivery import Outcome, SendResult
from tests.factories import DAY, HOUR, MINUTE, NOON, SECOND, invitation, policy
from tests.world import World, due_survey, texting

ID = invitation().id
MAIL, SMS = Channel.MAIL, Channel.SMS
THROTTLED = Deferred("TooManyRequestsException", MINUTE, paused=False)
USED_UP = QuotaUsedUp("ThrottlingException")
REJECTED = Rejected("MessageRejected")
REFUSALS = pytest.mark.parametrize("receipt", [THROTTLED, USED_UP, REJECTED], ids=lambda one: type(one).__name__)
FOLLOW_UPS = {"reminder": (MAIL,), "another channel": (MAIL, SMS)}
UNTOUCHED = 3 * MINUTE


@dataclass
class Outage:
    """The table, with its caps, does not answer for an hour from the call number `at` on."""

    world: World
    at: int
    calls: int = 0
    until: datetime | None = None

    def call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        self.calls += 1
        if self.calls == self.at:
            self.until = self.world.now + HOUR
        if self.until and self.world.now < self.until:
            raise TransientError
        return method(*arguments)


class Failing:
    def __init__(self, port: Any, outage: Outage) -> None:
        self.port, self.outage = port, outage

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.port, name)
        return lambda *arguments: self.outage.call(method, *arguments)


def outage(world: World, at: int) -> Outage:
    one = Outage(world, at)
    world.table, world.caps = Failing(world.stored, one), Failing(world.counters, one)
    return one


def due(*receipts: Receipt, channels: tuple[Channel, ...] = (MAIL,)) -> World:
    """Ada's survey is due; it may wait for two days, and what follows comes after a day."""
    world = due_survey()
    world.policy = policy(
        channels=channels, patience=2 * DAY, reminder=DAY, fallback=DAY, quota=9, sending=SendingCaps(per_day=99)
    )
    world.texting, world.mailer.receipts = texting, list(receipts)
    world.change(ID, patience=2 * DAY, cooldown=30 * DAY)
    world.change_person("ada", phone="+4915123456789")
    return world


def followed(*receipts: Receipt, channels: tuple[Channel, ...]) -> World:
    """Ada's survey went out, and its follow-up is due now."""
    world = due(channels=channels)
    world.send(ID)
    world.live(DAY - SECOND)
    world.now += SECOND
    world.ripe()
    world.mailer.receipts = list(receipts)
    return world


def one(world: World) -> Invitation:
    return world.stored.invitations[ID]


def handle(world: World, *message: Any) -> SendResult | None:
    """Handle one message; it comes again where that fails."""
    try:
        return world.send(*message)
    except TransientError:
        world.waiting.append((world.now + UNTOUCHED, *message, *[None] * (3 - len(message))))
        return None


def go_on(world: World, hours: int) -> None:
    """Handle messages and timers minute by minute, and sweep every quarter of an hour."""
    for minute in range(60 * hours):
        world.collect()
        world.now += MINUTE
        for message in world.ripe():
            handle(world, *message)
        if minute % 15 == 0:
            with suppress(TransientError):
                world.sweep()


def refused_in_an_outage(world: World, number: int) -> World:
    """Refuse the next message, and let the table fail from that moment on; its first message is handled."""
    send, failing = world.mailer.send, outage(world, at=0)

    def refuse(mail: Any) -> Receipt:
        receipt: Receipt = send(mail)
        failing.until = world.now + HOUR
        return receipt

    world.mailer.send = refuse
    assert world.send(ID, number).outcome is Outcome.REFUSED
    world.mailer.send, world.table, world.caps = send, world.stored, world.counters
    world.collect()
    return world


@REFUSALS
def test_whenever_the_table_begins_to_fail_a_refused_survey_goes_out_once(receipt: Receipt) -> None:
    calls = 0
    for at in range(1, 40):
        world = due(receipt)
        failing = outage(world, at)
        handle(world, ID, 1)
        if failing.until is None:
            break
        calls += 1
        go_on(world, 8)
        # One that was rejected and closed before the table began to fail is over.
        sent = one(world).reason != SkipReason.REJECTED
        assert (len(world.outbox), one(world).state) == ((1, State.SENT) if sent else (0, State.CLOSED))
    assert calls >= 5


@REFUSALS
@pytest.mark.parametrize("name", FOLLOW_UPS)
def test_and_so_does_what_follows_it(name: str, receipt: Receipt) -> None:
    calls = 0
    for at in range(1, 40):
        world = followed(receipt, channels=FOLLOW_UPS[name])
        failing = outage(world, at)
        handle(world, ID, 2)
        if failing.until is None:
            break
        calls += 1
        go_on(world, 8)
        assert len(world.outbox) <= 2
        assert len(world.outbox) == 2 or receipt is REJECTED
    assert calls >= 5


@REFUSALS
def test_a_refusal_that_could_not_be_stored_is_looked_at_after_a_minute(receipt: Receipt) -> None:
    world = refused_in_an_outage(due(receipt), 1)
    assert one(world).state is State.SENDING
    assert world.pass_time(MINUTE - SECOND) == []
    assert world.pass_time(SECOND) == [SendResult(Outcome.SENT)]
    assert len(world.outbox) == 1


@pytest.mark.parametrize("receipt", [USED_UP, REJECTED], ids=lambda one: type(one).__name__)
def test_a_follow_up_is_given_back_before_its_caps(receipt: Receipt) -> None:
    world = followed(receipt, channels=(MAIL, SMS))
    world.caps = NothingBack(world.counters)
    with pytest.raises(TransientError):
        world.send(ID, 2)
    assert (one(world).delivery_number, one(world).follow_ups) == (1, ())
    assert world.send(ID, 2) == SendResult(Outcome.SENT_ANOTHER_WAY)


class NothingBack:
    """Counters that are throttled when something is given back."""

    def __init__(self, caps: Any) -> None:
        self.caps = caps

    def __getattr__(self, name: str) -> Any:
        return getattr(self.caps, name)

    def give_back(self, _caps: object) -> None:
        raise TransientError


def test_it_counts_under_its_caps_once() -> None:
    world = refused_in_an_outage(due(THROTTLED), 1)
    world.pass_time(MINUTE)
    assert set(world.counters.used.values()) == {1}


@pytest.mark.parametrize("name", FOLLOW_UPS)
def test_a_follow_up_too(name: str) -> None:
    world = followed(THROTTLED, channels=FOLLOW_UPS[name])
    before = world.counters.used.total()
    refused_in_an_outage(world, 2).pass_time(MINUTE)
    assert len(world.outbox) == 2
    assert world.counters.used.total() == before + 1


def test_a_follow_up_that_waits_again_is_as_before() -> None:
    world = followed(THROTTLED, channels=(MAIL, SMS))
    world.change(ID, delivery=Delivery.BOUNCED, delivered_at=NOON)
    before = one(world)
    refused_in_an_outage(world, 2)
    world.counters.pause = "a stop by hand"
    assert [sent.outcome for sent in world.pass_time(MINUTE)] == [Outcome.HALTED]
    reached = one(world).address_hashes
    assert one(world) == replace(before, deferred_until=world.now, generation=2, address_hashes=reached)


def test_the_third_channel_that_was_refused_leaves_two() -> None:
    channels = (Channel.IN_APP, MAIL, SMS)
    world = due()
    world.policy = policy(channels=channels, seen_within=DAY, fallback=DAY)
    world.change_person("ada", last_seen_at=world.now)
    world.send(ID)
    world.live(2 * DAY - SECOND)
    world.now += SECOND
    world.ripe()
    before = one(world)
    world.mailer.receipts = [THROTTLED]
    refused_in_an_outage(world, 3)
    world.counters.pause = "a stop by hand"
    world.pass_time(MINUTE)
    assert [sent.channel for sent in before.follow_ups] == [Channel.IN_APP, MAIL]
    assert (one(world).follow_ups, one(world).channel) == (before.follow_ups, MAIL)


def test_customer_and_address_were_not_asked_and_it_competes_again() -> None:
    world = due(THROTTLED)
    entry = Waiting(50, NOON, NOON + 2 * DAY)
    world.change_person("ada", last_asked_at=NOON - 100 * DAY, waiting={ID: entry})
    hashed = world.person().address_hash
    world.stored.recipients[hashed] = replace(world.stored.recipient(hashed), last_asked_at=NOON - 99 * DAY)
    refused_in_an_outage(world, 1)
    world.counters.pause = "a stop by hand"
    world.pass_time(MINUTE)
    assert world.person().last_asked_at == NOON - 100 * DAY
    assert world.stored.recipient(hashed).last_asked_at == NOON - 99 * DAY
    assert set(world.person().waiting) == {ID}


def test_the_sweep_may_have_called_it_unknown_by_then() -> None:
    world = refused_in_an_outage(due(THROTTLED), 1)
    world.change(ID, state=State.UNKNOWN)
    assert world.pass_time(MINUTE) == [SendResult(Outcome.SENT)]


def test_what_failed_for_a_day_stays_closed() -> None:
    world = refused_in_an_outage(due(THROTTLED), 1)
    closed = world.change(ID, state=State.CLOSED, reason=SkipReason.FAILED)
    assert world.pass_time(MINUTE) == [SendResult(Outcome.NOT_PENDING)]
    assert one(world) == closed


def test_after_a_new_claim_an_old_refusal_changes_nothing() -> None:
    world = refused_in_an_outage(due(THROTTLED), 1)
    ((_, *stale),) = world.waiting
    world.pass_time(MINUTE)
    sent, used = one(world), world.counters.used.copy()
    assert world.send(*stale) == SendResult(Outcome.NOT_PENDING)  # type: ignore[arg-type]
    assert (one(world), world.counters.used, len(world.outbox)) == (sent, used, 1)


def test_nor_while_another_attempt_is_at_work() -> None:
    world = refused_in_an_outage(due(THROTTLED), 1)
    other = world.change(ID, attempt="another")
    world.pass_time(MINUTE)
    assert (one(world), world.outbox) == (other, [])


@pytest.mark.parametrize("name", FOLLOW_UPS)
def test_nor_after_a_follow_up_went_out(name: str) -> None:
    world = refused_in_an_outage(followed(THROTTLED, channels=FOLLOW_UPS[name]), 2)
    (stale,) = [message for _, *message in world.waiting if message[-1]]
    world.pass_time(MINUTE)
    sent, used = one(world), world.counters.used.copy()
    assert world.send(*stale) == SendResult(Outcome.NOT_PENDING)  # type: ignore[arg-type]
    assert (one(world), world.counters.used, len(world.outbox)) == (sent, used, 2)


def test_an_answer_meanwhile_keeps_the_follow_up_as_it_is() -> None:
    world = refused_in_an_outage(followed(THROTTLED, channels=(MAIL, SMS)), 2)
    answered = world.change(ID, answer=Answer(9))
    world.pass_time(MINUTE)
    assert (one(world), len(world.outbox)) == (answered, 1)


def test_a_test_survey_is_given_back_without_its_address() -> None:
    world = due(THROTTLED)
    own = frozenset({world.person().address or ""})
    world.policy = replace(world.policy, test=SurveyTests(own, MINUTE))
    world.change(ID, answered_day="test", cooldown=0 * DAY)
    refused_in_an_outage(world, 1)
    assert world.pass_time(MINUTE) == [SendResult(Outcome.TEST_SENT)]


def test_nothing_is_given_back_to_a_customer_who_is_gone() -> None:
    world = refused_in_an_outage(due(THROTTLED), 1)
    world.stored.people.clear()
    assert world.pass_time(MINUTE) == [SendResult(Outcome.NOT_PENDING)]


def test_while_the_queue_fails_too_the_message_comes_again_and_nobody_can_know() -> None:
    world = due(THROTTLED)

    class Silent:
        def put_refused(self, *_: object) -> None:
            raise TransientError

    world.queue = Silent()
    with pytest.raises(TransientError):
        refused_in_an_outage(world, 1)
    assert one(world).state is State.SENDING
