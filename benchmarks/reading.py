"""Reading a score does not depend on how many responses it was counted from."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

import boto3
from moto import mock_aws

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.insight.ports import Page
from afterbill.insight.tally import Answered, Sent
from afterbill_cli.memory.scores import MemoryScores
from benchmarks.recounting import SIZES, recount, responses
from benchmarks.table import Row
from benchmarks.timing import pairs, ratio

_TABLE = "afterbill"
_WANTED = ("country", "30d")
_PAIRS = 15
_TIME = 1.5


class Reader(ScoresTable):
    """Scores in a DynamoDB of their own, counted from the responses of a twin in memory; counts what reading takes."""

    def __init__(self, dynamodb: Any, responses: MemoryScores) -> None:  # noqa: ANN401  # a boto3 client
        super().__init__(dynamodb, _TABLE)
        self.responses = responses
        self.calls = self.items = 0
        dynamodb.meta.events.register("after-call.dynamodb", self._count)

    def _count(self, parsed: dict[str, Any], **_rest: object) -> None:
        self.calls += 1
        self.items += parsed.get("ScannedCount", 0)

    def answers_of(self, day: date, position: str = "") -> Iterator[Page[Answered]]:
        """From memory."""
        return self.responses.answers_of(day, position)

    def sends_of(self, day: date, position: str = "") -> Iterator[Page[Sent]]:
        """Same."""
        return self.responses.sends_of(day, position)

    def takes(self) -> tuple[int, int]:
        """Calls and items of reading one dimension in one window."""
        self.calls = self.items = 0
        self.scores(*_WANTED)
        return self.calls, self.items


def rows() -> list[Row]:
    """Calls, items and time with the most responses, each allowed what it takes with the fewest."""
    with mock_aws():
        few, many = (_reader(size, f"eu-central-{place}") for place, size in enumerate((SIZES[0], SIZES[-1]), 1))
        (calls, items), (calls_of_many, items_of_many) = few.takes(), many.takes()
        timed = pairs(partial(many.scores, *_WANTED), partial(few.scores, *_WANTED), _PAIRS)
    named = f"read scores by {_WANTED[0]} of {SIZES[-1]} responses"
    return [
        Row(named, calls_of_many, "calls", calls, f"as of {SIZES[0]}"),
        Row(named, items_of_many, "items", items, f"as of {SIZES[0]}"),
        Row(named, ratio(timed), "x", _TIME, f"to {SIZES[0]}"),
    ]


def _reader(size: int, region: str) -> Reader:
    """A table in a region of its own, with the scores of so many responses."""
    dynamodb = boto3.client("dynamodb", region_name=region, aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106  # opens nothing
    names = (keys.PK, keys.SK)
    dynamodb.create_table(
        TableName=_TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": keys.PK, "KeyType": "HASH"}, {"AttributeName": keys.SK, "KeyType": "RANGE"}],
    )
    reader = Reader(dynamodb, responses(size))
    recount(reader)
    return reader
