"""Queries of requests: what they say, and every mistake by its name."""

import pytest

from afterbill.model.query import Query, QueryError, one_of

NAMES = ("limit", "where", "order")


def test_a_parameter_is_parsed_and_one_that_is_not_given_has_its_default() -> None:
    query = Query([("limit", "7")], NAMES)

    assert query.one("limit", 50, int) == 7
    assert query.one("order", "newest", str) == "newest"
    query.end()


def test_a_parameter_may_be_given_more_than_once_where_that_is_meant() -> None:
    assert Query([("where", "a"), ("where", "b")], NAMES).many("where", 2, str) == ["a", "b"]


def test_all_mistakes_are_told_together() -> None:
    query = Query([("limt", "7"), ("limit", "x"), ("order", "42"), ("where", "a"), ("where", "b")], NAMES)
    query.one("limit", 50, int)
    query.one("order", "newest", one_of(["newest", "oldest"]))
    query.one("where", "", str)

    with pytest.raises(QueryError) as told:
        query.end()

    assert dict(told.value.faults) == {
        "limt": '"limt" is unknown; did you mean "limit"?',
        "limit": "invalid literal for int() with base 10: 'x'",
        "order": '"42" is unknown: newest, oldest',
        "where": "is given twice",
    }
    assert 'limt: "limt" is unknown' in str(told.value)


def test_more_than_so_many_are_a_mistake() -> None:
    query = Query([("where", text) for text in "abc"], NAMES)

    assert query.many("where", 2, str) == []
    assert query.faults == [("where", "is given more than 2 times")]
