"""Rows and tombstones as items: of whatever is stored, and seen by the stream as a change of the same days."""

from datetime import date, timedelta

import pytest

from afterbill.adapters.dynamodb.anonymous import counts, row_of, tombstone_of
from afterbill.adapters.dynamodb.items import encode, invitation_item, invitation_of
from afterbill.adapters.dynamodb.stream import read_change
from afterbill.insight.tally import days_touched
from afterbill.model.anonymous import anonymous, tombstone
from afterbill.model.invitation import Answer, Delivery, State
from tests.factories import DAY, NOON, invitation

SURVEY = invitation(
    state=State.SENT,
    locale="de",
    sent_at=NOON + timedelta(hours=9),
    sent_day="2026-11-22",
    delivery=Delivery.BOUNCED,
    answer=Answer(7, "words", "price"),
    answered_at=NOON + DAY,
    answered_day="2026-11-23",
)
ROW = "f0" * 16


def changed(old=None, new=None):
    images = {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image}
    return days_touched(*read_change({"dynamodb": {"Keys": {}, **images}}))


def test_an_item_becomes_what_its_invitation_would():
    item = invitation_item(SURVEY)

    assert invitation_of(row_of(item, ROW)) == anonymous(SURVEY, ROW)
    assert invitation_of(tombstone_of(item)) == tombstone(SURVEY)


def test_both_have_their_days_counted_again():
    item, days = invitation_item(SURVEY), {date(2026, 11, 22), date(2026, 11, 23)}

    assert changed(new=row_of(item, ROW)) == days
    assert changed(old=item, new=tombstone_of(item)) == days


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("created_at", "the day before"),
        ("created_at", 7),
        ("created_at", "2026-11-22T12:00:00"),
        ("due_at", None),
        ("occurred_at", 10**30),
        ("occurred_at", "noon"),
        ("sent_day", "2026-13-01"),
        ("answered_day", 8),
        ("rating", "nine"),
        ("segments", {}),
        ("visits", "none"),
        ("state", "archived"),
        ("reached", "nobody"),
        ("from_a_later_version", "words"),
    ],
)
def test_whatever_an_item_says_it_becomes_a_tombstone_without_words(name, value):
    item = invitation_item(SURVEY) | encode({name: value})
    both = tombstone_of(item), row_of(item, ROW)

    assert counts(item)
    for one in both:
        assert not one.keys() & {"comment", "objects", "customer_id", "visits", "message_id", "from_a_later_version"}
        assert one["fact"] == {"S": ""}


@pytest.mark.parametrize("name", ["created_at", "segments", "sent_at", "day_bucket", "locale", "answered_at"])
def test_what_an_item_does_not_say_is_not_made_up(name):
    item = {key: value for key, value in invitation_item(SURVEY).items() if key != name}

    assert name not in tombstone_of(item)
    assert name in {"segments", "created_at"} or name not in row_of(item, ROW)
