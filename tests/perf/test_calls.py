"""The budgets in calls to AWS and in write units: counts, never times."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from benchmarks.units import index_units, table_units
from tests.contract.template import properties
from tests.integration.samples import (
    captured,
    due,
    mail_event,
    now,
    payment,
    sample,
    signed,
    stripe_signed,
    survey_token,
)

ADDRESS = "mirjam.keller@example.com"
TABLE_READS = {"BatchGetItem", "GetItem", "Query"}
MOST_WRITE_UNITS = 22
"""Per sent and answered survey."""
MEETING = 4
"""What it costs once to meet a customer: an alias in the first event's transaction, places in group and address."""


@dataclass
class Bill:
    """Every call, and the units each write cost."""

    operations: list[str] = field(default_factory=list)
    writes: list[tuple[str, int]] = field(default_factory=list)

    @property
    def units(self):
        return sum(units for _, units in self.writes)


@contextmanager
def billed(stack):
    bill, seen = Bill(), []

    def observe(call):
        bill.operations.append(call.operation)
        if call.service == "dynamodb" and call.operation not in TABLE_READS:
            seen.append((call, table(stack)))

    stack.observe = observe
    yield bill
    stack.observe = None
    moments = [before for _, before in seen] + [table(stack)]
    for (call, before), after in zip(seen, moments[1:], strict=True):
        keys, transaction = keys_written(call)
        units = sum(_units(before.get(key), after.get(key), 2 if transaction else 1) for key in keys)
        bill.writes.append((f"{call.caller}: {call.operation} of {len(keys)}", units))


def table(stack):
    items = stack.dynamodb.scan(TableName="afterbill")["Items"]
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in items}


def keys_written(call):
    """The keys of the items a call writes, and whether it is a transaction."""
    transaction = call.operation == "TransactWriteItems"
    writes = [body for one in call.params["TransactItems"] for body in one.values()] if transaction else [call.params]
    keys = [write.get("Key") or write["Item"] for write in writes]
    return [(key["pk"]["S"], key["sk"]["S"]) for key in keys], transaction


def test_receiving_is_one_call(stack):
    receive = stack.load("receive_webhook")
    receive(signed(sample("api/webhook_standard")))  # the first fetches the secrets

    with billed(stack) as bill:
        receive(signed(sample("api/webhook_standard")))
        receive(stripe_signed(sample("api/webhook_stripe_base64")))

    assert bill.operations == ["SendMessage", "SendMessage"]


def test_refusing_is_no_call(stack):
    receive = stack.load("receive_webhook")
    receive(sample("api/webhook_standard"))

    with billed(stack) as bill:
        receive(sample("api/webhook_standard"))
        receive(sample("api/webhook_handshake"))

    assert bill.operations == []


def warmed(loop):
    """Functions that have fetched their keys."""
    invitation = loop.sent("order-0", id="zero", email="zero@example.com")
    loop.form(invitation)
    loop.mail(mail_event("delivery", invitation.id, "zero@example.com"))


@pytest.mark.parametrize("known", [False, True], ids=["new customer", "known customer"])
def test_capturing_is_two_reads_one_transaction_and_one_schedule(stack, loop, known):
    warmed(loop)
    if known:
        learn(loop)

    with billed(stack) as bill:
        loop.capture(captured(payment()))

    reads = [one for one in bill.operations if one in TABLE_READS]
    assert len(reads) == 1 + known
    assert [one for one in bill.operations if one not in TABLE_READS] == ["TransactWriteItems", "SendMessage"]


def learn(loop):
    """Capture customer.* events and earlier payments of the customer."""
    loop.capture(captured(payment(kind="customer_updated")))


def test_a_duplicate_writes_nothing(stack, loop):
    warmed(loop)
    loop.capture(captured(payment()))

    with billed(stack) as bill:
        loop.capture(captured(payment()))

    assert bill.writes == []
    assert len(bill.operations) <= 3


def test_sending_is_four_calls_of_the_table_and_one_mail(stack, loop):
    warmed(loop)
    invitation = loop.asked()

    with billed(stack) as bill:
        loop.send(due(invitation.id))

    assert sorted(bill.operations) == ["BatchGetItem", "GetItem", "SendEmail", "TransactWriteItems", "UpdateItem"]


def test_a_page_is_one_call_and_so_is_an_answer(stack, loop):
    warmed(loop)
    invitation = loop.sent()

    with billed(stack) as tapped:
        loop.answer(sample("api/survey_get", TOKEN=survey_token(invitation.id)))
    with billed(stack) as page:
        loop.answer(sample("api/survey_get", TOKEN=survey_token(invitation.id)) | {"rawQueryString": ""})
    with billed(stack) as answer:
        loop.form(invitation)

    assert tapped.operations == ["UpdateItem"]
    assert page.operations == ["GetItem"]
    assert answer.operations == ["UpdateItem"]


@pytest.mark.parametrize("source", ["events", "stripe"])
@pytest.mark.parametrize("known", [False, True], ids=["new customer", "known customer"])
def test_write_units_of_a_sent_and_answered_survey(stack, loop, known, source):
    warmed(loop)
    paid = captured(payment()) if source == "events" else stripe("invoice.paid")
    if known:
        loop.capture(captured(payment(kind="customer_updated")) if source == "events" else stripe("customer.created"))
    before = {one.id for one in loop.invitations()}

    with billed(stack) as bill:
        loop.capture(paid)
        (invitation,) = [one for one in loop.invitations() if one.id not in before]
        loop.send(due(invitation.id))
        loop.mail(mail_event("send", invitation.id, ADDRESS))
        loop.mail(mail_event("delivery", invitation.id, ADDRESS))
        loop.form(invitation)

    assert loop.invitation(invitation.id).answer
    assert bill.units <= MOST_WRITE_UNITS + (0 if known else MEETING), bill.writes


def stripe(name):
    """A sample of Stripe in the inbox, moved to this moment."""
    body = sample(f"webhooks/stripe/{name}")
    body["created"] = int(now().timestamp())
    event = captured(json.dumps(body).encode())
    event["Records"][0]["messageAttributes"]["source"]["stringValue"] = "stripe"
    return event


def _units(before, after, factor):
    """Indexes follow asynchronously, so a transaction does not double them."""
    indexes = properties("Table")["GlobalSecondaryIndexes"]
    return factor * table_units(before, after) + sum(index_units(before, after, index) for index in indexes)
