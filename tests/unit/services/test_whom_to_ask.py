"""What is known of people when a fact is captured, and what the policy makes of it."""

from datetime import timedelta

import pytest

from afterbill.domain.billing import CustomerRef, Money, Touchpoint
from afterbill.domain.customer import Pending
from afterbill.domain.invitation import SkipReason, State
from afterbill.services.capture import Captured, Outcome
from tests.factories import ADA, DAY, HOUR, NOBODY, NOON, event, news, policy, ref, refund, rule
from tests.world import World

EAGER = {"cooldown": timedelta(0)}


def skip_reason(captured: Captured) -> str:
    assert captured.outcome is Outcome.SKIPPED
    assert captured.invitation is not None
    return captured.invitation.reason


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
