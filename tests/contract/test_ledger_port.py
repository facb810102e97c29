"""Ledger and AuditTrail, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.ledger import LIFTED_FOR, LedgerTable
from afterbill.adapters.dynamodb.sending_switch import CachedSendingStatus, SendingSwitchTable
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.model.customer import Suppression
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.privacy import Act, Erasure, Objection, Restriction
from afterbill.outreach.reputation import SendingPause
from afterbill_cli.memory.ledger import MemoryLedger
from tests.contract.template import ledger_definition, table_definition

NOW = datetime(2026, 11, 22, 12, 30, 15, 250, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
HASH, OTHER = "0" * 32, "ff" * 16
ERASURE = Erasure("r1", NOW, frozenset({"5e1f", "77aa"}), frozenset({"a1"}))
OBJECTION = Objection(HASH, NOW, Suppression.UNSUBSCRIBED)
RESTRICTION = Restriction("5e1f", NOW, restricted=True)
ACT = Act(NOW, "arn:aws:iam::123456789012:user/jo", "explain", ("c1",), "asked on the phone")


@pytest.fixture
def tables(aws):
    dynamodb = aws("dynamodb")
    dynamodb.create_table(**table_definition("afterbill"))
    dynamodb.create_table(**ledger_definition("ledger"))
    return dynamodb


@pytest.fixture(params=["memory", "aws"])
def ledger(request):
    if request.param == "memory":
        return MemoryLedger()
    return over(request.getfixturevalue("tables"))


def over(dynamodb):
    return LedgerTable(dynamodb, "ledger", "afterbill", timedelta(days=30), sleep=lambda _seconds: None)


def restored(ledger):
    """The table as it was before anything was noted."""
    if isinstance(ledger, MemoryLedger):
        ledger.counted = 0
    else:
        ledger.dynamodb.delete_item(TableName="afterbill", Key=keys.reconciled())


def lost(ledger):
    """The ledger as it was before anything was noted."""
    if isinstance(ledger, MemoryLedger):
        ledger.erased, ledger.words, ledger.entries = [], {}, 0
    else:
        for item in ledger.dynamodb.scan(TableName="ledger")["Items"]:
            ledger.dynamodb.delete_item(TableName="ledger", Key={name: item[name] for name in (keys.PK, keys.SK)})


def test_an_empty_ledger_misses_nothing(ledger):
    assert (list(ledger.erasures()), list(ledger.objections()), ledger.missing()) == ([], [], 0)
    assert ledger.reconcile(0)


def test_erasures_come_back_as_they_were_noted_the_oldest_first(ledger):
    later = Erasure("r0", LATER, frozenset({"c3"}), frozenset())
    ledger.note_erasure(later)
    ledger.note_erasure(ERASURE)

    assert list(ledger.erasures()) == [ERASURE, later]


def test_an_erasure_is_noted_once(ledger):
    ledger.note_erasure(ERASURE)
    ledger.note_erasure(replace(ERASURE, subject_hashes=frozenset()))

    assert list(ledger.erasures()) == [ERASURE]
    restored(ledger)
    assert ledger.missing() == 1


def test_the_later_word_about_an_address_stands_in_whatever_order_they_come(ledger):
    lifted = Objection(HASH, LATER)
    for said in (OBJECTION, lifted, OBJECTION, Objection(OTHER, NOW, Suppression.BOUNCED)):
        ledger.note_objection(said)

    assert list(ledger.objections()) == [lifted, Objection(OTHER, NOW, Suppression.BOUNCED)]


def test_a_word_that_is_told_again_counts_once(ledger):
    ledger.note_objection(OBJECTION)
    ledger.note_objection(OBJECTION)
    restored(ledger)

    assert ledger.missing() == 1


def test_the_later_word_about_a_customer_stands(ledger):
    released = replace(RESTRICTION, at=LATER, restricted=False)
    for said in (RESTRICTION, released, RESTRICTION):
        ledger.note_restriction(said)

    assert list(ledger.restrictions()) == [released]
    restored(ledger)
    assert ledger.missing() == 2


def test_a_ledger_that_was_restored_lacks_what_the_table_knows_until_both_are_equal(ledger):
    ledger.note_erasure(ERASURE)
    ledger.note_objection(OBJECTION)
    lost(ledger)

    assert ledger.missing() == -2
    assert not ledger.reconcile(2)
    assert ledger.reconcile(-2)
    assert ledger.missing() == 0

    ledger.note_objection(Objection(OTHER, LATER, Suppression.COMPLAINED))
    assert ledger.missing() == 0


def test_a_table_that_was_there_all_the_time_misses_nothing(ledger):
    ledger.note_erasure(ERASURE)
    ledger.note_objection(OBJECTION)

    assert ledger.missing() == 0


def test_what_a_restored_table_misses_it_misses_whatever_is_noted_afterwards(ledger):
    ledger.note_erasure(ERASURE)
    ledger.note_objection(OBJECTION)
    restored(ledger)
    ledger.note_objection(Objection(OTHER, LATER, Suppression.COMPLAINED))

    assert ledger.missing() == 2


@pytest.mark.parametrize("since", [0, 1], ids=["nothing", "an objection"])
def test_a_table_is_reconciled_with_what_it_missed_whatever_it_noted_since(ledger, since):
    ledger.note_erasure(ERASURE)
    restored(ledger)
    for _ in range(since):
        ledger.note_objection(OBJECTION)

    assert ledger.reconcile(1)
    assert ledger.missing() == 0
    assert ledger.reconcile(1)


def test_a_table_that_misses_more_than_was_applied_is_not_reconciled(ledger):
    ledger.note_erasure(ERASURE)
    ledger.note_objection(OBJECTION)
    restored(ledger)

    assert not ledger.reconcile(1)
    assert ledger.missing() == 2


def test_acts_come_back_by_their_moments(ledger):
    before, after = replace(ACT, at=NOW - timedelta(days=2)), replace(ACT, at=LATER, found=200)
    for act in (after, ACT, before):
        ledger.note(act)

    assert list(ledger.acts(NOW, LATER)) == [ACT, after]
    assert list(ledger.acts(NOW - timedelta(days=2), NOW)) == [before, ACT]


def test_two_acts_of_one_moment_are_both_kept(ledger):
    ledger.note(ACT)
    ledger.note(ACT)

    assert list(ledger.acts(NOW, NOW)) == [ACT, ACT]


# DynamoDB alone


def test_a_lifted_word_expires_until_another_is_said(tables):
    ends = []
    later = LATER + timedelta(days=1)
    for said in (OBJECTION, Objection(HASH, LATER), Objection(HASH, later, Suppression.COMPLAINED)):
        over(tables).note_objection(said)
        item = tables.get_item(TableName="ledger", Key=keys.objection(HASH))["Item"]
        ends.append(int(item[keys.TTL]["N"]) if keys.TTL in item else None)

    assert ends == [None, int((LATER + LIFTED_FOR).timestamp()), None]


def test_acts_expire_when_it_was_asked_for(tables):
    ledger = over(tables)
    ledger.note(ACT)
    ledger.note_erasure(ERASURE)
    ledger.note_objection(OBJECTION)

    expiring = {item["pk"]["S"]: item for item in tables.scan(TableName="ledger")["Items"] if keys.TTL in item}
    assert list(expiring) == ["AUDIT#2026-11-22"]
    assert expiring["AUDIT#2026-11-22"][keys.TTL]["N"] == str(int((NOW + timedelta(days=30)).timestamp()))


def test_who_loses_a_race_at_the_numbers_tries_again_and_gives_up(tables, monkeypatch):
    ledger, real, answers = over(tables), tables.transact_write_items, [False, True]

    def transact(_table, writes):
        if answers and answers.pop(0):
            real(TransactItems=list(writes))
            return True
        return False

    monkeypatch.setattr("afterbill.adapters.dynamodb.ledger.InvitationTable.transact", transact)
    ledger.note_erasure(ERASURE)
    assert list(ledger.erasures()) == [ERASURE]

    with pytest.raises(TransientError, match="others write"):
        ledger.note_objection(OBJECTION)
    restored(ledger)
    with pytest.raises(TransientError, match="changes all the time"):
        ledger.reconcile(1)


@pytest.mark.parametrize(
    ("key", "read"),
    [
        (keys.erasure("2026", "r1"), lambda one: one.erasures()),
        (keys.objection(HASH), lambda one: one.objections()),
        (keys.restriction("5e1f"), lambda one: one.restrictions()),
        (keys.act("2026-11-22T12:00:00Z", "1"), lambda one: one.acts(NOW, NOW)),
    ],
    ids=["erasure", "objection", "restriction", "act"],
)
def test_an_entry_that_cannot_be_read_is_named(tables, key, read):
    tables.put_item(TableName="ledger", Item=key)

    with pytest.raises(UnreadableError, match=key["pk"]["S"]):
        list(read(over(tables)))


def test_senders_stop_on_a_restored_table_until_it_is_reconciled(tables):
    seconds = [0.0]
    ledger = over(tables)
    status = CachedSendingStatus(InvitationTable(tables, "afterbill"), lambda: seconds[0], ledger)
    ledger.note_erasure(ERASURE)
    assert status.pause_reason() == ""

    restored(ledger)
    seconds[0] += 60
    assert "misses 1 of the entries" in status.pause_reason()

    ledger.reconcile(1)
    seconds[0] += 60
    assert status.pause_reason() == ""

    lost(ledger)
    seconds[0] += 60
    assert "lacks 1 of the entries" in status.pause_reason()


def test_what_is_noted_between_two_reads_is_neither_missing_nor_lost(tables):
    ledger = over(tables)
    ledger.note_erasure(ERASURE)

    assert (ledger.lacking(0, 1), ledger.lacking(0, 3)) == (0, -2)


def test_a_stop_by_hand_is_told_before_a_restore(tables):
    ledger, table = over(tables), SendingSwitchTable(tables, "afterbill")
    ledger.note_erasure(ERASURE)
    restored(ledger)
    table.stop(SendingPause("wrong prices", NOW))

    assert CachedSendingStatus(table, lambda: 0.0, ledger).pause_reason() == "wrong prices"
