"""The table as archive_facts sees it: marks, facts of an hour, and the state."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query, write_batches
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.adapters.dynamodb.leases import LeaseTable
from afterbill.adapters.dynamodb.stored import reading
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.insight.ports import ArchiveState, ChangeMark, Page
from afterbill.model.errors import UnreadableError
from afterbill.model.history import MonthTally
from afterbill.model.invitation import StoredInvitation
from afterbill_reports.adapters.history_table import HistoryTable

_MOST_KEYS = 100
"""Keys that BatchGetItem takes."""


class ArchiveTable(InvitationTable, LeaseTable):
    """Archived over DynamoDB."""

    step = "archive"

    def changed(self, before: datetime) -> Page[ChangeMark]:
        """The marks of earlier periods: one range."""
        earlier = {":pk": keys.CHANGED, ":before": keys.changed(before)[keys.SK]["S"]}
        found = query(
            self.dynamodb,
            TableName=self.table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk < :before",
            ExpressionAttributeValues=encode(earlier),
        )
        good, bad = list[ChangeMark](), list[str]()
        for item in found:
            try:
                good += _marks_of(item)
            except UnreadableError as error:
                bad.append(str(error))
        return Page(good, unreadable=bad)

    def drop(self, marks: Collection[ChangeMark], left: Collection[ChangeMark]) -> None:
        """Delete the items of periods that are done; of the others, take these days out."""
        more = {mark.period for mark in left}
        done = {mark.period for mark in marks} - more
        requests = ({"DeleteRequest": {"Key": keys.changed(period)}} for period in sorted(done))
        write_batches(self.dynamodb, self.table, requests)
        for period in more:
            if days := {mark.day.isoformat() for mark in marks if mark.period == period}:
                take = {":days": days}
                self.apply(self.update(keys.changed(period), "DELETE #days :days, urgent :days", _THERE, take))

    def fact_ids(self, hours: Sequence[datetime]) -> Sequence[str]:
        """The ids in the index: one query of each hour."""
        return [
            keys.invitation_id(dict(item))
            for hour in hours
            for item in query(
                self.dynamodb,
                TableName=self.table,
                IndexName=keys.BY_FACT_HOUR,
                KeyConditionExpression=f"{keys.FACT_HOUR} = :hour",
                ExpressionAttributeValues=encode({":hour": keys.fact_hour(hour)}),
            )
        ]

    def facts(self, ids: Sequence[str], *, consistent: bool) -> Iterator[StoredInvitation]:
        """The invitations, a hundred to a call."""
        for start in range(0, len(ids), _MOST_KEYS):
            yield from self.read_invitations(ids[start : start + _MOST_KEYS], consistent=consistent).values()

    def imported_months(self, month: date) -> Sequence[MonthTally]:
        """The tallies of the month."""
        return HistoryTable(self.dynamodb, self.table).of_month(month)

    def archive_state(self) -> ArchiveState:
        """The state as the last run stored it, read consistently."""
        item = self.item(keys.archived())
        with reading(item):
            days = {name: plain for name, plain in decode(item).items() if name in _DAYS}
            return ArchiveState(**{name: date.fromisoformat(day) for name, day in days.items()})

    def store_archive_state(self, state: ArchiveState) -> None:
        """Store the state: one PutItem."""
        days = {name: getattr(state, name) for name in _DAYS}
        stored = encode({name: day.isoformat() for name, day in days.items() if day})
        with transient("keeping the state of the archive"):
            self.dynamodb.put_item(TableName=self.table, Item=keys.archived() | stored)


_DAYS = ("nightly", "frozen", "emptied")


_THERE = "attribute_exists(pk)"


def _marks_of(item: Mapping[str, Any]) -> list[ChangeMark]:
    with reading(item):
        plain = decode(item)
        period, urgent = datetime.fromisoformat(plain[keys.SK]), plain.get("urgent", ())
        days = sorted(plain.get("days", ()))
        return [ChangeMark(period, date.fromisoformat(day), urgent=day in urgent) for day in days]
