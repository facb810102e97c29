"""The chance of a difference: it agrees with the verdict that scores have always had, and with statsmodels."""

from math import erfc, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from afterbill.insight.measures import compare, p_value
from afterbill.insight.nps import Tally
from afterbill.model.questions import SCALES, Question

TALLIES = st.lists(st.integers(0, 60), min_size=11, max_size=11).map(tuple)


def tally(counts: tuple[int, ...], question: Question) -> Tally:
    scale = SCALES[question]
    return Tally(tuple(n if rating in scale.ratings else 0 for rating, n in enumerate(counts)))


@given(st.sampled_from(Question), TALLIES, TALLIES)
def test_a_chance_below_5_in_100_is_what_compare_calls_significant(question, counts, others):
    one, other = tally(counts, question), tally(others, question)
    verdict = compare(question, one, other)
    if verdict is None:
        return

    p = p_value(question, one, other)

    assert 0 <= p <= 1
    assert (p < 0.05) == verdict.significant
    assert p == pytest.approx(p_value(question, other, one))


def test_the_chance_for_net_scores_is_that_of_the_adjusted_difference():
    one, other = Tally((10, *[0] * 7, 20, 0, 70)), Tally((30, *[0] * 7, 20, 0, 50))
    means = (60 / 103, 20 / 103)
    variances = ((80 + 1.5) / 103 - means[0] ** 2, (80 + 1.5) / 103 - means[1] ** 2)
    z = (means[0] - means[1]) / sqrt(sum(variances) / 103)

    assert p_value(Question.NPS, one, other) == pytest.approx(erfc(z / sqrt(2)))


def test_equal_scores_differ_by_chance_alone():
    assert p_value(Question.NPS, Tally((10, *[0] * 9, 20)), Tally((20, *[0] * 9, 40))) == 1
    assert p_value(Question.REBUY, Tally((10, *[0] * 9, 20)), Tally((20, *[0] * 9, 40))) == 1


@pytest.mark.parametrize(("one", "other"), [((56, 70), (48, 80)), ((81, 263), (15, 148)), ((5, 56), (0, 29))])
def test_at_its_chance_newcombes_interval_of_statsmodels_reaches_zero(one, other):
    p = p_value(Question.REBUY, of(*one), of(*other))

    low, high = confint_proportions_2indep(*one, *other, method="newcomb", alpha=p)

    assert min(abs(low), abs(high)) == pytest.approx(0, abs=1e-9)


def of(good: int, n: int) -> Tally:
    return Tally((n - good, *[0] * 9, good))
