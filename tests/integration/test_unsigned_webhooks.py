"""Webhooks that prove nothing on arrival: a queue, a size and a cap of their own, all the way to their dead letters."""

import json

import pytest

from afterbill.adapters.aws.inbox import webhook_of
from tests.integration.apis import let_answer, reply
from tests.integration.samples import raw, sample, signed, to_source, with_body, with_headers

SOURCES = """
[sources.mollie]
provider = "mollie"
[sources.paypal]
provider = "paypal"
webhook_id = "8PT597110X687430LKGECATA"
[sources.books]
provider = "freshbooks"
account = "aZ9xQ"
"""
CLASSIC = b"id=tr_7UhSN1zuXS"
HANDSHAKE = b"name=callback.verify&object_id=2047&verifier=scSampleVerifierOf32Characters00&account_id=aZ9xQ"
PROOF = {
    "paypal-auth-algo": "SHA256withRSA",
    "paypal-cert-url": "https://api.paypal.com/v1/notifications/certs/CERT-1",
    "paypal-transmission-id": "dfb3be50-fd74-11e4-8bf3-77339302725b",
    "paypal-transmission-sig": "AAAA",
    "paypal-transmission-time": "2026-11-22T12:00:00Z",
}


@pytest.fixture
def configuration(asking_at_once):
    with (asking_at_once / "surveys.toml").open("a", encoding="utf-8") as file:
        file.write(SOURCES)
    return asking_at_once


@pytest.fixture
def parameters():
    return {"UnsignedPerMinute": "2"}


@pytest.fixture
def receive(stack):
    return stack.load("receive_webhook")


@pytest.fixture
def capture(stack):
    login = {"client_id": "me", "client_secret": "hush"}
    stack.write_secret("ApisSecret", {"mollie": {"key": "live_key"}, "paypal": login})
    return stack.load("capture_event")


def classic(body=CLASSIC, source="mollie", **headers):
    return with_headers(to_source(with_body(sample("api/webhook_standard"), body), source), **headers)


@pytest.mark.parametrize(
    ("source", "body", "headers"),
    [("mollie", CLASSIC, {}), ("books", HANDSHAKE, {}), ("paypal", b'{"event_type": "X"}', PROOF)],
)
def test_what_nobody_signed_waits_apart(stack, receive, source, body, headers):
    assert receive(classic(body, source, **headers))["statusCode"] in {200, 202}

    (record,) = stack.records("UnsignedInbox")
    assert webhook_of(record).body == body
    assert stack.records("Inbox") == []


def test_over_the_cap_it_is_429_and_counted_while_signed_ones_go_on(receive, capsys):
    answers = [receive(classic()) for _ in range(12)]

    assert [answer["statusCode"] for answer in answers] == [200] * 10 + [429] * 2
    assert (answers[-1]["headers"]["Retry-After"], json.loads(answers[-1]["body"])) == ("300", {"error": "too_many"})
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    dropped = [line for line in written if "UnsignedDropped" in line]
    assert [(line["source"], line["UnsignedDropped"]) for line in dropped] == [("mollie", [1.0])] * 2
    assert len(written) == 12
    assert receive(signed(sample("api/webhook_standard")))["statusCode"] == 202
    assert receive(classic(HANDSHAKE, "books"))["statusCode"] == 200


@pytest.mark.parametrize(("source", "limit", "headers"), [("paypal", 50_000, PROOF), ("books", 2_000, {})])
def test_its_body_is_bounded(stack, receive, source, limit, headers):
    start = b"{" if source == "paypal" else HANDSHAKE + b"&more="
    greatest = start + b"x" * (limit - len(start))

    assert receive(classic(greatest, source, **headers))["statusCode"] in {200, 202}
    refused = receive(classic(greatest + b"x", source, **headers))

    assert (refused["statusCode"], json.loads(refused["body"])["limit_bytes"]) == (413, limit)
    assert [webhook_of(record).body for record in stack.records("UnsignedInbox")] == [greatest]


def test_a_made_up_id_costs_one_question_and_no_write(stack, receive, capture):
    receive(classic())
    pool = let_answer("capture_event", (404, b""))
    before = len(stack.calls_of("capture_event"))

    assert capture({"Records": stack.records("UnsignedInbox")}) == {"batchItemFailures": []}

    assert len(pool.asked) == 1
    assert stack.calls_of("capture_event")[before:] == ["GetSecretValue"]


def test_a_made_up_event_of_paypal_costs_one_question_and_no_write(stack, receive, capture):
    receive(classic(b'{"event_type": "PAYMENT.SALE.COMPLETED"}', "paypal", **PROOF))
    token = reply({"access_token": "an-access-token", "expires_in": 1800})
    pool = let_answer("capture_event", token, reply({"verification_status": "FAILURE"}))

    assert capture({"Records": stack.records("UnsignedInbox")}) == {"batchItemFailures": []}

    assert len(pool.asked) == 2  # the token is kept for the next ones
    assert set(stack.calls_of("capture_event")) == {"GetSecretValue"}


def test_what_cannot_be_read_gets_dead_letters_of_its_own(stack, receive, capture):
    receive(classic(b"{}", "paypal", **PROOF))
    token = reply({"access_token": "an-access-token", "expires_in": 1800})
    let_answer("capture_event", token, reply({"verification_status": "SUCCESS"}))

    assert capture({"Records": stack.records("UnsignedInbox")}) == {"batchItemFailures": []}

    (dead,) = stack.records("UnsignedInboxDeadLetters")
    assert webhook_of(dead).body == b"{}"
    assert stack.records("InboxDeadLetters") == []


def test_verifiers_of_a_source_are_few_however_many_are_made_up(stack, capture):
    def handshake(number):
        attributes = {
            "source": "books",
            "headers": "{}",
            "encoding": "text",
            "received_at": "2026-11-22T12:00:00+00:00",
        }
        typed = {name: {"stringValue": value} for name, value in attributes.items()}
        body = HANDSHAKE.decode().replace("2047", str(number))
        queue = "arn:aws:sqs:eu-central-1:123456789012:afterbill-UnsignedInbox"
        return {"messageId": str(number), "body": body, "messageAttributes": typed, "eventSourceARN": queue}

    assert capture({"Records": [handshake(number) for number in range(60)]}) == {"batchItemFailures": []}

    assert len(stack.items("TASK")) == 40
    assert stack.calls_of("capture_event").count("PutItem") == 40


def test_an_api_that_is_down_lets_it_wait_in_its_own_queue(stack, receive, capture):
    receive(classic())
    let_answer("capture_event", *[(503, b"")] * 9)
    (record,) = stack.records("UnsignedInbox")

    answer = capture({"Records": [record]})

    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == [record["messageId"]]


def test_the_largest_recorded_events_of_paypal_fit_ten_times(receive):
    event = classic(b"[" + b"x" * 4_923 * 10, "paypal", **PROOF)

    assert len(raw(event)) < 50_000
    assert receive(event)["statusCode"] == 202
