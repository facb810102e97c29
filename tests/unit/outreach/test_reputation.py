"""Rates at which sending stops by itself, and at which it goes on."""

from datetime import date, timedelta
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.insight.nps import Tally
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.reputation import (
    MIN_BOUNCES,
    MIN_COMPLAINTS,
    WATCHED_DAYS,
    Figures,
    excess,
    figures_of,
    watched,
)

TODAY = date(2026, 11, 22)
SHIPPED = SendingCaps()
"""4 % bounces, 0.08 % complaints."""
COUNTS = st.integers(0, 100_000)
FIGURES = st.tuples(COUNTS, COUNTS, COUNTS).map(lambda n: Figures(sum(n), n[1], n[2]))


def test_nothing_sent_is_nothing_wrong() -> None:
    assert excess(Figures(), SHIPPED) == ""
    assert (Figures().bounce_rate, Figures().complaint_rate) == (0, 0)


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        (Figures(100, 5, 0), "5 of 100 mails bounced (5.00 %, the limit is 4.00 %)"),
        (Figures(1000, 0, 3), "3 of 1000 mails were called spam (0.30 %, the limit is 0.08 %)"),
    ],
)
def test_too_many_bounces_or_complaints_are_told_with_the_rate_and_its_limit(figures: Figures, reason: str) -> None:
    assert excess(figures, SHIPPED) == reason


def test_both_at_once_are_both_told() -> None:
    assert excess(Figures(100, 5, 3), SHIPPED).count("the limit is") == 2


@pytest.mark.parametrize(
    ("at_the_limit", "just_below"),
    [(Figures(1000, 40, 0), Figures(1000, 39, 0)), (Figures(10_000, 0, 8), Figures(10_000, 0, 7))],
    ids=["bounces", "complaints"],
)
def test_the_limit_itself_is_too_much(at_the_limit: Figures, just_below: Figures) -> None:
    assert excess(at_the_limit, SHIPPED)
    assert not excess(just_below, SHIPPED)


@pytest.mark.parametrize("sent", [1, 4, 10, 50])
def test_a_small_sender_is_not_stopped_by_a_few_unlucky_mails(sent: int) -> None:
    assert not excess(Figures(sent, min(sent, MIN_BOUNCES - 1), 0), SHIPPED)
    assert not excess(Figures(sent, 0, min(sent, MIN_COMPLAINTS - 1)), SHIPPED)


def test_a_small_sender_with_a_bad_list_is_stopped() -> None:
    """At the rates at which SES pauses: 10 % bounces, 0.5 % complaints."""
    assert excess(Figures(50, 5, 0), SHIPPED)
    assert excess(Figures(600, 0, 3), SHIPPED)


@pytest.mark.parametrize(
    ("healthy", "most", "fewest", "volumes"),
    [
        (0.01, SHIPPED.max_bounce_rate, MIN_BOUNCES, range(1, 1000)),
        (0.0001, SHIPPED.max_complaint_rate, MIN_COMPLAINTS, range(50, 30_000, 50)),
    ],
    ids=["1 % bounce", "0.01 % complain"],
)
def test_chance_stops_a_healthy_sender_of_any_size_in_fewer_than_one_week_in_a_hundred(
    healthy: float, most: float, fewest: int, volumes: range
) -> None:
    for sent in volumes:
        needed = next(number for number in range(fewest, sent + fewest + 1) if number >= most * sent)
        assert at_least(needed, sent, healthy) < 0.01


def at_least(number: int, of: int, rate: float) -> float:
    """The binomial chance of so many."""
    return 1 - sum(comb(of, each) * rate**each * (1 - rate) ** (of - each) for each in range(number))


@given(FIGURES)
def test_more_mails_that_arrive_never_stop_what_went_on(figures: Figures) -> None:
    better = Figures(figures.sent + 1, figures.bounced, figures.complained)
    assert not excess(better, SHIPPED) or excess(figures, SHIPPED)


@given(FIGURES)
def test_what_stops_is_more_than_a_few_and_at_the_limit(figures: Figures) -> None:
    too_many = figures.bounced >= MIN_BOUNCES and figures.bounced / figures.sent >= SHIPPED.max_bounce_rate
    too_annoying = figures.complained >= MIN_COMPLAINTS and figures.complained / figures.sent >= (
        SHIPPED.max_complaint_rate
    )
    assert bool(excess(figures, SHIPPED)) is (too_many or too_annoying)


def test_the_figures_are_those_of_the_tally() -> None:
    assert figures_of(Tally(sent=9, delivered=5, answered=2, bounced=3, complained=1)) == Figures(9, 3, 1)


@pytest.mark.parametrize(
    ("resumed", "first"),
    [(None, 6), (timedelta(days=30), 6), (timedelta(days=7), 6), (timedelta(days=6), 5), (timedelta(days=1), 0)],
)
def test_a_week_counts_or_what_came_after_the_day_of_the_last_resume(resumed: timedelta | None, first: int) -> None:
    window = watched(TODAY, TODAY - resumed if resumed else None)
    assert window is not None
    assert (TODAY - window.first, window.last) == (timedelta(days=first), TODAY)
    assert first < WATCHED_DAYS


@pytest.mark.parametrize("resumed_on", [TODAY, TODAY + timedelta(days=1)])
def test_on_the_day_of_a_resume_nothing_counts(resumed_on: date) -> None:
    """A day ahead: the operator's time zone was changed."""
    assert watched(TODAY, resumed_on) is None
