"""Restricted customers, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.restrictions import RestrictionsTable
from tests.contract.conftest import TABLE
from tests.contract.people import ADA, ID, NOW, claimed, sent, stored


@pytest.fixture
def restrictions(world):
    return RestrictionsTable(world.dynamodb, TABLE) if world.dynamodb else world.facts


def known(world):
    return world.responses.customer("customer-1")


def test_a_restricted_customer_is_as_before_but_for_that(world, restrictions):
    _, before = stored(world)

    assert restrictions.set_restricted("customer-1", NOW)
    assert known(world) == replace(before, restricted_at=NOW, version=before.version + 1)


def test_the_first_moment_stays(world, restrictions):
    stored(world)
    restrictions.set_restricted("customer-1", NOW)

    assert not restrictions.set_restricted("customer-1", NOW + timedelta(days=1))
    assert known(world).restricted_at == NOW


def test_a_released_customer_is_restricted_no_more(world, restrictions):
    stored(world)
    restrictions.set_restricted("customer-1", NOW)

    assert restrictions.set_restricted("customer-1", None)
    assert not restrictions.set_restricted("customer-1", None)
    assert known(world).restricted_at is None


def test_nobody_is_restricted_where_nobody_is(world, restrictions):
    assert not restrictions.set_restricted("customer-1", NOW)
    assert not restrictions.set_restricted("customer-1", None)
    assert known(world) is None


def test_a_survey_that_is_about_to_go_out_at_this_moment_does_not(world, restrictions):
    one, who = stored(world)
    restrictions.set_restricted("customer-1", NOW)

    assert not world.invitations.claim(claimed(one), who, ADA)
    assert world.invitations.invitation(ID) == one


def test_nor_does_its_reminder(world, restrictions):
    one = sent(world)
    who = known(world)
    restrictions.set_restricted("customer-1", NOW)

    assert not world.invitations.claim_reminder(replace(one, delivery_number=2, reminded_at=NOW), who)
