"""Short links, personal links, and numbers that want no more of either."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.errors import TransientError
from afterbill.model.invitation import RETENTION
from afterbill.model.short_links import ShortLink
from tests.contract.people import ID, NOW, OTHER_ID, customer, invitation, stored

UNTIL = NOW + timedelta(days=30)
CODE = ShortLink("0123456789", ID, UNTIL.replace(microsecond=0), "aa" * 16, "customer-1")


@pytest.fixture
def codes(world):
    return world.codes


def test_a_code_leads_to_its_invitation(codes):
    assert codes.keep(CODE)

    found = codes.code(CODE.text)
    assert (found.invitation_id, found.until) == (ID, CODE.until)


def test_keeping_it_again_changes_nothing_but_its_end(codes):
    codes.keep(CODE)
    later = replace(CODE, until=CODE.until + timedelta(days=1))

    assert codes.keep(later)
    assert codes.code(CODE.text).until == later.until


def test_a_code_of_another_invitation_is_not_taken(codes):
    codes.keep(CODE)

    assert not codes.keep(replace(CODE, invitation_id=OTHER_ID, customer_id="customer-2"))

    assert codes.code(CODE.text).invitation_id == ID
    assert codes.holder(CODE.phone_hash) == "customer-1"


def test_an_unknown_code_is_none(codes):
    assert codes.code("zzzzzzzzzz") is None


def test_a_phone_is_whose_it_was_last(codes):
    assert codes.holder(CODE.phone_hash) == ""
    codes.keep(CODE)
    codes.keep(ShortLink("9876543210", OTHER_ID, UNTIL, CODE.phone_hash, "customer-2"))

    assert codes.holder(CODE.phone_hash) == "customer-2"


def test_a_code_is_forgotten_some_time_after_its_survey(aws_world):
    aws_world.codes.keep(CODE)

    (item,) = [one for one in aws_world.dynamodb.scan(TableName="afterbill")["Items"] if one["sk"]["S"] == "CODE"]
    assert int(item["expires_at"]["N"]) == int((CODE.until + timedelta(days=30)).timestamp())


def test_a_phone_is_remembered_as_long_as_the_surveys_it_got(aws_world):
    aws_world.codes.keep(CODE)

    (item,) = [one for one in aws_world.dynamodb.scan(TableName="afterbill")["Items"] if one["sk"]["S"] == "PHONE"]
    assert int(item["expires_at"]["N"]) == int((CODE.until + RETENTION).timestamp())


def test_a_code_that_is_written_at_the_same_moment_is_not_taken_by_another(aws_world, monkeypatch):
    monkeypatch.setattr(aws_world.codes, "transact", lambda _writes: False)

    with pytest.raises(TransientError, match="at the same time"):
        aws_world.codes.keep(CODE)


def test_a_suppressed_number_is_known(world, codes):
    assert not codes.suppressed("aa" * 16)
    world.responses.suppress("aa" * 16, "unsubscribed", NOW, None)
    assert codes.suppressed("aa" * 16)


def test_a_stop_marks_the_holder(world, codes):
    _, who = stored(world, who=customer(phone="+4915123456789"))
    codes.suppress("aa" * 16, "unsubscribed", NOW, who)

    assert world.responses.customer(who.id).suppressed == "unsubscribed"


def test_visits_of_a_personal_link_are_counted(world, codes):
    stored(world)

    assert [codes.refer(ID).referred for _ in range(2)] == [1, 2]
    assert codes.invitation(ID) == replace(invitation(), referred=2)


def test_nobody_is_referred_by_an_invitation_that_is_gone(codes):
    assert codes.refer(ID) is None
    assert codes.invitation(ID) is None
