"""Reasons for which a due survey waits: hours, a cap, a quota, the switch that stops everything."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from afterbill.model.billing import CustomerRef, Touchpoint
from afterbill.model.customer import Customer, Recipient, Waiting
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation, SkipReason, State
from afterbill.model.messages import Deferred, Rejected, Unknown
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.delivery import PAUSE_CHECKED_AFTER, Outcome, SendResult
from afterbill.outreach.ports import SweepProgress
from afterbill.outreach.sweep import OVERDUE_AFTER, Finding
from afterbill_cli.memory.table import MemoryTable
from tests.factories import COUNTRIES, DAY, HOUR, MINUTE, NOON, OFFICE, SECOND, event, invitation, policy, rule
from tests.world import World, due_survey

ID = invitation().id
DUE = invitation().due_at
"""A Wednesday, noon in London and 21:00 in Tokyo."""


@pytest.fixture
def world() -> World:
    return due_survey()


def stored(world: World) -> Invitation:
    return world.stored.invitations[ID]


# Putting off


def at_night(world: World) -> World:
    world.policy = policy(window=OFFICE, almanac=COUNTRIES)
    world.change_person("ada", time_zone="Asia/Tokyo", waiting={ID: Waiting(50, DUE, DUE + 30 * DAY)})
    return world


def test_at_night_a_survey_is_put_off_and_tells_why(world: World) -> None:
    assert at_night(world).send(ID) == SendResult(Outcome.DEFERRED, SkipReason.WINDOW)
    [wait] = stored(world).deferrals
    assert (wait.at, wait.reason) == (DUE, SkipReason.WINDOW)
    assert (stored(world).state, stored(world).ready_at, stored(world).generation) == (State.PENDING, wait.until, 2)
    assert datetime(2026, 11, 26, 0, tzinfo=UTC) <= wait.until < datetime(2026, 11, 26, 8, tzinfo=UTC)


def test_in_the_morning_it_goes_out(world: World) -> None:
    at_night(world).send(ID)
    assert world.live(DAY) == [SendResult(Outcome.SENT)]
    assert stored(world).sent_at == stored(world).deferrals[0].until


def test_its_customer_waits_as_long(world: World) -> None:
    at_night(world).send(ID)
    assert world.stored.people["ada"].waiting == {ID: Waiting(50, stored(world).ready_at, DUE + 30 * DAY)}


def test_who_does_not_wait_for_it_does_not_begin_to(world: World) -> None:
    at_night(world).change_person("ada", waiting={})
    world.send(ID)
    assert (world.stored.people["ada"].waiting, world.stored.people["ada"].version) == ({}, 1)


def test_a_timer_lost_in_a_crash_is_set_when_the_message_comes_again(world: World) -> None:
    at_night(world).send(ID)
    timers = dict(world.set_timers.schedules)
    world.set_timers.schedules.clear()
    world.now += 3 * MINUTE
    assert world.send(ID) == SendResult(Outcome.EARLY)
    assert world.set_timers.schedules == timers


def test_a_short_wait_is_the_queues(world: World) -> None:
    world.policy = policy(cooldown=DAY)
    world.change(ID, cooldown=DAY)
    world.change_person("ada", last_asked_at=DUE - DAY + 15 * MINUTE)
    assert world.send(ID) == SendResult(Outcome.DEFERRED, SkipReason.COOLDOWN)
    assert (world.queued.messages, world.set_timers.schedules) == ([(ID, 1, 15 * MINUTE)], {})


def test_a_longer_one_is_the_timers(world: World) -> None:
    world.change_person("ada", last_asked_at=DUE - 90 * DAY + 15 * MINUTE + SECOND)
    world.send(ID)
    assert world.queued.messages == []
    assert world.set_timers.schedules == {
        replace(invitation(), generation=2).schedule_name(1): (DUE + 15 * MINUTE + SECOND, ID, 1)
    }


@dataclass
class Contested(MemoryTable):
    """Something happens between the check and the writing."""

    meanwhile: Any = None

    def defer(self, invitation: Invitation, customer: Customer) -> bool:
        self.between()
        return super().defer(invitation, customer)

    def claim(self, invitation: Invitation, customer: Customer, recipient: Recipient) -> bool:
        self.between()
        return super().claim(invitation, customer, recipient)

    def between(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()


def contested(world: World) -> Contested:
    table = Contested(invitations=world.stored.invitations, people=world.stored.people)
    world.table = world.stored = table
    return table


@pytest.mark.parametrize("changes", [{"generation": 2}, {"state": State.CLOSED}])
def test_what_changed_while_it_was_put_off_is_looked_at_again(world: World, changes: dict[str, Any]) -> None:
    contested(at_night(world)).meanwhile = lambda: world.change(ID, **changes)
    with pytest.raises(TransientError, match=ID):
        world.send(ID)
    assert stored(world).deferrals == ()


def test_so_is_what_was_erased(world: World) -> None:
    contested(at_night(world)).meanwhile = world.stored.invitations.clear
    with pytest.raises(TransientError, match=ID):
        world.send(ID)
    assert world.send(ID) == SendResult(Outcome.NOT_PENDING)


# Caps and quotas


def crowd(number: int, **changes: Any) -> World:
    """So many customers, each with a payment a minute ago that is asked about in an hour."""
    world = World(policy(delay=HOUR, **changes), now=NOON)
    for one in range(number):
        world.capture(event(str(one), CustomerRef(f"cus_{one}", f"{one}@example.com")))
    return world


def sent_by_hour(world: World) -> Counter[str]:
    moments = [one.sent_at for one in world.stored.invitations.values() if one.sent_at]
    return Counter(f"{at:%dT%H}" for at in moments)


def test_no_more_go_out_in_an_hour_than_the_cap_and_the_rest_in_the_next() -> None:
    world = crowd(5, sending=SendingCaps(per_hour=2))
    world.live(HOUR)
    assert sent_by_hour(world) == {"22T13": 2}
    world.live(3 * HOUR)
    assert sent_by_hour(world) == {"22T13": 2, "22T14": 2, "22T15": 1}


def test_those_that_wait_tell_why() -> None:
    world = crowd(2, sending=SendingCaps(per_hour=1))
    world.live(2 * HOUR)
    [[wait]] = [one.deferrals for one in world.stored.invitations.values() if one.deferrals]
    assert (wait.at, wait.reason) == (NOON + HOUR, SkipReason.LIMIT)
    assert NOON + 2 * HOUR <= wait.until < NOON + 3 * HOUR


def test_those_that_wait_come_back_spread_over_the_hour_after_the_limit_and_not_as_a_burst() -> None:
    world = crowd(40, sending=SendingCaps(per_hour=1))
    world.pass_time(HOUR)
    back = [one.ready_at - (NOON + 2 * HOUR) for one in world.stored.invitations.values() if one.deferrals]
    quarters = Counter(after // (15 * MINUTE) for after in back)
    assert sorted(quarters) == [0, 1, 2, 3]
    assert max(quarters.values()) < len(back) / 2


def test_nor_in_a_day() -> None:
    world = crowd(3, sending=SendingCaps(per_day=2))
    world.live(2 * DAY)
    assert sent_by_hour(world) == {"22T13": 2, "23T00": 1}


def test_a_cap_that_lasts_longer_than_the_patience_is_the_reason() -> None:
    world = crowd(2, sending=SendingCaps(per_day=1), patience=HOUR)
    world.live(2 * DAY)
    assert sorted(one.reason for one in world.stored.invitations.values()) == ["", SkipReason.LIMIT]
    assert [one.closed_at for one in world.stored.invitations.values() if one.closed_at] == [NOON + HOUR]
    assert all(not one.waiting for one in world.stored.people.values())


DECEMBER = datetime(2026, 11, 30, 23, tzinfo=UTC)
"""When it begins in Berlin, where the operator is."""


def test_a_quota_is_one_touchpoints_and_begins_anew_each_month() -> None:
    world = crowd(2, quota=1)
    world.capture(event("other", CustomerRef("cus_x", "x@example.com"), touchpoint=Touchpoint.RENEWED))
    world.live(HOUR)
    assert len(world.outbox) == 2
    [late] = [one for one in world.stored.invitations.values() if one.deferrals]
    [wait] = late.deferrals
    assert (wait.at, wait.reason) == (NOON + HOUR, SkipReason.QUOTA)
    assert DECEMBER <= wait.until < DECEMBER + HOUR
    world.live(9 * DAY)
    assert len(world.outbox) == 3


def test_one_used_up_longer_than_the_patience_is_the_reason() -> None:
    world = crowd(2, quota=1, patience=DAY)
    world.live(10 * DAY)
    assert sorted(one.reason for one in world.stored.invitations.values()) == ["", SkipReason.QUOTA]


def test_what_waits_for_a_limit_is_found_by_a_sweep_where_its_timer_got_lost() -> None:
    world = crowd(2, quota=1)
    world.live(HOUR)
    world.set_timers.schedules.clear()
    world.stored.store_sweep_progress(SweepProgress(world.now, world.now))
    [late] = [one for one in world.stored.invitations.values() if one.deferrals]
    world.now = late.ready_at + OVERDUE_AFTER
    assert world.sweep() == {Finding.WAITING: 1}
    world.now += SECOND
    assert world.sweep() == {Finding.OVERDUE: 1}


def test_where_one_limit_is_used_up_nothing_is_counted_under_the_others(world: World) -> None:
    world.policy = policy(quota=5, sending=SendingCaps(per_hour=1, per_day=5))
    world.caps.used["hour#2026-11-25T12"] = 1
    world.send(ID)
    assert +world.caps.used == {"hour#2026-11-25T12": 1}


COUNTED = SendingCaps(per_hour=5, per_day=5)
USED = {"hour#2026-11-25T12": 1, "day#2026-11-25": 1, "quota#payment_succeeded#2026-11": 1}


def test_a_mail_that_went_out_counts_under_all_of_them(world: World) -> None:
    world.policy = policy(quota=5, sending=COUNTED)
    world.send(ID)
    assert world.caps.used == USED


@pytest.mark.parametrize(
    ("receipt", "used"),
    [
        (Deferred("slow", MINUTE, paused=False), {}),
        (Deferred("suspended", MINUTE, paused=True), {}),
        (Rejected("no"), {}),
        (Unknown("silence"), USED),
    ],
)
def test_what_was_not_sent_is_given_back(world: World, receipt: Any, used: dict[str, int]) -> None:
    world.policy = policy(quota=5, sending=COUNTED)
    world.mailer.receipts = [receipt]
    world.send(ID)
    assert +world.caps.used == used


def test_so_is_what_was_claimed_by_another(world: World) -> None:
    world.policy = policy(quota=5, sending=COUNTED)
    contested(world).meanwhile = lambda: world.send(ID)
    with pytest.raises(TransientError):
        world.send(ID)
    assert world.caps.used == USED
    assert len(world.outbox) == 1


def test_a_mail_that_cannot_be_written_uses_no_limit_up_however_often_it_is_tried(world: World) -> None:
    world.policy = policy(quota=5, sending=COUNTED)
    world.compose = lambda _one, _person: 1 / 0
    for _ in range(9):
        with pytest.raises(ZeroDivisionError):
            world.send(ID)
    assert +world.caps.used == {}


def test_nothing_given_back_makes_room_that_never_was(world: World) -> None:
    limits = replace(world.sending, policy=policy(sending=COUNTED)).caps_on(invitation(), DUE, quota=0)
    world.caps.give_back(limits)
    assert all(world.caps.used[limit.counter] == 0 for limit in limits)


# The switch


def test_while_everything_is_halted_a_survey_comes_back_every_quarter_of_an_hour(world: World) -> None:
    world.caps.pause = "too many bounces"
    assert world.send(ID) == SendResult(Outcome.HALTED, "too many bounces")
    assert world.queued.messages == [(ID, 1, PAUSE_CHECKED_AFTER)]
    assert stored(world) == invitation()
    world.caps.pause = ""
    assert world.live(PAUSE_CHECKED_AFTER) == [SendResult(Outcome.SENT)]


def test_nothing_halted_counts(world: World) -> None:
    world.policy = policy(quota=5, sending=COUNTED)
    world.caps.pause = "complaints"
    world.send(ID)
    assert +world.caps.used == {}


def test_a_halt_of_days_leaves_one_message_of_each_survey(world: World) -> None:
    """Sweeps leave alone what goes round in the queue; if they queued it too, each would leave one more."""
    world.caps.pause = "too many bounces"
    world.stored.store_sweep_progress(SweepProgress(DUE, DUE))
    world.send(ID)
    for _ in range(96):
        world.live(PAUSE_CHECKED_AFTER)
        world.sweep()
        assert len(world.queued.messages) + len(world.waiting) == 1
    world.caps.pause = ""
    world.live(PAUSE_CHECKED_AFTER)
    assert stored(world).state is State.SENT


def test_a_halt_longer_than_the_patience_ends_in_expiry(world: World) -> None:
    world.caps.pause = "complaints"
    world.now += 31 * DAY
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.EXPIRED)


def test_what_may_not_go_out_at_all_is_told_even_while_everything_is_halted(world: World) -> None:
    world.caps.pause = "complaints"
    world.change_person("ada", suppressed="unsubscribed")
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.SUPPRESSED)


def test_nothing_is_put_off_for_ever(world: World) -> None:
    """One after the other: the night, a cap, the cooldown; and in the end it is told why not."""
    at_night(world)
    world.policy = replace(
        policy({Touchpoint.PAYMENT_SUCCEEDED: rule(window=OFFICE)}, almanac=COUNTRIES), sending=SendingCaps(per_day=1)
    )
    for day in range(60):
        world.caps.used[f"day#{DUE + day * DAY:%Y-%m-%d}"] = 1
    world.send(ID)
    happened = world.live(60 * DAY)
    assert happened[-1] == SendResult(Outcome.SKIPPED, SkipReason.LIMIT)
    reasons = [wait.reason for wait in stored(world).deferrals]
    assert reasons == [SkipReason.WINDOW] + [SkipReason.LIMIT] * (len(reasons) - 1)
    assert 25 * DAY < stored(world).ready_at - DUE <= 30 * DAY
