"""Records of the table's stream: what they tell the publisher, and what tells nothing."""

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from afterbill.adapters.dynamodb.anonymous import row_of, tombstone_of
from afterbill.adapters.dynamodb.items import customer_item, invitation_item
from afterbill.model.customer import Suppression
from afterbill.model.errors import UnreadableError
from afterbill.model.visits import Kind, Visit
from afterbill_actions.adapters import keys
from afterbill_actions.adapters.stream import change_in
from afterbill_actions.events import Objection, SurveyChange, events_of
from tests.factories import NOON, customer
from tests.unit.actions.events.stream_world import GIVEN, answered, sent

EPOCH = 1795608000
"""Lambda writes it as a number, and a float is one."""


def as_lambda_has_it(item):
    """The item in JSON: bytes are text in base 64."""
    return json.loads(json.dumps(item, default=lambda value: b64encode(bytes(value)).decode()))


def record(old, new):
    images = {name: as_lambda_has_it(image) for name, image in (("OldImage", old), ("NewImage", new)) if image}
    image = new or old
    return {
        "eventName": "MODIFY" if old and new else "INSERT" if new else "REMOVE",
        "dynamodb": {
            "ApproximateCreationDateTime": float(EPOCH),
            "Keys": {"pk": image["pk"], "sk": image["sk"]},
            "SequenceNumber": "1",
            **images,
        },
    }


def test_an_answer_is_a_change_with_both_sides_at_a_whole_second():
    change = change_in(record(invitation_item(sent()), invitation_item(answered())))

    assert isinstance(change, SurveyChange)
    assert (change.at, change.before.answer, change.after.answer) == (
        datetime.fromtimestamp(EPOCH, UTC),
        None,
        answered().answer,
    )


def test_bytes_are_read_as_lambda_hands_them_over():
    packed = answered(message_id="0107018e2a4b6c8d-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-000000")
    change = change_in(record(invitation_item(sent()), invitation_item(packed)))

    assert change.after.address_hashes == packed.address_hashes
    assert change.after.message_id == packed.message_id


def test_an_answer_from_elsewhere_is_one_that_was_not_there():
    change = change_in(record(None, invitation_item(answered())))

    assert change.before is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (answered(), answered(referred=1)),
        (answered(), answered(visits=(Visit(GIVEN, Kind.SEEN, 9),))),
        (sent(), sent(message_id="0107018e2a4b6c8d-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-000000")),
        (answered(), None),
    ],
    ids=["a referral", "a visit", "a receipt", "an end"],
)
def test_what_changes_neither_answer_nor_state_is_not_even_read(old, new):
    assert change_in(record(invitation_item(old), invitation_item(new) if new else None)) is None


def test_an_erasure_tells_nothing():
    item = invitation_item(answered())
    for old, new in ((item, tombstone_of(item)), (None, row_of(item, "ef" * 16))):
        assert not events_of(change_in(record(old, new)))


def test_a_customer_who_objects_is_told_with_the_reason():
    suppressed = customer(suppressed=Suppression.COMPLAINED)
    change = change_in(record(customer_item(customer()), customer_item(suppressed)))

    assert change == Objection(datetime.fromtimestamp(EPOCH, UTC), "ada", "complained")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, customer(suppressed=Suppression.UNSUBSCRIBED)),
        (customer(suppressed=Suppression.UNSUBSCRIBED), customer(suppressed=Suppression.UNSUBSCRIBED, name="Ada")),
        (customer(suppressed=Suppression.UNSUBSCRIBED), customer()),
        (customer(), customer(name="Ada")),
        (customer(suppressed=Suppression.UNSUBSCRIBED), None),
    ],
    ids=["was learned with the customer", "stands", "was lifted", "there is none", "ended with the customer"],
)
def test_no_objection_is_told_that(old, new):
    assert change_in(record(*(customer_item(one) if one else None for one in (old, new)))) is None


def test_other_items_tell_nothing():
    effects = keys.effects("ab" * 16) | {"published": {"S": "0123456789ab"}}

    assert change_in(record(None, effects)) is None


@pytest.mark.parametrize(
    "strange", [{"rating": {"N": "11"}}, {"state": {"S": "beyond"}, "rating": {"N": "9"}}, {"sent_day": {"N": "1"}}]
)
def test_an_image_that_cannot_be_read_is_named(strange):
    with pytest.raises(UnreadableError, match="INVITATION#" + "ab" * 16):
        change_in(record(invitation_item(sent()), invitation_item(sent()) | strange))


def test_an_objection_of_another_version_of_afterbill_is_named():
    new = customer_item(customer()) | {"suppressed": {"S": "beyond"}}

    with pytest.raises(UnreadableError, match="CUSTOMER#ada"):
        change_in(record(customer_item(customer()), new))


def test_the_moment_is_the_same_whenever_a_record_comes():
    first, again = (change_in(record(invitation_item(sent()), invitation_item(answered()))) for _ in range(2))

    assert first.at == again.at
    assert first.at > NOON
