"""StoredReports over S3."""

import gzip

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.aws.exports import S3Exports
from afterbill.adapters.aws.report_files import S3Reports
from afterbill.model.errors import TransientError, UnreadableError
from tests.contract.conftest import REGION

PLACE, DOCUMENT = "reports/trend/nps/30d.json", {"scopes": {"plan=Größe": {"rows": []}}, "name": "trend"}


@pytest.fixture
def s3(aws):
    client = aws("s3")
    client.create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


def test_a_report_that_is_stored_is_read_again_in_its_order(s3):
    S3Reports(s3, "archive").store(PLACE, DOCUMENT)

    found = S3Reports(s3, "archive").load(PLACE)

    assert (found, list(found)) == (DOCUMENT, ["scopes", "name"])


def test_the_same_report_is_the_same_bytes(s3):
    def content():
        S3Reports(s3, "archive").store(PLACE, DOCUMENT)
        return s3.get_object(Bucket="archive", Key=PLACE)["Body"].read()

    assert content() == content()


def test_one_that_is_not_there_is_none(s3):
    assert S3Reports(s3, "archive").load(PLACE) is None


@pytest.mark.parametrize("content", [b"", b"{}", gzip.compress(b"{"), gzip.compress(b'{"a": 1}')[:-4]])
def test_one_that_is_damaged_is_told(s3, content):
    s3.put_object(Bucket="archive", Key=PLACE, Body=content)

    with pytest.raises(UnreadableError, match=PLACE):
        S3Reports(s3, "archive").load(PLACE)


def test_a_bucket_that_is_not_there_is_a_mistake(s3):
    with pytest.raises(ClientError):
        S3Reports(s3, "other").load(PLACE)


def test_an_export_is_behind_a_link_that_ends_soon(s3):
    exports = S3Exports(s3, "archive")

    links = [exports.put(b"a,b\n", "text/csv", "trend.csv") for _ in range(2)]

    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="archive")["Contents"]]
    kept = s3.get_object(Bucket="archive", Key=keys[0])
    assert len(set(links)) == len(set(keys)) == 2
    assert (kept["Body"].read(), kept["ContentType"]) == (b"a,b\n", "text/csv")
    assert kept["ContentDisposition"] == 'attachment; filename="trend.csv"'


def test_a_store_that_does_not_answer_is_told(s3, monkeypatch):
    failure = ClientError({"Error": {"Code": "ServiceUnavailable"}}, "GetObject")
    monkeypatch.setattr(s3, "get_object", lambda **_: (_ for _ in ()).throw(failure))

    with pytest.raises(TransientError):
        S3Reports(s3, "archive").load(PLACE)
