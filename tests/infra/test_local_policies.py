"""What is taken off the policies of the template on a laptop, and what stays."""

import json

import boto3
from botocore.stub import Stubber

from afterbill_dev.local.ministack_gaps import admitting, fill_parameters, keyless, widened
from tests.infra.reading import OfOne, OfType


def test_roles_keep_their_keys_and_lose_that_one_must_be_named(of_type: OfType) -> None:
    for role in of_type("AWS::IAM::Role").values():
        for policy in role["Policies"]:
            written = policy["PolicyDocument"]
            kept = keyless(written)

            assert "Null" not in json.dumps(kept)
            assert json.dumps(kept).count("dynamodb:LeadingKeys") * 2 == json.dumps(written).count(
                "dynamodb:LeadingKeys"
            )


def test_queues_that_refuse_plain_http_only_are_left_without_a_policy(properties: OfOne) -> None:
    assert admitting(json.dumps(properties("QueuesPolicy")["PolicyDocument"])) == ""


def test_whoever_may_write_to_a_queue_still_may(properties: OfOne) -> None:
    [sending] = json.loads(admitting(json.dumps(properties("MailEventsQueuePolicy")["PolicyDocument"])))["Statement"]

    assert sending["Effect"] == "Allow"


def test_parameters_of_a_query_stand_in_its_statement() -> None:
    athena = boto3.client("athena", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    fill_parameters(athena)
    with Stubber(athena) as stub:
        expected = {"QueryString": "SELECT '?' WHERE plan = 'Team' -- why?\nAND n > 3", "WorkGroup": "shop"}
        stub.add_response("start_query_execution", {"QueryExecutionId": "1"}, expected)
        athena.start_query_execution(
            QueryString="SELECT '?' WHERE plan = ? -- why?\nAND n > ?",
            ExecutionParameters=["'Team'", "3"],
            WorkGroup="shop",
        )


def test_filters_lose_that_something_must_not_be_there() -> None:
    there, gone = {"S": [{"exists": True}]}, {"S": [{"exists": False}]}
    strict = {"eventName": ["MODIFY"], "dynamodb": {"OldImage": {"label": gone}, "NewImage": {"label": there}}}

    assert widened(strict) == {"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"label": there}}}
    assert widened(widened(strict)) == widened(strict)
