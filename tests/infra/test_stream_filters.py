"""The filters of publish_events: changes that can be events invoke it, and nothing else does."""

import json

import pytest
from moto.events.models import EventPattern

from afterbill.adapters.dynamodb.anonymous import tombstone_of
from afterbill.adapters.dynamodb.items import customer_item, encode, invitation_item
from afterbill.model.customer import Suppression
from afterbill.model.invitation import Delivery, State
from afterbill.model.visits import Kind, Visit
from afterbill_actions.adapters import keys
from tests.contract.template import properties
from tests.factories import NOON, customer, invitation
from tests.integration.resolving import Resolver
from tests.unit.actions.events.stream_world import GIVEN, answered, sent

PARAMETERS = {"SenderAddress": "survey@example.com"}
PENDING, CLAIMED = invitation(), invitation(state=State.SENDING, attempt="1", claimed_at=NOON)
VISIT = Visit(GIVEN, Kind.SEEN, 9)
ADA, OBJECTED = customer(), customer(suppressed=Suppression.UNSUBSCRIBED)


def patterns(**parameters: str) -> list[EventPattern]:
    mapping = properties("PublishEventsFunction")["Events"]["Changes"]["Properties"]
    filters = Resolver(PARAMETERS | parameters, {}).resolve(mapping["FilterCriteria"]["Filters"])
    return [EventPattern.load(one["Pattern"]) for one in filters]


def passes(old: dict | None, new: dict | None, **parameters: str) -> bool:
    kind = "MODIFY" if old and new else "INSERT" if new else "REMOVE"
    images = {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image}
    record = json.loads(json.dumps({"eventName": kind, "dynamodb": images}, default=repr))
    return any(pattern.matches_event(record) for pattern in patterns(**parameters))


def items(*invitations):
    return [invitation_item(one) if one else None for one in invitations]


def test_aws_takes_five_patterns():
    assert len(patterns(SentEvents="true")) == 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        items(sent(), answered()),
        items(None, answered()),
        items(answered(3), answered(9)),
        items(answered(9, "", confirmed=False), sent(label="burst")),
        items(sent(), sent(label="burst")),
        (customer_item(ADA), customer_item(OBJECTED)),
    ],
    ids=["answered", "from elsewhere", "changed", "taken back", "no answer", "objected"],
)
def test_what_can_be_an_event_passes(old, new):
    assert passes(old, new)


def test_a_survey_that_went_out_passes_where_the_parameter_says_so():
    assert not passes(*items(CLAIMED, sent()))
    assert passes(*items(CLAIMED, sent()), SentEvents="true")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        items(None, PENDING),
        items(PENDING, CLAIMED),
        items(sent(), sent(delivery=Delivery.DELIVERED, delivered_at=NOON)),
        items(sent(), sent(visits=(VISIT,))),
        items(sent(label="burst"), sent(label="burst", visits=(VISIT,))),
        items(answered(), None),
        items(sent(), None),
        (invitation_item(sent()), tombstone_of(invitation_item(sent()))),
        (None, customer_item(ADA)),
        (None, customer_item(OBJECTED)),
        (customer_item(ADA), customer_item(customer(name="Ada"))),
        (customer_item(OBJECTED), customer_item(customer(suppressed=Suppression.UNSUBSCRIBED, name="Ada"))),
        (customer_item(OBJECTED), customer_item(ADA)),
        (None, keys.effects("1") | encode({"published": "0123456789ab", "versions": 1})),
        (keys.effects("1") | encode({"versions": 1}), keys.effects("1") | encode({"versions": 2, "first_rating": 3})),
    ],
    ids=[
        "captured",
        "claimed",
        "delivered",
        "seen",
        "seen again",
        "the end of a response",
        "the end of a survey",
        "removed without an answer",
        "a new customer",
        "one who is learned to object",
        "a customer's profile",
        "that of one who objected",
        "lifted",
        "a mark",
        "the next mark",
    ],
)
def test_what_is_no_event_invokes_nothing(old, new):
    assert not passes(old, new, SentEvents="true")
