"""A customer with everything, in memory and on AWS, and the ports that forget them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from afterbill.adapters.aws.evidence import S3Copies, S3Evidence, key_of
from afterbill.adapters.aws.timer import EventBridgeTimer, Schedules
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.forgetting import (
    ForgettableAnswersTable,
    ForgettableDeliveriesTable,
    ForgettableFactsTable,
)
from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.answers.ports import ForgettableAnswers
from afterbill.intake.ports import FactWrites, ForgettableFacts
from afterbill.model.billing import CustomerRef, OperatorTask
from afterbill.model.invitation import Answer, State
from afterbill.model.short_links import ShortLink
from afterbill.model.webhooks import Webhook
from afterbill.outreach.ports import ForgettableDeliveries, Timer
from afterbill.privacy.ports import People
from afterbill_cli.memory.people import (
    MemoryForgettableAnswers,
    MemoryForgettableDeliveries,
    MemoryForgettableFacts,
    MemoryPeople,
)
from afterbill_cli.memory.queues import MemoryEvidence, MemoryTimer
from tests.contract.conftest import REGION, TABLE, World
from tests.contract.people import ADDRESS, DUE, ID, NOW, OTHER_ID, THIRD_ID, invitation, sent
from tests.contract.test_timer_port import TARGET

WHO = "customer-1"
NUMBER = "9a" * 16
"""The keyed hash of Ada's number."""
ALIAS, EVENT, CODE = "stripe#cus_1", ("evt_2", "stripe", ID), "0123456789"
WEBHOOK = Webhook("stripe", {}, b'{"name": "Ada"}', NOW)
TASK = OperatorTask("stripe", "crowded", "task-1", NOW, CustomerRef("cus_1", own_id=WHO))
LONGER = timedelta(days=7)
"""How much longer a row is kept here."""
ROWS = [f"{number:032x}" for number in range(1, 100)]
"""Ids of anonymous rows, in turn."""


def hash_number(phone: str | None, _country: str | None) -> str:
    return NUMBER if phone else ""


@dataclass
class Privacy:
    """All ports of an erasure; `schedules` gives the names of timers, `copies_kept` the number of copies."""

    world: World
    people: People
    answers: ForgettableAnswers
    deliveries: ForgettableDeliveries
    facts: ForgettableFacts
    timer: Timer
    evidence: Any
    copies: Any
    schedules: Callable[[], set[str]]
    copies_kept: Callable[[], int]
    remember_copy: Callable[[str, str], None]

    def forget(self, who=WHO):
        """Everything, as an erasure does it."""
        person = self.people.person(who)
        return [dict(wing.forget(person)) for wing in (self.deliveries, self.answers, self.facts)]


def in_memory(world: World) -> Privacy:
    table: Any = world.facts
    timer, evidence, rows = MemoryTimer(), MemoryEvidence(), iter(ROWS)
    return Privacy(
        world,
        MemoryPeople(table),
        MemoryForgettableAnswers(table, lambda: next(rows)),
        MemoryForgettableDeliveries(table, timer, hash_number, lambda: NOW),
        MemoryForgettableFacts(table, evidence),
        timer,
        evidence,
        evidence,
        lambda: set(timer.schedules),
        lambda: len(evidence.webhooks),
        lambda name, who: table.copies.add((name, who)),
    )


def on_aws(world: World, aws) -> Privacy:
    scheduler, s3 = aws("scheduler"), aws("s3")
    scheduler.create_schedule_group(Name=TARGET.group)
    s3.create_bucket(Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": REGION})
    return over(world, scheduler, s3)


def over(world: World, scheduler, s3) -> Privacy:
    table, copies = PeopleTable(world.dynamodb, TABLE), S3Copies(s3, "evidence")
    used = count(sum(item["pk"]["S"].endswith(tuple(ROWS)) for item in all_items(world)))
    return Privacy(
        world,
        table,
        ForgettableAnswersTable(table, lambda: ROWS[next(used)], lambda: LONGER),
        ForgettableDeliveriesTable(table, Schedules(scheduler, TARGET.group), hash_number, lambda: NOW),
        ForgettableFactsTable(table, copies),
        EventBridgeTimer(scheduler, TARGET),
        S3Evidence(s3, "evidence", world.dynamodb, TABLE, timedelta(days=30)),
        copies,
        lambda: {one["Name"] for one in scheduler.list_schedules(GroupName=TARGET.group)["Schedules"]},
        lambda: s3.list_objects_v2(Bucket="evidence")["KeyCount"],
        lambda name, who: put(world, keys.copy(name, who) | encode(keys.of(who))),
    )


def all_items(world: World) -> list[dict[str, Any]]:
    return world.dynamodb.scan(TableName=TABLE)["Items"]


def put(world: World, item) -> None:
    world.dynamodb.put_item(TableName=TABLE, Item=item)


def name_of_copy(privacy: Privacy) -> str:
    return key_of(WEBHOOK) if privacy.world.dynamodb else privacy.evidence.name_of(WEBHOOK)


def plant(privacy: Privacy) -> None:
    """Ada with one survey answered, one waiting and one skipped, and with everything that leads to her."""
    world = privacy.world
    asked = sent(world, invitation(ID))
    world.responses.record(asked.id, Answer(9, "words of Ada", "price"), NOW, "2026-11-22")
    waiting = invitation(OTHER_ID, objects={}, due_at=DUE + timedelta(days=30))
    skipped = invitation(THIRD_ID, objects={}, state=State.CLOSED, reason="cooldown")
    world.facts.commit(FactWrites(invitation=waiting))
    world.facts.commit(FactWrites(event=EVENT[:2], about=ID, customer_id=WHO))
    world.facts.commit(FactWrites(invitation=skipped, aliases={ALIAS: (WHO, None)}))
    world.facts.commit(FactWrites(peers=frozenset({"stripe|acct|in_1", "stripe|acct|ch_1"})))
    world.codes.keep(ShortLink(CODE, ID, NOW, NUMBER, WHO))
    world.facts.keep_task(TASK, ADDRESS, NOW)
    privacy.timer.at(waiting, 1, waiting.due_at)
    privacy.evidence.keep(WEBHOOK)
    privacy.remember_copy(name_of_copy(privacy), WHO)
