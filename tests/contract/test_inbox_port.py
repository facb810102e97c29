"""What receive_webhook asks of the inbox, what capture_event finds in it again, and what it puts aside."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from afterbill.adapters.aws.inbox import SqsInbox, webhook_of
from afterbill.model.webhooks import MAX_BODY_BYTES, Webhook
from afterbill_cli.memory.queues import MemoryDeadLetters, MemoryInbox
from tests.contract.conftest import REGION
from tests.contract.lambda_events import records_in

RECEIVED_AT = datetime(2026, 11, 22, 13, 30, 15, 250, tzinfo=UTC)
HEADERS = {"webhook-id": "msg_1", "webhook-timestamp": "1795354215"}
SQS_ALLOWS = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
"""SendMessage, API reference. moto 5.2.5 takes any character and even an empty body: the cases check it themselves."""


class InMemory:
    def __init__(self):
        self.inbox, self.dead_letters = MemoryInbox(), MemoryDeadLetters()

    def put_aside(self):
        return self.dead_letters.webhooks

    def received(self):
        return self.inbox.webhooks


class InSqs:
    def __init__(self, sqs):
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName="inbox", Attributes={"MaximumMessageSize": "1048576"})["QueueUrl"]
        self.inbox = self.dead_letters = SqsInbox(sqs, self.url)

    def put_aside(self):
        records = records_in(self.sqs, self.url, REGION)
        return [(webhook_of(record), record["messageAttributes"]["problem"]["stringValue"]) for record in records]

    def received(self):
        records = records_in(self.sqs, self.url, REGION)
        assert all(SQS_ALLOWS.fullmatch(record["body"]) for record in records)
        return [webhook_of(record) for record in records]


@pytest.fixture(params=["memory", "aws"])
def world(request):
    return InMemory() if request.param == "memory" else InSqs(request.getfixturevalue("aws")("sqs"))


def webhook(body, **headers):
    return Webhook("stripe", HEADERS | headers, body, RECEIVED_AT)


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "payment_succeeded"}',
        b'{"name": "Zo\xc3\xab \xf0\x9f\x8e\x89"}\r\n\t ',
        b"",
        b" ",
        b".",
        b"\x00\x01\x1f",
        b'{"name": "bell \x07"}',
        b"\x7f\xc2\x80",
        "\ufffe\uffff".encode(),
        "\ud7ff\ue000\ufffd".encode(),
        b"\xed\xa0\x80",
        b"\xff\xfe not text",
        b"=base64==",
        bytes(range(256)),
    ],
    ids=[
        "text",
        "unicode and line ends",
        "empty",
        "blank",
        "a dot",
        "control characters",
        "text with a bell",
        "delete and a C1 control",
        "noncharacters",
        "edges of what SQS allows",
        "an encoded surrogate",
        "not UTF-8",
        "looks like base64",
        "every byte",
    ],
)
def test_a_webhook_comes_back_byte_for_byte(world, body):
    world.inbox.put(webhook(body))

    assert world.received() == [webhook(body)]


def test_headers_come_back_whatever_they_hold(world):
    odd = {"stripe-signature": 't=1,v1=ab"\\', "webhook-id": "msg\x00 Zoë 🎉"}

    world.inbox.put(webhook(b"{}", **odd))

    assert world.received() == [webhook(b"{}", **odd)]


def test_headers_may_be_missing(world):
    bare = Webhook("events", {}, b"{}", RECEIVED_AT)

    world.inbox.put(bare)

    assert world.received() == [bare]


@pytest.mark.parametrize(
    "body",
    [b"x" * MAX_BODY_BYTES, "ü".encode() * (MAX_BODY_BYTES // 2), b"\xff" * 750_000],
    ids=["ASCII", "two bytes each", "the most that still fits as base64"],
)
def test_a_greatest_body_fits(world, body):
    world.inbox.put(webhook(body))

    (kept,) = world.received()
    assert kept.body == body


def test_the_order_of_webhooks_is_nobodys_business(world):
    world.inbox.put(webhook(b"1"))
    world.inbox.put(webhook(b"2"))

    assert {one.body for one in world.received()} == {b"1", b"2"}


def test_a_body_that_is_no_text_and_too_large_for_a_message_is_not_kept(aws):
    inbox = InSqs(aws("sqs")).inbox

    assert inbox.put(webhook(b"\xff" * 700_000))
    assert not inbox.put(webhook(b"\xff" * 800_000))


@pytest.mark.parametrize("part", [0, 3])
def test_a_slice_of_a_long_batch_knows_its_number(world, part):
    world.inbox.put(replace(webhook(b"[]"), part=part))

    assert world.received() == [replace(webhook(b"[]"), part=part)]


def test_what_nobody_can_read_is_put_aside_byte_for_byte_with_the_problem(world):
    world.dead_letters.put_aside(webhook(b"\xff\x00"), "the body is not JSON in UTF-8")

    assert world.put_aside() == [(webhook(b"\xff\x00"), "the body is not JSON in UTF-8")]


def test_a_slice_is_put_aside_as_the_whole_batch(aws):
    """After a fix the batch may be cut elsewhere."""
    world = InSqs(aws("sqs"))

    world.dead_letters.put_aside(replace(webhook(b"[]"), part=3), "entry 61 has no id")

    assert world.put_aside() == [(webhook(b"[]"), "entry 61 has no id")]


@pytest.mark.parametrize(
    ("problem", "kept"),
    [("bell \x07", "bell ?"), ("Zoë", "Zo?"), ("", "unknown"), ("\ud800", "?"), ("x" * 400, "x" * 300)],
    ids=["control characters", "letters beyond ASCII", "nothing", "half a character", "a long text"],
)
def test_whatever_the_problem_says_the_webhook_is_put_aside(aws, problem, kept):
    world = InSqs(aws("sqs"))

    world.dead_letters.put_aside(webhook(b"{}"), problem)

    assert [said for _, said in world.put_aside()] == [kept]
