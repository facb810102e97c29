"""Imports, in memory and in DynamoDB."""

import pytest

from afterbill.adapters.dynamodb.imports import ImportsTable
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.intake.ports import MOST_WRITES, FactWrites, ImportSnapshot
from afterbill.model.customer import Customer
from afterbill_cli.memory.table import MemoryTable
from tests.contract.conftest import TABLE
from tests.contract.people import NOW
from tests.contract.template import table_definition


@pytest.fixture(params=["memory", "aws"])
def imports(request):
    if request.param == "memory":
        return MemoryTable()
    dynamodb = request.getfixturevalue("aws")("dynamodb")
    dynamodb.create_table(**table_definition(TABLE))
    return ImportsTable(dynamodb, TABLE)


def suppress(imports, address_hash, reason):
    responses = imports if isinstance(imports, MemoryTable) else ResponsesTable(imports.dynamodb, TABLE)
    responses.suppress(address_hash, reason, NOW, None)


def test_an_empty_table_knows_nobody(imports):
    assert imports.snapshot(["mail#1"], ["hash"]) == ImportSnapshot({}, {})
    assert imports.snapshot([], []) == ImportSnapshot({}, {})
    assert imports.customers(["customer-1"]) == {}


def test_people_are_found_by_their_names(imports):
    assert imports.commit(FactWrites(aliases={"mail#1": ("a", None), "shop#1": ("a", None), "mail#2": ("b", None)}))

    assert imports.snapshot(["shop#1", "mail#2", "mail#3"], []) == ImportSnapshot({"shop#1": "a", "mail#2": "b"}, {})


def test_suppressed_addresses_are_found_with_their_reason(imports):
    suppress(imports, "hash", "complained")

    assert imports.snapshot(["hash"], ["hash", "other"]) == ImportSnapshot({}, {"hash": "complained"})


def test_names_may_be_asked_for_twice(imports):
    imports.commit(FactWrites(aliases={"mail#1": ("a", None)}))
    suppress(imports, "hash", "bounced")

    assert imports.snapshot(["mail#1", "mail#1"], ["hash", "hash"]) == ImportSnapshot(
        {"mail#1": "a"}, {"hash": "bounced"}
    )


def test_as_many_are_written_at_once_as_a_commit_holds_and_more_are_found(imports):
    everybody = [f"customer-{number}" for number in range(MOST_WRITES + 50)]
    for some in (everybody[:MOST_WRITES], everybody[MOST_WRITES:]):
        assert imports.commit(FactWrites(customers=tuple(map(Customer, some))))
    aliases = {f"mail#{one}": (one, None) for one in everybody[:MOST_WRITES]}
    assert imports.commit(FactWrites(aliases=aliases))

    assert imports.customers(everybody) == {id_: Customer(id_, 1) for id_ in everybody}
    assert (
        len(imports.snapshot([*aliases, *map(str, range(30))], list(map(str, range(30)))).customer_ids) == MOST_WRITES
    )


def test_what_was_changed_since_is_not_written_and_nothing_with_it(imports):
    imports.commit(FactWrites(customers=(Customer("a"),)))

    assert not imports.commit(FactWrites(customers=(Customer("a"), Customer("b")), aliases={"mail#1": ("b", None)}))

    assert imports.customers(["b"]) == {}
    assert imports.snapshot(["mail#1"], []).customer_ids == {}
