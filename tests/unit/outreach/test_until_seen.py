"""A survey that only the product can ask waits until its customer uses the product."""

from dataclasses import replace
from typing import Any

import pytest

from afterbill.answers.in_product import user_hash
from afterbill.answers.offer_survey import OfferDeps, Offered, find_survey
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.channels import Channel, InProduct
from afterbill.model.consent import Legal, Need
from afterbill.model.customer import MOST_WHEN_SEEN, Suppression
from afterbill.model.invitation import Deferral, Invitation, SkipReason, State
from afterbill.outreach.delivery import PAUSE_CHECKED_AFTER, Outcome, SendResult
from afterbill.outreach.sweep import Finding
from afterbill_cli.memory.keys import MemoryUserKeys
from tests.factories import DAY, HOUR, MINUTE, NOON, SECOND, day_of, event, invitation, policy, ref
from tests.unit.loop.crashes import every_fault
from tests.world import World, due_survey

ID = invitation().id
APP, MAIL, SMS = Channel.IN_APP, Channel.MAIL, Channel.SMS
SHOP = InProduct("shop", ("https://app.example.com",))
WAITS = SendResult(Outcome.DEFERRED, SkipReason.NOT_SEEN)
PATIENCE = 14 * DAY


def rules(*channels: Channel, **more: Any) -> Any:
    plain = {"channels": channels, "seen_within": DAY, "fallback": 2 * DAY, "cooldown": 90 * DAY, "in_product": SHOP}
    return policy(**plain | more)


def due(*channels: Channel, world: World | None = None, **more: Any) -> World:
    """Ada's survey is due this moment, and she has never used the product."""
    world = world or due_survey()
    world.policy = rules(*(channels or (APP,)), **more)
    world.change(ID, patience=PATIENCE)
    world.stored.aliases["shop#cus_1"] = "ada"
    return world


def waiting(*channels: Channel, **more: Any) -> World:
    world = due(*channels, **more)
    assert world.send(ID) == WAITS
    return world


def one(world: World) -> Invitation:
    return world.stored.invitations[ID]


def comes(world: World) -> Offered:
    """Ada opens a page of the product; what is put into the queue arrives when time passes."""
    deps = OfferDeps(
        world.table,
        world.table,
        MemoryUserKeys(),
        "shop",
        day_of,
        look_again=lambda id_: world.queue.put(id_, 1, 2 * SECOND),
    )
    fields = {"user": "cus_1", "hash": user_hash("cus_1", MemoryUserKeys().known[0])}
    return find_survey(fields, deps, world.now)


def test_it_waits_as_long_as_it_has_patience() -> None:
    world = waiting()
    until = one(world).due_at + PATIENCE
    assert (one(world).state, one(world).deferrals) == (
        State.PENDING,
        (Deferral(world.now, SkipReason.NOT_SEEN, until),),
    )
    assert world.person().when_seen == {ID}
    assert world.live(until - world.now - SECOND) == []
    assert world.live(SECOND) == [SendResult(Outcome.SKIPPED, SkipReason.NOT_SEEN)]
    assert world.person().when_seen == frozenset()


def test_it_is_offered_some_seconds_after_its_customer_came() -> None:
    world = waiting()
    world.live(5 * DAY)
    first = comes(world)
    assert (first.invitation, first.soon) == (None, True)
    assert world.live(5 * SECOND) == [SendResult(Outcome.SENT)]
    second = comes(world)
    assert (second.invitation, second.soon) == (one(world), False)
    assert (one(world).channel, one(world).sent_at) == ("in_app", world.now - 3 * SECOND)
    assert (world.person().when_seen, world.person().offered) == (frozenset(), ID)
    assert world.live(PATIENCE) == [SendResult(Outcome.NOT_PENDING)], "its old timer means nothing"


def test_nobody_was_asked_while_it_waited() -> None:
    world = waiting()
    assert (world.person().last_asked_at, world.outbox, world.counters.used.total()) == (None, [], 0)


def test_it_keeps_no_other_survey_of_its_customer_waiting() -> None:
    world = World(rules(APP, patience=PATIENCE, priority=90))
    captured = world.capture(event("1", ref()))
    assert captured.invitation
    assert set(world.person().waiting) == {captured.invitation.id}
    world.live(captured.invitation.ready_at - world.now)
    assert (world.person().waiting, world.person().when_seen) == ({}, {captured.invitation.id})


def test_of_several_one_is_asked_and_the_cooldown_holds_for_the_others() -> None:
    world = waiting()
    world.stored.invitations["other"] = replace(one(world), id="other", deferrals=(), deferred_until=None)
    assert world.send("other") == WAITS
    comes(world)
    happened = world.live(5 * SECOND)
    assert sorted(sent.outcome for sent in happened) == [Outcome.SENT, Outcome.SKIPPED]
    assert SendResult(Outcome.SKIPPED, SkipReason.COOLDOWN) in happened


@pytest.mark.parametrize(
    ("channels", "more", "person"),
    [
        ((APP, MAIL), {}, {"address": None, "address_hash": ""}),
        ((MAIL, APP), {}, {"address": None, "address_hash": ""}),
        ((APP, MAIL, SMS), {"legal": Legal(Need.CONSENT)}, {}),
    ],
)
def test_it_waits_too_where_no_other_channel_can_be_used(channels: Any, more: Any, person: Any) -> None:
    world = due(*channels, **more)
    world.change_person("ada", **person)
    assert world.send(ID) == WAITS


def test_a_bounce_leaves_the_product() -> None:
    world = due(APP, MAIL)
    world.stored.suppress(world.person().address_hash, Suppression.BOUNCED, NOON, None)
    assert world.send(ID) == WAITS


def test_who_can_be_asked_by_mail_is_and_nothing_waits() -> None:
    world = due(APP, MAIL)
    assert world.send(ID) == SendResult(Outcome.SENT)
    assert (one(world).channel, world.person().when_seen) == ("mail", frozenset())


def test_what_follows_comes_after_the_product_as_for_everybody() -> None:
    world = due(APP, MAIL)
    world.change_person("ada", address=None, address_hash="")
    world.send(ID)
    comes(world)
    world.live(5 * SECOND)
    world.change_person("ada", address="ada@example.com", address_hash="ad" * 16)
    assert world.live(2 * DAY) == [SendResult(Outcome.SENT_ANOTHER_WAY)]
    assert one(world).channel == "mail"


@pytest.mark.parametrize(
    ("channels", "more", "reason"),
    [
        ((MAIL,), {"legal": Legal(Need.CONSENT)}, SkipReason.NO_BASIS),
        ((APP,), {"in_product": InProduct("elsewhere", SHOP.origins)}, SkipReason.NOT_SEEN),
        ((APP, MAIL), {"in_product": InProduct(), "legal": Legal(Need.CONSENT)}, SkipReason.NO_BASIS),
    ],
)
def test_nothing_waits_for_who_cannot_come(channels: Any, more: Any, reason: SkipReason) -> None:
    world = due(*channels, **more)
    assert world.send(ID) == SendResult(Outcome.SKIPPED, reason)


def test_whom_a_campaign_asks_may_come() -> None:
    world = due()
    world.change(ID, source=CAMPAIGNS)
    assert world.send(ID) == WAITS


def test_no_more_wait_for_one_customer_than_are_kept() -> None:
    world = due()
    world.change_person("ada", when_seen=frozenset(map(str, range(MOST_WHEN_SEEN))))
    assert world.send(ID) == SendResult(Outcome.SKIPPED, SkipReason.NOT_SEEN)
    world.change(ID, state=State.PENDING, reason="", closed_at=None)
    world.change_person("ada", when_seen=frozenset([*map(str, range(MOST_WHEN_SEEN - 1)), ID]))
    assert world.send(ID) == WAITS


def test_what_was_taken_back_meanwhile_is_not_asked() -> None:
    world = waiting()
    world.change_person("ada", last_adverse_at=world.now)
    comes(world)
    assert world.live(5 * SECOND) == [SendResult(Outcome.SKIPPED, SkipReason.STOPPED)]


def test_who_objected_meanwhile_is_not_asked() -> None:
    world = waiting()
    world.change_person("ada", suppressed=Suppression.UNSUBSCRIBED)
    comes(world)
    assert world.live(5 * SECOND) == [SendResult(Outcome.SKIPPED, SkipReason.SUPPRESSED)]


def test_while_all_sending_is_stopped_one_message_of_it_goes_round() -> None:
    world = waiting()
    world.counters.pause = "by hand"
    for _ in range(3):
        comes(world)
    assert world.live(5 * SECOND) == [SendResult(Outcome.HALTED, "by hand")]
    assert world.live(PAUSE_CHECKED_AFTER) == [SendResult(Outcome.HALTED, "by hand")]


def test_a_message_that_comes_too_early_lets_it_wait_again() -> None:
    world = waiting()
    world.now += HOUR
    assert world.send(ID) == WAITS
    comes(world)
    assert world.live(5 * SECOND) == [SendResult(Outcome.SENT)]


def test_no_sweep_looks_at_what_waits() -> None:
    world = waiting()
    world.now += 5 * DAY
    assert dict(world.sweep()) == {}


def test_a_lost_timer_is_found_by_the_sweep() -> None:
    world = waiting()
    world.set_timers.schedules.clear()
    world.sweep()
    world.now += PATIENCE + HOUR
    assert dict(world.sweep()) == {Finding.OVERDUE: 1}
    assert world.live(SECOND) == [SendResult(Outcome.SKIPPED, SkipReason.NOT_SEEN)]


def test_killed_at_any_call_it_waits_and_is_asked_once() -> None:
    for world in every_fault(due, lambda world: world.send(ID)):
        world.send(ID)
        comes(world)
        world.live(5 * SECOND)
        assert one(world).state is State.SENT


def test_a_page_that_dies_at_any_call_loses_nothing() -> None:
    for world in every_fault(waiting, comes):
        world.live(MINUTE)
        comes(world)
        world.live(MINUTE)
        assert one(world).state is State.SENT
