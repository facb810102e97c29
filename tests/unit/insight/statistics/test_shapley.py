"""R2 divided among attributes, judged by figures of R's relaimpo and by statsmodels."""

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

from afterbill_reports.statistics.shapley import lmg

SWISS = Path(__file__).with_name("swiss.csv")
"""R's data set `swiss` (Mosteller and Tukey, 1977): fertility and five attributes of 47 districts in 1888."""

RELAIMPO = Path(__file__).resolve().parents[4] / "../shared/judges/stats/lmg_swiss.json"


def products(columns: np.ndarray) -> list[list[float]]:
    centred = columns - columns.mean(axis=0)
    return (centred.T @ centred).tolist()


def r2(columns: np.ndarray, figure: np.ndarray) -> float:
    return sm.OLS(figure, sm.add_constant(columns)).fit().rsquared


def some_data(seed: int = 3, n: int = 200) -> np.ndarray:
    chance = np.random.default_rng(seed)
    data = chance.normal(size=(n, 5))
    data[:, 1] += data[:, 0]
    data[:, 4] = data[:, 0] + 0.5 * data[:, 2] + chance.normal(size=n)
    return data


def test_the_parts_of_single_columns_are_the_mean_over_all_orders():
    data = some_data()
    figure = data[:, 4]
    found = lmg([1, 1, 1, 1], products(data))

    wanted = np.zeros(4)
    for order in permutations(range(4)):
        for place, column in enumerate(order):
            before = r2(data[:, order[:place]], figure) if place else 0
            wanted[column] += (r2(data[:, order[: place + 1]], figure) - before) / 24
    assert found == pytest.approx(list(wanted))


def test_parts_of_groups_sum_to_r2_of_all_of_them():
    data = some_data()

    assert sum(lmg([2, 2], products(data))) == pytest.approx(r2(data[:, :4], data[:, 4]))


def test_a_column_that_says_nothing_new_adds_nothing():
    data = some_data()
    doubled = np.column_stack([data[:, 0], data[:, 0], data[:, 2], data[:, 4]])

    first, second = lmg([2, 1], products(doubled))
    assert first + second == pytest.approx(r2(data[:, [0, 2]], data[:, 4]))


def test_where_all_answers_are_equal_nothing_goes_with_anything():
    assert lmg([1], [[4.0, 0.0], [0.0, 0.0]]) == [0]


def test_the_fertility_of_swiss_districts():
    data = np.loadtxt(SWISS, delimiter=",")
    fertility, attributes = data[:, 0], data[:, 1:]

    found = lmg([1] * 5, products(np.column_stack([attributes, fertility])))

    assert found == pytest.approx([0.0570912, 0.1711730, 0.2601346, 0.1055702, 0.1127659], abs=1e-7)
    assert sum(found) == pytest.approx(r2(attributes, fertility))
    if RELAIMPO.exists():
        assert found == pytest.approx(list(json.loads(RELAIMPO.read_text())["lmg_shapley_of_R2"].values()))
