"""Killed at any call, and repeated as SQS does: no fact is lost, no mail doubled, and what is unclear is counted."""

from dataclasses import replace

import pytest

from afterbill.model.billing import SubscriptionState, Touchpoint
from afterbill.model.customer import Waiting
from afterbill.model.invitation import REMINDER, Answer, Delivery, SkipReason, State
from afterbill.model.messages import Accepted, Deferred, Receipt, Rejected, Unknown
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.policy import Stops
from afterbill.outreach.ports import SweepProgress
from afterbill.outreach.sweep import Finding
from tests.factories import (
    COUNTRIES,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    OFFICE,
    SECOND,
    cancellation,
    customer,
    event,
    invitation,
    news,
    policy,
    ref,
    rule,
    ses_event,
)
from tests.unit.loop.crashes import Saboteur, SimulatedCrash, every_fault, pass_days
from tests.world import World

ID = invitation().id
DELAY = 2 * HOUR
COUNTING = policy(quota=9, reminder=DAY, sending=SendingCaps(per_hour=9, per_day=9))
RECEIPTS = pytest.mark.parametrize(
    "receipt",
    [Deferred("throttled", MINUTE, paused=False), Rejected("no"), Unknown("silence"), Accepted("m")],
    ids=lambda receipt: type(receipt).__name__,
)


def shop() -> World:
    return World(policy({Touchpoint.RENEWED: rule(delay=5 * SECOND)}, delay=DELAY))


@pytest.mark.parametrize("touchpoint", [Touchpoint.PAYMENT_SUCCEEDED, Touchpoint.RENEWED])
def test_a_capture_killed_at_any_call_loses_no_fact_and_doubles_no_mail(touchpoint: Touchpoint) -> None:
    fact = event(touchpoint=touchpoint)
    ruined = 0
    for world in every_fault(shop, lambda world: world.capture(fact)):
        ruined += 1
        world.now += 3 * MINUTE
        world.capture(fact)
        pass_days(world)
        assert world.invitation(fact).state is State.SENT
        assert (len(world.stored.invitations), len(world.stored.people), len(world.outbox)) == (1, 1, 1)
    assert ruined >= 12  # three calls and more, before and after, in two ways


def test_of_two_customers_with_one_address_one_is_asked_however_a_capture_is_killed() -> None:
    guest = event("2", customer=ref(id=None))
    for world in every_fault(shop, lambda world: world.capture(event("1"), guest)):
        world.capture(event("1"), guest)
        pass_days(world)
        assert len(world.stored.people) == 2
        assert len(world.outbox) == 1


def test_what_an_end_held_back_is_woken_however_the_withdrawal_is_killed() -> None:
    """Closed at the end of its patience, it would have waited for nothing."""
    taken_back = news(
        ref(), NOON + 4 * DAY, subscription_state=SubscriptionState.RUNNING, objects={"subscription": "sub_1"}
    )

    def held() -> World:
        world = shop()
        world.policy = policy({Touchpoint.CANCELLED: rule(ask=False, stops=Stops.SUBSCRIPTION)})
        world.capture(event("1"), cancellation(NOON))
        world.live(4 * DAY)
        return world

    for world in every_fault(held, lambda world: world.capture(taken_back)):
        world.capture(taken_back)
        world.live(DAY)
        assert [one.state for one in map(world.invitation, (event("1"),))] == [State.SENT]


def test_what_was_committed_goes_out_even_when_nobody_repeats_the_capture() -> None:
    for world in every_fault(shop, lambda world: world.capture(event())):
        pass_days(world)
        stored = world.stored.invitations.values()
        assert [one.state for one in stored] in ([], [State.SENT])
        assert len(world.outbox) == len(stored)


def due(receipt: Receipt | None = None) -> World:
    """An invitation whose message just came out of the send queue."""
    world = World(now=NOON)
    world.stored.invitations[ID] = invitation(due_at=NOON)
    world.stored.people["ada"] = customer()
    world.mailer.receipts = [receipt] if receipt else []
    return world


def counting(receipt: Receipt | None = None) -> World:
    """The same where every mail is counted and followed by a reminder."""
    world = due(receipt)
    world.policy = COUNTING
    return world


def sent_again(world: World) -> None:
    """SQS delivers the message of a sender that died once more."""
    world.now += 3 * MINUTE
    world.send(ID)


def claimed(world: World) -> bool:
    return world.stored.invitations[ID].state is State.SENDING


def test_a_sender_killed_at_any_call_hands_over_at_most_one_mail() -> None:
    for world in every_fault(due, lambda world: world.send(ID)):
        sent_again(world)
        pass_days(world, 2)
        assert len(world.outbox) <= 1


def test_killed_before_the_claim_it_is_sent_by_the_next_one() -> None:
    outboxes = []
    for world in every_fault(due, lambda world: world.send(ID)):
        if not claimed(world):
            sent_again(world)
            outboxes.append(len(world.outbox))
            assert world.stored.invitations[ID].state is State.SENT
    assert outboxes
    assert set(outboxes) == {1}


def test_killed_between_claim_and_mark_it_becomes_one_unknown_and_then_one_failure() -> None:
    unclear = 0
    for world in every_fault(due, lambda world: world.send(ID)):
        if not claimed(world):
            continue
        unclear += 1
        sent_again(world)
        world.now += 15 * MINUTE
        assert world.sweep() == {Finding.UNKNOWN: 1}
        assert world.stored.invitations[ID].state is State.UNKNOWN
        assert pass_days(world, 2)[Finding.FAILED] == 1
        assert world.stored.invitations[ID].reason == SkipReason.FAILED
    assert unclear >= 4  # after the claim, around the mail, before the mark


def test_what_the_mail_system_took_is_settled_by_its_own_word() -> None:
    settled = 0
    for world in every_fault(due, lambda world: world.send(ID)):
        if claimed(world) and world.outbox:
            world.report(ses_event("delivery", ID))
            assert pass_days(world, 2)[Finding.FAILED] == 0
            assert world.stored.invitations[ID].state is State.SENT
            settled += 1
    assert settled


@RECEIPTS
def test_whatever_the_receipt_a_killed_sender_leaves_nothing_open(receipt: Receipt) -> None:
    for world in every_fault(lambda: due(receipt), lambda world: world.send(ID)):
        sent_again(world)
        found = pass_days(world, 2)
        end = world.stored.invitations[ID]
        assert end.state in {State.SENT, State.CLOSED}
        assert len(world.outbox) == (end.state is State.SENT) or end.reason == SkipReason.FAILED
        assert found[Finding.FAILED] == (end.reason == SkipReason.FAILED)


@RECEIPTS
def test_a_counted_survey_killed_at_any_call_is_counted_at_least_once_and_reminded_of_at_most_once(
    receipt: Receipt,
) -> None:
    ruined = 0
    for world in every_fault(lambda: counting(receipt), lambda world: world.send(ID)):
        ruined += 1
        sent_again(world)
        pass_days(world, 3)
        end = world.stored.invitations[ID]
        assert end.state in {State.SENT, State.CLOSED}
        handed_over = (end.state is State.SENT) + (end.reminded_at is not None)
        assert len(world.outbox) == handed_over or end.reason == SkipReason.FAILED
        assert len(world.outbox) <= min(2, world.counters.used.total())
    assert ruined >= 24  # eight calls and more, before and after, in two ways


def test_a_survey_that_waits_for_the_morning_goes_out_then_however_it_was_put_off() -> None:
    """On Wednesday at noon it is 21:00 in Tokyo, and nobody there has answered by the Friday after."""

    def at_night() -> World:
        world = World(policy(window=OFFICE, reminder=DAY, almanac=COUNTRIES), now=NOON + 3 * DAY)
        world.stored.invitations[ID] = invitation()
        waiting = {ID: Waiting(50, world.now, world.now + 30 * DAY)}
        world.stored.people["ada"] = customer(time_zone="Asia/Tokyo", waiting=waiting)
        return world

    ruined = 0
    for world in every_fault(at_night, lambda world: world.send(ID)):
        ruined += 1
        sent_again(world)
        pass_days(world, 2.5)
        end = world.stored.invitations[ID]
        assert end.deferrals[0].reason is SkipReason.WINDOW
        for moment in (end.sent_at, end.reminded_at):
            assert moment is not None
            assert 0 <= moment.hour < 8
        assert len(world.outbox) == 2
    assert ruined >= 12


def reminding(receipt: Receipt | None = None) -> World:
    """A survey whose reminder came out of the send queue."""
    world = counting()
    world.send(ID)
    world.now += DAY
    world.set_timers.schedules.clear()
    world.mailer.receipts = [receipt] if receipt else []
    return world


@RECEIPTS
def test_a_reminder_killed_at_any_call_goes_out_at_most_once(receipt: Receipt) -> None:
    ruined = 0
    for world in every_fault(lambda: reminding(receipt), lambda world: world.send(ID, REMINDER)):
        ruined += 1
        world.now += 3 * MINUTE
        world.send(ID, REMINDER)
        pass_days(world, 2)
        end = world.stored.invitations[ID]
        assert end.state is State.SENT
        assert len(world.outbox) <= 2
        assert len(world.outbox) <= world.counters.used["day#2026-11-22"] + world.counters.used["day#2026-11-23"]
    assert ruined >= 20


def test_killed_before_its_claim_a_reminder_is_sent_by_the_next_one() -> None:
    outboxes = []
    for world in every_fault(reminding, lambda world: world.send(ID, REMINDER)):
        if world.stored.invitations[ID].reminded_at is None:
            world.now += 3 * MINUTE
            world.send(ID, REMINDER)
            outboxes.append(len(world.outbox))
    assert outboxes
    assert set(outboxes) == {2}


def test_a_reminder_put_off_to_the_morning_goes_out_then_however_that_was_killed() -> None:
    def at_night() -> World:
        world = reminding()
        world.now = NOON + 8 * DAY
        world.policy = policy(window=OFFICE, reminder=DAY, almanac=COUNTRIES)
        world.change_person("ada", time_zone="Asia/Tokyo")
        return world

    for world in every_fault(at_night, lambda world: world.send(ID, REMINDER)):
        world.now += 3 * MINUTE
        world.send(ID, REMINDER)
        pass_days(world, 1)
        reminded = world.stored.invitations[ID].reminded_at
        assert reminded is not None
        assert 0 <= reminded.hour < 8
        assert len(world.outbox) == 2


def test_a_skip_killed_at_any_call_is_skipped_again_for_the_same_reason() -> None:
    def stopped() -> World:
        world = due()
        world.stored.people["ada"] = customer(suppressed="unsubscribed")
        return world

    for world in every_fault(stopped, lambda world: world.send(ID)):
        sent_again(world)
        assert world.stored.invitations[ID].reason == SkipReason.SUPPRESSED
        assert world.outbox == []


def asked() -> World:
    world = due()
    world.send(ID)
    return world


def test_an_answer_killed_at_any_call_is_whole_or_absent_and_a_repeat_records_it() -> None:
    given = {"rating": "0", "comment": "slow"}
    for world in every_fault(asked, lambda world: world.answer(invitation(), **given)):
        assert world.stored.invitations[ID].answer in (None, Answer(0, "slow"))
        world.now += DAY
        world.answer(invitation(), **given)
        answered = world.stored.invitations[ID]
        assert answered.answer == Answer(0, "slow")
        assert answered.answered_at in (NOON, NOON + DAY)


@pytest.mark.parametrize("kind", ["send", "delivery", "bounce_permanent", "complaint"])
@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN, State.SENT])
def test_a_mail_event_killed_at_any_call_and_repeated_comes_to_the_same(kind: str, state: State) -> None:
    def handed_over() -> World:
        world = due()
        world.change(ID, state=state, attempt="a", claimed_at=NOON)
        return world

    untouched = handed_over()
    untouched.report(ses_event(kind, ID))
    for world in every_fault(handed_over, lambda world: world.report(ses_event(kind, ID))):
        world.report(ses_event(kind, ID))
        assert world.stored.invitations == untouched.stored.invitations
        assert world.stored.suppressions == untouched.stored.suppressions
        assert world.person().suppressed == untouched.person().suppressed


def test_a_sweep_killed_at_any_call_is_made_good_by_the_next() -> None:
    def neglected() -> World:
        world = due()
        for number, state in enumerate((State.PENDING, State.SENDING, State.UNKNOWN)):
            one = invitation(id=f"{number:032}", due_at=NOON, state=state, claimed_at=NOON - DAY, attempt="a")
            world.stored.invitations[one.id] = replace(one, customer_id="")
        world.stored.store_sweep_progress(SweepProgress(NOON - HOUR, NOON - HOUR))
        world.now += HOUR
        return world

    for world in every_fault(neglected, World.sweep):
        found = pass_days(world, 2)
        assert all(one.state in {State.SENT, State.CLOSED} for one in world.stored.invitations.values())
        assert found[Finding.FAILED] <= 2
        assert len(world.outbox) == 1


def test_the_saboteur_kills_where_it_says() -> None:
    world = due()
    Saboteur(at=6, after=True, fault=SimulatedCrash).spoil(world)
    with pytest.raises(SimulatedCrash):
        world.send(ID)
    assert len(world.outbox) == 1
    assert world.stored.invitations[ID].delivery is not Delivery.ACCEPTED
