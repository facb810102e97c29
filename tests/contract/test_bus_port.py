"""The event bus, and what events need to know of customers: the same promises in memory and over AWS."""

from dataclasses import replace
from datetime import date

import pytest
from botocore.stub import Stubber

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode, invitation_item
from afterbill.answers.read_responses import Place
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import NO_DAY, Answer
from afterbill_actions.adapters import keys as own_keys
from afterbill_actions.adapters.bus import EventBridgeBus, entry
from afterbill_actions.adapters.known import KnownTable
from afterbill_actions.adapters.version_sweeps import VersionSweepsTable
from afterbill_actions.events import Event, EventType, silence
from afterbill_actions.ports import VersionSweep
from afterbill_cli.memory.actions.bus import MemoryBus
from afterbill_cli.memory.actions.known import MemoryKnown
from afterbill_cli.memory.actions.version_sweeps import MemoryVersionSweeps
from tests.contract.conftest import TABLE, clock
from tests.factories import DAY, HOUR, NOON, customer, invitation

BUS = "afterbill"


def some_events(number):
    return [silence(f"shop{place}", NOON, NOON + 8 * DAY) for place in range(number)]


@pytest.fixture(params=["memory", "aws"])
def bus(request, aws):
    if request.param == "memory":
        return MemoryBus()
    events = aws("events")
    events.create_event_bus(Name=BUS)
    return EventBridgeBus(events, BUS)


@pytest.mark.parametrize("number", [0, 1, 10, 23])
def test_events_are_taken(bus, number):
    assert list(bus.publish(some_events(number))) == []


@pytest.fixture
def stubbed(aws):
    client = aws("events")
    with Stubber(client) as stub:
        yield stub, EventBridgeBus(client, BUS)


def test_those_of_a_call_that_were_not_taken_are_told(stubbed):
    stub, bus = stubbed
    events = some_events(3)
    refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
    answer = {"FailedEntryCount": 2, "Entries": [refused, {"EventId": "1"}, refused]}
    stub.add_response("put_events", answer, {"Entries": [entry(event, BUS) for event in events]})

    assert bus.publish(events) == [events[0].id, events[2].id]


def test_after_a_call_that_fails_nothing_more_is_tried(stubbed):
    stub, bus = stubbed
    events = some_events(21)
    stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": str(n)} for n in range(10)]})
    stub.add_client_error("put_events", "InternalException", http_status_code=500)

    assert bus.publish(events) == [event.id for event in events[10:]]
    stub.assert_no_pending_responses()


def test_an_event_says_who_it_comes_from_and_carries_its_own_id():
    event = Event("0" * 32, EventType.SURVEY_SENT, NOON, {"stage": "Grüße"})

    assert entry(event, BUS) == {
        "EventBusName": BUS,
        "Source": "afterbill",
        "DetailType": "SurveySent",
        "Time": NOON,
        "Detail": '{"id": "00000000000000000000000000000000", "at": "2026-11-22T12:00:00+00:00", "stage": "Grüße"}',
    }


# Known


class Customers:
    """Ada and what she answered, in memory or in the table."""

    def __init__(self, dynamodb, memory):
        self.dynamodb, self.memory = dynamodb, memory
        self.known = KnownTable(dynamodb, TABLE, clock=clock) if dynamodb else MemoryKnown(memory)

    def give(self, number, rating, days_ago, **changes):
        answer, at = Answer(rating), NOON - days_ago * DAY
        values = {"id": f"{number:032x}", "answer": answer, "answered_at": at, "answered_day": f"{at.date()}"}
        one = invitation(**values | {"created_at": at - DAY} | changes)
        if self.dynamodb:
            self.dynamodb.put_item(TableName=TABLE, Item=invitation_item(one))
        else:
            self.memory.invitations[one.id] = one
        return one

    def restrict(self, customer_id):
        if self.dynamodb:
            self.dynamodb.put_item(TableName=TABLE, Item=keys.restricted() | encode({"customers": {customer_id}}))
        else:
            self.memory.people[customer_id] = customer(id=customer_id, restricted_at=NOON)


@pytest.fixture
def customers(world):
    return Customers(world.dynamodb, world.facts)


def test_nobody_is_restricted_until_somebody_is(customers):
    assert set(customers.known.restricted()) == set()
    customers.restrict("bob")
    assert set(customers.known.restricted()) == {"bob"}


def test_the_newest_answer_before_is_found(customers):
    customers.give(1, 3, 300)
    before = customers.give(2, 9, 100)
    now = customers.give(3, 7, 0)

    assert customers.known.earlier(now).id == before.id
    assert customers.known.earlier(before).id == f"{1:032x}"


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_id": "bob"},
        {"segments": {"source": "shop", "question": "csat"}},
        {"answered_day": NO_DAY},
        {"answer": None, "answered_at": None, "answered_day": ""},
        {"answered_at": NOON + HOUR},
    ],
    ids=["of somebody else", "to another question", "to a test", "none", "later"],
)
def test_no_answer_before_is(customers, changes):
    customers.give(1, 3, 100, **changes)

    assert customers.known.earlier(customers.give(2, 9, 0)) is None


def test_an_answer_before_that_cannot_be_read_is_passed_over(aws_world):
    customers = Customers(aws_world.dynamodb, None)
    strange = invitation_item(customers.give(1, 3, 100)) | encode({"state": "beyond"})
    aws_world.dynamodb.put_item(TableName=TABLE, Item=strange)

    assert customers.known.earlier(customers.give(2, 9, 0)) is None


# VersionSweeps


@pytest.fixture
def sweeps(world):
    return VersionSweepsTable(world.dynamodb, TABLE) if world.dynamodb else MemoryVersionSweeps()


SWEEP = VersionSweep(NOON, NOON + HOUR, NOON - HOUR)


@pytest.mark.parametrize(
    "sweep",
    [
        SWEEP,
        replace(SWEEP, place=Place(date(2026, 11, 22))),
        replace(SWEEP, place=Place(date(2026, 11, 22), "2026-11-22T12:00:00Z", "ab" * 16), suspects={"ab" * 16: ""}),
    ],
)
def test_the_state_of_a_sweep_is_read_as_it_was_stored(sweeps, sweep):
    assert sweeps.load() is None
    sweeps.store(replace(SWEEP, suspects={"cd" * 16: "0123456789ab"}))
    sweeps.store(sweep)

    assert sweeps.load() == sweep


def test_a_state_of_another_version_of_afterbill_is_named(aws_world):
    strange = own_keys.publish_sweep() | encode({"since": "once upon a time"})
    aws_world.dynamodb.put_item(TableName=TABLE, Item=strange)

    with pytest.raises(UnreadableError, match="STATE publish_sweep"):
        VersionSweepsTable(aws_world.dynamodb, TABLE).load()
