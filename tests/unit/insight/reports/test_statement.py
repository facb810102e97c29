"""Named parameters become places, and no value becomes a part of the text."""

from datetime import date

import pytest

from afterbill_reports.reports.statement import positional


def test_names_become_places_in_their_order():
    sql, values = positional("SELECT :b WHERE day = :a AND x = :b", {"a": date(2026, 11, 1), "b": "x"})

    assert sql == "SELECT ? WHERE day = ? AND x = ?"
    assert values == ["x", date(2026, 11, 1), "x"]


@pytest.mark.parametrize(
    "sql", ["SELECT 1::DATE", "SELECT '12:30:00'", "SELECT 'it''s :a'", "SELECT 1 -- of :a", "SELECT list[1:2]"]
)
def test_casts_texts_and_comments_stay(sql):
    assert positional(sql, {}) == (sql, [])


def test_a_key_of_a_map_is_a_name_too():
    assert positional("segments[:segment_1]", {"segment_1": "x"}) == ("segments[?]", ["x"])


def test_a_name_without_a_value_is_a_mistake():
    with pytest.raises(KeyError):
        positional("SELECT :absent", {"a": 1})


def test_what_a_caller_says_stays_a_value():
    sql, values = positional("SELECT :a", {"a": "'; DROP TABLE facts; --"})

    assert (sql, values) == ("SELECT ?", ["'; DROP TABLE facts; --"])
