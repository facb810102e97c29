"""The people an operator means by the text at hand: those it leads to now, and nobody else."""

from dataclasses import replace

import pytest

from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.model.errors import AfterbillError
from afterbill.model.links import Purpose, sign
from afterbill.model.short_links import ShortLink
from afterbill_cli.people.lookup import Lookup
from afterbill_cli.people.who import Whom, find_whom, masked
from tests.contract.people import NOW
from tests.contract.scores_table import TABLE
from tests.unit.cli.privacy_people import ADA, ADDRESS, ANONYMOUS, ANSWERED, BOB, GUEST, NUMBER, hashed, person


@pytest.fixture
def found(town):
    return lambda wanted: find_whom(Lookup(town.stack), wanted)


@pytest.mark.parametrize("wanted", [ADA, ANSWERED, "cus_9", "stripe#cus_9", f" {ADA} "])
def test_an_id_an_alias_or_an_invitation_leads_to_its_customer(found, wanted):
    assert found(wanted).customer_ids == (ADA,)


def test_a_link_from_a_mail_leads_there_too(found):
    token = sign(Purpose.UNSUBSCRIBE, ANSWERED, NOW, {0: b"some key, nobody checks it here"})

    assert found(f"https://nps.example.com/u/{token}").customer_ids == (ADA,)


@pytest.mark.parametrize("wanted", [ADDRESS, "ADA@Example.com"])
def test_an_address_leads_to_all_who_hold_it_and_to_guests_by_their_alias(found, wanted):
    assert set(found(wanted).customer_ids) == {ADA, GUEST}


def test_who_once_had_an_address_is_not_meant_by_it(found, town):
    ada = town.people.person(ADA).customer
    town.settle(replace(ada, address="new@example.com", address_hash=hashed("new@example.com")))

    assert found(ADDRESS).customer_ids == (GUEST,)
    assert found("new@example.com").customer_ids == (ADA,)


def test_a_number_leads_to_who_has_it_now(found, town):
    links = ShortLinksTable(town.stack.client("dynamodb"), TABLE)
    links.keep(ShortLink("0123456789", ANSWERED, NOW, hashed(NUMBER), ADA))

    assert found("+49 151 23456789").customer_ids == (ADA,)
    town.settle(replace(town.people.person(ADA).customer, phone="+4915199999999"))
    assert found(NUMBER).nobody


def test_a_survey_of_nobody_is_meant_alone(found):
    assert found(ANONYMOUS) == Whom(invitation_ids=(ANONYMOUS,))


def test_an_address_that_nobody_has_any_more_is_told_of(found, town):
    town.object("gone@example.com")

    whom = found("gone@example.com")
    assert whom.nobody
    assert whom.address.known


@pytest.mark.parametrize("wanted", ["nobody@example.com", "cus_1", "+4915100000000", "f" * 32])
def test_nobody_is_no_error(found, wanted):
    assert found(wanted).nobody


def test_the_names_a_text_may_stand_for_are_told(found):
    assert {"stripe#cus_1", "paddle#cus_1"} <= found("cus_1").names
    assert f"stripe@{hashed('no@example.com')}" in found("no@example.com").names


@pytest.mark.parametrize("wanted", ["", "  "])
def test_nothing_is_nobody_to_look_for(found, wanted):
    with pytest.raises(AfterbillError, match="say whom"):
        found(wanted)


def test_an_id_leads_on_after_its_customer_is_gone(found, town):
    town.stack.client("dynamodb").delete_item(
        TableName=TABLE, Key={"pk": {"S": f"CUSTOMER#{ADA}"}, "sk": {"S": "CUSTOMER"}}
    )

    assert found(ADA).customer_ids == (ADA,)


def test_an_address_is_shown_by_its_first_letter():
    assert masked(person(BOB, "bob@example.com")) == "b***@example.com"
    assert masked(person(BOB, "no address at all")) == "***"
    assert masked(person(BOB, None, phone=NUMBER)) == "***89"
    assert masked(person(BOB, None)) == "no address"
    assert masked(None) == "removed in part"
