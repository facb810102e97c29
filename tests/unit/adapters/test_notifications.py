"""When a report was published, as the record of a queue tells it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from afterbill.runtime.notifications import published_at
from tests.factories import EVENTS

NOW = datetime(2026, 12, 6, tzinfo=UTC)
PUBLISHED_AT = datetime(2026, 11, 22, 12, 30, 16, 123000, tzinfo=UTC)
QUEUED_AT = datetime.fromtimestamp(1795350615, UTC)


def record(**changes: Any) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((EVENTS / "sqs" / "sms_event.json").read_text())["Records"][0]
    return stored | changes


def test_it_is_what_sns_wrote_on_the_wrapper_however_late_the_queue_gives_it() -> None:
    assert published_at(record(attributes={"SentTimestamp": "1796000000000"}), NOW) == PUBLISHED_AT


@pytest.mark.parametrize(
    "body", ["plain words", "[]", "{}", '{"Timestamp": null}', '{"Timestamp": "soon"}', '{"eventType": "Send"}']
)
def test_without_a_wrapper_it_is_when_the_queue_took_the_message(body: str) -> None:
    assert published_at(record(body=body), NOW) == QUEUED_AT


@pytest.mark.parametrize("attributes", [{}, {"SentTimestamp": "soon"}, {"SentTimestamp": "9" * 30}])
def test_where_nobody_tells_it_is_now(attributes: dict[str, str]) -> None:
    assert published_at(record(body="plain words", attributes=attributes), NOW) == NOW


def test_a_time_without_an_offset_is_utc() -> None:
    assert published_at(record(body='{"Timestamp": "2026-11-22T12:30:16.123"}'), NOW) == PUBLISHED_AT


def test_it_is_never_later_than_now() -> None:
    before = PUBLISHED_AT - timedelta(days=1)
    assert published_at(record(), before) == before
    assert published_at(record(body="plain words"), before) == before
