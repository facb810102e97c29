"""publish_events: records of the table's stream in, events and marks out."""

import json

import jsonschema
import pytest

from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.events import EventType
from tests.integration.logs import counted, lines
from tests.integration.samples import sample
from tests.integration.stack import ROOT

ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
CUSTOMER = "5f2c8f0e7d6b4a3c9e1d0b2a4c6e8f10"
WORDS = ("Schnell und freundlich", "Doch nicht so schnell", "ada@example.com", "Ada Lovelace")
"""What the samples hold of a person."""


@pytest.fixture
def publish(stack):
    return stack.load("publish_events")


def batch(*names):
    return {"Records": [record for name in names for record in sample(f"stream/{name}")["Records"]]}


def failed(answer):
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def put(stack):
    """The entries that were put onto the bus."""
    return [entry for call in stack.calls if call.operation == "PutEvents" for entry in call.params["Entries"]]


def types(stack):
    return [entry["DetailType"] for entry in put(stack)]


def effects(stack):
    return EffectsTable(stack.dynamodb, "afterbill").effects([ID])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("answered", ["ResponseRecorded"]),
        ("changed", ["ResponseChanged", "CategoryChanged"]),
        ("customer_objected", ["CustomerObjected"]),
        ("sent", []),
        ("captured", []),
        ("tapped", []),
        ("erased", []),
        ("retired", []),
        ("objected", []),
    ],
)
def test_changes_become_events(stack, publish, name, told):
    assert failed(publish(batch(name))) == []
    assert types(stack) == told


def test_an_answer_costs_one_write_and_two_reads(stack, publish):
    publish(batch("answered"))

    assert stack.calls_of("publish_events") == ["GetItem", "Query", "PutEvents", "UpdateItem"]
    assert effects(stack)[ID].versions == 1


def test_what_is_no_event_costs_no_call(stack, publish):
    publish(batch("captured", "tapped", "erased", "retired", "objected"))

    assert stack.calls_of("publish_events") == []


def test_every_event_is_as_its_schema_says_and_names_nobody(stack, publish):
    publish(batch("answered", "changed", "customer_objected"))

    assert len(put(stack)) == 4
    for entry in put(stack):
        schema = json.loads((ROOT / "docs" / "events" / f"{entry['DetailType']}.json").read_text("utf-8"))
        jsonschema.validate(json.loads(entry["Detail"]), schema)
        assert not [words for words in WORDS if words in repr(entry)]
    assert not [words for words in WORDS if words in repr(stack.items("EFFECTS"))]


def test_there_is_a_schema_for_every_kind_of_event():
    assert {path.stem for path in (ROOT / "docs" / "events").glob("*.json")} == set(EventType)


def test_a_record_that_comes_again_has_the_same_events(stack, publish):
    publish(batch("answered"))
    publish(batch("answered"))

    first, again = (json.loads(entry["Detail"]) for entry in put(stack))
    assert first == again
    assert effects(stack)[ID].versions == 1


def test_a_record_that_cannot_be_read_is_counted_and_holds_nothing_up(stack, publish, capsys):
    assert failed(publish(batch("poison", "changed"))) == []

    assert types(stack) == ["ResponseChanged", "CategoryChanged"]
    log = capsys.readouterr().out
    assert counted(log, "UnreadableItems") == [1]
    assert [line["detail"].split(":")[0] for line in lines(log) if "detail" in line] == [f"INVITATION#{ID} INVITATION"]


@pytest.mark.parametrize("operation", ["GetItem", "Query", "PutEvents", "UpdateItem"])
def test_what_does_not_answer_makes_the_records_come_again_and_is_counted(stack, publish, capsys, operation):
    stack.failures[operation] = "ThrottlingException"

    assert len(failed(publish(batch("answered")))) == 1
    log = capsys.readouterr().out
    assert counted(log, "RecordsFailed") == [1]
    assert not [words for words in WORDS if words in log]
    stack.failures.clear()
    assert failed(publish(batch("answered"))) == []
    assert effects(stack)[ID].versions == 1


def test_an_event_that_the_bus_refuses_fails_its_record_alone(stack, publish):
    refused = {"ErrorCode": "InternalFailure", "ErrorMessage": "later"}
    stack.answers["PutEvents"] = {"FailedEntryCount": 1, "Entries": [refused, {"EventId": "1"}]}

    assert len(failed(publish(batch("answered", "customer_objected")))) == 1
    assert effects(stack) == {}


def test_surveys_that_went_out_are_told_where_that_is_wanted(stack):
    stack.resolver.parameters["SentEvents"] = "true"

    stack.load("publish_events")(batch("sent"))
    assert types(stack) == ["SurveySent"]
