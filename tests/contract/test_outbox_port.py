"""The outbox, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.errors import UnreadableError
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.outbox import OutboxTable, item_of
from afterbill_actions.adapters.outbox_keys import entry as key_of
from afterbill_actions.outbox import KEPT, LATE, WAITS, Entry, EntryState, Operation, place_of
from afterbill_cli.memory.actions.outbox import MemoryConnections, MemoryOutbox
from tests.contract.conftest import TABLE
from tests.contract.people import NOW

SECOND = timedelta(seconds=1)


def entry(seconds=0, connection="shop", **changes):
    at = NOW + timedelta(seconds=seconds)
    place = place_of(at, "invitation-1/v1", f"unhappy/{connection}.tags")
    first = Entry(connection, place, f"unhappy/{connection}.tags", Operation.WRITE, at, "invitation-1", "v1", "ada")
    return replace(first, **changes)


@pytest.fixture(params=["memory", "aws"])
def stores(request):
    """The outbox and the connections beside it; their clock stands at NOW."""
    if request.param == "memory":
        connections = MemoryConnections()
        return MemoryOutbox(connections, lambda: NOW), connections
    dynamodb = request.getfixturevalue("aws_world").dynamodb
    return OutboxTable(dynamodb, TABLE, clock=NOW.timestamp), ConnectionsTable(dynamodb, TABLE)


@pytest.fixture
def outbox(stores):
    return stores[0]


def test_entries_are_handed_out_by_their_places(outbox):
    first, second, third = entry(-2), entry(-1), entry()
    outbox.put([third, first, second, entry(connection="helpdesk")])

    assert outbox.entries("shop", "", 9) == [first, second, third]
    assert outbox.entries("shop", "", 2) == [first, second]
    assert outbox.entries("shop", first.place, 9) == [second, third]


def test_the_log_has_the_newest_first(outbox):
    first, second, third = entry(-2), entry(-1), entry()
    outbox.put([third, first, second])

    assert outbox.newest("shop", 2) == [third, second]
    assert outbox.newest("shop", 2, before=second.place) == [first]


def test_one_whose_place_is_taken_stays_as_it_is(outbox):
    outbox.put([entry()])
    claimed = outbox.claim(entry(), NOW)

    outbox.put([entry(reason="another")])

    assert outbox.entry("shop", entry().place) == claimed


def test_all_that_an_entry_holds_comes_back(outbox):
    whole = entry(
        attempts=3,
        claimed_at=NOW,
        state=EntryState.PARKED,
        reason="no such field",
        ended_at=NOW + SECOND,
        content={"text": "höher", "number": 1.5, "list": [None, True]},
        forced_at=NOW,
    )
    outbox.put([whole])

    assert outbox.entry("shop", whole.place) == whole
    assert outbox.entry("shop", entry(9).place) is None


def test_a_claim_counts_an_attempt_and_is_made_once(outbox):
    outbox.put([entry()])

    claimed = outbox.claim(entry(), NOW)

    assert claimed == replace(entry(), attempts=1, claimed_at=NOW)
    assert outbox.claim(entry(), NOW + SECOND) is None
    assert outbox.entry("shop", entry().place) == claimed


def test_what_somebody_changed_is_neither_claimed_nor_stored(outbox):
    outbox.put([entry()])
    dropped = replace(entry(), state=EntryState.DROPPED, ended_at=NOW)
    assert outbox.store(dropped, entry())

    assert outbox.claim(entry(), NOW) is None
    assert not outbox.store(replace(entry(), state=EntryState.DONE), entry())
    assert outbox.entry("shop", entry().place) == dropped


def test_one_that_is_gone_is_not_stored_again(outbox):
    assert not outbox.store(replace(entry(), state=EntryState.DONE), entry())
    assert outbox.entries("shop", "", 9) == []


def test_one_that_was_put_off_is_as_it_was_stored(outbox):
    outbox.put([entry()])
    later = replace(entry(), due_at=NOW + SECOND, reason="429")

    assert outbox.store(later, entry())
    assert outbox.claim(entry(), NOW) is None
    assert outbox.claim(later, NOW) == replace(later, attempts=1, claimed_at=NOW)


def test_one_that_comes_late_rewinds_its_connection(stores):
    outbox, connections = stores
    late = entry(-LATE.total_seconds() - 1)
    state = connections.take("shop", "me", NOW, NOW + SECOND)
    assert connections.release("me", replace(state, cursor=entry().place))

    outbox.put([late])

    assert outbox.entries("shop", connections.state("shop").cursor, 1) == [late]


def test_one_in_time_rewinds_nothing(stores):
    outbox, connections = stores
    state = connections.take("shop", "me", NOW, NOW + SECOND)
    connections.release("me", replace(state, cursor="a place"))

    outbox.put([entry(-LATE.total_seconds())])

    assert connections.state("shop").rewound == 0


def test_an_entry_is_kept_as_a_log_for_a_month():
    over = replace(entry(), state=EntryState.DONE, ended_at=NOW)

    assert item_of(over)["expires_at"]["N"] == str(int((NOW + KEPT).timestamp()))
    assert item_of(entry())["expires_at"]["N"] == str(int((NOW + WAITS).timestamp()))


def test_a_retry_of_the_client_meets_its_own_writing(aws_world):
    outbox = OutboxTable(aws_world.dynamodb, TABLE, clock=NOW.timestamp)
    outbox.put([entry()])

    assert outbox.claim(entry(), NOW) == outbox.claim(entry(), NOW)
    claimed = outbox.claim(entry(), NOW)
    done = replace(claimed, state=EntryState.DONE, ended_at=NOW)
    assert [outbox.store(done, claimed) for _ in range(2)] == [True, True]


def test_what_this_version_does_not_know_is_told_by_its_key(aws_world):
    outbox = OutboxTable(aws_world.dynamodb, TABLE, clock=NOW.timestamp)
    item = item_of(entry()) | {"state": {"S": "dreaming"}}
    aws_world.dynamodb.put_item(TableName=TABLE, Item=item)

    with pytest.raises(UnreadableError, match=r"OUTBOX#shop .* unknown EntryState"):
        outbox.entries("shop", "", 1)


def test_an_entry_is_in_no_index(aws_world):
    OutboxTable(aws_world.dynamodb, TABLE, clock=NOW.timestamp).put([entry()])

    assert aws_world.dynamodb.get_item(TableName=TABLE, Key=key_of("shop", entry().place))["Item"]
    for index in ("by_customer", "by_day", "by_answered_day", "by_fact_hour"):
        assert aws_world.dynamodb.scan(TableName=TABLE, IndexName=index)["Count"] == 0
