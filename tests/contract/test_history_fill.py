"""A history in the table: every fact and customer once, as the functions of the stack read them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from afterbill.adapters.dynamodb.archive_marks import ArchiveMarksTable
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.insight.archive.rows import day_of
from afterbill_cli.deployed import Deployed
from afterbill_dev.history.effects import PLANTED
from afterbill_dev.history.fill import archive_at_once, archiving, fill
from afterbill_dev.history.lives import DAY, Span, lives
from afterbill_dev.history.words import worded
from afterbill_reports.adapters.archive_files import S3Files
from afterbill_reports.adapters.archive_table import ArchiveTable
from afterbill_reports.archive.run import archive
from tests.contract.conftest import REGION, TABLE
from tests.contract.template import table_definition

SHIPPED = Path(__file__).resolve().parents[2] / "layers" / "config"
SPAN = Span(datetime(2026, 11, 30, 22, tzinfo=UTC), 200, ZoneInfo("Europe/Berlin"))


@pytest.fixture
def stack(aws):
    dynamodb = aws("dynamodb")
    dynamodb.create_table(**table_definition(TABLE))
    return Deployed("here", {"TableName": TABLE}, lambda _service: dynamodb, SHIPPED)


def test_facts_and_customers_are_there_as_they_were_made_and_stay_so(stack):
    facts, told = list(lives(3, 8, SPAN, PLANTED)), []
    table = InvitationTable(stack.client("dynamodb"), TABLE)

    for _ in range(2):
        assert fill(stack, facts, told.append) == len(facts)

    stored = table.read_invitations([one.id for one in facts])
    assert {one.id: one.answer for one in stored.values()} == {one.id: one.answer for one in facts}
    assert table.customers([facts[0].customer_id])[facts[0].customer_id].attributes == {
        "plan": facts[0].segments["plan"]
    }
    assert told == [len(facts)] * 2


def test_files_are_those_that_archive_facts_writes(stack, aws, tmp_path):
    facts = list(worded(lives(3, 8, SPAN, PLANTED)))
    fill(stack, facts, lambda _: None, lambda address: f"hash of {address}")
    aws("s3").create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
    queue = aws("sqs").create_queue(QueueName="reports")["QueueUrl"]
    outputs = {"TableName": TABLE, "ArchiveBucketName": "archive", "ReportRequestsUrl": queue}
    whole = replace(stack, outputs=outputs, client=aws)

    days = archive_at_once(whole, facts, SPAN.until)

    at_once = S3Files(aws("s3"), "archive")
    names = [*at_once.names("facts/"), *at_once.names("comments/")]
    bodies = {name: at_once.get(name) for name in names}
    assert days == sum(name.startswith("facts/") for name in names)
    assert any(name.startswith("comments/") for name in names)
    [message] = aws("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == {"kind": "stored", "nightly": True}

    ArchiveMarksTable(aws("dynamodb"), TABLE).mark_changed(
        SPAN.until - DAY, {day_of(one, SPAN.zone) for one in facts}, ()
    )
    function = archiving(whole, ArchiveTable(aws("dynamodb"), TABLE), tmp_path)
    assert archive(function, SPAN.until, "function", lambda: True).days == days
    assert {name: at_once.get(name) for name in names} == bodies
