"""ImportedMonths, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import date

import pytest

from afterbill.model.errors import UnreadableError
from afterbill.model.history import MonthTally
from afterbill.model.questions import Question
from afterbill_cli.memory.history import MemoryHistory
from afterbill_reports.adapters.archive_table import ArchiveTable
from afterbill_reports.adapters.history_table import HistoryTable
from tests.contract.conftest import TABLE
from tests.contract.template import table_definition

APRIL = date(2024, 4, 1)
TALLY = MonthTally(APRIL, Question.NPS, "delighted", "renewed", "loyalty", (1, *[0] * 8, 2, 3), "file 1")


@pytest.fixture
def dynamodb(aws):
    client = aws("dynamodb")
    client.create_table(**table_definition(TABLE))
    return client


@pytest.fixture(params=["memory", "aws"])
def months(request):
    return MemoryHistory() if request.param == "memory" else HistoryTable(request.getfixturevalue("dynamodb"), TABLE)


def test_a_month_is_read_as_it_was_stored(months):
    other = replace(TALLY, question=Question.CSAT, source="callexa", touchpoint="support_resolved")

    assert months.put(TALLY)
    assert months.put(other)
    assert months.put(replace(TALLY, month=date(2024, 5, 1)))

    assert sorted(months.of_month(APRIL), key=lambda one: one.source) == [other, TALLY]
    assert months.of_month(date(2024, 6, 1)) == []


def test_the_same_file_again_is_stored_again(months):
    assert months.put(TALLY)
    assert months.put(replace(TALLY, ratings=(2, *[0] * 10)))

    assert [one.ratings[0] for one in months.of_month(APRIL)] == [2]


def test_a_month_of_which_another_file_told_is_kept(months):
    months.put(TALLY)

    assert not months.put(replace(TALLY, file="file 2"))
    assert months.of_month(APRIL) == [TALLY]


def test_unless_it_is_replaced(months):
    months.put(TALLY)
    newer = replace(TALLY, file="file 2")

    assert months.put(newer, replace=True)
    assert months.of_month(APRIL) == [newer]


def test_the_first_import_of_a_source_sets_the_day_from_which_on_its_responses_are_kept(months):
    assert months.cut("delighted", APRIL) == APRIL
    assert months.cut("delighted", date(2025, 1, 1)) == APRIL
    assert months.cut("callexa", date(2025, 1, 1)) == date(2025, 1, 1)
    assert months.of_month(APRIL) == []


def test_a_month_that_cannot_be_read_is_told(dynamodb):
    months = HistoryTable(dynamodb, TABLE)
    key = {"pk": {"S": "HISTORY"}, "sk": {"S": "2024-04#mood#delighted#renewed"}}
    dynamodb.put_item(TableName=TABLE, Item=key | {"ratings": {"L": []}, "stage": {"S": ""}, "file": {"S": ""}})

    with pytest.raises(UnreadableError, match="HISTORY"):
        months.of_month(APRIL)


def test_the_archive_reads_the_same_months(dynamodb):
    HistoryTable(dynamodb, TABLE).put(TALLY)

    assert ArchiveTable(dynamodb, TABLE).imported_months(APRIL) == [TALLY]
