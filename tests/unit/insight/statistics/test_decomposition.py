"""A score taken apart: the parts sum to the whole, to the last digit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterbill.insight.measures import measures
from afterbill.insight.nps import Tally
from afterbill.model.questions import SCALES, Question
from afterbill_reports.statistics.decomposition import contributions, costs, pulls, rounded

COUNTS = st.lists(st.integers(0, 50), min_size=11, max_size=11).map(tuple)
PARTS = st.dictionaries(st.text(max_size=3), COUNTS, min_size=1, max_size=4)


def parts_of(question: Question, counts: dict[str, tuple[int, ...]]) -> dict[str, Tally]:
    ratings = SCALES[question].ratings
    return {
        name: Tally(tuple(n if rating in ratings else 0 for rating, n in enumerate(one)))
        for name, one in counts.items()
    }


@settings(max_examples=60)
@given(st.sampled_from(Question), PARTS)
def test_contributions_sum_to_the_score_pulls_to_nothing_and_costs_to_what_is_missing_to_100(question, counts):
    parts = parts_of(question, counts)
    everybody = sum(parts.values(), Tally())
    score = measures(question, everybody).score

    if score is None:
        assert contributions(question, parts) == pulls(question, parts) == costs(question, parts) == {}
        return
    assert float(sum(contributions(question, parts).values())) == pytest.approx(score, abs=1e-9)
    assert sum(pulls(question, parts).values()) == 0
    assert sum(costs(question, parts).values()) == 100 - sum(contributions(question, parts).values())
    assert all(points >= 0 for points in costs(question, parts).values())


def test_a_contribution_is_the_share_times_the_score_and_a_pull_what_it_is_above_the_rest():
    parts = {"price": Tally((30, *[0] * 9, 10)), "service": Tally((0, *[0] * 9, 60))}

    assert contributions(Question.NPS, parts) == {"price": Fraction(-20), "service": Fraction(60)}
    assert pulls(Question.NPS, parts) == {"price": Fraction(-36), "service": Fraction(36)}
    assert costs(Question.NPS, parts) == {"price": Fraction(60), "service": Fraction(0)}


@settings(max_examples=40)
@given(st.dictionaries(st.text(max_size=3), st.fractions(-200, 200, max_denominator=1000), max_size=9))
def test_rounded_parts_sum_to_the_rounded_whole_and_none_is_moved_by_a_unit(parts):
    found = rounded(parts, places=2)

    assert sum(Decimal(str(part)) for part in found.values()) == Decimal(str(float(round(sum(parts.values()), 2))))
    assert all(abs(Fraction(str(found[name])) - exact) < Fraction(1, 100) for name, exact in parts.items())
