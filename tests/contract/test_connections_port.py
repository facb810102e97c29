"""How it stands with connections, and their leases, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.connection import ConnectionState
from afterbill_cli.memory.actions.outbox import MemoryConnections
from tests.contract.conftest import TABLE
from tests.contract.people import NOW

MINUTE = timedelta(minutes=1)
WHOLE = ConnectionState(
    "shop",
    cursor="a place",
    calls={29_000_000: 3, 29_000_001: 100},
    rests_until=NOW + MINUTE,
    wakes_at=NOW + 2 * MINUTE,
    failures=2,
    denied="the token was revoked",
    denied_at=NOW,
    succeeded_at=NOW - MINUTE,
    failed_at=NOW,
    failure="no answer",
)


@pytest.fixture(params=["memory", "aws"])
def connections(request):
    if request.param == "memory":
        return MemoryConnections()
    return ConnectionsTable(request.getfixturevalue("aws_world").dynamodb, TABLE)


def test_a_connection_of_which_nothing_is_known_is_new(connections):
    assert connections.state("shop") == ConnectionState("shop")


def test_one_holds_the_lease_at_a_time(connections):
    assert connections.take("shop", "one", NOW, NOW + MINUTE) == ConnectionState("shop")
    assert connections.take("shop", "other", NOW, NOW + MINUTE) is None
    assert connections.take("helpdesk", "other", NOW, NOW + MINUTE)


def test_what_a_drain_leaves_is_what_the_next_one_finds(connections):
    connections.take("shop", "one", NOW, NOW + MINUTE)

    assert connections.release("one", WHOLE)

    assert connections.state("shop") == WHOLE
    assert connections.take("shop", "other", NOW, NOW + MINUTE) == WHOLE


def test_what_is_over_is_forgotten(connections):
    connections.take("shop", "one", NOW, NOW + MINUTE)
    connections.keep("one", WHOLE, NOW + MINUTE)

    assert connections.release("one", ConnectionState("shop"))

    assert connections.state("shop") == ConnectionState("shop")


def test_a_lease_that_ran_out_is_taken_over_and_its_holder_keeps_nothing(connections):
    state = connections.take("shop", "one", NOW, NOW + MINUTE)

    assert connections.take("shop", "other", NOW + MINUTE, NOW + 2 * MINUTE) == state
    assert not connections.keep("one", WHOLE, NOW + 3 * MINUTE)
    assert not connections.release("one", WHOLE)
    assert connections.state("shop") == state


def test_a_lease_is_held_longer(connections):
    state = connections.take("shop", "one", NOW, NOW + MINUTE)

    assert connections.keep("one", replace(state, failures=1), NOW + 2 * MINUTE)

    assert connections.take("shop", "other", NOW + MINUTE, NOW + 3 * MINUTE) is None
    assert connections.state("shop").failures == 1


def test_who_is_told_of_more_to_do_does_not_end(connections):
    state = connections.take("shop", "one", NOW, NOW + MINUTE)
    connections.take("shop", "other", NOW, NOW + MINUTE)
    connections.take("shop", "another", NOW, NOW + MINUTE)

    assert not connections.release("one", state)
    assert connections.take("shop", "one", NOW, NOW + MINUTE) == state
    assert connections.release("one", state)


def test_a_new_holder_knows_of_everything_that_was_told_before(connections):
    connections.take("shop", "one", NOW, NOW + MINUTE)
    connections.take("shop", "other", NOW, NOW + MINUTE)

    state = connections.take("shop", "other", NOW + MINUTE, NOW + 2 * MINUTE)

    assert connections.release("other", state)


def test_after_a_rewinding_the_next_drain_begins_before_the_place(connections):
    connections.take("shop", "one", NOW, NOW + MINUTE)
    connections.release("one", replace(WHOLE, cursor="place-5"))

    connections.rewind("shop", "place-3")
    connections.rewind("shop", "place-4")

    state = connections.take("shop", "one", NOW, NOW + MINUTE)
    assert state == replace(WHOLE, cursor="place-", rewound=2)
    assert connections.release("one", state)


def test_who_is_at_work_while_it_is_rewound_takes_it_again(connections):
    state = connections.take("shop", "one", NOW, NOW + MINUTE)

    connections.rewind("shop", "place-3")

    ahead = replace(state, cursor="place-9")
    assert not connections.keep("one", ahead, NOW + MINUTE)
    assert not connections.release("one", ahead)
    again = connections.take("shop", "one", NOW, NOW + MINUTE)
    assert (again.cursor, again.rewound) == ("", 1)
    assert connections.keep("one", again, NOW + MINUTE)


def test_a_refusal_is_forgotten_when_somebody_connects_again(connections):
    connections.take("shop", "one", NOW, NOW + MINUTE)
    connections.release("one", WHOLE)

    connections.reconnect("shop")
    connections.reconnect("shop")

    forgotten = replace(WHOLE, denied="", denied_at=None, rests_until=None, failures=0)
    assert connections.state("shop") == forgotten


def test_a_lease_that_is_given_back_at_this_very_moment_is_taken(aws_world):
    table = ConnectionsTable(aws_world.dynamodb, TABLE)
    state = table.take("shop", "one", NOW, NOW + MINUTE)
    released = []

    def release(params, **_):
        if "#more" in params["UpdateExpression"] and "SET #more" in params["UpdateExpression"] and not released:
            released.append(True)
            table.release("one", state)

    aws_world.dynamodb.meta.events.register("provide-client-params.dynamodb.UpdateItem", release)

    assert table.take("shop", "other", NOW, NOW + MINUTE) == state


def test_who_never_meets_the_lease_in_one_state_leaves_it_to_its_holder(aws_world):
    table = ConnectionsTable(aws_world.dynamodb, TABLE)
    state = table.take("shop", "one", NOW, NOW + MINUTE)

    def back_and_forth(params, **_):
        if params["UpdateExpression"].startswith("SET #more"):
            table.release("one", state)
        elif params["ExpressionAttributeValues"].get(":me") == {"S": "other"}:
            table.take("shop", "one", NOW, NOW + MINUTE)

    aws_world.dynamodb.meta.events.register("provide-client-params.dynamodb.UpdateItem", back_and_forth)

    assert table.take("shop", "other", NOW, NOW + MINUTE) is None
