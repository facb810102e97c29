"""Customers as they are known when a fact is captured, and the decision of the policy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.intake.capture_fact import Captured, Outcome
from afterbill.intake.ports import FactWrites
from afterbill.model.billing import CustomerRef, Money, Touchpoint
from afterbill.model.customer import Recipient, Suppression, Waiting
from afterbill.model.invitation import Deferral, SkipReason, State
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.policy import LATE_FACT_GRACE, Stops
from afterbill_cli.memory.table import MemoryTable
from tests.factories import (
    ADA,
    COUNTRIES,
    DAY,
    HOUR,
    MINUTE,
    NOBODY,
    NOON,
    OFFICE,
    cancellation,
    event,
    hash_address,
    news,
    policy,
    ref,
    refund,
    rule,
)
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


def test_a_late_event_that_names_an_address_they_left_is_judged_by_the_one_they_have(world: World) -> None:
    """The old address bounced, which is why they told another one."""
    left = hash_address("ada@old.example")
    world.stored.recipients[left] = Recipient(left, suppressed=Suppression.BOUNCED)
    world.capture(news(ref(), NOON + HOUR))
    paid = world.capture(event(customer=ref(email="ada@old.example")))
    assert paid.outcome is Outcome.SCHEDULED
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


def test_whoever_was_asked_a_day_ago_is_left_in_peace(world: World) -> None:
    world.sent()
    world.now += DAY
    assert skip_reason(world.capture(event("2", occurred_at=world.now))) == SkipReason.COOLDOWN


def test_whoever_was_asked_two_months_ago_is_asked_when_the_cooldown_is_over(world: World) -> None:
    asked_at = world.sent().sent_at
    assert asked_at is not None
    world.now += 60 * DAY
    second = event("2", occurred_at=world.now)
    assert world.capture(second).outcome is Outcome.SCHEDULED
    assert world.invitation(second).deferrals == (Deferral(world.now, SkipReason.COOLDOWN, asked_at + 90 * DAY),)
    world.live(30 * DAY)
    assert world.invitation(second).sent_at == asked_at + 90 * DAY


def test_after_the_cooldown_the_customer_is_asked_again(world: World) -> None:
    world.sent()
    world.now += 87 * DAY
    world.sent(event("2", occurred_at=world.now))
    assert len(world.outbox) == 2


# Several facts that compete for one customer

BETTER = event("2", touchpoint=Touchpoint.SUPPORT_RESOLVED, occurred_at=NOON + HOUR)


@pytest.fixture
def choosy() -> World:
    """What support solved says more than a payment, and nobody is asked twice within 20 days."""
    better = rule(priority=70, cooldown=20 * DAY)
    return World(policy({Touchpoint.SUPPORT_RESOLVED: better}, cooldown=20 * DAY), now=NOON + HOUR)


def test_of_two_as_good_the_one_due_first_goes_out_and_the_other_after_the_cooldown(choosy: World) -> None:
    choosy.capture(event("1"), event("2", occurred_at=NOON + HOUR))
    choosy.live(4 * DAY)
    assert choosy.invitation(event("1")).sent_at == NOON + 3 * DAY
    assert [wait.reason for wait in choosy.invitation(event("2")).deferrals] == [SkipReason.COOLDOWN]
    choosy.live(20 * DAY)
    assert choosy.invitation(event("2")).sent_at == NOON + 23 * DAY


def test_one_of_higher_priority_goes_first_though_it_is_due_later(choosy: World) -> None:
    choosy.capture(event("1"), BETTER)
    choosy.live(4 * DAY)
    assert choosy.invitation(BETTER).sent_at == NOON + 3 * DAY + HOUR
    first = choosy.invitation(event("1"))
    assert [wait.reason for wait in first.deferrals] == [SkipReason.SUPERSEDED, SkipReason.COOLDOWN]
    assert first.deferrals[0].until == NOON + 3 * DAY + HOUR + LATE_FACT_GRACE


def test_the_other_is_not_lost_but_asked_about_after_the_cooldown(choosy: World) -> None:
    choosy.capture(event("1"), BETTER)
    choosy.live(24 * DAY)
    assert choosy.invitation(event("1")).sent_at == NOON + 23 * DAY + HOUR
    assert len(choosy.outbox) == 2


def test_two_due_in_the_same_second_are_the_better_one(choosy: World) -> None:
    choosy.now = NOON
    choosy.capture(event("1"), replace(BETTER, occurred_at=NOON))
    choosy.live(4 * DAY)
    assert choosy.invitation(BETTER).sent_at == NOON + 3 * DAY
    assert len(choosy.outbox) == 1


def test_unless_that_is_beyond_its_patience(world: World) -> None:
    world.policy = policy({Touchpoint.SUPPORT_RESOLVED: rule(priority=70)})
    world.now += HOUR
    world.capture(event("1"), BETTER)
    world.live(4 * DAY)
    assert world.invitation(event("1")).reason == SkipReason.COOLDOWN


def test_a_better_one_due_after_its_patience_supersedes_it(choosy: World) -> None:
    choosy.policy = policy(
        {Touchpoint.SUPPORT_RESOLVED: rule(priority=70, delay=10 * DAY, cooldown=20 * DAY)},
        cooldown=20 * DAY,
        patience=DAY,
    )
    choosy.capture(event("1"), BETTER)
    choosy.live(11 * DAY)
    assert choosy.invitation(event("1")).reason == SkipReason.SUPERSEDED
    assert choosy.invitation(BETTER).state is State.SENT


def test_when_the_better_one_is_taken_back_the_other_goes_out(choosy: World) -> None:
    choosy.capture(event("1"), BETTER)
    choosy.live(3 * DAY - MINUTE)
    assert choosy.invitation(event("1")).deferrals
    choosy.capture(refund("2", at=choosy.now))
    choosy.live(DAY)
    assert choosy.invitation(BETTER).reason == SkipReason.STOPPED
    assert choosy.invitation(event("1")).sent_at == NOON + 3 * DAY + HOUR + LATE_FACT_GRACE


def test_a_better_one_that_was_put_off_is_waited_for_as_long(choosy: World) -> None:
    """In Tokyo support's survey is due at 22:00, and waits for the morning."""
    night = rule(priority=70, cooldown=20 * DAY, window=OFFICE)
    choosy.policy = policy({Touchpoint.SUPPORT_RESOLVED: night}, cooldown=20 * DAY, almanac=COUNTRIES)
    choosy.capture(news(ref(country="JP")), event("1"), BETTER)
    choosy.live(4 * DAY)
    sent_at = choosy.invitation(BETTER).sent_at
    assert sent_at is not None
    assert sent_at >= datetime(2026, 11, 26, 0, tzinfo=UTC)
    assert choosy.invitation(event("1")).deferrals[0].until == sent_at + LATE_FACT_GRACE


def test_one_put_off_again_when_it_was_due_is_waited_for_anew(choosy: World) -> None:
    choosy.policy = replace(choosy.policy, sending=SendingCaps(per_hour=1))
    stranger = event("3", CustomerRef("cus_2", "bob@example.com"), occurred_at=NOON + HOUR)
    choosy.capture(event("1"), stranger, BETTER)
    choosy.live(4 * DAY)
    late = next(one for one in (stranger, BETTER) if choosy.invitation(one).deferrals)
    again, sent_at = NOON + 3 * DAY + 2 * HOUR, choosy.invitation(late).sent_at
    assert sent_at is not None
    assert again <= sent_at < again + HOUR
    assert choosy.invitation(event("1")).state is State.PENDING


def test_a_cancellation_frees_whoever_waits_for_what_it_takes_back(choosy: World) -> None:
    """Else the worse survey of a new subscription would wait for the better one of the old."""
    choosy.now += HOUR
    choosy.policy = policy(
        {
            Touchpoint.SUPPORT_RESOLVED: rule(priority=90, cooldown=20 * DAY),
            Touchpoint.CANCELLED: rule(ask=False, stops=Stops.CUSTOMER),
        },
        cooldown=20 * DAY,
    )
    choosy.capture(BETTER, cancellation(NOON + 2 * HOUR))
    assert choosy.person().waiting == {}


def test_what_cannot_be_taken_back_stays_waited_for(choosy: World) -> None:
    choosy.now += HOUR
    again = cancellation(NOON + 2 * HOUR, fact="test|acct|sub_2|cancelled|", objects={"subscription": "sub_2"})
    choosy.capture(cancellation(), again)
    assert set(choosy.person().waiting) == {cancellation().invitation_id, again.invitation_id}


def test_without_a_cooldown_nobody_waits_and_everything_is_asked(world: World) -> None:
    world.policy = policy(**EAGER)
    world.capture(event("1"))
    world.capture(event("2"))
    assert world.person().waiting == {}
    world.pass_time(3 * DAY)
    assert len(world.outbox) == 2


def test_the_customer_waits_for_the_survey_that_was_scheduled(world: World) -> None:
    world.capture(event())
    assert world.person().waiting == {event().invitation_id: Waiting(50, NOON + 3 * DAY, NOON + 33 * DAY)}


def test_but_not_for_one_that_was_skipped(world: World) -> None:
    world.policy = policy(sampling=0.0)
    world.capture(event())
    assert world.person().waiting == {}


# What is remembered


def test_the_event_that_reported_a_fact_is_remembered_with_it_and_so_is_a_twin(world: World) -> None:
    twin = replace(event(), event_id="evt_twin")
    world.capture(event())
    world.capture(twin)
    about = event().invitation_id
    assert set(world.stored.events) == {(event().event_id, "shop", about), ("evt_twin", "shop", about)}


def test_an_event_heard_again_is_not_remembered_again(world: World) -> None:
    written: list[tuple[str, str] | None] = []

    class Watched(MemoryTable):
        def commit(self, change: FactWrites) -> bool:
            written.append(change.event)
            return super().commit(change)

    world.table = world.stored = Watched()
    for _ in range(3):
        world.capture(event())
    assert [one for one in written if one] == [(event().event_id, "shop")]
    assert set(world.stored.events) == {(event().event_id, "shop", event().invitation_id)}


def test_an_event_that_reports_several_facts_is_remembered_with_each(world: World) -> None:
    both = event(event_id="evt_both"), event("2", event_id="evt_both")
    world.capture(*both)
    world.capture(*both)
    assert set(world.stored.events) == {("evt_both", "shop", one.invitation_id) for one in both}


def test_an_event_without_an_id_is_remembered_by_its_fact_alone(world: World) -> None:
    world.capture(event(event_id=""))
    assert set(world.stored.events) == set()
    assert world.invitation(event()).state is State.PENDING


def test_what_was_paid_is_kept_for_the_words_of_the_mail(world: World) -> None:
    world.capture(event())
    assert world.invitation(event()).money == Money(4900, "EUR")


# Whom afterbill itself names


def test_a_customer_named_by_our_own_id_is_asked_and_nothing_is_learned(world: World) -> None:
    world.capture(news(ref()))
    known = world.person()
    world.capture(event(customer=CustomerRef(own_id=known.id, name="Nobody")))
    world.pass_time(3 * DAY)
    assert [mail.to for mail in world.outbox] == [ADA]
    assert (world.person().name, len(world.stored.people)) == (None, 1)


def test_one_erased_since_is_nobody(world: World) -> None:
    assert world.capture(event(customer=CustomerRef(own_id="erased"))).outcome is Outcome.ERASED
    assert (world.stored.people, world.stored.invitations) == ({}, {})
