"""Values in messages are written as a configuration file writes them."""

from datetime import UTC, date, datetime, time

import pytest

from afterbill.model.check_messages import in_words, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (3, "3"),
        (1.0, "1.0"),
        (float("inf"), "inf"),
        (0.0008, "0.0008"),
        ("pro", '"pro"'),
        ("a\nb", '"a\ufffdb"'),
        ("x" * 300, f'"{"x" * 78}…'),
        (date(2027, 1, 31), "2027-01-31"),
        (datetime(2027, 1, 31, 9, tzinfo=UTC), "2027-01-31T09:00:00+00:00"),
        (time(9, 30), "09:30:00"),
        (["a", (1, True)], '["a", [1, true]]'),
        ({"a": 1}, "a table"),
    ],
)
def test_a_value_is_shown_as_toml_writes_it(value: object, text: str) -> None:
    assert shown(value) == text


def test_limits_are_part_of_the_words_and_our_own_messages_stay() -> None:
    assert in_words("enum", {"expected": "'nps', 'csat' or 'ces'"}, "") == "must be one of nps, csat, ces"
    assert in_words("greater_than_equal", {"ge": 1.0}, "") == "must be at least 1"
    assert in_words("value_error", {"error": ValueError()}, "Value error, must be kind") == "must be kind"
    assert in_words("scale", {}, "must be 1 to 5 for csat") == "must be 1 to 5 for csat"
