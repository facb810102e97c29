"""`afterbill privacy reapply`: a table that was restored to before an erasure and an objection."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.intake.ports import FactWrites
from afterbill.model.customer import Suppression
from afterbill.model.privacy import DEADLINE, Objection, PrivacyRequest, RequestKind
from afterbill.privacy.erase import erase
from afterbill_cli.acts import ledger_of
from afterbill_cli.output import Output
from afterbill_cli.privacy.erasing import erasing
from afterbill_cli.privacy.reapply import reapply
from tests.contract.people import customer, invitation
from tests.contract.scores_table import TABLE

NOW = datetime.now(UTC).replace(microsecond=0)
ADA, HASHED = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "5e1f0c2b7a9d4e63815fb0a4d2c6e7f9"
REQUEST = PrivacyRequest("request-1", RequestKind.ERASE, NOW, "arn", NOW + DEADLINE, customer_ids=frozenset({ADA}))


@pytest.fixture
def stack(stack):
    """The stack, of whose customers Ada was erased and somebody objected; then its table was restored."""
    stack = replace(stack, outputs={**stack.outputs, "ScheduleGroupName": "surveys"})
    stack.client("scheduler").create_schedule_group(Name="surveys")
    dynamodb = stack.client("dynamodb")
    person = customer(ADA, address="ada@example.com", name="Ada")
    table = FactsTable(dynamodb, TABLE)
    table.commit(FactWrites(replace(invitation(), customer_id=ADA), (person,), {"shop#cus_1": (ADA, None)}))
    before = items(dynamodb)
    erase(REQUEST, erasing(stack), NOW)
    ledger_of(stack).note_objection(Objection(HASHED, NOW, Suppression.UNSUBSCRIBED))
    assert ledger_of(stack).missing() == 0
    restore(dynamodb, before)
    return stack


def items(dynamodb):
    return dynamodb.scan(TableName=TABLE)["Items"]


def restore(dynamodb, before):
    for item in items(dynamodb):
        dynamodb.delete_item(TableName=TABLE, Key={name: item[name] for name in ("pk", "sk")})
    for item in before:
        dynamodb.put_item(TableName=TABLE, Item=item)


def test_whoever_was_erased_is_erased_again_and_a_no_is_a_no_again(stack, capsys):
    dynamodb = stack.client("dynamodb")
    assert PeopleTable(dynamodb, TABLE).person(ADA).customer is not None

    assert reapply(stack, NOW + timedelta(hours=1)) == 0

    told = capsys.readouterr().out
    assert "Applied: erasures 1, objections and liftings 1." in told
    assert "Sending goes on" in told
    person = PeopleTable(dynamodb, TABLE).person(ADA)
    assert (person.customer, person.aliases, person.invitations) == (None, frozenset(), {})
    assert "Ada" not in json.dumps(items(dynamodb), default=str)
    assert ShortLinksTable(dynamodb, TABLE).suppressed(HASHED)
    assert ledger_of(stack).missing() == 0


def test_it_is_noted_by_whom_before_anybody_is_erased_again(stack, capsys):
    reapply(stack, NOW, why="restored after a mistake")

    acts = list(ledger_of(stack).acts(NOW - timedelta(hours=1), datetime.now(UTC)))
    assert [(act.what, act.whose, act.found, act.why) for act in acts] == [
        ("privacy reapply", (), 2, "restored after a mistake"),
        ("privacy reapply", (ADA,), 0, "restored after a mistake"),
    ]
    assert capsys.readouterr().out


def test_a_second_run_says_that_there_is_nothing_to_do(stack, capsys):
    reapply(stack, NOW, Output.JSON)
    assert json.loads(capsys.readouterr().out) == {
        "missing": 2,
        "erasures": 1,
        "objections": 1,
        "customers": 1,
        "invitations": 0,
        "restricted": 0,
        "complete": True,
    }

    assert reapply(stack, NOW) == 0
    assert capsys.readouterr().out.startswith("The table knows every entry")


def test_what_was_noted_elsewhere_meanwhile_asks_for_another_run(stack, capsys, monkeypatch):
    monkeypatch.setattr("afterbill.adapters.dynamodb.ledger.LedgerTable.reconcile", lambda _ledger, _missing: False)

    assert reapply(stack, NOW) == 1
    assert "run this again" in capsys.readouterr().out
