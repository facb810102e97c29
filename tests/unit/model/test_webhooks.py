from datetime import UTC, datetime

import pytest

from afterbill.model.webhooks import Refusal, check_time

NOW = datetime(2026, 11, 22, 12, 0, 0, 900_000, tzinfo=UTC)
SECOND = int(NOW.timestamp())


@pytest.mark.parametrize("drift", [-300, -1, 0, 1, 300])
def test_a_timestamp_within_five_minutes_is_fresh(drift: int) -> None:
    assert check_time(SECOND + drift, NOW) is None


@pytest.mark.parametrize("drift", [301, 3600, SECOND, 10**400])
def test_an_older_one_is_stale(drift: int) -> None:
    assert check_time(SECOND - drift, NOW) is Refusal.STALE


@pytest.mark.parametrize("drift", [301, 3600, 10**400])
def test_a_later_one_lies_in_the_future(drift: int) -> None:
    assert check_time(SECOND + drift, NOW) is Refusal.FUTURE
