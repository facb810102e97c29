"""A night of archive_facts in which it does all that it can do."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb.archive_marks import ArchiveMarksTable
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer
from afterbill_reports.archive.columns import place
from tests.contract.people import ID, invitation
from tests.integration.stack import Context

DAY = timedelta(days=1)


class Quarter(Context):
    """A quarter of an hour is left."""

    remaining = 900_000


class Noon(datetime):
    """A clock that stands at the next noon: the night is over, and so is every hour in which a test marked a day."""

    @classmethod
    def now(cls, tz=None):
        return (datetime.now(tz or UTC) + DAY).replace(hour=12, minute=0)


def archive_a_night(stack):
    """One day is written, an older one is found empty, and one that is frozen and damaged keeps its mark."""
    handler = stack.load("archive_facts")
    sys.modules["functions.archive_facts.app"].datetime = Noon
    at = Noon.now() - DAY
    one = invitation(ID, occurred_at=at, answer=Answer(9, "Words."), answered_at=at, answered_day=str(at.date()))
    stack.dynamodb.put_item(TableName="afterbill", Item=invitation_item(one))
    days = [(at - ago).date() for ago in (0 * DAY, 100 * DAY, 800 * DAY)]
    ArchiveMarksTable(stack.dynamodb, "afterbill").mark_changed(at, days, days[:1])
    ArchiveMarksTable(stack.dynamodb, "afterbill").mark_changed(at - DAY, days[:1], ())
    bucket = stack.resolver.resolve({"Ref": "ArchiveBucket"})
    stack.session.client("s3").put_object(Bucket=bucket, Key=place("facts", days[-1]), Body=b"damaged")

    with pytest.raises(UnreadableError, match="damaged"):
        handler({}, Quarter())

    # What changed after that noon is the next run's.
    due = [item for item in stack.items("CHANGED") if item["sk"]["S"] < f"{Noon.now():%Y-%m-%dT%H}"]
    assert [item["days"]["SS"] for item in due] == [[str(days[-1])]]
