"""Rates at which sending stops by itself, and at which it goes on."""

import re
from dataclasses import replace
from datetime import date, timedelta
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.insight.nps import Tally
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.reputation import (
    BOUNCES,
    COMPLAINTS,
    FREE,
    WATCHED_DAYS,
    Figures,
    excess,
    figures_of,
    risk,
    watched,
)

TODAY = date(2026, 11, 22)
SHIPPED = SendingCaps()
"""4 % bounces, 0.08 % complaints."""
COUNTS = st.integers(0, 100_000)
PLACES = st.sampled_from(["shop/signed_up", "shop/order_paid", "billing/renewed", "import/relationship", "other"])
MAILS = st.tuples(COUNTS, COUNTS, COUNTS).map(lambda n: Tally(sent=sum(n), bounced=n[1], complained=n[2]))
ORIGINS = st.dictionaries(PLACES, MAILS)


def figures(**origins: Tally) -> tuple[Figures, dict[str, Tally]]:
    """The figures of these origins (`shop__signed_up`), and the origins."""
    named = {name.replace("__", "/"): tally for name, tally in origins.items()}
    return figures_of(sum(named.values(), Tally()), named), named


def mails(sent: int, bounced: int = 0, complained: int = 0) -> Tally:
    return Tally(sent=sent, bounced=bounced, complained=complained)


GOOD = mails(60)
"""The week of a small shop."""

SCENARIOS = {
    "five dead addresses signed up at a small shop": (
        {"shop__renewed": GOOD, "shop__signed_up": mails(5, 5)},
        "warns",
    ),
    "five dead addresses bought at a small shop": ({"shop__order_paid": mails(65, 5)}, "warns"),
    "three clicks on spam at a small shop": ({"shop__order_paid": mails(60, 0, 3)}, "warns"),
    "three clicks on spam at a shop of some size": ({"shop__order_paid": mails(3000, 0, 3)}, "warns"),
    "two clicks on spam": ({"shop__order_paid": mails(60, 0, 2)}, "goes on"),
    "39 dead addresses bought": ({"shop__renewed": GOOD, "shop__order_paid": mails(39, 39)}, "warns"),
    "40 dead addresses bought": ({"shop__renewed": GOOD, "shop__order_paid": mails(40, 40)}, "stops"),
    "79 dead addresses signed up by a script": ({"shop__renewed": GOOD, "shop__signed_up": mails(79, 79)}, "warns"),
    "80 dead addresses signed up by a script": ({"shop__renewed": GOOD, "shop__signed_up": mails(80, 80)}, "stops"),
    "79 trials that a script upgraded": ({"shop__upgraded": mails(79, 79)}, "warns"),
    "7 clicks on spam of buyers": ({"shop__order_paid": mails(500, 0, 7)}, "warns"),
    "8 clicks on spam of buyers": ({"shop__order_paid": mails(500, 0, 8)}, "stops"),
    "15 clicks on spam of sign-ups": ({"shop__signed_up": mails(500, 0, 15)}, "warns"),
    "16 clicks on spam of sign-ups": ({"shop__signed_up": mails(500, 0, 16)}, "stops"),
    "an import of 1,000 dead addresses": (
        {"shop__renewed": GOOD, "import__relationship": mails(1000, 1000)},
        "stops",
    ),
    "the first 50 mails of that import, on its first day": (
        {"shop__renewed": GOOD, "import__relationship": mails(50, 50)},
        "stops",
    ),
    "an import of 100 addresses, 30 of them dead": ({"import__relationship": mails(100, 30)}, "warns"),
    "an old list of 2,000, 5 % of it dead": ({"import__release": mails(2000, 100)}, "stops"),
    "a large sender at the limit": ({"shop__renewed": mails(100_000, 4000)}, "stops"),
    "a large sender just below it": ({"shop__renewed": mails(100_000, 3999)}, "goes on"),
    "a large sender, 5 dead addresses": ({"shop__signed_up": mails(10_000, 5)}, "goes on"),
    "a large sender, one source spoilt": (
        {"shop__renewed": mails(9000, 20), "events__order_paid": mails(1000, 400)},
        "stops",
    ),
}


@pytest.mark.parametrize(("origins", "expected"), SCENARIOS.values(), ids=SCENARIOS)
def test_what_an_outsider_can_do_warns_and_what_ses_would_act_on_stops(
    origins: dict[str, Tally], expected: str
) -> None:
    counted = figures(**origins)
    stops, warns = excess(*counted, SHIPPED), risk(*counted, SHIPPED)

    assert ("stops" if stops else "warns" if warns else "goes on") == expected


def test_nothing_sent_is_nothing_wrong() -> None:
    assert excess(Figures(), {}, SHIPPED) == risk(Figures(), {}, SHIPPED) == ""
    assert (Figures().bounce_rate, Figures().complaint_rate) == (0, 0)


def test_a_reason_tells_the_rate_its_limit_and_who_caused_it() -> None:
    counted = figures(
        shop__signed_up=mails(81, 80), shop__order_paid=mails(920, 2), till__renewed=mails(1), bill__renewed=mails(5, 1)
    )

    assert excess(*counted, SHIPPED) == (
        "83 of 1007 mails bounced (8.24 %, the limit is 4.00 %): "
        "80 of 81 about signed_up of source shop (anybody can cause it without paying), "
        "2 of 920 about order_paid of source shop, 1 of 5 about renewed of source bill"
    )


def test_complaints_are_told_likewise_and_few_origins_are_named() -> None:
    names = ("order_paid", "renewed", "refunded", "upgraded", "relationship")
    counted = figures(**{f"shop__{name}": mails(100, 0, 5 - place) for place, name in enumerate(names)})

    assert excess(*counted, SHIPPED) == (
        "15 of 500 mails were called spam (3.00 %, the limit is 0.08 %): 5 of 100 about order_paid of source shop, "
        "4 of 100 about renewed of source shop, 3 of 100 about refunded of source shop, 3 of others"
    )


def test_both_at_once_are_both_told() -> None:
    assert excess(*figures(shop__renewed=mails(100, 50, 10)), SHIPPED).count("the limit is") == 2


def test_mails_whose_origin_was_not_counted_count_fully_and_name_nobody() -> None:
    """Days that were last counted by an earlier release."""
    assert excess(Figures(100, 40), {}, SHIPPED) == "40 of 100 mails bounced (40.00 %, the limit is 4.00 %)"


def test_origins_beyond_those_counted_by_name_are_told_together() -> None:
    assert excess(*figures(other=mails(100, 40)), SHIPPED).endswith(": 40 of 100 of other origins")


def test_a_warning_says_at_how_many_sending_stops() -> None:
    assert risk(*figures(shop__order_paid=mails(60, 5)), SHIPPED) == (
        "5 of 60 mails bounced (8.33 %, the limit is 4.00 %): 5 of 60 about order_paid of source shop; "
        "too few to stop sending: sending stops at 40"
    )


@pytest.mark.parametrize(
    ("origins", "told"),
    [
        ({"shop__signed_up": mails(50, 40)}, "they count as 20, .*; sending stops at 40"),
        ({"shop__signed_up": mails(50, 15), "shop__renewed": mails(20, 20)}, "they count as 27.5, .*stops at 40"),
        ({"shop__signed_up": mails(10_000, 0, 8)}, "they count as 4, .*; sending stops at 8"),
    ],
    ids=["all free", "some free", "complaints"],
)
def test_a_warning_about_free_mails_says_what_they_count_as(origins: dict[str, Tally], told: str) -> None:
    assert re.search(told, risk(*figures(**origins), SHIPPED))


@given(ORIGINS)
def test_what_a_warning_says_they_count_as_is_always_less_than_what_stops(origins: dict[str, Tally]) -> None:
    warning = risk(*figures(**{name.replace("/", "__"): tally for name, tally in origins.items()}), SHIPPED)

    for counted, stops in re.findall(r"they count as ([\d.]+), .*?; sending stops at (\d+)", warning):
        assert float(counted) < int(stops)


@pytest.mark.parametrize(
    ("at_the_limit", "just_below"),
    [(Figures(2000, 80), Figures(2000, 79)), (Figures(20_000, 0, 16), Figures(20_000, 0, 15))],
    ids=["bounces", "complaints"],
)
def test_the_limit_itself_is_too_much(at_the_limit: Figures, just_below: Figures) -> None:
    assert excess(at_the_limit, {}, SHIPPED)
    assert not excess(just_below, {}, SHIPPED)


@given(sent=st.integers(0, 1_000_000), origins=ORIGINS)
def test_below_the_floor_nothing_stops_whatever_the_rate(sent: int, origins: dict[str, Tally]) -> None:
    few = {name: mails(sent, each.bounced % 8, each.complained % 2) for name, each in origins.items()}

    assert not excess(figures_of(sum(few.values(), Tally()), few), few, SHIPPED)


@given(ORIGINS)
def test_free_mails_alone_must_be_twice_as_many(origins: dict[str, Tally]) -> None:
    tally = sum(origins.values(), Tally())
    free = {"shop/signed_up": tally}

    half = Figures(tally.sent, tally.bounced // 2, tally.complained // 2)
    assert not excess(figures_of(tally, free), free, SHIPPED) or excess(
        Figures(half.sent, half.bounced + 1, half.complained + 1), {}, SHIPPED
    )
    assert excess(figures_of(tally, {}), {}, SHIPPED) or not excess(figures_of(tally, free), free, SHIPPED)


@given(ORIGINS)
def test_more_mails_that_arrive_never_stop_what_went_on(origins: dict[str, Tally]) -> None:
    before = figures_of(sum(origins.values(), Tally()), origins)
    after = replace(before, sent=before.sent + 1)

    assert not excess(after, origins, SHIPPED) or excess(before, origins, SHIPPED)


@given(ORIGINS, PLACES)
def test_one_more_mail_that_bounces_never_lets_go_on_what_stopped(origins: dict[str, Tally], place: str) -> None:
    more = origins | {place: origins.get(place, Tally()) + mails(1, 1)}
    before, after = (figures_of(sum(each.values(), Tally()), each) for each in (origins, more))

    if place.rpartition("/")[2] not in FREE:
        assert not excess(before, origins, SHIPPED) or excess(after, more, SHIPPED)


@given(ORIGINS)
def test_it_never_both_stops_and_warns_of_the_same(origins: dict[str, Tally]) -> None:
    counted = figures_of(sum(origins.values(), Tally()), origins), origins

    for words in ("mails bounced", "were called spam"):
        assert not (words in excess(*counted, SHIPPED) and words in risk(*counted, SHIPPED))


@pytest.mark.parametrize(
    ("healthy", "limit", "floor", "volumes"),
    [
        (0.01, SHIPPED.max_bounce_rate, BOUNCES.floor, range(1, 3000, 10)),
        (0.0001, SHIPPED.max_complaint_rate, COMPLAINTS.floor, range(50, 30_000, 50)),
    ],
    ids=["1 % bounce", "0.01 % complain"],
)
def test_chance_stops_a_healthy_sender_of_any_size_in_fewer_than_one_week_in_ten_thousand(
    healthy: float, limit: float, floor: int, volumes: range
) -> None:
    for sent in volumes:
        needed = next(number for number in range(1, sent + floor) if number / max(sent, floor) >= limit)
        assert at_least(needed, sent, healthy) < 0.0001


def at_least(number: int, of: int, rate: float) -> float:
    """The binomial chance of so many."""
    return 1 - sum(comb(of, each) * rate**each * (1 - rate) ** (of - each) for each in range(number))


def test_the_figures_are_those_of_the_tally_and_the_free_ones_those_of_its_origins() -> None:
    origins = {"shop/signed_up": mails(4, 2, 1), "a/b/payment_failed": mails(1, 1), "shop/renewed": mails(4)}

    assert figures_of(Tally(sent=9, answered=2, bounced=3, complained=1), origins) == Figures(
        9, 3, 1, free_bounced=3, free_complained=1
    )


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
