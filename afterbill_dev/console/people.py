"""The stores of people of a world: a seeded history as a table in memory, with tasks and privacy requests."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from afterbill.model.billing import CROWDED, SHOP_REDACT, UNMATCHED, CustomerRef, OperatorTask
from afterbill.model.invitation import Invitation
from afterbill.model.privacy import DEADLINE, PrivacyRequest, Removed, RequestKind, RequestState
from afterbill.model.retention import Retention
from afterbill.privacy.holdings import Kind, Stock
from afterbill.privacy.retention import RetentionProgress
from afterbill_cli.memory.actions.effects import MemoryEffects
from afterbill_cli.memory.handled import MemoryAnswers, MemoryHandlings, MemoryRetained, MemoryStories, MemoryTasks
from afterbill_cli.memory.privacy import MemoryPrivacyRequests
from afterbill_cli.memory.table import MemoryTable
from afterbill_console.people.deps import PeopleDeps
from afterbill_dev.console.words import hash_contact, people

SOURCES = ("shop", "stripe")
_DAY = timedelta(days=1)


def table_of(facts: Sequence[Invitation], now: datetime) -> MemoryTable:
    """Return a table with these facts, their customers, and some tasks."""
    table = MemoryTable(invitations={one.id: one for one in facts})
    table.people = {one.id: one for one in people(facts, now)}
    numbers = {id_: f"cus_{number}" for number, id_ in enumerate(table.people)}
    owners = {one.customer_id: one.source for one in facts if one.customer_id in numbers}
    table.aliases = {f"{source}#{numbers[id_]}": id_ for id_, source in owners.items()}
    whom = next(iter(table.people), "")
    for task in _tasks(now, whom, numbers.get(whom, "")):
        table.tasks[task.source, task.kind, task.id] = (task, "")
    return table


def _tasks(now: datetime, whom: str, number: str) -> list[OperatorTask]:
    ref = CustomerRef(number, own_id=whom)
    return [
        OperatorTask("stripe", CROWDED, "cus_0", now - 4 * _DAY, ref, {"attributes": "41"}, urgent=False),
        OperatorTask("stripe", UNMATCHED, "re_1", now - 2 * _DAY, details={"amount": "4900"}),
        OperatorTask("shop", SHOP_REDACT, "acme.example", now - 33 * _DAY, details={"shop": "acme.example"}),
        OperatorTask("shop", SHOP_REDACT, "other.example", now - 25 * _DAY, details={"shop": "other.example"}),
        OperatorTask("shop", "verifier", "v1", now - _DAY, details={"verifier": "a secret that no page shows"}),
    ]


def requests_of(table: MemoryTable, now: datetime) -> MemoryPrivacyRequests:
    """Return some requests: one that waits, one late, one under way, one done about somebody who is gone."""
    ids = [*table.people, "", "", ""]
    gone = "f" * 32

    def made(number: int, kind: RequestKind, at: datetime, whom: str, **more: Any) -> PrivacyRequest:  # noqa: ANN401  # fields
        return PrivacyRequest(
            f"{number:032x}", kind, at, "key:k1", at + DEADLINE, customer_ids=frozenset({whom}), **more
        )

    receipt = {Removed.CUSTOMERS: 1, Removed.INVITATIONS: 4, Removed.ALIASES: 1, Removed.ROWS_KEPT: 2}
    done = {"state": RequestState.DONE, "done_at": now - 6 * _DAY, "removed": receipt}
    settling = {"state": RequestState.SETTLING, "settle_at": now + _DAY / 24}
    several = (
        made(1, RequestKind.EXPORT, now - 3 * _DAY, ids[0], state=RequestState.READY),
        made(2, RequestKind.ERASE, now - 34 * _DAY, ids[2]),
        made(3, RequestKind.ERASE, now - _DAY / 24, ids[4 % len(ids)], **settling),
        made(4, RequestKind.ERASE, now - 7 * _DAY, gone, **done),
        made(
            5, RequestKind.RESTRICT, now - 3 * _DAY, ids[1], state=RequestState.DONE, done_at=now - 3 * _DAY, changed=1
        ),
    )
    return MemoryPrivacyRequests({one.id: one for one in several})


def _retained(facts: Sequence[Invitation], now: datetime) -> RetentionProgress:
    first = min((one.created_at for one in facts), default=now)
    stock = Stock(len(facts), first, now + 730 * _DAY)
    held = {Kind.RESPONSES: stock, Kind.COMMENTS: Stock(12, first, now - 11 * _DAY, 2, 2)}
    return RetentionProgress(now - 2 * _DAY, Retention(), over=True, held=held, finished_at=now - 2 * _DAY, overdue=2)


def people_of(
    table: MemoryTable, facts: Sequence[Invitation], now: datetime, effects: MemoryEffects | None = None
) -> PeopleDeps:
    """Return the stores over this table."""
    tasks = MemoryTasks(table)
    return PeopleDeps(
        answers=MemoryAnswers(table),
        handlings=MemoryHandlings(table),
        stories=MemoryStories(table, tasks, effects=effects or MemoryEffects()),
        tasks=tasks,
        requests=requests_of(table, now),
        retained=MemoryRetained(_retained(facts, now)),
        sources=SOURCES,
        hash_contact=hash_contact,
    )
