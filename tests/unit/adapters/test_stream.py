"""Stream records as Lambda hands them over."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from afterbill.adapters.dynamodb.anonymous import row_of, tombstone_of
from afterbill.adapters.dynamodb.items import invitation_item
from afterbill.adapters.dynamodb.stream import clicked_in, fact_days_in, objection_in, read_change
from afterbill.insight.archive.marks import FactDays
from afterbill.insight.tally import Snapshot
from afterbill.model.customer import Suppression
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import NO_DAY, Delivery
from afterbill.model.privacy import Objection
from afterbill.model.visits import MOST_OF_ONE, Kind, Visit
from tests.factories import NOON, invitation

SENT = {"pk": {"S": "INVITATION#1"}, "sent_day": {"S": "2026-11-20"}, "segments": {"M": {"plan": {"S": "pro"}}}}
ANSWERED = SENT | {"rating": {"N": "0"}, "answered_day": {"S": "2026-11-22"}, "adverse": {"N": "3"}}
KEYS = {"pk": SENT["pk"], "sk": {"S": "INVITATION"}}
BEFORE = Snapshot("2026-11-20", segments={"plan": "pro"})
AFTER = Snapshot("2026-11-20", "2026-11-22", 0, Delivery.BOUNCED, {"plan": "pro"})


def record(**images):
    return {"eventID": "1", "dynamodb": {"SequenceNumber": "1", **images}}


def test_a_record_says_what_was_and_what_is():
    assert read_change(record(OldImage=SENT, NewImage=ANSWERED)) == (BEFORE, AFTER)


def test_a_record_says_whether_the_answer_was_confirmed_and_which_reason_was_chosen():
    tapped = ANSWERED | {"unconfirmed": {"BOOL": True}}
    reasoned = ANSWERED | {"answer_reason": {"S": "price"}}

    assert read_change(record(OldImage=tapped, NewImage=reasoned)) == (
        replace(AFTER, confirmed=False),
        replace(AFTER, reason="price"),
    )


def test_a_delivery_is_no_change_that_counts():
    delivered = SENT | {"delivery": {"N": "2"}, "delivered_at": {"N": "1"}}

    before, after = read_change(record(OldImage=SENT, NewImage=delivered))
    assert before == after


def test_a_first_image_was_nothing_before():
    assert read_change(record(NewImage=SENT)) == (None, BEFORE)


def test_an_erased_invitation_is_nothing_now():
    assert read_change(record(OldImage=ANSWERED)) == (AFTER, None)


def test_the_end_of_retention_is_no_change_of_what_was_said():
    retired = record(OldImage=ANSWERED) | {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}

    assert read_change(retired) == (AFTER, AFTER)


def test_a_deletion_by_anybody_else_is_a_change():
    assert read_change(record(OldImage=ANSWERED) | {"userIdentity": None}) == (AFTER, None)


@pytest.mark.parametrize(
    "poison",
    [
        SENT | {"rating": {"N": "nine"}},
        SENT | {"adverse": {"N": "nine"}},
        SENT | {"segments": {"X": 1}},
        SENT | {"answered_day": {"S": "2026-02-30"}},
        {"sent_day": "2026-11-20"},
    ],
)
def test_what_cannot_be_read_is_named_by_its_key(poison):
    with pytest.raises(UnreadableError, match="INVITATION#1 INVITATION: "):
        read_change(record(NewImage=poison, Keys=KEYS))


def test_a_rank_or_rating_of_a_later_version_touches_its_days_all_the_same():
    later = ANSWERED | {"rating": {"N": "11"}, "adverse": {"N": "9"}}

    assert read_change(record(OldImage=ANSWERED, NewImage=later)) == (AFTER, replace(AFTER, rating=11, delivery=9))


def test_a_test_belongs_to_no_day():
    assert read_change(record(NewImage=SENT | {"sent_day": {"S": "test"}}))[1].sent_day == "test"


WHO = ("0badcafe", "safari")
OPENING, TAP = (Visit(NOON, kind, 9, *WHO).code for kind in (Kind.OPENED, Kind.SEEN))


def visited(*codes, **more):
    return SENT | {"visits": {"M": {"0badcafe safari": {"L": [{"N": str(code)} for code in codes]}}}} | more


@pytest.mark.parametrize(
    "images",
    [
        {"OldImage": SENT, "NewImage": visited(TAP)},
        {"NewImage": visited(TAP)},
        {"OldImage": visited(OPENING, TAP), "NewImage": visited(OPENING, TAP, TAP)},
        {"OldImage": SENT, "NewImage": visited(TAP, rating={"N": "3"}, unconfirmed={"BOOL": True})},
        {"OldImage": visited(*[OPENING] * (MOST_OF_ONE - 1)), "NewImage": visited(*[OPENING] * MOST_OF_ONE)},
    ],
    ids=["the first", "from the beginning", "another", "after an unconfirmed answer", "openings that crowd it"],
)
def test_a_new_tap_is_to_be_judged(images):
    assert clicked_in(record(**images)) == "1"


def test_a_tap_that_came_before_its_mail_was_known_to_be_sent_is_to_be_judged_then():
    before = {name: value for name, value in visited(TAP).items() if name != "sent_day"}

    assert clicked_in(record(OldImage=before, NewImage=visited(TAP))) == "1"


@pytest.mark.parametrize(
    "images",
    [
        {"OldImage": SENT, "NewImage": SENT},
        {"OldImage": SENT, "NewImage": visited(OPENING)},
        {"OldImage": visited(TAP), "NewImage": visited(TAP, OPENING)},
        {"OldImage": SENT, "NewImage": visited(TAP, rating={"N": "3"})},
        {"OldImage": visited(TAP)},
        {"OldImage": visited(*[OPENING] * MOST_OF_ONE), "NewImage": visited(*[OPENING] * MOST_OF_ONE)},
        {"OldImage": visited(*[TAP] * MOST_OF_ONE), "NewImage": visited(*[OPENING] * 2)},
    ],
    ids=["no visit", "no tap", "no new tap", "a confirmed answer", "erased", "still crowded", "room was made"],
)
def test_anything_else_is_not(images):
    assert clicked_in(record(**images)) == ""


@pytest.mark.parametrize("poison", [visited("?"), {"visits": 1}, visited(99)], ids=["text", "type", "unknown kind"])
def test_taps_that_cannot_be_read_are_refused(poison):
    with pytest.raises(UnreadableError, match="INVITATION#1 INVITATION: "):
        clicked_in(record(NewImage=poison, Keys=KEYS))


# Words about addresses

ASKED = {"pk": {"S": "ADDRESS#5e1f"}, "last_asked_at": {"S": "2026-11-20T12:00:00Z"}}
SAID = ASKED | {"reason": {"S": "unsubscribed"}, "said_at": {"S": "2026-11-22T12:00:00Z"}}
LIFTED = ASKED | {"said_at": {"S": "2026-11-23T12:00:00Z"}}
SAID_AT = NOON.replace(year=2026, month=11, day=22, hour=12)


@pytest.mark.parametrize("before", [{}, {"OldImage": ASKED}], ids=["unknown before", "asked before"])
def test_a_suppression_that_begins_is_a_word_of_its_moment(before):
    assert objection_in(record(NewImage=SAID, **before)) == Objection("5e1f", SAID_AT, Suppression.UNSUBSCRIBED)


def test_a_lifting_is_a_word_without_a_reason():
    assert objection_in(record(OldImage=SAID, NewImage=LIFTED)) == Objection("5e1f", SAID_AT.replace(day=23))


def test_a_word_that_was_said_earlier_and_stands_now_is_the_later_one():
    complaint = SAID | {"reason": {"S": "complained"}, "said_at": {"S": "2026-11-21T12:00:00Z"}}

    word = objection_in(record(OldImage=SAID, NewImage=complaint))
    assert word == Objection("5e1f", SAID_AT.replace(microsecond=1), Suppression.COMPLAINED)


@pytest.mark.parametrize(
    "images",
    [{"NewImage": ASKED}, {"OldImage": SAID, "NewImage": SAID | {"last_asked_at": {"S": "now"}}}, {"OldImage": LIFTED}],
    ids=["asked", "asked again", "forgotten"],
)
def test_any_other_change_of_an_address_is_no_word(images):
    assert objection_in(record(**images)) is None


@pytest.mark.parametrize("strange", [{"reason": {"S": "telepathy"}}, {"said_at": {"S": "yesterday"}}])
def test_a_word_that_cannot_be_read_is_named(strange):
    with pytest.raises(UnreadableError, match="ADDRESS#5e1f"):
        objection_in(record(NewImage=SAID | strange, Keys={"pk": ASKED["pk"], "sk": {"S": "ADDRESS"}}))


def test_a_word_marks_no_day_and_no_click():
    assert read_change(record(OldImage=ASKED, NewImage=SAID)) == (Snapshot(), Snapshot())
    assert clicked_in(record(OldImage=ASKED, NewImage=SAID)) == ""


# Days of facts

LATE = NOON.replace(hour=23, minute=30)
FACT = invitation_item(invitation(occurred_at=LATE, created_at=LATE, sent_day="2026-11-25"))
BERLIN = ZoneInfo("Europe/Berlin")
FACT_DAY = date(2026, 11, 23)
TTL = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}


def fact_days(**images):
    return fact_days_in(record(**images), BERLIN)


@pytest.mark.parametrize("images", [{"NewImage": FACT}, {"OldImage": FACT, "NewImage": FACT | {"rating": {"N": "9"}}}])
def test_a_fact_touches_the_local_day_on_which_it_happened(images):
    assert fact_days(**images) == FactDays(frozenset({FACT_DAY}))


def test_a_fact_that_is_told_of_another_day_touches_both():
    moved = invitation_item(invitation(occurred_at=NOON))

    assert fact_days(OldImage=FACT, NewImage=moved).days == {FACT_DAY, NOON.date()}


@pytest.mark.parametrize("new", [{}, {"NewImage": tombstone_of(FACT)}], ids=["deleted", "a tombstone"])
def test_a_removal_of_a_person_is_urgent(new):
    assert fact_days(OldImage=FACT, **new) == FactDays(frozenset({FACT_DAY}), urgent=True)


def test_a_row_of_somebody_removed_touches_the_day_that_counts():
    row = row_of(FACT, "0f" * 16)

    assert fact_days(NewImage=row) == FactDays(frozenset({date(2026, 11, 25)}))
    assert fact_days(OldImage=row, NewImage=row) == FactDays(frozenset({date(2026, 11, 25)}))


@pytest.mark.parametrize(
    "images",
    [
        {"NewImage": invitation_item(invitation(answered_day=NO_DAY))},
        {"NewImage": tombstone_of(FACT)},
        {"OldImage": ASKED, "NewImage": SAID},
    ],
    ids=["a test", "a tombstone alone", "an address"],
)
def test_what_is_no_fact_touches_no_day(images):
    assert fact_days(**images) == FactDays()


def test_the_end_of_retention_touches_no_day():
    assert fact_days_in(record(OldImage=FACT) | TTL, BERLIN) == FactDays()


@pytest.mark.parametrize("poison", [{"occurred_at": {"N": "?"}}, {"occurred_at": {"S": "now"}}])
def test_a_fact_whose_moment_cannot_be_read_is_named(poison):
    with pytest.raises(UnreadableError, match="INVITATION#1 INVITATION: "):
        fact_days_in(record(NewImage=FACT | poison, Keys=KEYS), BERLIN)
