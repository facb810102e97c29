"""Visits as they are stored."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.visits import Kind, Visit, visit_of
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
def test_a_visit_is_stored_as_one_line_and_read_again(visit: Visit) -> None:
    line = str(visit)

    assert "\n" not in line
    assert visit_of(line) == visit
