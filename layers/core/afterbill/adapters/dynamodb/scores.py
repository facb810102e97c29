"""Marks, tallies and scores in DynamoDB."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from afterbill.adapters.aws.clients import transient, write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.batches import query, write_batches
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.adapters.dynamodb.tallies import score_item, score_of, tallies_of, tally_item
from afterbill.insight.ports import Progress, RecountMark
from afterbill.insight.tally import Answered, Score, Sent, Tallies
from afterbill.model.invitation import Delivery


class ScoresTable:
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
                UpdateExpression="SET marked_at = :now ADD version :one",
                ExpressionAttributeValues=encode({":now": _iso(now), ":one": 1}),
            )

    # Recounts

    def take_lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """Take the lease, False while somebody else holds it; a retry after a lost answer meets its own lease."""
        return self._if_allowed(
            self.dynamodb.put_item,
            "attribute_not_exists(pk) OR held_until <= :now OR (holder = :holder AND held_until = :until)",
            {":now": _iso(now), ":holder": owner, ":until": _iso(until)},
            Item=keys.lease() | encode({"holder": owner, "held_until": _iso(until)}),
        )

    def release_lease(self, owner: str) -> None:
        """End the lease, unless another has taken over."""
        self._if_allowed(self.dynamodb.delete_item, "holder = :holder", {":holder": owner}, Key=keys.lease())

    def marks(self) -> Collection[RecountMark]:
        """Every mark."""
        items = map(decode, self._partition(keys.DIRTY))
        return [
            RecountMark(
                date.fromisoformat(item[keys.SK]), int(item["version"]), datetime.fromisoformat(item["marked_at"])
            )
            for item in items
        ]

    def clear(self, mark: RecountMark) -> bool:
        """Delete the mark, False if it changed; its time tells it from a later mark that counts from 1 again."""
        return self._if_allowed(
            self.dynamodb.delete_item,
            "version = :version AND marked_at = :at",
            {":version": mark.version, ":at": _iso(mark.marked_at)},
            Key=keys.dirty(mark.day),
        )

    def answers_of(self, day: date) -> Iterator[Answered]:
        """The responses the index holds of that day; an erased one has no rating any more."""
        for item in self._index(keys.BY_ANSWERED_DAY, keys.ANSWERED_DAY, day.isoformat()):
            if "rating" in item:
                reason = item.get("answer_reason", {"S": ""})["S"]
                yield Answered(int(item["rating"]["N"]), _segments(item), "unconfirmed" not in item, reason)

    def sends_of(self, day: date) -> Iterator[Sent]:
        """The invitations the index holds of that day, without those that were ready on it and did not go out."""
        bucket, sent = keys.day_bucket(day.isoformat()), {":day": day.isoformat()}
        for item in self._index(keys.BY_DAY, keys.DAY_BUCKET, bucket, sent, FilterExpression="sent_day = :day"):
            delivery = Delivery(int(item[keys.ADVERSE]["N"])) if keys.ADVERSE in item else None
            yield Sent("rating" in item, delivery, _segments(item))

    def put_tallies(self, day: date, tallies: Mapping[str, Tallies]) -> None:
        """Replace the tallies of this day: one item per dimension, one BatchWriteItem."""
        self._write("PutRequest", "Item", (tally_item(dimension, day, rows) for dimension, rows in tallies.items()))

    def tallies(self, dimension: str, first: date, last: date) -> Iterator[tuple[date, Tallies]]:
        """The days of the range, in order."""
        between = {":first": first.isoformat(), ":last": last.isoformat()}
        for item in self._partition(keys.tallies(dimension), " AND sk BETWEEN :first AND :last", between):
            yield date.fromisoformat(item[keys.SK]["S"]), tallies_of(item)

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
        item = decode(response.get("Item", {}))
        return Progress(
            day=date.fromisoformat(item["computed_on"]) if "computed_on" in item else None,
            questions=frozenset(item.get("questions", ())),
            unconfirmed=item.get("unconfirmed", True),
        )

    def store_progress(self, progress: Progress) -> None:
        """Store the progress: one PutItem."""
        state: dict[str, Any] = {"unconfirmed": progress.unconfirmed, "questions": sorted(progress.questions)}
        if progress.day:
            state["computed_on"] = progress.day.isoformat()
        with transient("keeping the state of the computation"):
            self.dynamodb.put_item(TableName=self.table, Item=keys.computed() | encode(state))

    # Scores

    def scores(self, dimension: str, window: str) -> Collection[Score]:
        """The scores of every value: one range."""
        return [score_of(item) for item in self._window(dimension, window)]

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

    def _index(
        self, index: str, attribute: str, value: str, values: Mapping[str, str] | None = None, **more: str
    ) -> Iterator[Mapping[str, Any]]:
        return query(
            self.dynamodb,
            TableName=self.table,
            IndexName=index,
            KeyConditionExpression=f"{attribute} = :value",
            ExpressionAttributeValues=encode({":value": value, **(values or {})}),
            **more,
        )

    def _write(self, request: str, part: str, values: Iterable[Mapping[str, Any]]) -> None:
        write_batches(self.dynamodb, self.table, ({request: {part: value}} for value in values), self.sleep)

    def _if_allowed(
        self, call: Callable[..., Any], condition: str, values: Mapping[str, Any], **arguments: Mapping[str, Any]
    ) -> bool:
        return write_if(
            call,
            "writing to the table",
            TableName=self.table,
            ConditionExpression=condition,
            ExpressionAttributeValues=encode(values),
            **arguments,
        ).held


def _segments(item: Mapping[str, Any]) -> dict[str, str]:
    return {name: value["S"] for name, value in item["segments"]["M"].items()} if "segments" in item else {}


def _iso(at: datetime) -> str:
    """All of one length, so that they compare as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
