"""A history in the table: every fact and customer once, as the functions of the stack read them."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill_cli.deployed import Deployed
from afterbill_dev.history.effects import PLANTED
from afterbill_dev.history.fill import fill
from afterbill_dev.history.lives import Span, lives
from tests.contract.conftest import TABLE
from tests.contract.template import table_definition

SHIPPED = Path(__file__).resolve().parents[2] / "layers" / "config"
SPAN = Span(datetime(2026, 11, 30, 22, tzinfo=UTC), 200, ZoneInfo("Europe/Berlin"))


@pytest.fixture
def stack(aws):
    dynamodb = aws("dynamodb")
    dynamodb.create_table(**table_definition(TABLE))
    return Deployed("here", {"TableName": TABLE}, lambda _service: dynamodb, SHIPPED)


def test_facts_and_customers_are_there_as_they_were_made_and_stay_so(stack):
    facts, told = list(lives(3, 8, SPAN, PLANTED)), []
    table = InvitationTable(stack.client("dynamodb"), TABLE)

    for _ in range(2):
        assert fill(stack, facts, told.append) == len(facts)

    stored = table.read_invitations([one.id for one in facts])
    assert {one.id: one.answer for one in stored.values()} == {one.id: one.answer for one in facts}
    assert table.customers([facts[0].customer_id])[facts[0].customer_id].attributes == {
        "plan": facts[0].segments["plan"]
    }
    assert told == [len(facts)] * 2
