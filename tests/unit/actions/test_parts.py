"""Small parts of actions: messages that wake, the registry of connectors, the rate, what a message leaves out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from afterbill_actions import rate
from afterbill_actions.connectors import registry
from afterbill_actions.connectors.slack.blocks import body_of
from afterbill_actions.connectors.webhooks.actions import body_of as body_of_webhook
from afterbill_actions.events import Event, EventType
from afterbill_actions.message import Message, message_about, message_taken_back, record_of
from afterbill_actions.wake import Drain, Settle, Tell, text_of, wake_in
from tests.unit.actions.messages.conftest import answered, job

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "wake",
    [
        Settle("one", "v", NOW),
        Drain("team"),
        Tell(Event("e", EventType.SOURCE_SILENT, NOW, {"source": "shop"})),
    ],
)
def test_a_message_that_wakes_says_the_same_when_it_is_read(wake):
    assert wake_in(text_of(wake)) == wake


def test_a_package_without_a_connector_is_no_connector(monkeypatch):
    monkeypatch.setattr(registry, "import_module", lambda _name: SimpleNamespace(CONNECTOR=None))

    with pytest.raises(TypeError):
        registry.load("broken")


def test_calls_are_free_again_when_enough_of_them_no_longer_count():
    calls = {}
    for second in (0, 20, 40):
        calls = rate.counted(calls, NOW + timedelta(seconds=second))

    assert rate.free_at(calls, 4, NOW + timedelta(seconds=41)) == NOW + timedelta(seconds=90)


def test_where_even_one_action_has_no_room_all_calls_have_to_end():
    calls = rate.counted({}, NOW)

    assert rate.free_at(calls, 3, NOW) == NOW + rate.PART * rate.PARTS
    assert rate.free_at({}, 3, NOW) == NOW


def test_a_message_without_facts_and_link_is_a_title():
    body = body_of(Message(title="Silent", text="", facts=(), words="", link="", link_text=""))

    assert body["text"] == "Silent"
    assert {block["type"] for block in body["blocks"]} <= {"header", "section"}


def test_a_webhook_about_an_answer_that_is_gone_has_no_rating():
    body = body_of_webhook(job(invitation=_unanswered()), "response.withdrawn")

    assert "rating" not in body["data"]
    assert body["data"]["touchpoint"] == "order_paid"


def test_a_message_about_an_answer_that_is_gone_names_the_touchpoint():
    assert record_of(_unanswered()) == {"rating": ""}
    assert "of 10" not in message_taken_back(job(invitation=_unanswered())).title


def test_a_message_names_the_question_and_the_plan_where_there_are_any():
    one = replace(answered(1), segments={"plan": "Pro", "question": "csat"})
    facts = dict(message_about(job(invitation=one), one).facts)

    assert "Pro" in facts.values()


def _unanswered():
    return replace(answered(), answer=None, answered_at=None)
