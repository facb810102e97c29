"""The receiver verifies Standard Webhooks as the reference library does."""

from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.receiver import Receiver
from tests.unit.dev.connections.callers import Caller, Reply

BODY = '{"type": "response.recorded", "data": {"id": "r1"}}'
ROTATED = accounts.WEBHOOKS["next_secret"]


@pytest.fixture
def receiver() -> Caller:
    return Caller(Receiver())


def send(
    receiver: Caller, id_: str = "msg_1", *secrets: str, path: str = "/", body: str = BODY, late: float = 0
) -> Reply:
    """A webhook that is signed with each of the secrets."""
    at = datetime.now(UTC) - timedelta(seconds=late)
    signers = [standardwebhooks.Webhook(secret) for secret in secrets or (accounts.WEBHOOKS["secret"],)]
    headers = {
        "Content-Type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signer.sign(id_, at, body) for signer in signers),
    }
    return receiver.send("POST", path, body.encode(), **headers)


def test_a_genuine_webhook_is_taken(receiver: Caller) -> None:
    assert send(receiver).status == 204

    (delivery,) = receiver.state["deliveries"]
    assert (delivery["id"], delivery["path"], delivery["content"]["data"]) == ("msg_1", "/", {"id": "r1"})


def test_a_repeat_is_counted(receiver: Caller) -> None:
    for id_ in ("msg_1", "msg_1", "msg_2"):
        send(receiver, id_)

    assert receiver.state["times"] == {"msg_1": 2, "msg_2": 1}


def test_another_secret_is_refused(receiver: Caller) -> None:
    assert send(receiver, "msg_1", ROTATED).status == 400
    assert receiver.state["refused"] == [{"id": "msg_1", "path": "/", "reason": "No matching signature found"}]
    assert receiver.state["deliveries"] == []


def test_while_secrets_change_both_ends_are_served_by_two_signatures(receiver: Caller) -> None:
    both = accounts.WEBHOOKS["secret"], ROTATED

    assert [send(receiver, "msg_1", *both, path=path).status for path in ("/", "/rotated")] == [204, 204]
    assert [send(receiver, "msg_2", path=path).status for path in ("/", "/rotated")] == [204, 400]


def test_a_webhook_of_ten_minutes_ago_is_refused(receiver: Caller) -> None:
    assert send(receiver, late=600).status == 400


def test_what_is_no_json_or_not_posted_is_refused(receiver: Caller) -> None:
    assert send(receiver, body="{").status == 400
    assert receiver.send("POST", "/", b"{}").status == 400
    assert receiver.call("GET", "/").status == 405


def test_a_webhook_may_be_taken_although_nobody_hears_of_it(receiver: Caller) -> None:
    receiver.fail(status=500, after_write=True)

    assert send(receiver).status == 500
    assert len(receiver.state["deliveries"]) == 1
