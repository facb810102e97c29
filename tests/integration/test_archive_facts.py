"""archive_facts: marks in, files of days out, and a message for reports."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from afterbill.adapters.dynamodb.archive_marks import ArchiveMarksTable
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.model.errors import TransientError
from tests.contract.people import ID, invitation
from tests.integration.logs import counted, lines
from tests.integration.stack import Context

DAYS = timedelta(days=3)


class Quarter(Context):
    """A quarter of an hour is left."""

    remaining = 900_000


@pytest.fixture
def archive(stack):
    handler = stack.load("archive_facts")
    return lambda: handler({}, Quarter())


@pytest.fixture
def day(stack):
    """The local day of a fact, which is marked."""
    at = datetime.now(UTC) - DAYS
    local = at.astimezone(ZoneInfo("Europe/Berlin")).date()
    stack.dynamodb.put_item(TableName="afterbill", Item=invitation_item(invitation(ID, occurred_at=at)))
    ArchiveMarksTable(stack.dynamodb, "afterbill").mark_changed(at, {local}, ())
    return local


def test_a_fact_is_in_a_file_of_its_day_when_its_period_is_over(stack, archive, day, capsys):
    archive()

    bucket = stack.resolver.resolve({"Ref": "ArchiveBucket"})
    (file,) = stack.session.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert file["Key"] == f"facts/day={day}/part-0.parquet"
    assert list(stack.items("CHANGED")) == []
    log = capsys.readouterr().out
    assert counted(log, "ArchiveFinished") == [1]
    assert [line["facts"] for line in lines(log) if "facts" in line] == [1]
    queue = stack.resolver.resolve({"Ref": "ReportRequests"})
    (message,) = stack.sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["kind"] == "stored"


def test_a_day_that_cannot_be_stored_fails_the_run_and_keeps_its_mark(stack, archive, day, capsys):
    stack.failures["PutObject"] = "ServiceUnavailable"

    with pytest.raises(TransientError, match="writing a file of the archive"):
        archive()

    assert [item["days"]["SS"] for item in stack.items("CHANGED")] == [[str(day)]]
    assert counted(capsys.readouterr().out, "ArchiveFinished") == []


def test_what_another_run_works_on_is_left_to_it(stack, archive, day, capsys):
    until = datetime.now(UTC) + timedelta(minutes=15)
    lease = {"holder": "another", "held_until": until.isoformat(timespec="microseconds")}
    item = {"pk": {"S": "LEASE"}, "sk": {"S": "archive"}, **{name: {"S": text} for name, text in lease.items()}}
    stack.dynamodb.put_item(TableName="afterbill", Item=item)

    archive()

    assert [item["days"]["SS"] for item in stack.items("CHANGED")] == [[str(day)]]
    assert counted(capsys.readouterr().out, "ArchiveFinished") == []
