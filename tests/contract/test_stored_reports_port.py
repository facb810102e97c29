"""Stored reports: one object each, read in one call whatever its size, and known by their fingerprints."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.model.errors import TransientError, UnreadableError
from afterbill_cli.memory.stored_reports import MemoryReports
from tests.contract.conftest import REGION

PLACE = "reports/trend/nps/7d.json"
DOCUMENT = {"fingerprint": "abc", "scopes": {"": {"rows": [{"value": "Zoë", "score": None}]}}}


class InMemory:
    def __init__(self):
        self.reports = MemoryReports()

    def damage(self, place):
        self.reports.documents[place] = "{"


class InS3:
    def __init__(self, aws):
        self.s3 = aws("s3")
        self.s3.create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.reports = S3Reports(self.s3, "archive")

    def damage(self, place):
        self.s3.put_object(Bucket="archive", Key=place, Body=gzip.compress(b"{}")[:-4])


@pytest.fixture(params=["memory", "aws"])
def world(request):
    return InMemory() if request.param == "memory" else InS3(request.getfixturevalue("aws"))


def test_a_document_is_read_as_it_was_stored(world):
    world.reports.store(PLACE, DOCUMENT)

    assert world.reports.load(PLACE) == DOCUMENT
    assert world.reports.load("reports/trend/nps/30d.json") is None


def test_the_last_one_counts(world):
    world.reports.store(PLACE, DOCUMENT)
    world.reports.store(PLACE, DOCUMENT | {"fingerprint": "def"})

    assert world.reports.load(PLACE)["fingerprint"] == "def"


def test_fingerprints_are_known_of_those_that_are_there_and_have_one(world):
    world.reports.store(PLACE, DOCUMENT)
    world.reports.store("asked/failed.json", DOCUMENT | {"fingerprint": ""})

    assert world.reports.fingerprints([PLACE, "asked/failed.json", "asked/none.json"]) == {PLACE: "abc"}
    assert world.reports.fingerprints([]) == {}


def test_a_damaged_one_is_said_to_be_unreadable(world):
    world.damage(PLACE)

    with pytest.raises(UnreadableError, match=PLACE):
        world.reports.load(PLACE)


@pytest.mark.parametrize("scopes", [1, 1000])
def test_a_report_is_one_call_whatever_it_holds(aws, scopes):
    world, calls = InS3(aws), []
    world.reports.store(PLACE, {"fingerprint": "", "scopes": {str(n): {"rows": [n] * 20} for n in range(scopes)}})
    world.s3.meta.events.register("before-call", lambda model, **_: calls.append(model.name))

    assert len(world.reports.load(PLACE)["scopes"]) == scopes
    assert calls == ["GetObject"]


def test_an_object_says_that_it_is_compressed_json(aws):
    world = InS3(aws)
    world.reports.store(PLACE, DOCUMENT)

    stored = world.s3.get_object(Bucket="archive", Key=PLACE)
    assert (stored["ContentType"], stored["ContentEncoding"]) == ("application/json", "gzip")
    assert json.loads(gzip.decompress(stored["Body"].read())) == DOCUMENT


# Over S3 alone


def test_a_report_that_is_stored_is_read_again_in_its_order(aws):
    s3 = InS3(aws).s3
    S3Reports(s3, "archive").store(PLACE, DOCUMENT)

    found = S3Reports(s3, "archive").load(PLACE)

    assert (found, list(found)) == (DOCUMENT, [*DOCUMENT])


def test_the_same_report_is_the_same_bytes(aws):
    s3 = InS3(aws).s3

    def content():
        S3Reports(s3, "archive").store(PLACE, DOCUMENT)
        return s3.get_object(Bucket="archive", Key=PLACE)["Body"].read()

    assert content() == content()


@pytest.mark.parametrize("content", [b"", b"{}", gzip.compress(b"{"), gzip.compress(b'{"a": 1}')[:-4]])
def test_one_that_is_damaged_is_told(aws, content):
    s3 = InS3(aws).s3
    s3.put_object(Bucket="archive", Key=PLACE, Body=content)

    with pytest.raises(UnreadableError, match=PLACE):
        S3Reports(s3, "archive").load(PLACE)


def test_a_bucket_that_is_not_there_is_a_mistake(aws):
    s3 = InS3(aws).s3
    with pytest.raises(ClientError):
        S3Reports(s3, "other").load(PLACE)


def test_a_store_that_does_not_answer_is_told(aws, monkeypatch):
    s3 = InS3(aws).s3
    failure = ClientError({"Error": {"Code": "ServiceUnavailable"}}, "GetObject")
    monkeypatch.setattr(s3, "get_object", lambda **_: (_ for _ in ()).throw(failure))

    with pytest.raises(TransientError):
        S3Reports(s3, "archive").load(PLACE)
