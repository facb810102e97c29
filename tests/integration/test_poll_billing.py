"""poll_billing: a schedule in, the news of billing systems without webhooks in the inbox."""

import json

import pytest

from afterbill.adapters.aws.inbox import webhook_of
from tests.integration.apis import let_answer, said, with_thin_sources
from tests.integration.samples import sample

PAYMENT = {"id": 50231, "invnumber": "R-2041", "datepaid": "2025-11-03T00:00:00+01:00", "amount_paid": "215.40"}
NEWS = said({"payment": [PAYMENT]})
DONE = (200, b"")


@pytest.fixture
def configuration(asking_at_once):
    return with_thin_sources(asking_at_once)


@pytest.fixture
def poll(stack):
    stack.write_secret("ApisSecret", {"books": {"key": "a-key-of-the-api"}})
    function = stack.load("poll_billing")
    return lambda: function(sample("schedule/poll_billing"))


def test_a_payment_lies_in_the_inbox_before_it_is_settled(stack, poll):
    pool = let_answer("poll_billing", NEWS, DONE)

    poll()

    (record,) = stack.records("Inbox")
    webhook = webhook_of(record)
    assert (webhook.source, json.loads(webhook.body)) == ("books", PAYMENT)
    assert [(one.method, one.body) for one in pool.asked] == [("GET", b""), ("POST", b"id=50231")]
    assert stack.calls_of("poll_billing") == ["GetSecretValue", "SendMessage"]


def test_what_is_not_in_the_inbox_is_not_settled_and_the_alarm_rings(stack, poll):
    pool = let_answer("poll_billing", NEWS, DONE)
    stack.failures["SendMessage"] = "ThrottlingException"

    with pytest.raises(Exception, match="putting a webhook into a queue"):
        poll()

    assert [one.method for one in pool.asked] == ["GET"]


def test_without_credentials_the_error_says_what_to_do(stack):
    function = stack.load("poll_billing")

    with pytest.raises(Exception, match="source books needs credentials"):
        function(sample("schedule/poll_billing"))


def test_what_was_polled_can_be_captured(stack, poll, loop):
    let_answer("poll_billing", NEWS, DONE)
    poll()
    records = stack.records("Inbox")
    stack.write_secret("ApisSecret", {"books": {"key": "a-key-of-the-api"}})
    capture = loop.capture
    let_answer("capture_event", said({"invnumber": "R-2041", "customer": {"customernumber": "K-117"}}))

    assert capture({"Records": records}) == {"batchItemFailures": []}

    (one,) = loop.invitations()
    assert one.source == "books"


class TestWithNobodyToPoll:
    @pytest.fixture
    def configuration(self, asking_at_once):
        return asking_at_once

    def test_nothing_is_called(self, stack, poll):
        poll()

        assert stack.calls_of("poll_billing") == []
