"""The queue that wakes, in memory and over SQS."""

from datetime import timedelta

import pytest

from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.events import Event, EventType
from afterbill_actions.wake import Drain, Settle, Tell, wake_in
from afterbill_cli.memory.actions.outbox import MemoryWakes
from tests.contract.people import NOW

EVENT = Event("event-1", EventType.SOURCE_SILENT, NOW, {"source": "shop", "days": 3})
MESSAGES = [
    (
        lambda wakes: wakes.settle("invitation-1", "v1", NOW, timedelta(seconds=29.2)),
        Settle("invitation-1", "v1", NOW),
        30,
    ),
    (lambda wakes: wakes.tell(EVENT), Tell(EVENT), 0),
    (lambda wakes: wakes.drain("shop"), Drain("shop"), 0),
    (lambda wakes: wakes.drain("shop", timedelta(hours=1)), Drain("shop"), 900),
    (lambda wakes: wakes.drain("shop", timedelta(seconds=-1)), Drain("shop"), 0),
]


@pytest.mark.parametrize(("ask", "message", "seconds"), MESSAGES)
def test_sqs_hands_out_each_message_not_before_its_time(aws, ask, message, seconds):
    sqs, sent = aws("sqs"), []
    url = sqs.create_queue(QueueName="actions")["QueueUrl"]
    sqs.meta.events.register("provide-client-params.sqs.SendMessage", lambda params, **_: sent.append(params))

    ask(SqsWakes(sqs, url))

    ((told),) = sent
    assert (wake_in(told["MessageBody"]), told["DelaySeconds"]) == (message, seconds)


@pytest.mark.parametrize(("ask", "message", "seconds"), MESSAGES)
def test_so_does_its_twin(ask, message, seconds):
    wakes = MemoryWakes(lambda: NOW)

    ask(wakes)

    ((at, told),) = wakes.messages
    assert (told, at <= NOW + timedelta(seconds=seconds)) == (message, True)
