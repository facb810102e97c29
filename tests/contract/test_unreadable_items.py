"""Items that say what this version does not know, as after a rollback: each costs itself."""

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import (
    customer_item,
    customer_of,
    encode,
    failed_at,
    invitation_item,
    recipient_of,
)
from afterbill.adapters.dynamodb.items import invitation_of as decoded
from afterbill.adapters.dynamodb.tallies import score_of, tallies_of
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer
from afterbill.model.visits import Kind, Visit
from tests.contract.conftest import TABLE
from tests.contract.people import ID, NOW, OTHER_ID, THIRD_ID, customer, invitation, sent, stored

VISITED = Visit(NOW, Kind.SEEN, 9, "0badcafe", "safari")
SEGMENTS = {"touchpoint": "payment_succeeded"}


def spoil(world, id_=ID, **attributes):
    """Store what no version up to this one writes."""
    if not world.dynamodb:
        world.sweeps.unreadable.add(id_)
        return
    for name, value in attributes.items():
        world.dynamodb.update_item(
            TableName=TABLE,
            Key=keys.invitation(id_),
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues=encode({":value": value}),
        )


def test_of_several_that_are_read_together_one_does_not_hide_the_others(world):
    stored(world)
    stored(world, invitation(OTHER_ID), customer("customer-2"))
    spoil(world, state="archived")

    found = world.sweeps.read_invitations([ID, OTHER_ID, THIRD_ID])

    assert found.keys() == {ID, OTHER_ID}
    assert isinstance(found[ID], UnreadableError)
    assert found[OTHER_ID].id == OTHER_ID


def test_one_that_is_read_alone_is_refused(world):
    stored(world)
    spoil(world, state="archived")

    with pytest.raises(UnreadableError, match=f"INVITATION#{ID}"):
        world.sweeps.invitation(ID)


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"state": "archived"}, "unknown State"),
        ({"deferrals": ["0 full_moon 60"]}, "unknown SkipReason"),
        ({"deferrals": ["0 window"]}, "ValueError"),
        ({"delivery": 5}, "unknown Delivery"),
        ({"visits": {"0badcafe safari": [VISITED.code // 100 * 100 + 84]}}, "IndexError"),
        ({"visits": ["0badcafe safari"]}, "AttributeError"),
        ({"segments": SEGMENTS | {"question": "mood"}, "rating": 3}, "ValueError"),
        ({"segments": SEGMENTS | {"plan": 3}}, "plan is no text"),
        ({"rating": 11}, "a rating beyond its question's scale"),
        ({"rating": 6, "segments": SEGMENTS | {"question": "csat"}}, "a rating beyond its question's scale"),
        ({"rating": "9"}, "a rating that is no whole number"),
        ({"channel": "fax"}, "unknown Channel"),
        ({"follow_ups": ["1 fax"]}, "unknown Channel"),
        ({"locale": 3}, "locale is no text"),
        ({"stoppable": "no"}, "a flag that is none"),
        ({"due_at": "tomorrow"}, "ValueError"),
        ({"condensed": ["1 2"]}, "ValueError"),
        ({"seconds": [1]}, "ValueError"),
        ({"money": 4900}, "TypeError"),
        ({"message_id": b"12"}, "a message id of another length"),
        ({"message_id": 12}, "message_id is no text"),
    ],
)
def test_an_invitation_tells_what_of_it_cannot_be_read_and_no_more(attributes, what):
    with pytest.raises(UnreadableError) as told:
        decoded(invitation_item(invitation()) | encode(attributes))

    assert str(told.value) == f"INVITATION#{ID} INVITATION: {what}"


@pytest.mark.parametrize("name", ["state", "segments", "seconds", "occurred_at"])
def test_an_invitation_of_which_something_is_missing_cannot_be_read(name):
    item = invitation_item(invitation())
    del item[name]

    with pytest.raises(UnreadableError, match=rf": no {name}$"):
        decoded(item)


@pytest.mark.parametrize("name", ["fact", "created_at"])
def test_nor_can_one_without_what_every_invitation_has(name):
    item = invitation_item(invitation())
    del item[name]

    with pytest.raises(UnreadableError):
        decoded(item)


@pytest.mark.parametrize(
    "attributes",
    [
        {"suppressed": "bored"},
        {"version": "new"},
        {"last_asked_at": "tomorrow"},
        {"name": 3},
        {"attributes": {"plan": 3}},
        {"waiting": {ID: {"priority": 3}}},
        {"subscriptions": {"sub_1": "1"}},
    ],
)
def test_a_customer_is_told_by_the_id_alone(attributes):
    with pytest.raises(UnreadableError, match=r"^CUSTOMER#customer-1 CUSTOMER: ") as told:
        customer_of(customer_item(customer()) | encode(attributes))

    assert "ada" not in str(told.value)


@pytest.mark.parametrize("attributes", [{"reason": "bored"}, {"last_asked_at": "tomorrow"}])
def test_an_address_is_told_by_its_hash(attributes):
    with pytest.raises(UnreadableError, match=r"^ADDRESS#5e1f ADDRESS: "):
        recipient_of("5e1f", keys.address("5e1f") | encode(attributes))


def test_a_link_is_told_by_its_object():
    with pytest.raises(UnreadableError, match=r"^LINK#stripe\|acct\|in_1 LINK: "):
        failed_at(keys.link("stripe|acct|in_1") | {"failed_at": {"S": "yesterday"}})


@pytest.mark.parametrize("counts", [{"L": [{"N": "x"}] * 15}, {"L": [{"N": "1.5"}] * 15}, {"M": {}}])
def test_a_tally_is_told_by_dimension_and_day(counts):
    item = keys.tally("plan", NOW.date()) | {"tallies": {"M": {"pro": counts}}}

    with pytest.raises(UnreadableError, match=r"^TALLY#plan 2026-11-22: "):
        tallies_of(item)


@pytest.mark.parametrize("length", [0, 13, 14, 16, 25, 27, 29])
def test_a_tally_of_another_length_would_be_read_with_another_meaning(length):
    """With one more rating, those who answered would be taken for bounces: 990 of 1000."""
    numbers = ([0] * 12 + [1000, 990] + [0] * 15)[:length]
    item = keys.tally("plan", NOW.date()) | {"tallies": {"M": {"pro": {"L": [{"N": str(each)} for each in numbers]}}}}

    with pytest.raises(UnreadableError, match=r"^TALLY#plan 2026-11-22: a tally of another length$"):
        tallies_of(item)


def test_a_score_is_told_by_dimension_window_and_value():
    with pytest.raises(UnreadableError, match=r"^SCORE#all 30d#all: no computed_at$"):
        score_of(keys.score("all", "30d", "all"))


def test_an_answer_is_stored_before_anybody_finds_out_that_it_cannot_be_read(aws_world):
    sent(aws_world)
    spoil(aws_world, deferrals=["0 full_moon 60"])

    with pytest.raises(UnreadableError):
        aws_world.responses.record(ID, Answer(9), NOW, "2026-11-22")

    item = aws_world.dynamodb.get_item(TableName=TABLE, Key=keys.invitation(ID))["Item"]
    assert item["rating"] == {"N": "9"}
