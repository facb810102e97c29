"""Kaplan-Meier and the log-rank test, judged by lifelines; chi-square by scipy."""

import json
import random
import warnings

import pytest
from scipy.stats import chi2

from afterbill_reports.statistics.survival import Followed, at_risk_on, chi2_above, kaplan_meier, logrank, median
from tests.unit.insight.statistics.judged import judge

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of pandas, about its own future
    from lifelines import KaplanMeierFitter
    from lifelines.datasets import load_waltons
    from lifelines.statistics import multivariate_logrank_test


def followed(times, events) -> Followed:
    group = Followed()
    for days, happened in zip(times, events, strict=True):
        group.add(int(days), 1, happened=bool(happened))
    return group


def cohort(seed: int, groups: int = 3) -> list[tuple[int, bool, int]]:
    chance = random.Random(seed)
    return [
        (chance.randint(0, 40), chance.random() < 0.5, group)
        for group in range(groups)
        for _ in range(chance.randint(1, 40))
    ]


def split(people: list[tuple[int, bool, int]]) -> list[Followed]:
    names = sorted({group for _, _, group in people})
    return [followed(*zip(*[(t, e) for t, e, g in people if g == name], strict=True)) for name in names]


@pytest.mark.parametrize("seed", range(4))
def test_the_curve_its_risk_table_interval_and_median_are_those_of_lifelines(seed):
    times, events, _ = zip(*cohort(seed), strict=True)
    theirs = KaplanMeierFitter().fit(times, events)
    bounds = theirs.confidence_interval_

    group = followed(times, events)
    steps = kaplan_meier(group, sorted(set(times)))

    assert median(group) == theirs.median_survival_time_
    for step in steps:
        assert step.survival == pytest.approx(theirs.predict(step.day))
        assert step.at_risk == theirs.event_table.at_risk[step.day]
        if step.low is not None:
            assert (step.low, step.high) == pytest.approx(tuple(bounds.loc[step.day]))


@pytest.mark.parametrize("groups", [2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_the_comparison_of_groups_is_that_of_lifelines(seed, groups):
    people = cohort(seed, groups)
    theirs = multivariate_logrank_test(*zip(*[(t, g, e) for t, e, g in people], strict=True))

    ours = logrank(split(people))

    assert (ours.chi2, ours.p) == pytest.approx((theirs.test_statistic, theirs.p_value))
    assert ours.df == groups - 1


def test_the_flies_of_the_judge_have_the_figures_that_are_known_of_them():
    known = judge("kaplan_meier_waltons.json")
    flies = load_waltons()
    control, infected = (
        followed(some["T"], some["E"]) for some in (flies[flies.group == name] for name in ("control", "miR-137"))
    )

    found = logrank([control, infected])

    assert round(found.chi2, 4) == known["logrank_chi2"]
    assert found.p == pytest.approx(known["p"])
    assert median(control) == known["KM_control_median"]
    assert round(kaplan_meier(control, [40])[0].survival, 4) == known["KM_control_S40"]


@pytest.mark.parametrize("df", range(1, 8))
def test_the_chance_of_a_chi_square_is_scipys(df):
    for x in (0.001, 0.5, 3.84, 20, 122.25, 700):
        assert chi2_above(x, df) == pytest.approx(chi2.sf(x, df), rel=1e-9)


def test_nobody_has_no_curve_no_median_and_nothing_to_compare():
    assert kaplan_meier(Followed(), [0, 30]) == []
    assert median(Followed()) is None
    assert logrank([Followed(), Followed()]) is None
    assert at_risk_on(Followed(), [0, 1]) == [0, 0]


def test_days_that_nobody_was_followed_to_have_no_row():
    group = followed([3, 10], [True, False])

    assert [step.day for step in kaplan_meier(group, [0, 7, 10, 11])] == [0, 7, 10]


def test_a_share_without_events_or_without_survivors_has_no_interval():
    before, after = kaplan_meier(followed([5, 5], [True, True]), [0, 5])

    assert (before.survival, before.low, before.high) == (1, None, None)
    assert (after.survival, after.low, after.high) == (0, None, None)


def test_groups_that_were_never_at_risk_together_are_not_compared():
    assert logrank([followed([1], [False]), followed([5], [True])]) is None
    assert logrank([followed([5], [True]), followed([1], [False]), followed([5], [False])]).df == 1


def test_equal_groups_are_called_different_by_chance_alone():
    chance = random.Random(16)
    alarms = 0
    for _ in range(400):
        groups = [Followed(), Followed(), Followed()]
        for group in groups:
            for _ in range(40):
                left, event = chance.randint(60, 360), int(chance.expovariate(1 / 300))
                group.add(min(left, event), 1, happened=event <= left)
        alarms += logrank(groups).p < 0.05

    assert 0.03 <= alarms / 400 <= 0.07, json.dumps(alarms)
