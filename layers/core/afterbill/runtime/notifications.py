"""Messages of SNS as a queue holds them."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any


def message_in(body: str) -> str:
    """Return the message in the body of an SQS record: SNS wraps it, unless its raw delivery is switched on."""
    message = _wrapper(body).get("Message")
    return message if isinstance(message, str) else body


def published_at(record: Mapping[str, Any], now: datetime) -> datetime:
    """Return when SNS took the message of an SQS record, which a dead letter that is moved back keeps.

    Without SNS's wrapper it is when the queue took the message, and `now` where neither is told; never later than now.
    """
    with suppress(LookupError, ValueError, TypeError):
        at = datetime.fromisoformat(_wrapper(record["body"])["Timestamp"])
        return min(at if at.tzinfo else at.replace(tzinfo=UTC), now)
    with suppress(LookupError, ValueError, TypeError, OverflowError):
        return min(datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC), now)
    return now


def _wrapper(body: str) -> Mapping[str, Any]:
    with suppress(ValueError):
        wrapper = json.loads(body)
        return wrapper if isinstance(wrapper, dict) else {}
    return {}
