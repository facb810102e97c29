"""A flood of made-up ids delays nobody whose webhooks are signed, and loses nothing of those whose are not.

AFTERBILL_FLOOD is its length in seconds: a quarter of an hour in the suite, which is three windows of the cap; an hour
by hand.
"""

import os

import pytest

from tests.simulation.flood import ACCOUNT, HOUR, MINUTE, WINDOW_MINUTES, Flood, parameter

SECONDS = float(os.environ.get("AFTERBILL_FLOOD") or 15 * MINUTE)


@pytest.fixture(scope="module")
def flood() -> Flood:
    """100 made-up ids a second, beside two signed webhooks a second and six genuine unsigned ones a minute."""
    return Flood(7, made_up=100, signed=2, genuine=0.1).run(SECONDS)


def test_signed_webhooks_are_taken_within_seconds(flood: Flood) -> None:
    assert len(flood.delays["signed"]) > SECONDS
    assert max(flood.delays["signed"]) < MINUTE
    assert flood.counts["signed: scheduled"] == len(flood.delays["signed"])


def test_in_one_queue_with_the_flood_they_would_wait_for_minutes() -> None:
    shared = Flood(7, made_up=100, signed=2, genuine=0, shared=True).run(3 * MINUTE)

    assert max(shared.delays["signed"]) > 2 * MINUTE


def test_the_api_admits_more_than_the_flood_so_that_signed_webhooks_come_through(flood: Flood) -> None:
    assert parameter("ThrottleRate") > 100 + 50
    assert flood.counts["signed: throttled"] == 0


def test_what_is_let_in_is_bounded(flood: Flood) -> None:
    """By the copies of receive_webhook there can be, each with its cap; two consumers ask for three times as long."""
    windows = SECONDS // (WINDOW_MINUTES * MINUTE) + 1
    most = ACCOUNT * WINDOW_MINUTES * parameter("UnsignedPerMinute") * windows

    assert flood.counts["made up: taken"] < most < flood.counts["made up: tries"]
    assert max(flood.delays["made up"]) < 4 * SECONDS


def test_genuine_ones_of_the_same_source_come_through_once_it_is_over(flood: Flood) -> None:
    """They are turned away like the rest, and sent again, or wait behind what was let in: none is lost."""
    assert flood.counts["genuine: lost"] == 0
    assert len(flood.delays["genuine"]) > SECONDS / 20
    assert max(flood.delays["genuine"]) < 4 * SECONDS < 26 * HOUR


def test_without_a_flood_a_busy_sender_is_taken_at_once() -> None:
    """Mostly by the copy used last, whose cap is that of two consumers."""
    quiet = Flood(7, made_up=0, signed=0, genuine=4).run(2 * WINDOW_MINUTES * MINUTE)

    assert max(quiet.delays["genuine"]) < 5
    assert not any("too_many" in what for what in quiet.counts)
