"""Exports over S3."""

import pytest

from afterbill.adapters.aws.exports import S3Exports
from tests.contract.conftest import REGION


@pytest.fixture
def s3(aws):
    client = aws("s3")
    client.create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


def test_an_export_is_behind_a_link_that_ends_soon(s3):
    exports = S3Exports(s3, "archive")

    links = [exports.put(b"a,b\n", "text/csv", "trend.csv") for _ in range(2)]

    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="archive")["Contents"]]
    kept = s3.get_object(Bucket="archive", Key=keys[0])
    assert len(set(links)) == len(set(keys)) == 2
    assert (kept["Body"].read(), kept["ContentType"]) == (b"a,b\n", "text/csv")
    assert kept["ContentDisposition"] == 'attachment; filename="trend.csv"'
