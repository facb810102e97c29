"""Events on the bus of the local stack, as a rule of the operator's takes them; no mail is needed for them."""

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest

from afterbill.adapters.dynamodb.items import customer_item, invitation_item
from afterbill.model.customer import Suppression
from afterbill_actions.version import version_of
from tests.e2e.town import RUN, eventually
from tests.factories import customer
from tests.unit.actions.events.stream_world import WORDS, answered, sent


@pytest.fixture(scope="module")
def rule(stack):
    """Makes what an operator makes: a queue of their own, and a rule that sends all events there."""
    session = boto3.Session()
    options = {"endpoint_url": stack["ministack_url"], "region_name": stack["environment"]["AWS_DEFAULT_REGION"]}
    options |= {
        "aws_access_key_id": stack["environment"]["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": stack["environment"]["AWS_SECRET_ACCESS_KEY"],
    }
    events, sqs, dynamodb = (session.client(name, **options) for name in ("events", "sqs", "dynamodb"))
    bus, queue = stack["outputs"]["EventBusName"], sqs.create_queue(QueueName=f"events-{RUN}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=f"all-{RUN}", EventBusName=bus, EventPattern=json.dumps({"source": ["afterbill"]}))
    events.put_targets(Rule=f"all-{RUN}", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
    return Rule(sqs, queue, dynamodb, stack["outputs"]["TableName"])


class Rule:
    def __init__(self, sqs: Any, queue: str, dynamodb: Any, table: str) -> None:
        self.sqs, self.queue, self.dynamodb, self.table = sqs, queue, dynamodb, table
        self.taken: list[dict[str, Any]] = []

    def put(self, *items: Any) -> None:
        for item in items:
            self.dynamodb.put_item(TableName=self.table, Item=item)

    def about(self, **named: str) -> list[str]:
        """The kinds of events so far whose detail names this."""
        received = self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        for message in received.get("Messages", []):
            self.taken.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        wanted = [one for one in self.taken if named.items() <= one["detail"].items()]
        return sorted(one["detail-type"] for one in wanted)


def test_an_answer_and_its_change_are_told_and_marked(rule, town):
    id_ = f"{RUN:0>32}"[-32:]
    town.given[id_] = 9
    rule.put(*map(invitation_item, (sent(id=id_), answered(3, id=id_), answered(9, id=id_))))

    kinds = ["CategoryChanged", "ResponseChanged", "ResponseRecorded"]
    eventually(lambda: rule.about(response_id=id_), lambda found: found == kinds, "three events", 60, 1)
    assert WORDS not in repr(rule.taken)
    mark = rule.dynamodb.get_item(
        TableName=rule.table, Key={"pk": {"S": f"EFFECTS#{id_}"}, "sk": {"S": "EFFECTS"}}, ConsistentRead=True
    )["Item"]
    assert mark["published"]["S"] == version_of(answered(9).answer)


def test_a_click_that_is_no_answer_is_told(rule):
    id_ = f"{RUN:1>32}"[-32:]
    rule.put(*map(invitation_item, (sent(id=id_), sent(id=id_, label="burst"))))

    eventually(lambda: rule.about(response_id=id_), lambda found: found == ["ResponseReviewed"], "a review", 60, 1)


def test_a_customer_who_objects_is_told(rule):
    ada = customer(id=f"{RUN:2>32}"[-32:])
    rule.put(customer_item(ada), customer_item(replace(ada, suppressed=Suppression.UNSUBSCRIBED)))

    eventually(lambda: rule.about(customer_id=ada.id), lambda found: found == ["CustomerObjected"], "it", 60, 1)
