"""Campaigns: groups of customers, and the progress of each campaign, in memory and in DynamoDB."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from afterbill.adapters.dynamodb.campaigns import CampaignsTable
from afterbill.intake.ports import Campaigns, Facts, FactWrites
from afterbill.model.campaigns import Done, slot_of
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill_cli.memory.scores import MemoryCampaigns
from tests.contract.conftest import TABLE
from tests.contract.people import customer, invitation, stored
from tests.contract.test_sweeps_port import pages_of_two

SLOT = slot_of("customer-1")


@dataclass
class Town:
    """Customers of one group, one of another."""

    facts: Facts
    campaigns: Campaigns
    dynamodb: Any
    neighbours: tuple[str, ...]

    def move_in(self, *ids: str) -> None:
        for id_ in ids:
            assert self.facts.commit(FactWrites(customers=(customer(id_),)))

    def known(self, id_: str) -> Customer:
        return self.facts.customers([id_])[id_]

    def living(self) -> list[str]:
        return sorted(self.campaigns.customers_in(SLOT))


@pytest.fixture
def town(world):
    aws = world.dynamodb
    campaigns = CampaignsTable(aws, TABLE) if aws else MemoryCampaigns(world.facts.people)
    candidates = (f"customer-{number}" for number in range(1, 100_000))
    neighbours = tuple(id_ for id_ in candidates if slot_of(id_) == SLOT)[:7]
    return Town(world.facts, campaigns, aws, neighbours)


def test_a_group_holds_those_whose_ids_fall_into_it(town):
    town.move_in(*town.neighbours[:2], "customer-2")

    assert town.living() == sorted(town.neighbours[:2])
    assert list(town.campaigns.customers_in((SLOT + 1) % 1024)) == []


def test_who_comes_later_is_found_too(town):
    town.move_in(town.neighbours[0])
    assert town.living() == [town.neighbours[0]]

    town.move_in(town.neighbours[1])

    assert town.living() == sorted(town.neighbours[:2])


def test_a_group_is_read_to_its_end(town):
    if town.dynamodb:
        town.dynamodb.meta.events.register("provide-client-params.dynamodb.Query", pages_of_two)
    town.move_in(*town.neighbours)

    assert town.living() == sorted(town.neighbours)


def test_a_customer_who_changes_stays(town):
    town.move_in(town.neighbours[0])
    customer = town.known(town.neighbours[0])

    assert town.facts.commit(FactWrites(customers=(replace(customer, suppressed="unsubscribed"),)))

    assert town.living() == [customer.id]


def test_surveys_are_in_no_group(town, world):
    stored(world, invitation(), customer("customer-1"))

    assert town.living() == ["customer-1"]


def test_a_campaign_nobody_ran_has_not_begun(town):
    assert town.campaigns.done("loyal") is None


def test_a_campaign_goes_on_from_where_it_was_and_apart_from_others(town):
    first, second = (Done(date(2027, 1, 1), date(2027, 1, day), 11 * day) for day in (1, 2))

    town.campaigns.set_done("loyal", first)
    town.campaigns.set_done("loyal", second)
    town.campaigns.set_done("version-2", first)

    assert (town.campaigns.done("loyal"), town.campaigns.done("version-2")) == (second, first)


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("Query", lambda campaigns: list(campaigns.customers_in(1))),
        ("GetItem", lambda campaigns: campaigns.done("loyal")),
        ("PutItem", lambda campaigns: campaigns.set_done("loyal", Done(date(2027, 1, 1), date(2027, 1, 1)))),
    ],
)
def test_a_table_that_does_not_answer_is_asked_again_by_the_next_run(aws_world, operation, ask):
    def throttled(**_):
        error_response = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return AWSResponse("https://aws.example", 400, {}, None), error_response

    aws_world.dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", throttled)

    with pytest.raises(TransientError):
        ask(CampaignsTable(aws_world.dynamodb, TABLE))
