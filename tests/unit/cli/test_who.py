"""The people an operator means by the text at hand: those it leads to now, and nobody else."""

from dataclasses import replace

import pytest

from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill.model.errors import AfterbillError
from afterbill.model.links import Purpose, sign
from afterbill.model.short_links import ShortLink
from afterbill_cli.people.lookup import Lookup
from afterbill_cli.people.who import Whom, find_whom, known_by
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


def test_the_names_that_a_text_stands_for_without_a_doubt_are_told(found):
    assert found("paddle#cus_1").names == {"paddle#cus_1"}
    assert {f"stripe@{hashed('no@example.com')}", "paddle#no@example.com"} <= found("no@example.com").names
    assert "paddle#+4915100000000" in found("+49 151 00000000").names


@pytest.mark.parametrize("wanted", ["cus_1", "other#cus_1", "f" * 32])
def test_what_may_be_the_name_of_several_is_the_name_of_none(found, wanted):
    assert found(wanted).names == frozenset()


def test_an_id_that_two_sources_have_is_refused_unless_one_of_them_is_named(found, town):
    town.settle(aliases={"paddle#cus_9": BOB})

    with pytest.raises(AfterbillError, match="give one of paddle#cus_9, stripe#cus_9"):
        found("cus_9")
    assert found("paddle#cus_9").customer_ids == (BOB,)


def test_an_id_that_means_one_customer_at_two_sources_is_not(found, town):
    town.settle(aliases={"paddle#cus_9": ADA})

    assert found("cus_9").customer_ids == (ADA,)


@pytest.mark.parametrize(
    "wanted",
    ["Ada Lovelace", "https://nps.example.com/u/", "nps.example.com/s/cut", "ada@", "mailto:ada@example.com", "+49"],
)
def test_what_can_lead_to_nobody_is_refused(found, wanted):
    with pytest.raises(AfterbillError, match="this can lead to nobody"):
        found(wanted)


def test_a_name_of_a_source_may_be_spelled_in_any_way(found, town):
    town.settle(aliases={"paddle#Bob & Co / 7": BOB})

    assert found("Bob & Co / 7").customer_ids == (BOB,)
    assert found("paddle#no such one").names == {"paddle#no such one"}


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
    assert known_by(person(BOB, "bob@example.com")) == "b***@example.com"
    assert known_by(person(BOB, "no address at all")) == "***"
    assert known_by(person(BOB, None, phone=NUMBER)) == "***89"
    assert known_by(person(BOB, None)) == "no address"
    assert known_by(None) == "removed in part"
