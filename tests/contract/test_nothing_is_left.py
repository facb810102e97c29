"""Marks of one person in every store there is; after an erasure no store has one.

A new store adds itself twice: PLANTS puts a mark of its own into it, READS gives all its texts.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.adapters.dynamodb.archive_marks import ArchiveMarksTable
from afterbill.adapters.dynamodb.batches import write_batches
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.stream import fact_days_in
from afterbill.insight.archive.marks import Marking, mark_facts
from afterbill.intake.ports import FactWrites
from afterbill.model.billing import CustomerRef, Money, OperatorTask
from afterbill.model.customer import Suppression
from afterbill.model.invitation import Answer, State
from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill.model.recurring import Recurring
from afterbill.model.retention import Retention
from afterbill.model.short_links import ShortLink
from afterbill.model.visits import Kind, Visit
from afterbill.model.webhooks import Webhook
from afterbill.privacy.erase import SETTLES_AFTER, EraseDeps, erase
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.erasing import elsewhere
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.wakes import SqsWakes
from afterbill_actions.effects import Written
from afterbill_actions.erase import ForgettableEffects
from afterbill_actions.outbox import Entry, EntryState, Operation, place_of
from afterbill_console.adapters.answers import HandlingsTable
from afterbill_reports.adapters.archive_files import S3Files
from afterbill_reports.adapters.archive_table import ArchiveTable
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.duckdb.parquet import ParquetRows
from afterbill_reports.adapters.report_queue import SqsReportQueue
from afterbill_reports.archive.columns import COMMENTS, FACTS, place
from afterbill_reports.archive.run import ArchiveDeps, archive
from tests.contract.conftest import REGION, TABLE, clock
from tests.contract.erasing import NUMBER, ROWS, Privacy, all_items, on_aws
from tests.contract.people import ADDRESS, DUE, ID, NOW, OTHER_ID, THIRD_ID, customer, invitation, mailed
from tests.contract.test_timer_port import TARGET
from tests.unit.mortal import KilledError
from tests.unit.privacy.erasing import Entries, counted_on

WHO = "5f2c8f0e7d6b4a3c9e1d0b2a4c6e8f10"
"""Our own random id: it stays in the request, and leads to nothing."""


def mark(kind: str) -> str:
    return f"zq7-{kind}-mark"


MARK = "zq7-"


@dataclass
class Marked:
    """The stores, with one marked person in them."""

    privacy: Privacy
    scheduler: Any
    s3: Any
    sqs: Any
    scratch: Path

    @property
    def world(self) -> Any:
        return self.privacy.world

    def commit(self, **writes: Any) -> None:
        assert self.world.facts.commit(FactWrites(**writes))


def plant_customer(ada: Marked) -> None:
    profile = {"address": f"{mark('customer')}@example.com", "name": mark("name"), "phone": mark("phone")}
    attributes = {"note": mark("attribute")}
    ada.commit(customers=(customer(WHO, **profile, attributes=attributes, suppressed=Suppression.UNSUBSCRIBED),))


def plant_survey(ada: Marked) -> None:
    fact, objects = f"stripe|acct|{mark('fact')}|payment_succeeded|", {"invoice": mark("object"), "charge": "ch_1"}
    one = invitation(
        ID,
        customer_id=WHO,
        fact=fact,
        objects=objects,
        products=(mark("product"),),
        money=Money(4900, "EUR"),
        recurring=Recurring(Money(4900, "EUR"), 1, "month"),
        reported_reason=mark("reported"),
        reported_comment=mark("words"),
        reported_at=NOW,
    )
    beyond = {"account": mark("account"), "payment_method": mark("method"), "seats": mark("segment")}
    one = replace(one, segments={**one.segments, **beyond})
    ada.commit(invitation=one)
    who = ada.world.facts.customers([WHO])[WHO]
    claimed = replace(one, state=State.SENDING, attempt=mark("attempt"), claimed_at=NOW)
    assert ada.world.invitations.claim(claimed, who, ada.world.invitations.situation(one).recipient)
    ada.world.invitations.mark_sent(replace(mailed(claimed), message_id=mark("message")))
    ada.world.responses.visit(ID, Visit(NOW, Kind.OPENED, 9, "zq7-network", "safari"))
    ada.world.responses.record(ID, Answer(9, mark("comment"), "price", contact_ok=True), NOW, "2026-11-22")
    handlings = HandlingsTable(AnsweredTable(ada.world.dynamodb, TABLE))
    assert handlings.add_note(ID, "operator", NOW, mark("note"))
    assert handlings.set_tags(ID, [mark("tag")])
    ada.privacy.timer.at(one, 2, DUE)


def plant_waiting(ada: Marked) -> None:
    one = invitation(OTHER_ID, customer_id=WHO, fact=f"stripe|acct|{mark('waiting')}|renewed|", objects={})
    ada.commit(invitation=one, event=(mark("held"), "stripe"), about=OTHER_ID, customer_id=WHO)
    ada.privacy.timer.at(one, 1, DUE)


def plant_imported(ada: Marked) -> None:
    """An answer from elsewhere, by the reference of its row."""
    one = invitation(
        THIRD_ID,
        customer_id=WHO,
        fact=f"import|{mark('imported')}|row|",
        objects={},
        state=State.CLOSED,
        reason="collected",
        answer=Answer(3, mark("reply")),
        answered_at=NOW,
        answered_day="2026-11-22",
    )
    ada.commit(invitation=one)


def plant_names(ada: Marked) -> None:
    ada.commit(aliases={f"stripe#{mark('alias')}": (WHO, None), f"shop#{mark('second')}": (WHO, None)})


def plant_events(ada: Marked) -> None:
    for number in range(3):
        ada.commit(event=(mark(f"event{number}"), "stripe"), about=ID, customer_id=WHO)


def plant_links(ada: Marked) -> None:
    links = {f"stripe|acct|{mark('object')}", f"stripe|acct|{mark('peer')}"}
    ada.commit(peers=frozenset(links))
    ada.commit(failed={f"stripe|acct|{mark('peer')}": NOW})


def plant_phone(ada: Marked) -> None:
    assert ada.world.codes.keep(ShortLink(mark("code"), ID, NOW, NUMBER, WHO))


def plant_task(ada: Marked) -> None:
    ref = CustomerRef(mark("task"), own_id=WHO)
    ada.world.facts.keep_task(OperatorTask("stripe", "crowded", mark("id"), NOW, ref, {"it": mark("it")}), ADDRESS, NOW)


def plant_copy(ada: Marked) -> None:
    webhook = Webhook("stripe", {}, json.dumps({"name": mark("webhook")}).encode(), NOW)
    ada.privacy.evidence.keep(webhook)
    (kept,) = ada.s3.list_objects_v2(Bucket="evidence")["Contents"]
    ada.privacy.remember_copy(kept["Key"], WHO)


def plant_archive(ada: Marked) -> None:
    """A run after all that was planted before, and the file of a day that freezes in the next night."""
    ada.s3.create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
    mark_changes(ada, [])
    run_archive(ada, NOW + timedelta(hours=2))
    archived = archiving(ada)
    old = dict.fromkeys(FACTS) | {"id": "old", "customer_id": WHO, "account": mark("archived")}
    archived.files.put(place("facts", FREEZING), archived.rows.written([old], FACTS))


FREEZING = (NOW - timedelta(days=727)).date()


def mark_changes(ada: Marked, before: list[dict[str, Any]]) -> None:
    """Mark what changed since then, as the stream of the table would have it."""
    images: dict[str, dict[str, Any]] = {}
    for name, there in (("OldImage", before), ("NewImage", all_items(ada.world))):
        for item in there:
            images.setdefault(repr((item[keys.PK], item[keys.SK])), {})[name] = item
    records = {key: {"dynamodb": both} for key, both in images.items() if both.get("OldImage") != both.get("NewImage")}
    marking = Marking(ArchiveMarksTable(ada.world.dynamodb, TABLE), timedelta(hours=1))
    mark_facts(records, lambda record: fact_days_in(record, UTC), marking, NOW)


def archiving(ada: Marked) -> ArchiveDeps:
    queue = ada.sqs.create_queue(QueueName="reports")["QueueUrl"]
    return ArchiveDeps(
        table=ArchiveTable(ada.world.dynamodb, TABLE, clock=clock),
        files=S3Files(ada.s3, "archive"),
        rows=ParquetRows(connect(ada.scratch, 300, threads=1), ada.scratch),
        queue=SqsReportQueue(ada.sqs, queue),
        zone=UTC,
        brand="Acme",
        periods=Retention(),
        every=timedelta(hours=1),
    )


def run_archive(ada: Marked, at: datetime) -> None:
    done = archive(archiving(ada), at, "run", lambda: True)
    assert (done.errors, done.busy) == ([], False)


def plant_effects(ada: Marked) -> None:
    """Something that was written elsewhere, and something that is still to be."""
    effects, outbox = EffectsTable(ada.world.dynamodb, TABLE, clock=clock), OutboxTable(ada.world.dynamodb, TABLE)
    effects.mark_published(ID, mark("published"), NOW, NOW + timedelta(days=700))
    effects.keep_written(ID, "low/helpdesk.ticket", Written("helpdesk", "ticket", "v", NOW, {"ticket": mark("effect")}))
    place = place_of(NOW, f"{ID}:v", "low/shop.tags")
    waits = Entry("shop", place, "low/shop.tags", Operation.WRITE, NOW, ID, "v", WHO, content={"text": mark("outbox")})
    outbox.put([waits])


def elsewhere_of(ada: Marked) -> ForgettableEffects:
    queue = ada.sqs.create_queue(QueueName="actions")["QueueUrl"]
    return elsewhere(ada.world.dynamodb, TABLE, SqsWakes(ada.sqs, queue), ["helpdesk", "shop"])


def drained(ada: Marked) -> None:
    """Another system does what it is asked, and the entries are over."""
    outbox = OutboxTable(ada.world.dynamodb, TABLE)
    for name in ("helpdesk", "shop"):
        for entry in outbox.entries(name, "", 9):
            outbox.store(replace(entry, state=EntryState.DONE, ended_at=NOW, content={}), entry)


PLANTS: dict[str, Callable[[Marked], None]] = {
    "customer": plant_customer,
    "object": plant_survey,
    **dict.fromkeys(("reported", "words", "account", "method", "segment", "note", "tag"), plant_survey),
    "waiting": plant_waiting,
    "imported": plant_imported,
    "alias": plant_names,
    "event0": plant_events,
    "peer": plant_links,
    "code": plant_phone,
    "task": plant_task,
    "webhook": plant_copy,
    "archived": plant_archive,
    **dict.fromkeys(("published", "effect", "outbox"), plant_effects),
}
"""The function that plants each mark; each function is called once."""


def items(ada: Marked) -> Iterator[str]:
    for item in all_items(ada.world):
        yield json.dumps(item, default=repr)


def schedules(ada: Marked) -> Iterator[str]:
    for one in ada.scheduler.list_schedules(GroupName=TARGET.group)["Schedules"]:
        yield json.dumps(ada.scheduler.get_schedule(GroupName=TARGET.group, Name=one["Name"]), default=str)


def copies(ada: Marked) -> Iterator[str]:
    for one in ada.s3.list_objects_v2(Bucket="evidence").get("Contents", ()):
        yield ada.s3.get_object(Bucket="evidence", Key=one["Key"])["Body"].read().decode()


def files(ada: Marked) -> Iterator[str]:
    """Every file of the archive byte by byte, and every value in it."""
    archived = archiving(ada)
    for name in archived.files.names(""):
        body = archived.files.get(name) or b""
        yield name + body.decode("latin-1")
        yield repr(archived.rows.read(body, COMMENTS if name.startswith("comments/") else FACTS))


READS: dict[str, Callable[[Marked], Iterator[str]]] = {
    "table": items,
    "schedules": schedules,
    "copies": copies,
    "archive": files,
}
"""Every text of every store."""


@pytest.fixture
def nobody(aws_world, aws, tmp_path):
    return Marked(on_aws(aws_world, aws), aws("scheduler"), aws("s3"), aws("sqs"), tmp_path)


@pytest.fixture
def ada(nobody):
    for plant in dict.fromkeys(PLANTS.values()):
        plant(nobody)
    return nobody


def hash_alias(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]


def deps_of(ada: Marked, ledger: Entries) -> EraseDeps:
    privacy = ada.privacy
    return EraseDeps(
        people=privacy.people,
        requests=PrivacyRequestsTable(ada.world.dynamodb, TABLE),
        ledger=ledger,
        deliveries=privacy.deliveries,
        answers=privacy.answers,
        facts=privacy.facts,
        hash_alias=hash_alias,
        clock=lambda: NOW,
        copies=privacy.copies,
        elsewhere=elsewhere_of(ada),
    )


REQUEST = PrivacyRequest(
    "request-1", RequestKind.ERASE, NOW, "arn", NOW + timedelta(days=30), customer_ids=frozenset({WHO})
)


def first_look(ada: Marked, ledger: Entries) -> PrivacyRequest:
    return erase(REQUEST, deps_of(ada, ledger), NOW)


def erased(ada: Marked) -> PrivacyRequest:
    """Both looks, then the run of the archive in the next night."""
    ledger, before = Entries(), all_items(ada.world)
    done = erase(first_look(ada, ledger), deps_of(ada, ledger), NOW + SETTLES_AFTER)
    mark_changes(ada, before)
    run_archive(ada, NOW + timedelta(days=1))
    drained(ada)
    return done


def found(ada: Marked, what: str = MARK) -> list[tuple[str, str]]:
    """Every text with such a mark, with its store."""
    return [(store, text) for store, read in READS.items() for text in read(ada) if what in text]


def test_every_plant_leaves_a_mark(ada):
    assert [kind for kind in PLANTS if not found(ada, mark(kind))] == []


def test_nothing_is_left(ada):
    done = erased(ada)

    assert done.state is RequestState.DONE
    assert found(ada) == []
    assert list(schedules(ada)) == []


def test_the_id_of_whoever_was_removed_is_in_no_file_of_the_archive(ada):
    def ids():
        return [text for text in files(ada) if WHO in text]

    assert len(ids()) >= 2 * 2
    erased(ada)

    assert ids() == []
    assert [text for text in files(ada) if "'removed': True" in text]


def test_every_score_is_the_same_to_the_last_digit(ada):
    scores = ScoresTable(ada.world.dynamodb, TABLE)
    before = counted_on(scores, NOW.date())
    erased(ada)

    assert before[("all", "all")][9] == 1
    assert counted_on(scores, NOW.date()) == before


def test_what_stays_says_nothing_of_anybody(ada):
    erased(ada)

    stay = sorted(item["pk"]["S"].partition("#")[0] for item in all_items(ada.world))
    objections, names, requests, rows_and_tombstones = 2, 2, 1, 2 + 3
    entries_that_are_over = 2
    assert stay == sorted(
        ["STATE", *["ADDRESS"] * objections]
        + ["ERASED"] * names
        + ["PRIVACY"] * requests
        + ["INVITATION"] * rows_and_tombstones
        + ["CONNECTION", *["OUTBOX"] * entries_that_are_over]
    )


def test_what_is_counted_is_what_was_planted(ada):
    assert erased(ada).removed == {
        "customers": 1,
        "aliases": 2,
        "invitations": 3,
        "events": 3,
        "short_links": 1,
        "phones": 1,
        "payment_links": 2,
        "tasks": 1,
        "copies": 1,
        "timers": 2,
        "addresses": 0,
        "written_elsewhere": 1,
        "objections_kept": 2,
        "rows_kept": 2,
        "answers_kept": 2,
    }


# Killed at every call


@dataclass
class Reaper:
    """Kills before the call of AWS with this number; 0 counts them alone."""

    clients: tuple[Any, ...]
    number: int = 0
    calls: int = 0

    def __enter__(self) -> Self:
        for client in self.clients:
            client.meta.events.register("before-call", self._count, unique_id="reaper")
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.meta.events.unregister("before-call", unique_id="reaper")

    def _count(self, **_: object) -> None:
        self.calls += 1
        if self.calls == self.number:
            raise KilledError


def state_of(ada: Marked) -> Any:
    """Everything there is, without the ids of rows, which are random, and what a killed run counted."""
    stored = [{**item, "pk": ""} if item["pk"]["S"].endswith(tuple(ROWS)) else item for item in all_items(ada.world)]
    stored = [{name: value for name, value in item.items() if name != "removed"} for item in stored]
    return sorted(map(repr, stored)), list(schedules(ada)), list(copies(ada))


def test_killed_at_any_call_of_aws_and_run_again_it_ends_the_same(nobody):
    """A call that took effect and was not heard of is the one before."""
    ada, clients = nobody, (nobody.world.dynamodb, nobody.scheduler, nobody.s3)
    for plant in (plant_customer, plant_survey, plant_waiting, plant_names, plant_phone, plant_copy):
        plant(ada)
    before = all_items(ada.world)
    with Reaper(clients) as reaper:
        first_look(ada, Entries())
    expected = state_of(ada)

    for number in range(1, reaper.calls + 1):
        renewed(ada, before)
        ledger = Entries()
        with Reaper(clients, number), pytest.raises(KilledError):
            first_look(ada, ledger)
        done = first_look(ada, ledger)
        assert (number, state_of(ada)) == (number, expected)
        assert (number, {kind: done.removed[kind] for kind in PLANNED}) == (number, PLANNED)


PLANNED = {"customers": 1, "aliases": 2, "invitations": 2, "short_links": 1, "copies": 1, "answers_kept": 1}


def renewed(ada: Marked, before: list[dict[str, Any]]) -> None:
    """Put everything back as it was."""
    dynamodb = ada.world.dynamodb
    there = [{name: item[name] for name in (keys.PK, keys.SK)} for item in all_items(ada.world)]
    write_batches(dynamodb, TABLE, [{"DeleteRequest": {"Key": key}} for key in there])
    write_batches(dynamodb, TABLE, [{"PutRequest": {"Item": item}} for item in before])
    ada.privacy.timer.at(invitation(ID), 2, DUE)
    ada.privacy.timer.at(invitation(OTHER_ID), 1, DUE)
    (name,) = (item["pk"]["S"].removeprefix("COPY#") for item in before if item["pk"]["S"].startswith("COPY#"))
    ada.s3.put_object(Bucket="evidence", Key=name, Body=b"a copy")
