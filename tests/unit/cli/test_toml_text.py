"""Tables written as TOML are read as the same tables."""

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill_cli.configuration import SHIPPED
from afterbill_cli.toml_text import toml_text

TEXT = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT | st.dates(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXT, inside, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_any_table_is_read_as_it_was(table: dict[str, object]) -> None:
    assert tomllib.loads(toml_text(table)) == table


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.toml")), ids=lambda path: path.name)
def test_shipped_files_are_read_as_they_were(path) -> None:
    table = tomllib.loads(path.read_text(encoding="utf-8"))

    assert tomllib.loads(toml_text(table)) == table


def test_a_table_is_a_section_that_people_can_read() -> None:
    table = {"time_zone": "Europe/Berlin", "campaigns": {"next": {"start": date(2027, 1, 1), "over": "14d"}}}

    assert toml_text(table) == 'time_zone = "Europe/Berlin"\n\n[campaigns.next]\nstart = 2027-01-01\nover = "14d"\n'
