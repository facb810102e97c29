"""The score of a tally, its interval, and what counts as a change."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.insight.nps import MAILS, UNCONFIRMED, Tally, compare, interval, response_rate, score

COUNTS = st.lists(st.integers(0, 400), min_size=11, max_size=11).map(tuple)
TALLIES = st.builds(Tally, COUNTS)
ANSWERED = TALLIES.filter(lambda tally: tally.n > 0)


def of(*, promoters: int = 0, passives: int = 0, detractors: int = 0) -> Tally:
    return Tally((detractors, 0, 0, 0, 0, 0, 0, passives, 0, 0, promoters))


def test_categories_of_a_tally_follow_the_ratings():
    tally = Tally((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))

    assert (tally.unfavourable(), tally.favourable(), tally.n) == (28, 21, 66)


def test_the_score_is_promoters_less_detractors_with_passives_in_the_denominator():
    assert score(of(promoters=5, passives=3, detractors=2)) == 30


def test_without_answers_there_is_no_score_and_no_interval():
    assert score(Tally()) is None
    assert interval(Tally()) is None


def test_a_balance_of_promoters_and_detractors_is_0_and_not_nothing():
    assert score(of(promoters=1, detractors=1)) == 0


def test_a_rating_of_0_is_an_answer():
    assert score(Tally((1, *[0] * 10))) == -100


def test_the_interval_is_the_adjusted_wald_worked_by_hand():
    # 37 answers become 40: shares 15.75/40 and 9.75/40, difference 0.15, variance (0.6375 - 0.0225)/40 = 0.015375,
    # margin 1.96 * 0.1240 = 0.2430.
    low, high = interval(of(promoters=15, passives=13, detractors=9))

    assert (low, high) == pytest.approx((-9.30, 39.30), abs=0.005)


def test_the_interval_of_a_single_answer_is_wide_and_still_holds_its_score():
    low, high = interval(of(promoters=1))

    assert (low, high) == (pytest.approx(-48.5, abs=0.1), 100)


@given(ANSWERED)
def test_the_score_lies_in_its_interval_and_the_interval_on_the_scale(tally):
    low, high = interval(tally)

    assert -100 <= low < high <= 100
    assert low <= score(tally) <= high


@given(ANSWERED)
def test_swapping_promoters_and_detractors_mirrors_score_and_interval(tally):
    good, bad = tally.favourable(), tally.unfavourable()
    plain = of(promoters=good, passives=tally.n - good - bad, detractors=bad)
    mirror = of(promoters=bad, passives=tally.n - good - bad, detractors=good)

    assert score(mirror) == -score(plain)
    assert interval(mirror) == pytest.approx(tuple(-edge for edge in reversed(interval(plain))))


def test_more_answers_of_the_same_kind_narrow_the_interval():
    widths = [high - low for low, high in (interval(of(promoters=n, detractors=n)) for n in (1, 10, 100, 1000))]

    assert all(wider > narrower for wider, narrower in pairwise(widths))


@given(TALLIES, TALLIES, TALLIES)
def test_tallies_add_up_in_any_order(one, two, three):
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + Tally() == one
    assert (one + two).n == one.n + two.n


def test_a_tally_is_its_numbers():
    mails = {"sent": 6, "answered": 4, "bounced": 3, "complained": 2}
    tally = Tally((1, *[0] * 9, 3), **mails, unconfirmed=(*[0] * 10, 1), removed=3, removed_unconfirmed=1)
    older = replace(tally, removed=0, removed_unconfirmed=0)

    assert Tally.of(tally.numbers) == tally
    assert Tally.of(tally.numbers[:UNCONFIRMED]) == older
    assert Tally.of(tally.numbers[:MAILS]) == replace(older, unconfirmed=(0,) * 11)
    assert Tally.of([]) == Tally()


def test_without_the_unconfirmed_answers_an_invitation_stays_answered():
    tally = Tally((1, *[0] * 9, 3), sent=4, answered=4, unconfirmed=(1, *[0] * 9, 1))

    assert tally.confirmed == Tally((*[0] * 10, 2), sent=4, answered=4)


def test_without_the_unconfirmed_answers_those_of_the_removed_are_fewer_too():
    tally = Tally((*[0] * 10, 3), unconfirmed=(*[0] * 10, 2), removed=2, removed_unconfirmed=1)

    assert tally.confirmed == Tally((*[0] * 10, 1), removed=1)


def test_mails_add_up_too():
    one, two = Tally(sent=3, answered=1, complained=1), Tally(sent=2, bounced=1)
    assert one + two == Tally(sent=5, answered=1, bounced=1, complained=1)


def test_the_change_is_in_points_and_a_great_one_is_significant():
    comparison = compare(of(promoters=80, detractors=20), of(promoters=20, detractors=80))

    assert (comparison.change, comparison.significant) == (120, True)


def test_a_change_chance_could_make_is_not_significant():
    comparison = compare(of(promoters=6, detractors=4), of(promoters=5, detractors=5))

    assert (comparison.change, comparison.significant) == (20, False)


@pytest.mark.parametrize(("current", "before"), [(Tally(), of(promoters=1)), (of(promoters=1), Tally())])
def test_nothing_is_compared_with_nothing(current, before):
    assert compare(current, before) is None


def test_one_promoter_beside_a_thousand_is_no_change_at_all():
    comparison = compare(of(promoters=1), of(promoters=1000))

    assert (comparison.change, comparison.significant) == (0, False)


@given(ANSWERED, ANSWERED)
def test_comparing_the_other_way_round_changes_only_the_sign(one, two):
    there, back = compare(one, two), compare(two, one)

    assert there.change == pytest.approx(-back.change)
    assert there.significant == back.significant


def test_the_response_rate_is_a_share_of_what_was_sent():
    assert response_rate(Tally(sent=8, answered=2)) == 25
    assert response_rate(Tally()) is None
