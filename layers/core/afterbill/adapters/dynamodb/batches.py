"""All pages of a query, and batches until everything is written."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill.model.errors import TransientError

_BATCH = 25
"""Most writes BatchWriteItem takes."""
_ROUNDS = 6
"""How often writes that were put back are tried again, after pauses of 0.1 to 3.2 seconds."""


def query(dynamodb: Any, **arguments: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401  # a client, Query's own
    """The items of all pages, fetched as they are consumed."""
    with transient("querying the table"):
        for page in dynamodb.get_paginator("query").paginate(**arguments):
            yield from page["Items"]


def write_batches(
    dynamodb: Any,  # noqa: ANN401  # a boto3 client
    table: str,
    requests: Iterable[Mapping[str, Any]],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Put and delete everything, in no order; TransientError if DynamoDB keeps putting some of it back."""
    waiting = list(requests)
    pauses = _pauses()
    while waiting:
        with transient("writing a batch"):
            answer = dynamodb.batch_write_item(RequestItems={table: waiting[:_BATCH]})
        unprocessed = answer.get("UnprocessedItems", {}).get(table, [])
        waiting = [*unprocessed, *waiting[_BATCH:]]
        if not unprocessed:
            pauses = _pauses()
            continue
        pause = next(pauses, None)
        if pause is None:
            raise TransientError(f"the table put writes back {_ROUNDS + 1} times: it is throttling")
        sleep(pause)


def _pauses() -> Iterator[float]:
    return (0.1 * 2**step for step in range(_ROUNDS))
