"""Channels that reject a survey, that bounce, and that come too late: the next one is tried, and no trace is left."""

from dataclasses import dataclass
from typing import Any

import pytest

from afterbill.model.channels import Channel
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Delivery, FollowUp, State
from afterbill.model.messages import OPTED_OUT, Rejected
from afterbill.outreach.delivery import Outcome, SendResult
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, event, policy
from tests.unit.outreach.test_channels import APP, ID, MAIL, SMS, asked, due, one
from tests.world import World

DEAR = Rejected("too expensive")


def test_a_survey_that_one_channel_rejects_goes_out_by_the_next_at_once() -> None:
    world = due(SMS, MAIL, receipts=(DEAR,))
    assert world.send(ID) == SendResult(Outcome.SENT)
    assert (one(world).channel, one(world).follow_ups, world.person().last_asked_at) == ("mail", (), world.now)
    assert world.counters.used.total() == 1
    assert world.live(5 * DAY)[-1] == SendResult(Outcome.REMINDED)


def test_one_that_every_channel_rejects_is_closed() -> None:
    world = due(SMS, MAIL, receipts=(DEAR, Rejected("no")))
    assert world.send(ID) == SendResult(Outcome.REJECTED, "no")
    assert (one(world).state, one(world).reason, world.person().last_asked_at) == (State.CLOSED, "rejected", None)
    assert world.counters.used.total() == 0


def test_who_opted_out_is_asked_by_no_other_channel() -> None:
    world = due(SMS, MAIL, receipts=(Rejected(OPTED_OUT),))
    assert world.send(ID) == SendResult(Outcome.REJECTED, OPTED_OUT)
    assert (one(world).state, one(world).reason) == (State.CLOSED, "rejected")


def test_a_further_delivery_that_is_rejected_leaves_no_trace_and_the_next_channel_is_tried_at_once() -> None:
    world = asked(APP, SMS, MAIL)
    begun = world.now
    world.mailer.receipts = [DEAR]
    assert world.live(2 * DAY) == [SendResult(Outcome.SENT_ANOTHER_WAY)]
    assert (one(world).channel, one(world).delivery_number) == ("mail", 2)
    assert one(world).follow_ups == (FollowUp(begun, "in_app"), FollowUp(world.now, "mail"))
    assert world.counters.used.total() == 1
    assert SendResult(Outcome.REMINDED) in world.live(5 * DAY)


def test_where_the_last_one_is_rejected_all_is_as_it_was() -> None:
    world = asked(APP, SMS)
    world.mailer.receipts = [DEAR]
    assert world.live(2 * DAY) == [SendResult(Outcome.REJECTED, "too expensive")]
    assert (one(world).channel, one(world).segments["channel"], one(world).follow_ups) == ("in_app", "in_app", ())
    assert world.counters.used.total() == 0
    assert world.live(30 * DAY) == []


def test_a_reminder_that_is_rejected_is_not_tried_again() -> None:
    world = asked(MAIL)
    world.mailer.receipts = [DEAR]
    assert world.live(30 * DAY) == [SendResult(Outcome.REJECTED, "too expensive")]


@dataclass
class Deaf(MemoryTable):
    """It cannot write down who objects."""

    def suppress(self, *_: Any) -> None:
        message = "the table is throttled"
        raise TransientError(message)


@pytest.mark.parametrize(("channels", "number"), [((SMS, MAIL), 1), ((APP, SMS, MAIL), 2)])
def test_an_objection_that_cannot_be_kept_is_heard_again_and_nothing_is_lost(
    channels: tuple[Channel, ...], number: int
) -> None:
    world = due(*channels) if number == 1 else asked(*channels)
    world.now += (number - 1) * 2 * DAY
    world.mailer.receipts = [Rejected(OPTED_OUT)] * 2
    stored = world.stored
    world.table = Deaf(invitations=stored.invitations, people=stored.people)
    with pytest.raises(TransientError):
        world.send(ID, number)
    assert one(world).state is (State.PENDING if number == 1 else State.SENT)
    assert (one(world).attempt, one(world).delivery_number, world.counters.used.total()) == ("", 1, 0)

    world.table = stored
    assert world.send(ID, number) == SendResult(Outcome.REJECTED, OPTED_OUT)
    assert world.person().suppressed == "unsubscribed"


def test_while_all_sending_is_halted_no_short_link_is_kept() -> None:
    world = due(SMS)
    world.counters.pause = "by hand"
    assert world.send(ID) == SendResult(Outcome.HALTED, "by hand")
    assert world.stored.codes == {}

    world = asked(APP, SMS)
    world.now += 2 * DAY
    world.counters.pause = "by hand"
    assert world.send(ID, 2) == SendResult(Outcome.HALTED, "by hand")
    assert world.stored.codes == {}


def test_a_bounce_of_the_channel_before_does_not_keep_the_reminder_back() -> None:
    world = asked(SMS, MAIL)
    world.change(ID, delivery=Delivery.BOUNCED, delivered_at=world.now)
    assert world.live(2 * DAY) == [SendResult(Outcome.SENT_ANOTHER_WAY)]
    assert (one(world).delivery, one(world).delivered_at) == (Delivery.ACCEPTED, None)
    assert world.live(5 * DAY) == [SendResult(Outcome.REMINDED)]


def test_a_fallback_that_would_come_too_late_leaves_the_reminder_its_day() -> None:
    world = due(MAIL, SMS)
    world.policy = policy(channels=(MAIL, SMS), fallback=60 * DAY, reminder=5 * DAY)
    assert world.send(ID) == SendResult(Outcome.SENT)
    assert world.live(5 * DAY) == [SendResult(Outcome.REMINDED)]


def test_an_offer_whose_place_another_survey_takes_goes_on_to_its_next_channel() -> None:
    rules: dict[str, Any] = {"channels": (APP, MAIL), "seen_within": 30 * DAY, "fallback": 3 * DAY}
    world = World(policy(cooldown=0 * DAY, **rules))
    world.capture(event("1"))
    (ada,) = world.stored.people
    world.change_person(ada, last_seen_at=world.now)
    sent = world.live(4 * DAY)
    world.capture(event("2", occurred_at=world.now))
    sent += world.live(9 * DAY)
    assert [one.outcome for one in sent].count(Outcome.SENT) == 2
    assert len({mail.tags["invitation"] for mail in world.outbox}) == 2


def test_one_that_was_seen_in_the_product_gives_way_to_what_was_asked_later() -> None:
    world = asked(APP, MAIL)
    world.change(ID, cooldown=0 * DAY, shown_at=world.now)
    world.change_person("ada", last_asked_at=world.now + DAY)
    assert [sent.outcome for sent in world.live(9 * DAY)] == [Outcome.NOT_REMINDED]
