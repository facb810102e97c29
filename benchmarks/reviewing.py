"""Reviews of clicks: calls of the table for a hundred, over moto, and the write units of their marks."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws

from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.answers.review_clicks import review_clicks
from afterbill.model.invitation import Invitation, State
from afterbill.model.visits import Integrity, Kind, Visit
from benchmarks.schema import table_definition
from benchmarks.table import Row
from benchmarks.units import table_units
from benchmarks.world import REGION, TABLE

_SIZE = 100
_NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
_MOST_CALLS = _SIZE + 6
"""One update of each invitation; a query, a read of all, and the removal of a hundred marks, 25 at a time."""
_MOST_UNITS = 0.1


def rows() -> list[Row]:
    """Calls of a run over a hundred clicks of one batch, and of a hundred batches, and the units of their marks."""
    with mock_aws():
        calls, client = Counter[str](), _client()
        client.create_table(**table_definition(TABLE))
        client.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.update([model.name]))
        together = _Backlog(client, calls, "a", _SIZE)
        apart = _Backlog(client, calls, "b", 1)
        units = together.mark_units()
        return [
            _calls("table calls to review 100 clicks of one batch", together.review()),
            _calls("same, each of a batch of its own", apart.review()),
            Row("write units of the marks of a full batch, per click", units / _SIZE, "WRU", _MOST_UNITS),
        ]


def _calls(what: str, calls: Counter[str]) -> Row:
    listed = ", ".join(f"{number} {name}" for name, number in sorted(calls.items()))
    return Row(what, calls.total(), "calls", _MOST_CALLS, listed)


def _client() -> Any:  # noqa: ANN401  # boto3's clients have no types of their own
    session = boto3.Session(region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106  # opens nothing
    return session.client("dynamodb")


class _Backlog:
    """A hundred clicked invitations in the table, marked in batches of so many."""

    def __init__(self, client: Any, calls: Counter[str], name: str, most: int) -> None:  # noqa: ANN401  # see above
        self.client, self.calls, self.reviews = client, calls, ReviewsTable(client, TABLE)
        self.ids, self.most = [f"{name}{number:031x}" for number in range(_SIZE)], most
        for id_ in self.ids:
            client.put_item(TableName=TABLE, Item=invitation_item(replace(_clicked(), id=id_)))

    def mark(self) -> None:
        """Mark them as track_changes does."""
        for start in range(0, _SIZE, self.most):
            self.reviews.mark_for_review(self.ids[start : start + self.most], _NOON)

    def review(self) -> Counter[str]:
        """Return the calls of one run."""
        self.mark()
        self.calls.clear()
        run = review_clicks(self.reviews, Integrity(), _NOON + timedelta(hours=1), lambda at: at.date().isoformat())
        if run.answers != _SIZE:
            raise AssertionError(f"{_SIZE} clicks came to {run}")
        return self.calls.copy()

    def mark_units(self) -> int:
        """Return the write units of setting and removing the marks."""
        self.mark()
        marks = self.client.query(
            TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "REVIEW"}}
        )["Items"]
        return sum(table_units(None, mark) + table_units(mark, None) for mark in marks)


def _clicked() -> Invitation:
    visit = Visit(_NOON, Kind.SEEN, 9, "0badcafe", "safari")
    return Invitation(
        id="",
        fact="stripe|acct|in_1|payment|",
        customer_id="customer-1",
        touchpoint="payment_succeeded",
        stage="purchase",
        source="stripe",
        channel="mail",
        locale="de",
        created_at=_NOON,
        occurred_at=_NOON,
        due_at=_NOON,
        expiry=timedelta(days=30),
        segments={"touchpoint": "payment_succeeded", "channel": "mail", "source": "stripe", "stage": "purchase"},
        state=State.SENT,
        sent_at=_NOON,
        sent_day="2026-11-22",
        visits=(visit,),
    )
