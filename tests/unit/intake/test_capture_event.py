from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.intake.capture_fact import Captured, Outcome
from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError, PayloadError
from afterbill.model.invitation import SkipReason, State
from tests.factories import (
    DAY,
    NOON,
    SECOND,
    event,
    news,
    policy,
    ref,
)
from tests.world import World

EAGER = {"cooldown": timedelta(0)}


def skip_reason(captured: Captured) -> str:
    assert captured.outcome is Outcome.SKIPPED
    assert captured.invitation is not None
    return captured.invitation.reason


def test_a_fact_becomes_a_pending_invitation_with_a_timer(world: World) -> None:
    assert world.capture(event()).outcome is Outcome.SCHEDULED
    stored = world.invitation(event())
    assert (stored.state, stored.due_at) == (State.PENDING, NOON + 3 * DAY)
    assert list(world.set_timers.schedules) == [stored.schedule_name(1)]


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
    assert list(world.set_timers.schedules) == [world.invitation(event()).schedule_name(1)]


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
    assert [one.fact for one in world.stored.invitations.values()] == [event("1").fact, event("2").fact]
    assert len(world.stored.people) == 1


def test_a_webhook_of_an_unwanted_kind_is_ignored(world: World) -> None:
    assert world.understand(lambda *_: ()) == (Captured(Outcome.IGNORED),)


def test_a_source_that_left_the_configuration_is_named(world: World) -> None:
    with pytest.raises(ConfigurationError, match=r"sources\.gone"):
        world.capture(event(), source="gone")


def test_bytes_that_cannot_be_understood_are_put_aside_with_the_problem(world: World) -> None:
    def normalise(*_: object) -> tuple[()]:
        raise PayloadError("The body has no type.")

    (captured,) = world.understand(normalise)

    assert (captured.outcome, captured.problem) == (Outcome.UNREADABLE, "The body has no type.")
    assert [(webhook.source, problem) for webhook, problem in world.dead_letters.webhooks] == [
        ("shop", "The body has no type.")
    ]
