"""The share of favourable answers, its interval, and what counts as a change."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.insight import proportions
from afterbill.insight.measures import Measures, compare, measures
from afterbill.insight.nps import Comparison, Tally
from afterbill.model.questions import SCALES, Question

CSAT = SCALES[Question.CSAT]
COUNTS = st.lists(st.integers(0, 400), min_size=5, max_size=5).map(lambda counts: Tally((0, *counts, *[0] * 5)))
ANSWERED = COUNTS.filter(lambda tally: tally.n > 0)


def of(good: int, n: int) -> Tally:
    """So many 5 among so many, the rest 1."""
    return Tally((0, n - good, 0, 0, 0, good, *[0] * 5))


def test_the_score_is_the_percentage_of_favourable_answers_and_comes_with_the_mean():
    tally = Tally((0, 1, 2, 3, 4, 10, *[0] * 5))

    found = measures(Question.CSAT, tally)

    assert (found.score, found.mean) == (70, 4)
    assert found.groups == {"favourable": 14, "neutral": 3, "unfavourable": 3}


@pytest.mark.parametrize(
    ("question", "rating", "group"),
    [
        (Question.CSAT, 4, "favourable"),
        (Question.CSAT, 3, "neutral"),
        (Question.CSAT, 2, "unfavourable"),
        (Question.CES, 5, "favourable"),
        (Question.CES, 4, "neutral"),
        (Question.CES, 3, "unfavourable"),
        (Question.REBUY, 9, "favourable"),
        (Question.REBUY, 7, "neutral"),
        (Question.REBUY, 6, "unfavourable"),
    ],
)
def test_each_scale_says_what_is_favourable(question, rating, group):
    tally = Tally(tuple(int(one == rating) for one in range(11)))

    assert [name for name, number in measures(question, tally).groups.items() if number] == [group]


def test_without_answers_there_is_nothing():
    assert measures(Question.CES, Tally()) == Measures(None, None, None, dict.fromkeys(measures_names(), 0))
    assert compare(Question.CES, Tally(), of(1, 1)) is None
    assert compare(Question.CES, of(1, 1), Tally()) is None


def measures_names() -> tuple[str, ...]:
    return ("favourable", "neutral", "unfavourable")


def test_the_recommendation_has_its_net_score_and_no_mean():
    tally = Tally((1, *[0] * 9, 3))

    found = measures(Question.NPS, tally)

    assert (found.score, found.mean) == (50, None)
    assert found.groups == {"promoters": 3, "passives": 0, "detractors": 1}


@pytest.mark.parametrize(
    ("good", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(good, n, low, high):
    """The examples of Newcombe, "Two-Sided Confidence Intervals for the Single Proportion" (1998), table I."""
    assert proportions.interval(of(good, n), CSAT) == pytest.approx((100 * low, 100 * high), abs=0.006)


@pytest.mark.parametrize(
    ("one", "two", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_newcombes(one, two, low, high):
    """The examples of his paper, table II, method 10."""
    assert proportions.difference(one, two) == pytest.approx((low, high), abs=0.00006)


@given(ANSWERED)
def test_the_share_lies_in_its_interval_and_the_interval_on_the_scale(tally):
    low, high = proportions.interval(tally, CSAT)

    assert 0 <= low <= proportions.share(tally, CSAT) <= high <= 100
    assert low < high


@given(ANSWERED, ANSWERED)
def test_comparing_the_other_way_round_changes_only_the_sign(one, two):
    there, back = proportions.compare(one, two, CSAT), proportions.compare(two, one, CSAT)

    assert there.change == pytest.approx(-back.change)
    assert there.significant == back.significant


def test_a_great_change_is_significant_and_one_that_chance_could_make_is_not():
    assert proportions.compare(of(80, 100), of(40, 100), CSAT) == Comparison(40, significant=True)
    assert proportions.compare(of(6, 10), of(5, 10), CSAT) == Comparison(pytest.approx(10), significant=False)
    assert not proportions.compare(of(1, 1), of(0, 1), CSAT).significant


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8, 0.95])
@pytest.mark.parametrize(("n", "before"), [(20, 20), (30, 60), (60, 60)])
def test_the_same_customers_asked_twice_rarely_look_like_a_change(share, n, before):
    """Exactly: the chance of every pair of counts that would be called a change."""
    alarms = sum(
        binomial(one, n, share) * binomial(two, before, share)
        for one in range(n + 1)
        for two in range(before + 1)
        if proportions.compare(of(one, n), of(two, before), CSAT).significant
    )
    print(f"share {share}, {n} against {before} answers: {100 * alarms:.1f} % false alarms")

    assert alarms <= 0.06


def binomial(successes: int, n: int, share: float) -> float:
    return comb(n, successes) * share**successes * (1 - share) ** (n - successes)
