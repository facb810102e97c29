"""SendQueue, in memory and over SQS."""

import json
from datetime import timedelta

import pytest

from afterbill.adapters.aws.send_queue import SqsSendQueue
from afterbill.model.errors import TransientError
from afterbill_cli.memory.queues import MemorySendQueue
from tests.contract.conftest import REGION
from tests.contract.lambda_events import records_in
from tests.contract.people import ID, OTHER_ID


class InMemory:
    def __init__(self):
        self.queue = MemorySendQueue()

    def messages(self):
        return [{"invitation_id": id_, "delivery": number} for id_, number, _ in self.queue.messages]

    def delays(self):
        return [delay for _, _, delay in self.queue.messages]


class InSqs:
    def __init__(self, sqs):
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName="send")["QueueUrl"]
        self.queue = SqsSendQueue(sqs, self.url)
        self.asked = []
        sqs.meta.events.register("provide-client-params.sqs.SendMessage", self._remember)

    def _remember(self, params, **_):
        self.asked.append(timedelta(seconds=params["DelaySeconds"]))
        return params | {"DelaySeconds": 0}

    def messages(self):
        return [json.loads(record["body"]) for record in records_in(self.sqs, self.url, REGION)]

    def delays(self):
        return self.asked


@pytest.fixture
def sqs(aws):
    return InSqs(aws("sqs"))


@pytest.fixture(params=["memory", "aws"])
def world(request):
    return InMemory() if request.param == "memory" else request.getfixturevalue("sqs")


def test_a_message_carries_ids_and_nothing_else(world):
    world.queue.put(ID, 1, timedelta(0))
    world.queue.put(OTHER_ID, 2, timedelta(0))

    messages = sorted(world.messages(), key=lambda one: one["delivery"])
    assert messages == [{"invitation_id": ID, "delivery": 1}, {"invitation_id": OTHER_ID, "delivery": 2}]


def test_many_deliveries_are_queued_together(world):
    deliveries = [(f"{number:032}", number) for number in range(23)]
    world.queue.put_all(deliveries)

    messages = sorted(world.messages(), key=lambda one: one["delivery"])
    assert messages == [{"invitation_id": id_, "delivery": number} for id_, number in deliveries]


def test_what_sqs_does_not_take_of_several_is_an_error_that_may_pass(sqs):
    sqs.sqs.meta.events.register("after-call.sqs.SendMessageBatch", refused)

    with pytest.raises(TransientError, match="ServiceUnavailable"):
        sqs.queue.put_all([(ID, 1)])


def refused(parsed, **_):
    parsed["Failed"] = [{"Id": "0", "Code": "ServiceUnavailable", "SenderFault": False}]


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(seconds=14), timedelta(minutes=15)])
def test_a_message_waits_as_long_as_asked(world, delay):
    world.queue.put(ID, 1, delay)

    assert world.delays() == [delay]


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [(timedelta(microseconds=1), 1), (timedelta(seconds=14.2), 15), (timedelta(minutes=14, seconds=59.5), 900)],
)
def test_sqs_knows_whole_seconds_and_is_never_early(sqs, delay, seconds):
    sqs.queue.put(ID, 1, delay)

    assert sqs.delays() == [timedelta(seconds=seconds)]


def test_sqs_waits_no_longer_than_it_can(sqs):
    sqs.queue.put(ID, 1, timedelta(hours=2))

    assert sqs.delays() == [timedelta(minutes=15)]
