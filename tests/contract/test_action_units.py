"""The write units of an action, counted by the rules of DynamoDB over everything that is written for it."""

from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.items import customer_item, invitation_item
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, State
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.responses import ActionResponsesTable
from afterbill_actions.drain import drain
from afterbill_actions.drain_deps import DrainDeps
from afterbill_actions.outbox import Entry, EntryState, Operation, place_of
from afterbill_actions.version import version_of
from afterbill_cli.memory.actions.outbox import MemoryWakes
from afterbill_cli.memory.table import MemoryTable
from benchmarks.units import write_units
from tests.contract.conftest import TABLE
from tests.contract.people import NOW
from tests.contract.template import table_definition
from tests.factories import invitation
from tests.simulation.action_systems import CONNECTORS, System
from tests.simulation.action_town import configuration

INDEXES = table_definition(TABLE)["GlobalSecondaryIndexes"]
WRITES = ("PutItem", "UpdateItem")


class Meter:
    """The units of each kind of item, by its partition."""

    def __init__(self, dynamodb):
        self.dynamodb, self.units, self.before = dynamodb, {}, None
        for write in WRITES:
            dynamodb.meta.events.register(f"provide-client-params.dynamodb.{write}", self.look)
            dynamodb.meta.events.register(f"after-call.dynamodb.{write}", self.count)

    def item(self, key):
        return self.dynamodb.get_item(TableName=TABLE, Key=key).get("Item")

    def look(self, params, **_):
        place = params.get("Key") or {name: params["Item"][name] for name in ("pk", "sk")}
        self.before = place, self.item(place)

    def count(self, **_):
        place, before = self.before
        kind = place["pk"]["S"].partition("#")[0]
        spent = write_units(before, self.item(place), INDEXES)
        self.units[kind] = self.units.get(kind, 0) + spent


class NoSecrets:
    def of(self, _connection):
        return {}


@pytest.mark.parametrize("name", ["helpdesk", "shop", "chat"])
def test_an_action_takes_four_write_units_and_a_drain_two(aws_world, name):
    dynamodb = aws_world.dynamodb
    answer = Answer(3, "turn 0")
    one = invitation(id="ab" * 16, state=State.SENT, sent_at=NOW, sent_day="2026-11-22", answer=answer, answered_at=NOW)
    for item in (invitation_item(one), customer_item(Customer(one.customer_id))):
        dynamodb.put_item(TableName=TABLE, Item=item)
    effects = EffectsTable(dynamodb, TABLE, clock=NOW.timestamp)
    effects.mark_published(one.id, version_of(answer), NOW, NOW + timedelta(days=700))
    outbox, meter = OutboxTable(dynamodb, TABLE, clock=NOW.timestamp), Meter(dynamodb)
    effect = f"{'all' if name == 'shop' else 'low'}/{name}.put"
    place = place_of(NOW, f"{one.id}:{version_of(answer)}", effect)
    outbox.put([Entry(name, place, effect, Operation.WRITE, NOW, one.id, version_of(answer), one.customer_id)])

    drained = drain(name, deps(dynamodb, outbox, effects, name), lambda: True)

    assert drained.ended == {EntryState.DONE: 1}
    assert meter.units == {"OUTBOX": 3, "EFFECTS": 1, "CONNECTION": 2}


def deps(dynamodb, outbox, effects, name):
    system = System(name, lambda: NOW, lambda _time: None, None)
    system.chance = type("Calm", (), {"random": staticmethod(lambda: 1.0)})
    return DrainDeps(
        configuration(),
        CONNECTORS.__getitem__,
        ConnectionsTable(dynamodb, TABLE),
        outbox,
        effects,
        ActionResponsesTable(dynamodb, TABLE, clock=NOW.timestamp),
        MemoryWakes(lambda: NOW),
        MemoryTable(),
        NoSecrets(),
        system.send,
        lambda: NOW,
        lambda: 0.5,
        lambda: "holder",
        lambda id_: f"https://console.example/{id_}",
    )
