"""Imports, in memory and in DynamoDB."""

import pytest

from afterbill.intake.ports import MOST_WRITES, FactWrites
from afterbill.model.customer import Customer
from afterbill_cli.importing.imports_table import ImportsTable
from afterbill_cli.memory.table import MemoryTable
from tests.contract.conftest import TABLE, mark_erased
from tests.contract.people import NOW
from tests.contract.template import table_definition


@pytest.fixture(params=["memory", "aws"])
def imports(request):
    if request.param == "memory":
        return MemoryTable()
    dynamodb = request.getfixturevalue("aws")("dynamodb")
    dynamodb.create_table(**table_definition(TABLE))
    return ImportsTable(dynamodb, TABLE)


def test_an_empty_table_knows_nobody(imports):
    assert imports.customer_ids(["shop#1"]) == {}
    assert imports.customer_ids([]) == {}
    assert imports.customers(["customer-1"]) == {}


def test_people_are_found_by_their_names(imports):
    assert imports.commit(FactWrites(aliases={"shop#1": ("a", None), "shop@5e1f": ("b", None)}))

    assert imports.customer_ids(["shop#1", "shop@5e1f", "shop#2"]) == {"shop#1": "a", "shop@5e1f": "b"}


def test_names_may_be_asked_for_twice(imports):
    imports.commit(FactWrites(aliases={"shop#1": ("a", None)}))

    assert imports.customer_ids(["shop#1", "shop#1"]) == {"shop#1": "a"}


def test_who_was_erased_is_known_by_their_hashed_names(imports):
    mark_erased(imports, "5e1f", NOW)

    assert imports.erasures(["5e1f", "0bad"]) == {"5e1f": NOW}
    assert imports.erasures([]) == {}


def test_as_many_are_written_at_once_as_a_commit_holds_and_more_are_found(imports):
    everybody = [f"customer-{number}" for number in range(MOST_WRITES + 50)]
    for some in (everybody[:MOST_WRITES], everybody[MOST_WRITES:]):
        assert imports.commit(FactWrites(customers=tuple(map(Customer, some))))
    aliases = {f"shop#{one}": (one, None) for one in everybody[:MOST_WRITES]}
    assert imports.commit(FactWrites(aliases=aliases))

    assert imports.customers(everybody) == {id_: Customer(id_, 1) for id_ in everybody}
    assert len(imports.customer_ids([*aliases, *map(str, range(30))])) == MOST_WRITES


def test_what_was_changed_since_is_not_written_and_nothing_with_it(imports):
    imports.commit(FactWrites(customers=(Customer("a"),)))

    assert not imports.commit(FactWrites(customers=(Customer("a"), Customer("b")), aliases={"shop#1": ("b", None)}))

    assert imports.customers(["b"]) == {}
    assert imports.customer_ids(["shop#1"]) == {}
