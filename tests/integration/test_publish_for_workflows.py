"""publish_events where there are workflows: what is asked of the queue that wakes."""

import json
from datetime import datetime

import pytest

from afterbill_actions.adapters.workflows import WorkflowsTable
from afterbill_actions.settings import load_actions
from tests.integration.acting import with_workflows
from tests.integration.samples import sample
from tests.integration.stack import configured_at_once

ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.fixture
def configuration(tmp_path):
    return with_workflows(configured_at_once(tmp_path / "config"))


@pytest.fixture
def publish(stack):
    return stack.load("publish_events")


def asked(stack):
    """What was sent to the queue, with its delay."""
    calls = [call.params for call in stack.calls if call.operation == "SendMessage"]
    return [(json.loads(params["MessageBody"]), params["DelaySeconds"]) for params in calls]


@pytest.mark.usefixtures("publish")
def test_its_configuration_is_a_good_one():
    assert load_actions().workflows.keys() == {"unhappy", "gone"}


def test_an_answer_is_looked_at_after_thirty_quiet_seconds(stack, publish):
    publish(sample("stream/answered"))

    ((message, delay),) = asked(stack)
    assert (message["settle"], delay) == (ID, 30)
    assert stack.calls_of("publish_events") == [
        "GetItem",
        "UpdateItem",
        "GetItem",
        "Query",
        "PutEvents",
        "UpdateItem",
        "SendMessage",
    ]


def test_an_objection_is_told_at_once_and_names_nobody(stack, publish):
    publish(sample("stream/customer_objected"))

    ((message, delay),) = asked(stack)
    assert (message["tell"]["type"], delay) == ("CustomerObjected", 0)
    assert "ada@example.com" not in repr(message)


def test_the_first_answer_is_not_from_before_the_workflows(stack, publish):
    record = sample("stream/answered")
    publish(record)

    answered_at = record["Records"][0]["dynamodb"]["NewImage"]["answered_at"]["S"]
    since = WorkflowsTable(stack.dynamodb, "afterbill").since()
    assert since.keys() == {"unhappy", "gone"}
    assert max(since.values()) <= datetime.fromisoformat(answered_at)


@pytest.mark.parametrize("operation", ["SendMessage", "UpdateItem"])
def test_what_does_not_answer_makes_the_record_come_again_and_is_asked_the_same(stack, publish, operation):
    stack.failures[operation] = "ThrottlingException"

    assert len(publish(sample("stream/answered"))["batchItemFailures"]) == 1
    before = asked(stack)
    stack.failures.clear()
    assert publish(sample("stream/answered")) == {"batchItemFailures": []}
    assert {repr(one) for one in asked(stack)} == {repr(one) for one in before or asked(stack)}
