"""Copies of webhooks for some days: complete, once each, under names that tell source and day."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.stub import Stubber

from afterbill.adapters.aws.evidence import S3Copies, S3Evidence, content_of, key_of
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.model.errors import TransientError
from afterbill.model.webhooks import Webhook
from afterbill_cli.memory.queues import MemoryEvidence
from afterbill_cli.memory.table import MemoryTable
from tests.contract.conftest import REGION, TABLE
from tests.contract.template import table_definition
from tests.contract.test_inbox_port import RECEIVED_AT

WEBHOOK = Webhook("stripe", {"webhook-id": "msg_1"}, b'{"name": "Zo\xc3\xab"}', RECEIVED_AT)


class InMemory:
    def __init__(self):
        self.table = MemoryTable()
        self.evidence = MemoryEvidence(remembered=self.table.copies)

    def count(self):
        return len(self.evidence.webhooks)

    def copies_of(self, customer_id):
        return {name for name, owner in self.table.copies if owner == customer_id}


class InS3:
    def __init__(self, aws):
        self.s3 = s3 = aws("s3")
        self.dynamodb = dynamodb = aws("dynamodb")
        dynamodb.create_table(**table_definition(TABLE))
        s3.create_bucket(Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.evidence = S3Evidence(s3, "evidence", dynamodb, TABLE, timedelta(days=30))

    def count(self):
        return self.s3.list_objects_v2(Bucket="evidence")["KeyCount"]

    def copies_of(self, customer_id):
        found = FactsTable(self.dynamodb, TABLE).by_customer(customer_id, 10)
        return {item["pk"]["S"].removeprefix("COPY#") for item in found}


@pytest.fixture(params=["memory", "aws"])
def world(request):
    return InMemory() if request.param == "memory" else InS3(request.getfixturevalue("aws"))


def test_the_same_webhook_again_is_one_copy(world):
    world.evidence.keep(WEBHOOK)
    world.evidence.keep(WEBHOOK)

    assert world.count() == 1


@pytest.mark.parametrize(
    "change", [{"body": b"{}"}, {"source": "shop"}, {"received_at": RECEIVED_AT + timedelta(microseconds=1)}]
)
def test_another_webhook_is_another_copy(world, change):
    world.evidence.keep(WEBHOOK)
    world.evidence.keep(replace(WEBHOOK, **change))

    assert world.count() == 2


def test_a_copy_has_one_name_for_all_slices_of_its_webhook(world):
    names = {world.evidence.name_of(replace(WEBHOOK, part=part)) for part in (None, 0, 1)}

    assert len(names) == 1
    assert world.evidence.name_of(replace(WEBHOOK, source="shop")) not in names


def test_a_copy_is_found_by_each_customer_it_is_about(world):
    world.evidence.keep(WEBHOOK)
    name = world.evidence.name_of(WEBHOOK)
    for _ in range(2):
        world.evidence.remember(name, ["customer-1", "customer-2"], RECEIVED_AT)

    assert [world.copies_of(one) for one in ("customer-1", "customer-2", "customer-3")] == [{name}, {name}, set()]


def test_what_is_known_of_a_copy_ends_with_it(aws):
    world = InS3(aws)
    world.evidence.remember("name", ["customer-1"], RECEIVED_AT)

    (item,) = world.dynamodb.scan(TableName=TABLE)["Items"]
    assert item["expires_at"] == {"N": str(int((RECEIVED_AT + timedelta(days=30)).timestamp()))}


def test_copies_are_deleted_by_their_names_and_no_others(world):
    other = replace(WEBHOOK, source="shop")
    world.evidence.keep(WEBHOOK)
    world.evidence.keep(other)
    world.evidence.delete([world.evidence.name_of(WEBHOOK), "stripe/2026/11/22/none.json"])

    assert world.count() == 1
    world.evidence.delete([world.evidence.name_of(other)])
    assert world.count() == 0
    world.evidence.delete([])


def test_copies_that_cannot_be_deleted_are_told(aws):
    """S3 answers 200, with an error for each object."""
    s3 = aws("s3")
    refused = {"Errors": [{"Key": "one", "Code": "InternalError"}]}
    with Stubber(s3) as stub:
        stub.add_response("delete_objects", refused)
        with pytest.raises(TransientError, match="1 copies of webhooks were not deleted: InternalError"):
            S3Copies(s3, "evidence").delete(["one"])


def test_a_copy_is_found_by_source_and_day_and_says_everything(aws):
    world = InS3(aws)
    world.evidence.keep(WEBHOOK)

    assert re.fullmatch(r"stripe/2026/11/22/20261122T133015000250Z-[0-9a-f]{32}\.json", key_of(WEBHOOK))
    stored = world.s3.get_object(Bucket="evidence", Key=key_of(WEBHOOK))
    assert stored["ContentType"] == "application/json"
    assert json.loads(stored["Body"].read()) == {
        "source": "stripe",
        "received_at": "2026-11-22T13:30:15.000250+00:00",
        "headers": {"webhook-id": "msg_1"},
        "encoding": "text",
        "body": '{"name": "Zoë"}',
    }


def test_a_body_that_is_no_text_is_kept_as_base64():
    content = json.loads(content_of(replace(WEBHOOK, body=b"\xff")))

    assert (content["encoding"], content["body"]) == ("base64", "/w==")
