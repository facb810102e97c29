"""Weights by which answers are like the invited: margins hold, raking is judged by statsmodels, intervals by chance."""

import random

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from afterbill.insight.measures import measures
from afterbill.insight.nps import Tally
from afterbill.model.questions import Question
from afterbill_reports.statistics.weighting import (
    HEAVIEST,
    REST,
    effective,
    post_stratified,
    rake,
    weighted,
    weights,
)

CELLS = [(touchpoint, plan) for touchpoint in "abc" for plan in "xyz"]


def tally(promoters: int, passives: int, detractors: int) -> Tally:
    return Tally((detractors, *[0] * 7, passives, 0, promoters))


@given(st.sampled_from([Question.NPS, Question.REBUY]), st.lists(st.integers(0, 50), min_size=11, max_size=11))
def test_equal_weights_give_the_plain_score_and_its_interval(question, ratings):
    one = Tally(tuple(ratings))
    plain = measures(question, one)
    found = weighted(question, [(3.0, one)])

    if plain.score is None:
        assert found is None
        return
    assert (found.score, found.low, found.high) == pytest.approx((plain.score, plain.low, plain.high), abs=1e-9)
    assert found.n_eff == pytest.approx(one.n)


def test_the_effective_number_falls_with_unequal_weights():
    assert effective([(1.0, 50), (3.0, 50)]) == pytest.approx(80)
    assert effective([]) == 0


def test_with_answers_enough_in_every_cell_each_cell_weighs_as_it_was_invited():
    made = weights({("a",): 300, ("b",): 100}, {("a",): 50, ("b",): 50})

    assert made.by == "cells"
    assert made.of == pytest.approx({("a",): 1.5, ("b",): 0.5})


def test_with_a_thin_cell_the_margins_are_raked_and_thin_values_are_one():
    invited = {("a", "x"): 200, ("a", "y"): 100, ("b", "x"): 60, ("b", "z"): 40}
    answered = {("a", "x"): 40, ("a", "y"): 30, ("b", "x"): 25, ("b", "z"): 5}

    made = weights(invited, answered)

    n = sum(answered.values())
    mass = {cell: made.of[cell] * answered[cell] / n for cell in answered}
    assert made.by == "raking"
    assert mass["a", "x"] + mass["a", "y"] == pytest.approx(300 / 400)
    assert mass["a", "x"] + mass["b", "x"] == pytest.approx(260 / 400)
    assert (made.trimmed, made.unheard) == (0, 0)


def test_raking_is_the_fit_of_a_loglinear_model_to_the_margins():
    chance = random.Random(2)
    sample = {cell: chance.randint(5, 60) for cell in CELLS}
    target = {cell: chance.randint(50, 400) for cell in CELLS}

    found, unheard = rake(sample, target)

    total = sum(target.values())
    rows = {name: sum(n for cell, n in target.items() if cell[0] == name) for name in "abc"}
    columns = {name: sum(n for cell, n in target.items() if cell[1] == name) for name in "xyz"}
    design = [[1, *(cell[0] == name for name in "bc"), *(cell[1] == name for name in "yz")] for cell in CELLS]
    wanted = [rows[one] * columns[other] / total for one, other in CELLS]
    model = sm.GLM(
        np.array(wanted),
        np.array(design, dtype=float),
        family=sm.families.Poisson(),
        offset=np.log([sample[cell] for cell in CELLS]),
    ).fit(tol=1e-12)
    raked = np.array([found[cell] * sample[cell] for cell in CELLS])
    assert raked / raked.sum() == pytest.approx(model.fittedvalues / total, rel=1e-6)
    assert unheard == 0


def test_no_answer_weighs_more_than_five_times_the_mean():
    made = weights({("a",): 9_000, ("b",): 1_000}, {("a",): 20, ("b",): 980})

    assert max(made.of.values()) == HEAVIEST
    assert made.trimmed == 20


def test_who_was_invited_and_has_a_value_of_which_nobody_answered_is_told_of():
    made = weights({("a",): 100, ("b",): 70}, {("a",): 30})

    assert (made.by, made.of, made.unheard) == ("raking", {("a",): 1.0}, 70)


def test_values_with_few_answers_are_one_value():
    made = weights({("a",): 100, ("b",): 50, ("c",): 50}, {("a",): 80, ("b",): 10, ("c",): 10})

    assert made.of[("b",)] == made.of[("c",)] == pytest.approx(2.5)
    assert (REST,) not in made.of


def test_where_no_weights_fit_all_dimensions_at_once_nothing_is_weighed():
    """Customers with a plan of "x" all answer from "a", though most of the invited with it are elsewhere."""
    invited = {("a", "x"): 30, ("b", "y"): 30, ("b", "x"): 400, ("a", "z"): 1}
    answered = {("a", "x"): 25, ("b", "y"): 25}

    assert weights(invited, answered) is None


def test_without_answers_nothing_is_weighed():
    assert weights({("a",): 5}, {("a",): 0}) is None
    assert post_stratified(Question.NPS, {("a",): 5}, {("a",): Tally()}) is None


def test_the_weighted_score_undoes_that_the_content_answer_more_often():
    """Two plans of equal size: of one 60 % answer with a score of 40, of the other 20 % with a score of -40."""
    answered = {("a",): tally(36, 12, 12), ("b",): tally(4, 4, 12)}

    made, found = post_stratified(Question.NPS, {("a",): 100, ("b",): 100}, answered)

    assert measures(Question.NPS, sum(answered.values(), Tally())).score == 20
    assert found.score == pytest.approx(0)
    assert found.low < 0 < found.high
    assert made.by == "cells"


@pytest.mark.parametrize(("rates", "n"), [((0.5, 0.2), 400), ((0.6, 0.1), 1000), ((0.3, 0.3), 200)])
def test_the_interval_of_the_weighted_score_holds_the_score_of_all_invited(rates, n):
    """95 % is claimed; 1500 samples leave a standard error of 0.6 points. The plain interval misses it by far."""
    chance = random.Random(f"{rates} {n}")
    shares = {("a",): (0.6, 0.2), ("b",): (0.3, 0.45)}
    true_score = 50 * sum(good - bad for good, bad in shares.values())
    held = plain = samples = 0
    for _ in range(1500):
        answered = {
            cell: drawn(chance, round(n / 2 * rate), *shares[cell]) for cell, rate in zip(shares, rates, strict=True)
        }
        _, found = post_stratified(Question.NPS, dict.fromkeys(shares, n // 2), answered)
        everybody = measures(Question.NPS, sum(answered.values(), Tally()))
        held += found.low <= true_score <= found.high
        plain += everybody.low <= true_score <= everybody.high
        samples += 1
    print(f"rates {rates} of {n}: weighted {100 * held / samples:.1f} %, plain {100 * plain / samples:.1f} %")

    assert 93 <= 100 * held / samples <= 97


@pytest.mark.parametrize("n", [160, 300])
def test_the_interval_of_the_raked_score_does_too(n):
    """Content customers answer more often, and plan and touchpoint both matter; some cells have few answers."""
    chance = random.Random(n)
    invited = {("a", "x"): n * 4, ("a", "y"): n, ("b", "x"): n, ("b", "y"): n * 2}
    content = {("a", "x"): 0.65, ("a", "y"): 0.5, ("b", "x"): 0.5, ("b", "y"): 0.35}
    rates = {("a", "x"): 0.2, ("a", "y"): 0.1, ("b", "x"): 0.1, ("b", "y"): 0.05}
    heard = {cell: max(round(invited[cell] * rates[cell] / 2), 8) for cell in invited}
    true_score = sum(100 * (2 * content[cell] - 1) * some for cell, some in invited.items()) / sum(invited.values())
    held, ways = 0, set()
    for _ in range(700):
        answered = {cell: drawn(chance, heard[cell], content[cell], 1 - content[cell]) for cell in invited}
        made, found = post_stratified(Question.NPS, invited, answered)
        held += found.low <= true_score <= found.high
        ways.add(made.by)
    print(f"raked of {sum(heard.values())} answers: {held / 7:.1f} %")

    assert ways == {"raking"}
    assert 93 <= held / 7 <= 97


def drawn(chance: random.Random, n: int, good: float, bad: float) -> Tally:
    ratings = chance.choices((10, 8, 0), (good, 1 - good - bad, bad), k=n)
    return tally(ratings.count(10), ratings.count(8), ratings.count(0))
