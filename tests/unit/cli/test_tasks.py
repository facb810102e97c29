"""`afterbill tasks`."""

import json
from datetime import UTC, datetime

import pytest

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.model.billing import SHOP_REDACT, UNMATCHED, CustomerRef, OperatorTask
from afterbill.model.errors import AfterbillError
from afterbill_cli import tasks
from tests.contract.scores_table import TABLE

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def kept(stack):
    table = FactsTable(stack.client("dynamodb"), TABLE)
    request = OperatorTask("paddle", "customers/redact", "9", NOW, CustomerRef("77"), {"orders": "1 2"})
    table.keep_task(request, "hash", NOW)
    table.keep_task(OperatorTask("books", "verifier", "7", NOW, details={"verifier": "hidden"}), "", NOW)
    return stack


def test_a_privacy_request_is_due_30_days_after_it_came(kept, capsys):
    assert tasks.show(kept, as_json=False) == 0
    assert (
        "paddle customers/redact 9, customer 77: came 2026-11-22, answer it by 2026-12-22"
        in capsys.readouterr().out.splitlines()
    )


def test_where_a_shop_left_the_command_that_removes_its_customers_is_told(kept, capsys):
    table = FactsTable(kept.client("dynamodb"), TABLE)
    table.keep_task(OperatorTask("paddle", SHOP_REDACT, "7", NOW, details={"shop": "a.myshopify.com"}), "", NOW)

    tasks.show(kept, as_json=False)

    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("paddle shop_redact 7")]
    assert "answer it by 2026-12-22: if a.myshopify.com is the shop of this source" in line
    assert "`afterbill privacy erase --source paddle`" in line


def test_a_verifier_is_listed_and_not_shown(kept, capsys):
    tasks.show(kept, as_json=False)
    tasks.show(kept, as_json=True)
    output = capsys.readouterr().out
    assert "books verifier 7: `afterbill source confirm books` confirms it" in output
    assert "hidden" not in output


def test_programs_get_json(kept, capsys):
    tasks.show(kept, as_json=True)
    assert json.loads(capsys.readouterr().out)[1] == {
        "source": "paddle",
        "kind": "customers/redact",
        "id": "9",
        "occurred_at": "2026-11-22T12:00:00+00:00",
        "due_at": "2026-12-22T12:00:00+00:00",
        "customer": "77",
        "details": {"orders": "1 2"},
    }


def test_a_reversal_without_its_payment_has_to_be_looked_up(kept, capsys):
    FactsTable(kept.client("dynamodb"), kept.output("TableName")).keep_task(
        OperatorTask("paddle", UNMATCHED, "re_1", NOW), "", NOW
    )
    tasks.show(kept, as_json=False)
    line = "paddle unmatched_reversal re_1: came 2026-11-22 and names no payment: look which one it takes back"
    assert line in capsys.readouterr().out.splitlines()


def test_what_is_done_is_forgotten(kept, capsys):
    tasks.done(kept, "paddle", "customers/redact", "9")
    tasks.done(kept, "books", "verifier", "7")
    tasks.show(kept, as_json=False)
    assert capsys.readouterr().out.splitlines()[-1] == "Nothing to decide."


def test_what_is_done_does_not_come_back_with_its_webhook(kept):
    tasks.done(kept, "books", "verifier", "7")

    table = FactsTable(kept.client("dynamodb"), kept.output("TableName"))

    assert not table.keep_task(OperatorTask("books", "verifier", "7", NOW, details={"verifier": "hidden"}), "", NOW)
    with pytest.raises(AfterbillError, match="there is no task"):
        tasks.done(kept, "books", "verifier", "7")


def test_what_is_not_there_cannot_be_done(kept):
    with pytest.raises(AfterbillError, match="there is no task paddle customers/redact 10"):
        tasks.done(kept, "paddle", "customers/redact", "10")


def test_an_id_that_steers_a_terminal_is_made_harmless(kept, capsys):
    request = OperatorTask("paddle", "customers/redact", "1\x1b[31m", NOW, CustomerRef("7\u202e8\n"))
    FactsTable(kept.client("dynamodb"), TABLE).keep_task(request, "", NOW)

    tasks.show(kept, as_json=False)

    assert "paddle customers/redact 1, customer 78 : came" in capsys.readouterr().out
