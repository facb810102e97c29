"""Many comparisons at once, judged by statsmodels and by a published table."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from afterbill.insight.nps import Tally, p_value
from afterbill_reports.statistics.multiplicity import LEVEL, adjusted

TABLE = Path(__file__).resolve().parents[4] / "../shared/judges/stats/benjamini_hochberg.json"
CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=60)


@given(CHANCES)
def test_adjusted_chances_are_those_of_statsmodels(chances):
    assert adjusted(chances) == pytest.approx(list(multipletests(chances, method="fdr_bh")[1]), abs=1e-12)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=40))
def test_what_was_not_compared_does_not_count(chances):
    found = adjusted(chances)

    assert [q for q in found if q is not None] == adjusted([p for p in chances if p is not None])
    assert [q is None for q in found] == [p is None for p in chances]


def test_the_table_of_garcia_arenzana():
    if not TABLE.exists():
        pytest.skip(f"{TABLE} is not here")
    table = json.loads(TABLE.read_text())

    found = adjusted(table["p"])

    assert found[:5] == pytest.approx(table["adjusted_first_five"])
    assert sum(q <= 0.05 for q in found) == table["rejected_at_0.05"]
    assert sum(q <= 0.25 + 1e-12 for q in found) == table["rejected_at_0.25"]


def test_of_what_is_called_real_at_most_one_in_twenty_is_chance():
    """40 segments of 100 answers, 8 of them 30 points apart, 250 times: the share of false ones, on average."""
    chance = random.Random(7)
    shares = []
    for _ in range(250):
        real = [p_value(sample(chance, 0.65, 0.2), sample(chance, 0.5, 0.35)) for _ in range(8)]
        null = [p_value(sample(chance, 0.5, 0.35), sample(chance, 0.5, 0.35)) for _ in range(32)]
        called = [q <= LEVEL for q in adjusted([*real, *null])]
        shares.append(sum(called[8:]) / max(1, sum(called)))

    assert sum(shares) / len(shares) <= LEVEL


def sample(chance: random.Random, promoters: float, detractors: float) -> Tally:
    drawn = chance.choices((10, 8, 0), (promoters, 1 - promoters - detractors, detractors), k=100)
    return Tally((drawn.count(0), *[0] * 7, drawn.count(8), 0, drawn.count(10)))
