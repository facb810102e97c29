"""What an import costs in calls of the table: whole batches, full transactions."""

import pytest

from benchmarks.importing import MOST_CALLS, Client, imported

SIZE = 10_000


@pytest.fixture
def client():
    return Client()


def test_new_customers_fill_every_call(client):
    calls = imported(client, SIZE, "Pro", 0)

    assert calls.total() <= MOST_CALLS * SIZE
    assert calls == {"BatchGetItem": 304, "TransactWriteItems": 304}


def test_known_customers_with_news_are_read_and_written(client):
    imported(client, SIZE, "Pro", 0)

    assert imported(client, SIZE, "Team", 1).total() <= MOST_CALLS * SIZE


def test_known_customers_without_news_are_only_read(client):
    imported(client, SIZE, "Pro", 0)

    calls = imported(client, SIZE, "Pro", 0)

    assert calls["TransactWriteItems"] == 0
    assert calls.total() <= MOST_CALLS * SIZE
