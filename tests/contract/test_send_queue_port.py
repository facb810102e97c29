"""SendQueue, in memory and over SQS."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.aws.send_queue import SqsSendQueue, refusal_in
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Delivery, Refusal
from afterbill.outreach.ports import AGAIN
from afterbill_cli.memory.queues import MemorySendQueue
from tests.contract.conftest import REGION
from tests.contract.lambda_events import records_in
from tests.contract.people import ID, OTHER_ID


class InMemory:
    def __init__(self):
        self.queue = MemorySendQueue()

    def messages(self):
        return [{"invitation_id": id_, "delivery": number} for id_, number, _ in self.queue.messages]

    def refused(self):
        return [refusal for _, _, refusal, _ in self.queue.refused]

    def delays(self):
        return [message[-1] for message in (*self.queue.messages, *self.queue.refused)]


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

    def refused(self):
        return [refusal_in(message) for message in self.messages()]

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


AT = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal("1.1.attempt"),
        Refusal("1.2.attempt", asked_at=AT, address_asked_at=AT + timedelta(microseconds=1)),
        Refusal("2.1.", delivery=Delivery.BOUNCED, delivered_at=AT),
    ],
    ids=["asked for the first time", "asked before", "a follow-up"],
)
def test_a_message_carries_a_refusal_to_the_microsecond(world, refusal):
    world.queue.put_refused(ID, 2, refusal, timedelta(minutes=1))

    assert world.delays() == [timedelta(minutes=1)]
    assert world.refused() == [refusal]


def test_a_refusal_comes_with_the_ids_of_its_delivery_and_names_nobody(sqs):
    sqs.queue.put_refused(ID, 2, Refusal("2.1.", delivery=Delivery.DELIVERED, delivered_at=AT), timedelta(0))

    assert sqs.messages() == [
        {
            "invitation_id": ID,
            "delivery": 2,
            "refused": {"claim": "2.1.", "delivery": 2, "delivered_at": "2026-11-22T12:00:00.123456+00:00"},
        }
    ]


def test_other_messages_carry_no_refusal(world):
    world.queue.put(ID, 1, timedelta(0))

    assert [refusal_in(message) for message in world.messages()] == [None]


def test_many_deliveries_are_queued_together(world):
    deliveries = [(f"{number:032}", number) for number in range(23)]
    world.queue.put_all(deliveries)

    messages = sorted(world.messages(), key=lambda one: one["delivery"])
    assert messages == [{"invitation_id": id_, "delivery": number} for id_, number in deliveries]


def test_the_length_of_the_queue_counts_what_is_delayed_and_what_is_being_handled(world):
    assert world.queue.waiting() == 0

    world.queue.put_all([(ID, AGAIN), (OTHER_ID, AGAIN)])
    world.queue.put(ID, 1, timedelta(minutes=15))
    world.queue.put_refused(ID, 1, Refusal("1.1.attempt"), timedelta(minutes=1))

    assert world.queue.waiting() == 4


def test_what_is_being_handled_is_still_there(sqs):
    sqs.queue.put_all([(ID, AGAIN), (OTHER_ID, AGAIN)])
    sqs.sqs.receive_message(QueueUrl=sqs.url, MaxNumberOfMessages=1)

    assert sqs.queue.waiting() == 2


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
