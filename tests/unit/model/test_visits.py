"""Visits as they are stored."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.visits import CondensedVisits, Kind, Visit, codes_of, condensed_of, visit_of, visits_of
from tests.factories import NOON

VISITS = st.builds(
    Visit,
    st.integers(0, 4_000_000).map(lambda milliseconds: NOON + timedelta(milliseconds=milliseconds)),
    st.sampled_from(Kind),
    st.none() | st.integers(0, 10),
    st.sampled_from(["", "0badcafe"]),
    st.sampled_from(["", "safari", "apple-mail"]),
    st.booleans(),
)


@given(VISITS)
def test_a_visit_is_stored_as_one_number_of_its_program_and_read_again(visit: Visit) -> None:
    assert visit_of(visit.visitor_key, visit.code) == visit


@given(st.lists(VISITS))
def test_visits_come_back_in_the_order_of_their_moments(visits: list[Visit]) -> None:
    stored = visits_of(codes_of(visits))

    assert sorted(map(repr, stored)) == sorted(map(repr, visits))
    assert [visit.at for visit in stored] == sorted(visit.at for visit in visits)


@pytest.mark.parametrize("signals", ["", "hidden_link hurried"])
def test_what_is_no_longer_kept_is_told_by_one_line(signals: str) -> None:
    condensed = CondensedVisits(NOON, NOON + timedelta(milliseconds=1), 46, 2, signals)

    assert condensed_of(str(condensed)) == condensed


def test_two_lines_become_one() -> None:
    early = CondensedVisits(NOON, NOON + timedelta(hours=1), 46, 2, "hidden_link hurried")
    late = CondensedVisits(NOON + timedelta(hours=2), NOON + timedelta(hours=3), 23, 1, "crowded hurried")

    assert early + late == CondensedVisits(NOON, NOON + timedelta(hours=3), 69, 3, "hidden_link hurried crowded")
