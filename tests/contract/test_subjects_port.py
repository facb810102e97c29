"""The subjects of a privacy request, in memory and in DynamoDB."""

from dataclasses import replace

import pytest

from afterbill.adapters.dynamodb.subjects import SubjectsTable
from afterbill.intake.ports import FactWrites
from tests.contract.conftest import TABLE
from tests.contract.people import ADDRESS, ID, NOW, OTHER_ID, customer, invitation, stored
from tests.contract.test_sweeps_port import pages_of_two


@pytest.fixture
def subjects(world):
    return SubjectsTable(world.dynamodb, TABLE) if world.dynamodb else world.facts


def living(world, *ids, **changes):
    for id_ in ids:
        person = replace(customer(id_), address_hash=ADDRESS, **changes)
        assert world.facts.commit(FactWrites(customers=(person,)))


def test_everybody_who_has_an_address_is_found(world, subjects):
    living(world, "customer-1", "customer-2", "customer-3")
    if world.dynamodb:
        world.dynamodb.meta.events.register("provide-client-params.dynamodb.Query", pages_of_two)

    assert sorted(subjects.everybody_at(ADDRESS)) == ["customer-1", "customer-2", "customer-3"]


def test_who_stands_for_it_in_a_test_survey_is_found_too(world, subjects):
    living(world, "customer-1")
    living(world, "tester-1", forget_at=NOW)

    assert sorted(subjects.everybody_at(ADDRESS)) == ["customer-1", "tester-1"]


def test_nobody_has_an_address_that_nobody_has(world, subjects):
    living(world, "customer-1")

    assert list(subjects.everybody_at("0" * 32)) == []


def test_a_survey_leads_to_its_customer(world, subjects):
    stored(world, invitation(), customer("customer-1"))

    found = subjects.invitation(ID)
    assert found.customer_id == "customer-1"
    assert subjects.invitation(OTHER_ID) is None


def test_a_name_at_a_source_leads_to_its_customer(world, subjects):
    assert world.facts.commit(FactWrites(customers=(customer("customer-1"),), aliases={"shop#1": ("customer-1", None)}))

    assert dict(subjects.customer_ids(["shop#1", "shop#2"])) == {"shop#1": "customer-1"}
    assert set(subjects.customers(["customer-1", "customer-2"])) == {"customer-1"}
