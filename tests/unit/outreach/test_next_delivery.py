"""What follows a survey is set after it, whatever dies in between; a full Scheduler keeps no survey back."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from afterbill.model.channels import Channel
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Answer, Invitation, SkipReason, State
from afterbill.model.messages import Deferred, Receipt, Unknown
from afterbill.outreach.delivery import Outcome, SendResult
from afterbill.outreach.ports import MAX_DELAY
from afterbill_cli.memory.queues import MemorySendQueue, MemoryTimer
from tests.factories import DAY, HOUR, MINUTE, NOON, OFFICE, SECOND, invitation, policy, ses_event
from tests.unit.loop.crashes import every_fault, pass_days
from tests.world import World, due_survey, texting

ID = invitation().id
APP, MAIL, SMS = Channel.IN_APP, Channel.MAIL, Channel.SMS
THROTTLED = Deferred("ThrottlingException", MINUTE, paused=False)


@dataclass
class CountingTimer(MemoryTimer):
    """Remembers every schedule that was made, and the most that were there at once; it may be full."""

    made: list[str] = field(default_factory=list)
    full: bool = False
    most: int = 0

    def at(self, invitation: Invitation, delivery_number: int, moment: datetime) -> None:
        if self.full:
            raise TransientError("creating a schedule: ServiceQuotaExceededException")
        if (name := invitation.schedule_name(delivery_number)) not in self.schedules:
            self.made.append(name)
        super().at(invitation, delivery_number, moment)
        self.most = max(self.most, len(self.schedules))


@dataclass
class SlowToForget(MemoryTimer):
    """Deletes a schedule some time after it fired, as Scheduler may; until then its name is taken."""

    fired: set[str] = field(default_factory=set)

    def at(self, invitation: Invitation, delivery_number: int, moment: datetime) -> None:
        if invitation.schedule_name(delivery_number) not in self.fired:
            super().at(invitation, delivery_number, moment)

    def fire(self, now: datetime) -> list[tuple[str, int]]:
        before = set(self.schedules)
        fired = super().fire(now)
        self.fired |= before - set(self.schedules)
        return fired


def due(*channels: Channel, receipts: tuple[Receipt, ...] = (), **rules: Any) -> World:
    """Ada's survey is due this moment; a reminder follows after a week."""
    world = due_survey()
    world.policy = policy(**{"channels": channels or (MAIL,), "seen_within": DAY, "reminder": 7 * DAY, **rules})
    world.timer = world.set_timers = CountingTimer()
    world.texting, world.mailer.receipts = texting, list(receipts)
    world.change_person("ada", phone="+4915123456789", last_seen_at=world.now)
    return world


def timer(world: World) -> CountingTimer:
    assert isinstance(world.set_timers, CountingTimer)
    return world.set_timers


def one(world: World) -> Invitation:
    return world.stored.invitations[ID]


def confirm(world: World) -> None:
    """SES reports that it took the mail a moment after the claim."""
    report = ses_event("send", ID)
    taken_at = (one(world).claimed_at or world.now) + SECOND
    report["mail"]["timestamp"] = taken_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    world.report(report)


def test_two_hours_of_throttling_leave_no_schedule() -> None:
    world = due(receipts=(THROTTLED,) * 200)
    world.send(ID)
    world.live(2 * HOUR)
    assert len(world.mailer.receipts) < 100
    assert timer(world).made == []


def test_nor_do_refusals_of_a_follow_up() -> None:
    world = due()
    world.send(ID)
    world.mailer.receipts = [THROTTLED] * 100
    world.live(7 * DAY + HOUR)
    assert (timer(world).made, timer(world).schedules) == ([f"{ID}-d2"], {})


def test_a_full_scheduler_keeps_no_survey_back() -> None:
    world = due()
    timer(world).full = True
    assert world.send(ID) == SendResult(Outcome.SENT)
    assert world.queued.messages == [(ID, 1, MAX_DELAY)]


def test_what_follows_is_set_once_there_is_room() -> None:
    world = due()
    timer(world).full = True
    world.send(ID)
    assert world.live(2 * HOUR) == [SendResult(Outcome.NOT_PENDING)] * 8
    timer(world).full = False
    sent = one(world).sent_at
    world.live(MAX_DELAY)
    assert timer(world).schedules == {f"{ID}-d2": ((sent or NOON) + 7 * DAY, ID, 2)}
    assert world.live(7 * DAY)[-1] == SendResult(Outcome.REMINDED)
    assert world.queued.messages == []


def test_without_timer_and_queue_the_message_comes_again() -> None:
    world = due()
    timer(world).full = True
    world.queue = SilentQueue()
    with pytest.raises(TransientError):
        world.send(ID)
    assert one(world).state is State.SENT
    world.queue, timer(world).full = world.queued, False
    assert world.send(ID) == SendResult(Outcome.NOT_PENDING)
    assert list(timer(world).schedules) == [f"{ID}-d2"]
    assert len(world.outbox) == 1


@dataclass
class SilentQueue(MemorySendQueue):
    """A queue that does not answer."""

    def put(self, *_: object) -> None:
        raise TransientError("silence")


def test_a_survey_put_off_while_scheduler_is_full_goes_out_in_time() -> None:
    world = due(window=OFFICE)
    world.now += 9 * HOUR
    timer(world).full = True
    assert world.send(ID) == SendResult(Outcome.DEFERRED, SkipReason.WINDOW)
    world.live(DAY)
    assert one(world).state is State.SENT
    assert timer(world).made == []


def test_a_message_that_comes_again_while_its_sender_works_sets_nothing() -> None:
    """The survey may yet be refused, and then has no follow-up."""
    world = due()
    world.change(ID, state=State.SENDING, attempt="a", claimed_at=world.now)
    world.now += MINUTE - SECOND
    world.send(ID)
    assert timer(world).made == []
    world.now += SECOND
    world.send(ID)
    assert timer(world).made == [f"{ID}-d2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"answer": Answer(9), "answered_at": NOON},
        {"dismissed_at": NOON},
        {"reminded_at": NOON},
        {"state": State.CLOSED},
    ],
)
def test_nothing_is_set_again_where_nothing_follows(changes: dict[str, Any]) -> None:
    world = due()
    world.change(ID, **{"state": State.SENT, "sent_at": world.now, **changes})
    world.send(ID)
    assert timer(world).made == []


def test_nor_for_a_customer_who_was_erased() -> None:
    world = due()
    world.send(ID)
    world.stored.people.clear()
    timer(world).schedules.clear()
    world.send(ID)
    assert timer(world).schedules == {}


def test_what_was_unknown_and_is_confirmed_is_followed_up() -> None:
    world = due(receipts=(Unknown("silence"),))
    world.send(ID)
    assert one(world).state is State.UNKNOWN
    confirm(world)
    assert world.live(8 * DAY) == [SendResult(Outcome.EARLY), SendResult(Outcome.REMINDED)]


def test_a_follow_up_put_off_twice_is_one_schedule_at_a_time_under_three_names() -> None:
    world = due(window=OFFICE)
    world.send(ID)
    for zone in ("America/Los_Angeles", "Asia/Tokyo"):
        world.change_person("ada", time_zone=zone)
        world.live(7 * DAY if zone.startswith("America") else 12 * HOUR)
    world.live(3 * DAY)
    assert one(world).reminded_at
    assert (len(timer(world).made), timer(world).most) == (len(set(timer(world).made)), 1)
    assert timer(world).schedules == {}


@pytest.mark.parametrize("window", [None, OFFICE])
def test_a_reminder_that_was_moved_to_later_is_set_anew_each_time(window: Any) -> None:
    world = due()
    world.timer = world.set_timers = SlowToForget()
    world.send(ID)
    for days in (10, 14):
        world.policy = policy(reminder=days * DAY, **({"window": window} if window else {}))
        assert world.live(7 * DAY if days == 10 else 3 * DAY)[-1] == SendResult(Outcome.EARLY)
        assert len(world.set_timers.schedules) == 1
    assert SendResult(Outcome.REMINDED) in world.live(5 * DAY)
    assert world.set_timers.schedules == {}


STORIES: dict[str, dict[str, Any]] = {
    "mail and a reminder": {},
    "a refusal first": {"receipts": (THROTTLED,)},
    "no clear answer": {"receipts": (Unknown("silence"),)},
    "the product, mail, a reminder": {"channels": (APP, MAIL), "fallback": 2 * DAY},
    "mail, then a text message": {"channels": (MAIL, SMS), "fallback": 2 * DAY},
    "in a window": {"window": OFFICE},
}


def story(channels: tuple[Channel, ...] = (), receipts: tuple[Receipt, ...] = (), **rules: Any) -> World:
    return due(*channels, receipts=receipts, **rules)


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("number", [1, 2])
def test_whatever_dies_what_follows_exists_once_and_nothing_is_left_over(name: str, number: int) -> None:
    """A fault before and after every call of every port; the message comes again after three minutes."""

    def begun() -> World:
        world = story(**STORIES[name])
        if number == 2:
            world.send(ID)
            confirm(world)
            after = 2 * DAY if "fallback" in STORIES[name] else 7 * DAY
            world.live(after - SECOND)
            world.now += SECOND
            world.ripe()
        return world

    for world in every_fault(begun, lambda world: world.send(ID, number)):
        world.now += 3 * MINUTE
        world.send(ID, number)
        if one(world).state in {State.SENDING, State.UNKNOWN} and one(world).channel == MAIL:
            confirm(world)
        pass_days(world, 12, every=HOUR)
        end = one(world)
        assert end.state is State.SENT
        assert timer(world).schedules == {}
        assert timer(world).most <= 1
        assert end.reminded_at or end.channel == SMS or end.delivery_number == 2, "what follows came"


@pytest.mark.parametrize("channel", [APP, MAIL])
def test_where_no_message_comes_again_the_sweep_heals(channel: Channel) -> None:
    def asking() -> World:
        return due(channel, SMS, fallback=2 * DAY)

    healed = 0
    for world in every_fault(asking, lambda world: world.send(ID)):
        if one(world).state is not State.SENDING:
            continue
        healed += 1
        if channel is MAIL:
            world.live(20 * MINUTE)
            world.sweep()
            confirm(world)
        pass_days(world, 4, every=HOUR)
        assert (one(world).state, one(world).channel) == (State.SENT, SMS)
        assert timer(world).schedules == {}
    assert healed >= 2
