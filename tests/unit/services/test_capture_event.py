import itertools
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from afterbill.adapters.memory.table import MemoryTable
from afterbill.domain.billing import CustomerRef, Money, Touchpoint
from afterbill.domain.customer import Pending
from afterbill.domain.errors import ConfigurationError, PayloadError, TransientError
from afterbill.domain.invitation import SkipReason, State
from afterbill.domain.webhooks import Webhook
from afterbill.ports import Change
from afterbill.services.capture_event import Capture, Captured, Outcome, capture_event
from tests.factories import (
    ADA,
    DAY,
    HOUR,
    MINUTE,
    NOBODY,
    NOON,
    SECOND,
    event,
    hash_address,
    ids,
    news,
    policy,
    ref,
    refund,
    rule,
)
from tests.world import World

EAGER = {"cooldown": timedelta(0)}


@pytest.fixture
def world() -> World:
    return World()


def skip_reason(captured: Captured) -> str:
    assert captured.outcome is Outcome.SKIPPED
    assert captured.invitation is not None
    return captured.invitation.reason


def test_a_fact_becomes_a_pending_invitation_with_a_timer(world: World) -> None:
    assert world.capture(event()).outcome is Outcome.SCHEDULED
    stored = world.invitation(event())
    assert (stored.state, stored.due_at) == (State.PENDING, NOON + 3 * DAY)
    assert list(world.set_timers.schedules) == [stored.schedule_name]


def test_the_invitation_remembers_what_the_fact_was_about(world: World) -> None:
    world.capture(event(plan="pro", customer=ref(locale="de", country="DE")))
    stored = world.invitation(event())
    assert (stored.fact, stored.customer_id) == (event().fact, world.person().id)
    assert (stored.links, stored.objects) == (("test|acct|in_1",), event().objects)
    assert stored.locale == "de"
    assert stored.segments == {
        "touchpoint": "payment_succeeded",
        "stage": "purchase",
        "source": "shop",
        "channel": "mail",
        "plan": "pro",
        "country": "DE",
        "locale": "de",
    }


def test_a_skipped_fact_is_kept_closed_with_its_reason_and_no_timer(world: World) -> None:
    world.policy = policy(ask=False)
    world.capture(event())
    stored = world.invitation(event())
    assert (stored.state, stored.reason) == (State.CLOSED, SkipReason.NOT_ASKED)
    assert not world.set_timers.schedules


def test_what_is_due_within_seconds_goes_straight_to_the_send_queue(world: World) -> None:
    world.policy = policy(delay=14 * SECOND)
    captured = world.capture(event()).invitation
    assert captured is not None
    assert world.queued.messages == [(captured.id, 1, 14 * SECOND)]
    assert not world.set_timers.schedules


def test_what_is_due_in_fifteen_seconds_is_worth_a_timer(world: World) -> None:
    world.policy = policy(delay=15 * SECOND)
    world.capture(event())
    assert len(world.set_timers.schedules) == 1
    assert not world.queued.messages


def test_a_duplicate_meets_the_same_invitation(world: World) -> None:
    first = world.capture(event())
    assert world.capture(event()) == Captured(Outcome.DUPLICATE, first.invitation)
    assert len(world.stored.invitations) == 1


def test_twins_are_one_fact(world: World) -> None:
    twin = replace(event(), event_id="evt_other", objects={"charge": "ch_1"})
    world.capture(event())
    assert world.capture(twin).outcome is Outcome.DUPLICATE


def test_two_renewals_are_two_facts(world: World) -> None:
    world.policy = policy(**EAGER)
    world.capture(event("january", touchpoint=Touchpoint.RENEWED))
    world.capture(event("february", touchpoint=Touchpoint.RENEWED))
    assert len(world.stored.invitations) == 2


def test_a_redelivery_repeats_the_timer_that_a_crash_may_have_prevented(world: World) -> None:
    world.capture(event())
    world.set_timers.schedules.clear()
    world.capture(event())
    assert list(world.set_timers.schedules) == [world.invitation(event()).schedule_name]


def test_a_redelivery_after_the_due_moment_queues_at_once(world: World) -> None:
    captured = world.capture(event()).invitation
    assert captured is not None
    world.now += 4 * DAY
    world.capture(event())
    assert world.queued.messages == [(captured.id, 1, timedelta(0))]


def test_a_redelivery_of_what_was_sent_sets_nothing(world: World) -> None:
    world.sent(event())
    assert world.capture(event()).outcome is Outcome.DUPLICATE
    assert (world.set_timers.schedules, world.queued.messages) == ({}, [])


def test_several_events_of_one_webhook_are_captured_in_order(world: World) -> None:
    world.capture(news(ref(name="Ada")), event("1"), event("2"))
    assert [one.reason for one in world.stored.invitations.values()] == ["", SkipReason.SUPERSEDED]


def test_a_webhook_of_an_unwanted_kind_is_ignored(world: World) -> None:
    assert capture(world, []) == (Captured(Outcome.IGNORED),)


def test_a_source_that_left_the_configuration_is_named(world: World) -> None:
    with pytest.raises(ConfigurationError, match=r"sources\.gone"):
        world.capture(event(), source="gone")


def test_bytes_that_cannot_be_understood_are_left_to_the_dead_letter_queue(world: World) -> None:
    with pytest.raises(PayloadError):
        capture(world, PayloadError("no object"))


def capture(world: World, meaning: object) -> tuple[Captured, ...]:
    def normalise(*_: object) -> tuple[()]:
        if isinstance(meaning, Exception):
            raise meaning
        return ()

    needs = Capture(world.policy, normalise, world.table, world.timer, world.queue, hash_address, ids())
    return capture_event(Webhook("shop", {}, b"", NOON), needs, NOON)


# What is known of people


def test_a_payment_finds_the_customer_that_was_learned_before(world: World) -> None:
    world.capture(news(ref()))
    world.capture(event(customer=CustomerRef("cus_1")))
    assert world.pass_time(3 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]


def test_and_one_that_is_learned_afterwards(world: World) -> None:
    world.capture(event(customer=CustomerRef("cus_1")))
    world.capture(news(ref()))
    world.pass_time(3 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]


def test_what_only_teaches_makes_no_invitation(world: World) -> None:
    assert world.capture(news(ref())) == Captured(Outcome.LEARNED)
    assert not world.stored.invitations


def test_what_teaches_nothing_new_writes_nothing(world: World) -> None:
    world.capture(news(ref()))
    version = world.person().version
    world.capture(news(ref()))
    assert world.person().version == version


def test_a_payment_of_nobody_is_kept_with_that_reason(world: World) -> None:
    assert skip_reason(world.capture(event(customer=NOBODY))) == SkipReason.NO_CUSTOMER
    assert not world.stored.people


def test_a_deleted_customer_is_not_asked(world: World) -> None:
    world.capture(news(ref(deleted=True)))
    assert skip_reason(world.capture(event())) == SkipReason.CUSTOMER_DELETED


# Test mode


def test_a_fact_of_test_mode_is_accounted_for_and_touches_nobody(world: World) -> None:
    assert skip_reason(world.capture(event(test=True))) == SkipReason.TEST_MODE
    assert not world.stored.people
    assert not world.stored.aliases


def test_news_of_test_mode_are_ignored(world: World) -> None:
    assert world.capture(news(ref(), test=True)) == Captured(Outcome.IGNORED)
    assert not world.stored.people


def test_a_refund_of_test_mode_stops_nothing(world: World) -> None:
    world.capture(event())
    world.capture(refund(test=True))
    world.pass_time(3 * DAY)
    assert len(world.outbox) == 1


def test_a_source_may_ask_in_test_mode(world: World) -> None:
    world.capture(event(test=True), source="sandbox")
    world.pass_time(3 * DAY)
    assert len(world.outbox) == 1


@pytest.mark.parametrize("who", [ref(), NOBODY])
def test_there_a_refund_of_test_mode_stops_its_payment(world: World, who: CustomerRef) -> None:
    world.capture(event(test=True), source="sandbox")
    world.capture(refund(test=True, customer=who), source="sandbox")
    world.pass_time(3 * DAY)
    assert world.invitation(event()).reason == SkipReason.STOPPED


# Whom to ask


def test_a_free_payment_is_not_asked_about_where_only_paid_ones_are(world: World) -> None:
    world.policy = policy(paid_only=True)
    assert skip_reason(world.capture(event(money=Money(0, "EUR")))) == SkipReason.NOT_PAID


def test_whoever_is_not_in_the_sample_is_not_asked(world: World) -> None:
    world.policy = policy(sampling=0.0)
    assert skip_reason(world.capture(event())) == SkipReason.NOT_SAMPLED


def test_whoever_was_asked_a_month_ago_is_left_in_peace(world: World) -> None:
    world.sent()
    world.now += 30 * DAY
    assert skip_reason(world.capture(event("2", occurred_at=world.now))) == SkipReason.COOLDOWN


def test_after_the_cooldown_the_customer_is_asked_again(world: World) -> None:
    world.sent()
    world.now += 87 * DAY
    world.sent(event("2", occurred_at=world.now))
    assert len(world.outbox) == 2


def test_while_one_survey_is_pending_another_of_the_same_priority_is_not_scheduled(world: World) -> None:
    world.capture(event("1"))
    assert skip_reason(world.capture(event("2"))) == SkipReason.SUPERSEDED


def test_one_of_higher_priority_takes_its_place(world: World) -> None:
    world.policy = policy({Touchpoint.SUPPORT_RESOLVED: rule(priority=70)})
    better = event("2", touchpoint=Touchpoint.SUPPORT_RESOLVED, occurred_at=NOON + HOUR)
    world.capture(event("1"))
    world.capture(better)
    world.pass_time(4 * DAY)
    assert world.invitation(better).state is State.SENT
    assert world.invitation(event("1")).reason == SkipReason.SUPERSEDED


def test_without_a_cooldown_nobody_waits_and_everything_is_asked(world: World) -> None:
    world.policy = policy(**EAGER)
    world.capture(event("1"))
    world.capture(event("2"))
    assert world.person().pending is None
    world.pass_time(3 * DAY)
    assert len(world.outbox) == 2


def test_the_customer_waits_for_the_survey_that_was_scheduled(world: World) -> None:
    world.capture(event())
    assert world.person().pending == Pending(event().invitation_id, 50, NOON + 3 * DAY)


# Others at the same items at the same time


@dataclass
class Contested(MemoryTable):
    """Before each of the next commits somebody else is faster."""

    rivals: int = 0
    attempts: int = 0

    def commit(self, change: Change) -> bool:
        self.attempts += 1
        if self.attempts <= self.rivals:
            return False
        return super().commit(change)


def test_whoever_comes_second_reads_again() -> None:
    world = World(table=Contested(rivals=4))
    assert world.capture(event()).outcome is Outcome.SCHEDULED


def test_after_five_lost_races_the_inbox_tries_later() -> None:
    world = World(table=Contested(rivals=5))
    with pytest.raises(TransientError, match="evt_payment_succeeded_1"):
        world.capture(event())
    assert not world.stored.invitations


@dataclass
class Interleaved(MemoryTable):
    """While one capture is about to commit, the same event is captured once more from the start."""

    world: World | None = None
    depth: int = 0

    def commit(self, change: Change) -> bool:
        if self.world and self.depth:
            self.depth -= 1
            self.world.capture(event())
        return super().commit(change)


def test_the_same_event_ten_times_at_once_is_one_invitation() -> None:
    table = Interleaved(depth=9)
    world = table.world = World(table=table)
    assert world.capture(event()).outcome is Outcome.DUPLICATE
    world.pass_time(3 * DAY)
    assert (len(table.invitations), len(table.people), len(world.outbox)) == (1, 1, 1)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_payment_news_and_refund_come_to_the_same_in_any_order(world: World, order: tuple[int, ...]) -> None:
    events = (event(customer=CustomerRef("cus_1")), news(ref()), refund(customer=CustomerRef("cus_1")))
    world.capture(*(events[index] for index in order))
    world.pass_time(3 * DAY + MINUTE)
    assert world.invitation(event()).reason == SkipReason.STOPPED
    assert not world.outbox
    assert world.person().address == ADA
