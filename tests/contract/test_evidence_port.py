"""Copies of webhooks for some days: complete, once each, under names that tell source and day."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.aws.evidence import S3Evidence, content_of, key_of
from afterbill.model.webhooks import Webhook
from afterbill_cli.memory.queues import MemoryEvidence
from tests.contract.conftest import REGION
from tests.contract.test_inbox_port import RECEIVED_AT

WEBHOOK = Webhook("stripe", {"webhook-id": "msg_1"}, b'{"name": "Zo\xc3\xab"}', RECEIVED_AT)


class InMemory:
    def __init__(self):
        self.evidence = MemoryEvidence()

    def count(self):
        return len(self.evidence.webhooks)


class InS3:
    def __init__(self, s3):
        self.s3 = s3
        s3.create_bucket(Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.evidence = S3Evidence(s3, "evidence")

    def count(self):
        return self.s3.list_objects_v2(Bucket="evidence")["KeyCount"]


@pytest.fixture(params=["memory", "aws"])
def world(request):
    return InMemory() if request.param == "memory" else InS3(request.getfixturevalue("aws")("s3"))


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


def test_a_copy_is_found_by_source_and_day_and_says_everything(aws):
    world = InS3(aws("s3"))
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
