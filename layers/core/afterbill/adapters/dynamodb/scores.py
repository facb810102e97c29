"""Marks, tallies and scores in DynamoDB."""

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query, write_batches
from afterbill.adapters.dynamodb.day_counts import (
    answered_of,
    pieces,
    prefix,
    progress_item,
    progress_of,
    rows_of,
    sent_of,
    under_way_map,
    under_way_of,
)
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.adapters.dynamodb.leases import LeaseTable, iso
from afterbill.adapters.dynamodb.tallies import score_item, score_of, tallies_of, tally_item
from afterbill.insight.ports import Page, Progress, RecountMark, UnderWay
from afterbill.insight.tally import Answered, Rows, Score, Sent, Tallies
from afterbill.model.errors import UnreadableError, refuse


class ScoresTable(LeaseTable):
    """DirtyDays and Recounts, and scores to read, over DynamoDB."""

    def __init__(self, dynamodb: Any, table: str, sleep: Callable[[float], None] = time.sleep) -> None:  # noqa: ANN401  # a boto3 client
        self.dynamodb = dynamodb
        self.table = table
        self.sleep = sleep

    # DirtyDays

    def mark(self, day: date, now: datetime) -> None:
        """Raise the version: one UpdateItem."""
        with transient("marking a day"):
            self.dynamodb.update_item(
                TableName=self.table,
                Key=keys.dirty(day),
                UpdateExpression="SET marked_at = :now, turn = if_not_exists(turn, :now) ADD version :one",
                ExpressionAttributeValues=encode({":now": iso(now), ":one": 1}),
            )

    # Recounts

    def marks(self) -> Page[RecountMark]:
        """Every mark; one that an operator set by hand has no turn, and gets that of its time."""
        return _page(self._partition(keys.DIRTY), _mark_of)

    def set_turn(self, day: date, turn: datetime) -> None:
        """Set the turn: one UpdateItem, nothing where the mark is gone."""
        self._change_mark(day, "SET turn = :turn", {":turn": iso(turn)})

    def keep_count(self, day: date, under_way: UnderWay, rows: Rows) -> None:
        """Store the numbers first, then where they lead on: a crash in between leaves the earlier ones."""
        self._write("PutRequest", "Item", pieces(day, under_way, rows))
        self._change_mark(day, "SET under_way = :under_way", {":under_way": under_way_map(under_way)})

    def count_so_far(self, day: date, under_way: UnderWay) -> Rows | None:
        """The pieces put together: one range."""
        part = {":prefix": prefix(under_way)}
        return rows_of(self._partition(keys.counts(day), " AND begins_with(sk, :prefix)", part))

    def drop_count(self, day: date) -> None:
        """Forget where it goes on; the table removes the numbers."""
        self._change_mark(day, "REMOVE under_way", {})

    def clear(self, mark: RecountMark) -> bool:
        """Delete the mark, False if it changed; its time tells it from a later mark that counts from 1 again."""
        return self._if_allowed(
            self.dynamodb.delete_item,
            "version = :version AND marked_at = :at",
            {":version": mark.version, ":at": iso(mark.marked_at)},
            Key=keys.dirty(mark.day),
        )

    def answers_of(self, day: date, position: str = "") -> Iterator[Page[Answered]]:
        """The responses the index holds of that day; an erased one has no rating any more."""
        for page in self._index(keys.BY_ANSWERED_DAY, keys.ANSWERED_DAY, day.isoformat(), position):
            items = [item for item in page["Items"] if "rating" in item]
            yield _page(items, answered_of, page.get("LastEvaluatedKey"))

    def sends_of(self, day: date, position: str = "") -> Iterator[Page[Sent]]:
        """The invitations the index holds of that day, without those that were ready on it and did not go out."""
        bucket, sent = keys.day_bucket(day.isoformat()), {":day": day.isoformat()}
        pages = self._index(keys.BY_DAY, keys.DAY_BUCKET, bucket, position, sent, FilterExpression="sent_day = :day")
        for page in pages:
            yield _page(page["Items"], sent_of, page.get("LastEvaluatedKey"))

    def put_tallies(self, day: date, tallies: Mapping[str, Tallies]) -> None:
        """Replace the tallies of this day: one item per dimension, one BatchWriteItem."""
        self._write("PutRequest", "Item", (tally_item(dimension, day, rows) for dimension, rows in tallies.items()))

    def tallies(self, dimension: str, first: date, last: date) -> Iterator[tuple[date, Tallies | UnreadableError]]:
        """The days of the range, in order."""
        between = {":first": first.isoformat(), ":last": last.isoformat()}
        for item in self._partition(keys.tallies(dimension), " AND sk BETWEEN :first AND :last", between):
            yield date.fromisoformat(item[keys.SK]["S"]), _tallies_or_error(item)

    def replace_scores(self, dimension: str, scores: Mapping[str, Collection[Score]]) -> None:
        """Store the scores, then remove what else their windows hold."""
        stored = {item[keys.SK]["S"] for window in scores for item in self._window(dimension, window, keys_only=True)}
        items = [score_item(score) for rows in scores.values() for score in rows]
        vanished = stored - {item[keys.SK]["S"] for item in items}
        self._write("PutRequest", "Item", items)
        self._write("DeleteRequest", "Key", (keys.key(keys.scores(dimension), sk) for sk in sorted(vanished)))

    def progress(self) -> Progress:
        """The progress as the last run stored it, read consistently."""
        with transient("reading the state of the computation"):
            response = self.dynamodb.get_item(TableName=self.table, Key=keys.computed(), ConsistentRead=True)
        return progress_of(response.get("Item", {}))

    def store_progress(self, progress: Progress) -> None:
        """Store the progress: one PutItem."""
        with transient("keeping the state of the computation"):
            self.dynamodb.put_item(TableName=self.table, Item=progress_item(progress))

    # Scores

    def scores(
        self, dimension: str, window: str, pass_over: Callable[[UnreadableError], None] = refuse
    ) -> Collection[Score]:
        """The scores of every value: one range. Those that cannot be read are told to `pass_over` and left out."""
        found = list[Score]()
        for item in self._window(dimension, window):
            try:
                found.append(score_of(item))
            except UnreadableError as error:
                pass_over(error)
        return found

    # How it is done

    def _window(self, dimension: str, window: str, *, keys_only: bool = False) -> Iterator[Mapping[str, Any]]:
        projection = {"ProjectionExpression": "sk"} if keys_only else {}
        prefix = {":prefix": keys.scores_in(window)}
        return self._partition(keys.scores(dimension), " AND begins_with(sk, :prefix)", prefix, **projection)

    def _partition(
        self, pk: str, condition: str = "", values: Mapping[str, str] | None = None, **more: str
    ) -> Iterator[Mapping[str, Any]]:
        return query(
            self.dynamodb,
            TableName=self.table,
            ConsistentRead=True,
            KeyConditionExpression=f"pk = :pk{condition}",
            ExpressionAttributeValues=encode({":pk": pk, **(values or {})}),
            **more,
        )

    def _index(  # each is one thing of the query
        self,
        index: str,
        attribute: str,
        value: str,
        position: str,
        values: Mapping[str, str] | None = None,
        **more: str,
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the pages, from a position on."""
        with transient("querying the table"):
            yield from self.dynamodb.get_paginator("query").paginate(
                TableName=self.table,
                IndexName=index,
                KeyConditionExpression=f"{attribute} = :value",
                ExpressionAttributeValues=encode({":value": value, **(values or {})}),
                **({"ExclusiveStartKey": json.loads(position)} if position else {}),
                **more,
            )

    def _change_mark(self, day: date, change: str, values: Mapping[str, Any]) -> None:
        """Change a mark that is there: one that is gone must not come back without a version."""
        self._if_allowed(
            self.dynamodb.update_item, "attribute_exists(pk)", values, Key=keys.dirty(day), UpdateExpression=change
        )

    def _write(self, request: str, part: str, values: Iterable[Mapping[str, Any]]) -> None:
        write_batches(self.dynamodb, self.table, ({request: {part: value}} for value in values), self.sleep)

    def _if_allowed(
        self, call: Callable[..., Any], condition: str, values: Mapping[str, Any], **arguments: object
    ) -> bool:
        return write_if(
            call,
            "writing to the table",
            TableName=self.table,
            ConditionExpression=condition,
            **({"ExpressionAttributeValues": encode(values)} if values else {}),
            **arguments,
        ).held


def _mark_of(item: Mapping[str, Any]) -> RecountMark:
    plain: dict[str, Any] = decode(item)
    under_way = plain.get("under_way")
    return RecountMark(
        date.fromisoformat(plain[keys.SK]),
        int(plain["version"]),
        datetime.fromisoformat(plain["marked_at"]),
        turn=datetime.fromisoformat(plain.get("turn", plain["marked_at"])),
        under_way=under_way_of(under_way) if under_way else None,
    )


def _tallies_or_error(item: Mapping[str, Any]) -> Tallies | UnreadableError:
    try:
        return tallies_of(item)
    except UnreadableError as error:
        return error


_Read = TypeVar("_Read")


def _page(
    items: Iterable[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], _Read], last: object = None
) -> Page[_Read]:
    """Read what can be read. `last` is the key from which the next page goes on."""
    good, bad = list[_Read](), list[str]()
    for item in items:
        try:
            good.append(read(item))
        except (UnreadableError, LookupError, ValueError, TypeError) as error:
            bad.append(f"{item[keys.PK]['S']} {item[keys.SK]['S']}: {type(error).__name__} {error}"[:300])
    return Page(good, json.dumps(last, separators=(",", ":")) if last else "", bad)
