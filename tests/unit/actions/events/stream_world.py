"""What the publisher's tests share: answers of Ada, a world of twins, and schemas of all events."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import jsonschema

from afterbill.model.invitation import RETENTION, Answer, State
from afterbill_actions.events import EventType, SurveyChange
from afterbill_actions.publish import PublishDeps, publish
from afterbill_cli.memory.actions.bus import MemoryBus
from afterbill_cli.memory.actions.effects import MemoryEffects
from afterbill_cli.memory.actions.known import MemoryKnown
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, HOUR, NOON, invitation

SCHEMAS = Path(__file__).resolve().parents[4] / "docs" / "events"
GIVEN = NOON + 3 * DAY + HOUR
WORDS = "zq7-words"
"""The mark of a comment: no event, message or mark may hold it."""


@dataclass
class Woken:
    """Wakes, as a list of what was asked."""

    settled: list[tuple[str, str, datetime, timedelta]] = field(default_factory=list)
    told: list = field(default_factory=list)

    def settle(self, invitation_id, version, at, after):
        self.settled.append((invitation_id, version, at, after))

    def tell(self, event):
        self.told.append(event)


def sent(**changes):
    """A survey of Ada's that went out and was not answered."""
    values = {"state": State.SENT, "sent_at": NOON + 3 * DAY, "sent_day": "2026-11-25"}
    return invitation(**values | changes)


def answered(rating=3, comment=WORDS, *, confirmed=True, **changes):
    """The same with Ada's answer."""
    answer = Answer(rating, comment, confirmed=confirmed)
    return sent(**{"answer": answer, "answered_at": GIVEN, "answered_day": "2026-11-25"} | changes)


def change(before, after, at=GIVEN):
    """A change at this moment."""
    return SurveyChange(at, before, after)


@dataclass
class World:
    """The twins, and the publisher over them."""

    table: MemoryTable = field(default_factory=MemoryTable)
    bus: MemoryBus = field(default_factory=MemoryBus)
    effects: MemoryEffects = field(default_factory=MemoryEffects)
    wakes: Woken = field(default_factory=Woken)

    def deps(self, **changes):
        parts = {
            "bus": self.bus,
            "effects": self.effects,
            "known": MemoryKnown(self.table),
            "kept": RETENTION,
            "wakes": self.wakes,
            "asked": frozenset({EventType.CUSTOMER_OBJECTED}),
        }
        return PublishDeps(**parts | changes)

    def publish(self, *changes, **deps):
        return publish(dict(zip("123456789", changes, strict=False)), lambda one: one, self.deps(**deps))

    @property
    def silent(self):
        """Nothing was published, marked or asked."""
        return not any((self.bus.taken, self.effects.held, self.wakes.settled, self.wakes.told))

    def types(self):
        return [str(event.type) for event in self.bus.taken]


def detail_of(event):
    """The detail of an event as rules see it."""
    return json.loads(json.dumps({"id": event.id, "at": event.at.isoformat(), **event.detail}))


def check(event):
    """Compare an event with its schema in docs/events."""
    schema = json.loads((SCHEMAS / f"{event.type}.json").read_text("utf-8"))
    jsonschema.validate(detail_of(event), schema, cls=jsonschema.Draft202012Validator)
    assert WORDS not in repr(event)
