"""Events about text messages, and replies to them, in any order and any number of times."""

import json
from pathlib import Path
from typing import Any

import pytest

from afterbill.model.errors import PayloadError
from afterbill.model.invitation import Delivery, State
from afterbill.model.short_links import ShortLink
from afterbill.outreach.delivery_reports import Outcome
from afterbill.outreach.handle_sms_event import SmsEventDeps, handle_sms_event
from tests.factories import ADA, DAY, EVENTS, NOON, day_of, hash_address, invitation
from tests.world import World, due_survey, texting

ID = invitation().id
NUMBER = "+4915123456789"
HASHED = hash_address(NUMBER)


def sms_event(kind: str, **changes: Any) -> dict[str, Any]:
    """What End User Messaging tells of Ada's text message."""
    payload = json.loads((EVENTS / "sms" / "delivered.json").read_text().replace("INVITATION_ID", ID))
    return {**payload, "eventType": kind, "destinationPhoneNumber": NUMBER, **changes}


def answer(text: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((EVENTS / "sms" / "inbound.json").read_text())
    return {**payload, "originationNumber": NUMBER, "messageBody": text}


@pytest.fixture
def world() -> World:
    world = due_survey()
    world.texting = texting
    world.change_person("ada", phone=NUMBER)
    world.change(ID, state=State.SENT, sent_at=world.now, channel="sms", delivery=Delivery.ACCEPTED)
    world.stored.keep(ShortLink("0123456789", ID, NOON + DAY, HASHED, "ada"))
    return world


def report(world: World, event: dict[str, Any]) -> Outcome:
    return handle_sms_event(event, SmsEventDeps(world.table, hash_address, day_of), world.now)


@pytest.mark.parametrize(
    ("kind", "delivery", "outcome"),
    [
        ("TEXT_SUCCESSFUL", Delivery.ACCEPTED, Outcome.REPEATED),
        ("TEXT_DELIVERED", Delivery.DELIVERED, Outcome.NOTED),
        ("TEXT_UNREACHABLE", Delivery.BOUNCED, Outcome.NOTED),
        ("TEXT_CARRIER_BLOCKED", Delivery.BOUNCED, Outcome.NOTED),
        ("TEXT_INVALID", Delivery.BOUNCED, Outcome.SUPPRESSED),
        ("TEXT_NEW_KIND", Delivery.ACCEPTED, Outcome.OTHER),
    ],
)
def test_every_kind_of_event(world: World, kind: str, delivery: Delivery, outcome: Outcome) -> None:
    assert report(world, sms_event(kind)) is outcome
    assert world.stored.invitations[ID].delivery is delivery


def test_a_delivery_says_nothing_of_a_mail(world: World) -> None:
    report(world, sms_event("TEXT_DELIVERED", eventTimestamp=1795608303470))
    assert world.stored.invitations[ID].delivered_at is None


def test_a_failure_that_may_still_be_mended_is_none(world: World) -> None:
    assert report(world, sms_event("TEXT_UNREACHABLE", isFinal=False)) is Outcome.REPEATED
    assert world.stored.invitations[ID].delivery is Delivery.ACCEPTED


def test_a_number_that_there_is_not_is_given_up_and_its_customer_is_not(world: World) -> None:
    report(world, sms_event("TEXT_INVALID"))
    assert world.stored.suppressions == {HASHED: "bounced"}
    assert world.person().suppressed is None


def test_who_opted_out_at_the_carrier_has_objected(world: World) -> None:
    event = sms_event("TEXT_BLOCKED", messageStatus="OPTED_OUT")
    for _ in range(2):
        assert report(world, event) is Outcome.UNSUBSCRIBED
    assert world.stored.suppressions == dict.fromkeys((HASHED, hash_address(ADA)), "unsubscribed")
    assert world.person().suppressed == "unsubscribed"


def test_an_event_without_a_number_suppresses_nobody(world: World) -> None:
    assert report(world, sms_event("TEXT_INVALID", destinationPhoneNumber="")) is Outcome.NOTED
    assert world.stored.suppressions == {}


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN])
def test_an_event_settles_what_was_not_known(world: World, state: State) -> None:
    world.change(ID, state=state, sent_at=None, delivery=Delivery.DELIVERED)
    assert report(world, sms_event("TEXT_SUCCESSFUL")) is Outcome.CONFIRMED_SENT
    settled = world.stored.invitations[ID]
    assert (settled.state, settled.message_id) == (State.SENT, "862a8790-60c0-4430-9b2b-658bd0000001")


@pytest.mark.parametrize("context", [{}, None, {"invitation": "ff" * 16}])
def test_events_of_other_messages_are_not_ours(world: World, context: Any) -> None:
    assert report(world, sms_event("TEXT_DELIVERED", context=context)) is Outcome.FOREIGN


@pytest.mark.parametrize(
    "event", [{}, {"eventType": "TEXT_DELIVERED"}, sms_event("TEXT_DELIVERED", eventTimestamp=NUMBER + "x")]
)
def test_what_is_no_event_is_refused_without_telling_whom_it_is_about(world: World, event: dict[str, Any]) -> None:
    with pytest.raises(PayloadError, match="no event with eventType") as refused:
        report(world, event)
    assert NUMBER not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["STOP", "stopp bitte", "Arrêt", "REMOVE", "TD", "Unsubscribe me from these messages now please"]
)
def test_who_answers_stop_is_never_asked_again_by_any_way(world: World, text: str) -> None:
    for _ in range(2):
        assert report(world, answer(text)) is Outcome.UNSUBSCRIBED
    assert world.stored.suppressions == dict.fromkeys((HASHED, hash_address(ADA)), "unsubscribed")
    assert world.person().suppressed == "unsubscribed"


def test_a_number_we_never_wrote_to_is_suppressed_all_the_same(world: World) -> None:
    report(world, answer("STOP") | {"originationNumber": "+41791234567"})
    assert set(world.stored.suppressions) == {hash_address("+41791234567")}
    assert world.person().suppressed is None


@pytest.mark.parametrize("name", ["15a.remove", "15b.td", "15c.unsubscribe-me", "15d.please-stop"])
def test_replies_that_were_missed_once_are_heard(world: World, payloads: Path, name: str) -> None:
    path = payloads.with_name("faults") / "sms" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no {path}")
    reply = json.loads(path.read_text(encoding="utf-8"))
    assert report(world, reply | {"originationNumber": NUMBER}) is Outcome.UNSUBSCRIBED
    assert world.person().suppressed == "unsubscribed"


def test_a_stop_counts_more_than_the_number_that_is_gone(world: World) -> None:
    for event in (sms_event("TEXT_INVALID"), answer("STOP"), sms_event("TEXT_INVALID")):
        report(world, event)
    assert world.stored.suppressions == dict.fromkeys((HASHED, hash_address(ADA)), "unsubscribed")


@pytest.mark.parametrize("event", [answer("9"), answer("STOP") | {"originationNumber": ""}])
def test_every_other_answer_changes_nothing(world: World, event: dict[str, Any]) -> None:
    assert report(world, event) is Outcome.OTHER
    assert world.stored.suppressions == {}
