"""What is taken off the policies of the template on a laptop, and what stays."""

import json

from afterbill_dev.local.ministack_gaps import admitting, keyless
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
