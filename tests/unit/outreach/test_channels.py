"""One survey by the first channel that can be used, and by the next ones while nobody answers."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from afterbill.model.channels import Channel
from afterbill.model.customer import Customer, Suppression
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Delivery, FollowUp, Invitation, SkipReason, State
from afterbill.model.messages import OPTED_OUT, Deferred, Mail, Receipt, Rejected, Sms, Unknown
from afterbill.model.short_links import ShortLink, short_code
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.delivery import PAUSE_CHECKED_AFTER, Outcome, SendResult
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, HOUR, KEYS, MINUTE, NOON, event, hash_address, invitation, policy, ref, ses_event
from tests.unit.loop.crashes import every_fault, pass_days
from tests.world import World, due_survey, texting

ID = invitation().id
NUMBER = "+4915123456789"
APP, MAIL, SMS = Channel.IN_APP, Channel.MAIL, Channel.SMS
THROTTLED = Deferred("throttled", MINUTE, paused=False)


def due(*channels: Channel, receipts: tuple[Receipt, ...] = (), **person: Any) -> World:
    """Ada's survey is due this moment: she has a phone, and the product has just seen her."""
    world = due_survey()
    rules: dict[str, Any] = {"channels": channels, "seen_within": DAY, "fallback": 2 * DAY, "reminder": 5 * DAY}
    world.policy = policy(**rules, sending=SendingCaps(per_day=9))
    world.texting = texting
    world.mailer.receipts = list(receipts)
    world.change_person("ada", **{"phone": NUMBER, "last_seen_at": world.now, **person})
    return world


def asked(*channels: Channel, **more: Any) -> World:
    world = due(*channels, **more)
    assert world.send(ID) == SendResult(Outcome.SENT)
    return world


def one(world: World) -> Invitation:
    return world.stored.invitations[ID]


def texts(world: World) -> list[Sms]:
    return [message for message in world.outbox if isinstance(message, Sms)]


# Inside the product


def test_inside_the_product_nothing_is_sent_and_the_survey_lies_ready_for_its_customer() -> None:
    world = asked(APP, MAIL)
    assert world.outbox == []
    assert (one(world).state, one(world).channel, one(world).segments["channel"]) == (State.SENT, "in_app", "in_app")
    assert (one(world).sent_at, one(world).sent_day) == (world.now, "2026-11-25")
    assert (world.person().offered, world.person().last_asked_at) == (ID, world.now)


def test_what_lies_ready_counts_under_no_cap() -> None:
    assert asked(APP).counters.used.total() == 0
    assert asked(MAIL).counters.used.total() == 1
    assert asked(SMS).counters.used.total() == 1


def test_a_stop_of_all_sending_stops_it_as_well() -> None:
    world = due(APP)
    world.counters.pause = "by hand"
    assert world.send(ID) == SendResult(Outcome.HALTED, "by hand")
    assert world.queued.messages == [(ID, 1, PAUSE_CHECKED_AFTER)]
    assert world.person().offered == ""


def test_one_that_was_offered_as_its_sender_died_is_marked_by_the_next_message() -> None:
    ruined = 0
    for world in every_fault(partial(due, APP), lambda world: world.send(ID)):
        ruined += 1
        world.now += 3 * MINUTE
        world.send(ID)
        assert one(world).state is State.SENT
        assert world.person().offered == ID
    assert ruined >= 12


# By text message


def test_a_text_message_goes_to_the_number_with_a_short_link_that_was_kept_before() -> None:
    world = asked(SMS)
    code = short_code(ID, KEYS)
    assert texts(world) == [Sms(NUMBER, f"/c/{code}", {"invitation": ID})]
    kept = world.stored.codes[code]
    assert (kept.invitation_id, kept.until) == (ID, one(world).answer_until)
    assert world.stored.holder(hash_address(NUMBER)) == "ada"
    assert (one(world).channel, one(world).message_id) == ("sms", "message-1")


def test_a_short_link_that_somebody_has_is_made_anew() -> None:
    world = due(SMS)
    taken = short_code(ID, KEYS)
    world.stored.keep(_code(taken, "cd" * 16))
    world.send(ID)
    assert [sms.text for sms in texts(world)] == [f"/c/{short_code(ID, KEYS, 1)}"]
    assert world.stored.codes[taken].invitation_id == "cd" * 16


def test_where_every_one_is_taken_the_survey_is_looked_at_again() -> None:
    world = due(SMS)
    for attempt in range(5):
        world.stored.keep(_code(short_code(ID, KEYS, attempt), "cd" * 16))
    with pytest.raises(TransientError, match="every short link"):
        world.send(ID)
    assert one(world).state is State.PENDING


def _code(text: str, id_: str) -> ShortLink:
    return ShortLink(text, id_, one(due(SMS)).answer_until)


@pytest.mark.parametrize(
    ("phone", "reason"), [(None, SkipReason.NO_PHONE), ("0151", SkipReason.BAD_PHONE), ("", SkipReason.NO_PHONE)]
)
def test_without_a_number_that_gets_them_nobody_gets_one(phone: str | None, reason: SkipReason) -> None:
    world = due(SMS, phone=phone)
    assert world.send(ID) == SendResult(Outcome.SKIPPED, reason)


def test_a_stack_without_text_messages_sends_none() -> None:
    world = due(SMS)
    world.texting = None
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.NO_PHONE)


def test_a_number_that_said_stop_gets_none_whoever_has_it_now() -> None:
    world = due(SMS, MAIL)
    world.stored.suppress(hash_address(NUMBER), Suppression.UNSUBSCRIBED, NOON, None)
    assert world.send(ID) == SendResult(Outcome.SENT)
    assert (texts(world), one(world).channel) == ([], "mail")

    world = due(SMS)
    world.stored.suppress(hash_address(NUMBER), Suppression.BOUNCED, NOON, None)
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.SUPPRESSED)


def test_a_number_that_opted_out_elsewhere_is_never_written_to_again_nor_is_its_holder() -> None:
    world = due(SMS, receipts=(Rejected(OPTED_OUT),))
    assert world.send(ID) == SendResult(Outcome.REJECTED, OPTED_OUT)
    assert world.stored.suppressions == {hash_address(NUMBER): "unsubscribed"}
    assert world.person().suppressed == "unsubscribed"
    assert (one(world).state, one(world).reason, world.person().last_asked_at) == (State.CLOSED, "rejected", None)


def test_a_text_message_that_is_throttled_goes_out_later_with_the_same_link() -> None:
    world = due(SMS, receipts=(THROTTLED,))
    assert world.send(ID) == SendResult(Outcome.THROTTLED, "throttled")
    assert world.live(MINUTE) == [SendResult(Outcome.SENT)]
    assert [sms.text for sms in texts(world)] == [f"/c/{short_code(ID, KEYS)}"]


# From one to the next


def test_while_nobody_answers_each_channel_is_tried_in_its_turn() -> None:
    world = asked(APP, MAIL, SMS)
    begun = world.now
    assert world.live(2 * DAY) == [SendResult(Outcome.SENT_ANOTHER_WAY)]
    assert (one(world).channel, one(world).segments["channel"], len(world.outbox)) == ("mail", "mail", 1)
    assert world.live(2 * DAY) == [SendResult(Outcome.SENT_ANOTHER_WAY)]
    assert (one(world).channel, one(world).delivery_number) == ("sms", 3)
    ways = (FollowUp(begun, "in_app"), FollowUp(begun + 2 * DAY, "mail"), FollowUp(begun + 4 * DAY, "sms"))
    assert one(world).follow_ups == ways
    assert world.live(90 * DAY) == [], "text messages are not reminded of"
    assert (one(world).sent_at, one(world).sent_day) == (begun, "2026-11-25")
    assert world.person().last_asked_at == begun, "no cooldown is begun anew"


def test_the_reminder_comes_after_the_last_channel_where_that_is_mail() -> None:
    world = asked(APP, MAIL)
    happened = world.live(2 * DAY) + world.live(5 * DAY)
    assert happened == [SendResult(Outcome.SENT_ANOTHER_WAY), SendResult(Outcome.REMINDED)]
    assert (one(world).delivery_number, one(world).reminded_at) == (3, world.now)
    assert world.send(ID, 4) == SendResult(Outcome.NOT_PENDING)


def test_where_the_next_one_cannot_be_used_the_reminder_comes_on_its_day() -> None:
    world = asked(MAIL, SMS, phone=None)
    assert world.live(2 * DAY) == [SendResult(Outcome.DEFERRED, SkipReason.NO_PHONE)]
    assert [wait.reason for wait in one(world).deferrals] == [SkipReason.NO_PHONE]
    assert world.live(3 * DAY) == [SendResult(Outcome.REMINDED)]


def test_what_becomes_possible_until_then_is_done() -> None:
    world = asked(MAIL, SMS, phone=None)
    world.live(2 * DAY)
    world.change_person("ada", phone=NUMBER)
    assert world.live(3 * DAY) == [SendResult(Outcome.SENT_ANOTHER_WAY)]


def test_a_bounce_lets_the_next_channel_try() -> None:
    world = asked(MAIL, SMS)
    world.report(ses_event("bounce_permanent", ID))
    assert world.live(2 * DAY) == [SendResult(Outcome.SENT_ANOTHER_WAY)]
    assert len(texts(world)) == 1


@pytest.mark.parametrize("changes", [{"dismissed_at": True}, {"delivery": Delivery.COMPLAINED}])
def test_a_no_ends_it(changes: dict[str, Any]) -> None:
    world = asked(APP, MAIL)
    world.change(ID, **{name: world.now if value is True else value for name, value in changes.items()})
    reason = SkipReason.DISMISSED if "dismissed_at" in changes else SkipReason.SUPPRESSED
    assert world.live(9 * DAY) == [SendResult(Outcome.NOT_REMINDED, reason)]


def test_an_answer_ends_it() -> None:
    world = asked(APP, MAIL, SMS)
    world.live(DAY)
    world.answer(one(world), rating="9")
    assert world.live(9 * DAY) == [SendResult(Outcome.NOT_REMINDED, SkipReason.ANSWERED)]
    assert world.outbox == []


def test_what_falls_back_to_the_product_is_offered_there() -> None:
    world = asked(MAIL, APP)
    world.live(DAY)
    world.change_person("ada", last_seen_at=world.now + DAY)
    assert world.live(DAY) == [SendResult(Outcome.SENT_ANOTHER_WAY)]
    assert (world.person().offered, len(world.outbox)) == (ID, 1)


def test_one_that_is_throttled_is_given_back_and_tried_later() -> None:
    world = asked(APP, MAIL)
    world.mailer.receipts = [THROTTLED]
    assert world.live(2 * DAY) == [SendResult(Outcome.THROTTLED, "throttled")]
    assert (one(world).channel, one(world).delivery_number, one(world).follow_ups) == ("in_app", 1, ())
    assert one(world).segments["channel"] == "in_app"
    assert world.counters.used.total() == 0
    assert world.live(MINUTE) == [SendResult(Outcome.SENT_ANOTHER_WAY)]


def test_what_may_be_on_its_way_is_not_tried_again_and_the_next_channel_is() -> None:
    world = asked(APP, MAIL, SMS)
    world.mailer.receipts = [Unknown("silence")]
    assert [sent.outcome for sent in world.live(2 * DAY)] == [Outcome.UNKNOWN]
    assert [sent.outcome for sent in world.live(2 * DAY)] == [Outcome.SENT_ANOTHER_WAY]
    assert len(texts(world)) == 1


def test_a_cap_holds_the_next_delivery_back() -> None:
    world = asked(APP, MAIL)
    world.policy = policy(channels=(APP, MAIL), fallback=2 * DAY, sending=SendingCaps(per_hour=1))
    world.live(2 * DAY - HOUR)
    world.counters.used[f"hour#{world.now + HOUR:%Y-%m-%dT%H}"] = 1
    assert world.live(HOUR) == [SendResult(Outcome.DEFERRED, SkipReason.LIMIT)]
    assert world.live(2 * HOUR) == [SendResult(Outcome.SENT_ANOTHER_WAY)]


def test_a_message_of_a_delivery_that_is_not_the_next_is_dropped() -> None:
    world = asked(APP, MAIL, SMS)
    world.now += 9 * DAY
    for number in (0, 3):
        assert world.send(ID, number) == SendResult(Outcome.NOT_PENDING)


@dataclass
class Contested(MemoryTable):
    """Something changes her between the check and the claim."""

    def claim_follow_up(self, invitation: Invitation, customer: Customer) -> bool:
        self.people["ada"] = replace(customer, version=customer.version + 1)
        return super().claim_follow_up(invitation, customer)


def test_a_customer_who_changed_meanwhile_is_looked_at_again() -> None:
    world = asked(APP, MAIL)
    world.table = Contested(invitations=world.stored.invitations, people=world.stored.people)
    world.now += 2 * DAY
    with pytest.raises(TransientError, match="changed while it was claimed"):
        world.send(ID, 2)
    assert world.outbox == []


# Whatever dies


@pytest.mark.parametrize("channels", [(APP, MAIL), (SMS, MAIL), (MAIL, SMS)])
@pytest.mark.parametrize("receipt", [None, THROTTLED, Rejected("no"), Unknown("silence")])
def test_a_further_delivery_killed_at_any_call_goes_out_at_most_once(channels: Any, receipt: Receipt | None) -> None:
    def waiting() -> World:
        world = asked(*channels)
        world.now += 2 * DAY
        world.set_timers.schedules.clear()
        world.queued.messages.clear()
        world.mailer.receipts = [receipt] if receipt else []
        return world

    ruined, before = 0, len(waiting().outbox)
    for world in every_fault(waiting, lambda world: world.send(ID, 2)):
        ruined += 1
        world.now += 3 * MINUTE
        world.send(ID, 2)
        pass_days(world, 1)
        assert one(world).state is State.SENT
        assert len(world.outbox) <= before + 1
        assert (one(world).delivery_number, len(one(world).follow_ups)) in {(1, 0), (2, 2)}
    assert ruined >= 16


def test_killed_before_its_claim_it_is_sent_by_the_next_one() -> None:
    def waiting() -> World:
        world = asked(APP, SMS)
        world.now += 2 * DAY
        return world

    outboxes = set()
    for world in every_fault(waiting, lambda world: world.send(ID, 2)):
        if one(world).delivery_number == 1:
            world.now += 3 * MINUTE
            world.send(ID, 2)
            outboxes.add(len(world.outbox))
    assert outboxes == {1}


@pytest.mark.parametrize("channels", [(APP, MAIL, SMS), (SMS, APP, MAIL)])
def test_a_first_delivery_killed_at_any_call_is_handed_over_at_most_once_each_way(channels: Any) -> None:
    for world in every_fault(partial(due, *channels), lambda world: world.send(ID)):
        world.now += 3 * MINUTE
        world.send(ID)
        pass_days(world, 3)
        assert len(texts(world)) <= 1
        assert len(world.outbox) - len(texts(world)) <= 1


def test_nobody_is_asked_twice_within_the_cooldown_whatever_the_channels() -> None:
    world = World(policy(channels=(SMS, MAIL), cooldown=10 * DAY, fallback=DAY))
    world.texting = texting
    world.capture(event("1", ref(phone=NUMBER)), event("2", ref(phone=NUMBER)))
    world.live(5 * DAY)
    assert len({message.tags["invitation"] for message in world.outbox}) == 1
    assert [type(message) for message in world.outbox] == [Sms, Mail]
