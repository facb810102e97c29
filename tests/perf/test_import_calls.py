"""The calls of the table that an import makes: whole batches, full transactions."""

import pytest

from benchmarks.importing import MOST_CALLS, MOST_CALLS_OF_A_RESPONSE, Client, imported, imported_responses

SIZE = 2_000
RESPONSES = 2_000


@pytest.fixture
def client():
    return Client()


def test_new_customers_fill_every_call(client):
    calls = imported(client, SIZE, "Pro", 0)

    assert calls.total() <= MOST_CALLS * SIZE
    # A call reads 100 keys: the names of 100 customers, and the marks of those of these names that were erased.
    assert calls == {"BatchGetItem": 2 * SIZE // 100, "TransactWriteItems": 2 * SIZE // 100}


def test_known_customers_with_news_are_read_and_written(client):
    imported(client, SIZE, "Pro", 0)

    assert imported(client, SIZE, "Team", 1).total() <= MOST_CALLS * SIZE


def test_known_customers_without_news_are_only_read(client):
    imported(client, SIZE, "Pro", 0)

    calls = imported(client, SIZE, "Pro", 0)

    assert calls["TransactWriteItems"] == 0
    assert calls.total() <= MOST_CALLS * SIZE


def test_responses_of_known_people_fill_every_call(client):
    imported(client, 1_000, "Pro", 0)

    calls = imported_responses(client, RESPONSES, 1_000)

    # Responses, names, customers, and the marks of names that were erased.
    assert calls == {"BatchGetItem": 4 * RESPONSES // 100, "TransactWriteItems": RESPONSES // 100}
    assert calls.total() <= MOST_CALLS_OF_A_RESPONSE * RESPONSES


def test_responses_that_are_there_are_only_read(client):
    imported_responses(client, RESPONSES, 1_000)

    assert imported_responses(client, RESPONSES, 1_000, minute=1) == {"BatchGetItem": RESPONSES // 100}
