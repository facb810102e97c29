"""A table that was restored to before an erasure sends nothing, and forgets again what it had forgotten."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import encode, stamp
from tests.e2e.crashes import MOST_CALLS, dies_at
from tests.e2e.marked import Marked, found_in, printed
from tests.e2e.stores import items, tables
from tests.e2e.test_erasure import erased
from tests.e2e.town import Town, eventually

WILMA, BYSTANDER = Marked("wilma"), Marked("bystander")
Items = dict[tuple[str, str], dict[str, Any]]
MINUTE = 60


def two_of_whom_one_goes(town: Town) -> None:
    for who in (WILMA, BYSTANDER):
        assert town.post("standard_webhooks", who.event("order_paid", "order")) == (202, {"accepted": 1})


@pytest.mark.last
@pytest.mark.after(scene=two_of_whom_one_goes)
def test_a_restored_table_sends_nothing_until_it_forgot_again(town: Town, tmp_path: Path):
    """The last of all: meanwhile nobody gets a mail."""
    town.answer(town.mail(WILMA.email), 8, f"{WILMA.mark} says so")
    before = stored(town)
    erased(town, WILMA, tmp_path)
    assert found_in(tables(town), *WILMA.marks) == []

    restore(town, before)

    assert found_in(tables(town), *WILMA.marks)
    waiting = due_again(town, BYSTANDER)
    assert not dies_at(town, MOST_CALLS, "send_survey", json.dumps({"invitation_id": waiting, "delivery": 0}))
    assert town.invitation(waiting)["state"] == "pending"
    printed("privacy", "reapply", "--why", "restored")
    assert found_in(tables(town), *WILMA.marks) == []
    assert not dies_at(town, MOST_CALLS, "send_survey", json.dumps({"invitation_id": waiting, "delivery": 0}))
    assert town.invitation(waiting)["state"] == "sent"
    eventually(lambda: len(town.letters(BYSTANDER.email)), lambda number: number == 2, "her second mail")


def stored(town: Town) -> Items:
    """All that the table holds; the ledger is no part of a backup of it."""
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in items(town, town.stack["table"])}


def restore(town: Town, before: Items) -> None:
    """Make the table what it was, as point-in-time recovery would; the ledger stays."""
    table, now = town.stack["table"], stored(town)
    for key in now.keys() - before.keys():
        town.dynamodb.delete_item(TableName=table, Key=keys.key(*key))
    for key, item in before.items():
        if now.get(key) != item:
            town.dynamodb.put_item(TableName=table, Item=item)


def due_again(town: Town, who: Marked) -> str:
    """Take back that her survey went out: it is due now; returns its id."""
    town.mail(who.email)
    id_ = who.invitation("order_paid", "order")
    due = stamp(datetime.now(UTC) - timedelta(seconds=MINUTE))
    town.dynamodb.update_item(
        TableName=town.stack["table"],
        Key=keys.invitation(id_),
        UpdateExpression="SET #state = :pending, due_at = :due REMOVE sent_at, sent_day, message_id, delivery, attempt",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues=encode({":pending": "pending", ":due": due}),
    )
    return id_
