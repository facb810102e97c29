"""ImportedResponses, in memory and in DynamoDB."""

from dataclasses import replace

import pytest

from afterbill.answers.external import ExternalResponse, closed_invitation
from afterbill.intake.ports import MOST_WRITES, FactWrites, ResponseWrite
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer
from afterbill_cli.importing.imports_table import ImportsTable
from afterbill_cli.memory.table import MemoryTable
from tests.contract.conftest import TABLE
from tests.contract.people import ADDRESS, NOW
from tests.contract.template import table_definition


@pytest.fixture(params=["memory", "aws"])
def table(request):
    if request.param == "memory":
        return MemoryTable()
    dynamodb = request.getfixturevalue("aws")("dynamodb")
    dynamodb.create_table(**table_definition(TABLE))
    return ImportsTable(dynamodb, TABLE)


def response(number=1, rating=9, comment="", person=None):
    answer = Answer(rating, comment)
    id_, fact = f"{number:032x}", f"import|delighted|{number}"
    collected = ExternalResponse(
        id_, fact, Channel.IMPORT, "delighted", "relationship", "loyalty", answer, NOW, "2026-11-22", customer=person
    )
    return closed_invitation(collected, NOW)


def test_an_empty_table_holds_none(table):
    assert table.responses([response().id]) == {}
    assert table.responses([]) == {}


def test_nothing_to_store_is_stored(table):
    assert table.store([])


def test_what_is_stored_is_found_as_it_was(table):
    one, other = response(1, 0, "Zu teuer: 49,90 €\n=1+1"), response(2, person=Customer("ada", country="GB"))

    assert table.store([ResponseWrite(one), ResponseWrite(other)])

    assert table.responses([one.id, other.id, "none", one.id]) == {one.id: one, other.id: other}


def test_one_that_is_there_is_not_overwritten_and_nothing_is_stored_with_it(table):
    table.store([ResponseWrite(response(1, 9))])

    assert not table.store([ResponseWrite(response(2)), ResponseWrite(response(1, 3))])

    assert table.responses([response(1).id, response(2).id]) == {response(1).id: response(1, 9)}


def test_one_that_was_read_is_replaced(table):
    before, after = response(1, 9, "well"), response(1, 3)
    table.store([ResponseWrite(before)])

    assert table.store([ResponseWrite(after, before)])

    assert table.responses([after.id]) == {after.id: after}


@pytest.mark.parametrize("meanwhile", [response(1, 5), replace(response(1, 9), answered_at=NOW.replace(year=2025))])
def test_one_that_changed_since_is_not(table, meanwhile):
    before = response(1, 9)
    table.store([ResponseWrite(before)])
    table.store([ResponseWrite(meanwhile, before)])

    assert not table.store([ResponseWrite(response(1, 3), before)])

    assert table.responses([before.id]) == {before.id: meanwhile}


def test_one_that_is_gone_is_not_replaced(table):
    assert not table.store([ResponseWrite(response(1, 3), response(1, 9))])
    assert table.responses([response(1).id]) == {}


def test_as_many_are_stored_at_once_as_a_transaction_holds_and_more_are_found(table):
    everybody = [response(number) for number in range(MOST_WRITES + 1)]

    assert table.store([ResponseWrite(one) for one in everybody[:MOST_WRITES]])
    assert table.store([ResponseWrite(one) for one in everybody[MOST_WRITES:]])

    assert len(table.responses([one.id for one in everybody])) == MOST_WRITES + 1


def test_customers_are_found_as_for_any_import(table):
    ada = Customer("ada", address="ada@example.com", address_hash=ADDRESS)
    table.commit(FactWrites(customers=(ada,), aliases={"stripe#cus_1": ("ada", None)}))

    assert list(table.holders(ADDRESS)) == ["ada"]
    assert table.customer_ids(["stripe#cus_1", "stripe#cus_2"]) == {"stripe#cus_1": "ada"}
    assert table.customers(["ada", "bob"]) == {"ada": replace(ada, version=1)}
