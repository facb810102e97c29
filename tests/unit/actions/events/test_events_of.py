"""What a change of a survey or a customer tells."""

import pytest

from afterbill.model.anonymous import anonymous, tombstone
from afterbill.model.invitation import NO_DAY, Answer
from afterbill_actions.events import EventType, Objection, event_id, events_of, silence
from afterbill_actions.version import version_of
from tests.factories import DAY, HOUR, NOON, invitation
from tests.unit.actions.events.stream_world import GIVEN, WORDS, answered, change, check, sent


def types(*events):
    return [str(event.type) for event in events]


def only(change, earlier=None):
    (event,) = events_of(change, earlier)
    check(event)
    return event


def test_a_survey_that_went_out_is_told_once():
    event = only(change(invitation(), sent()))

    assert event.type is EventType.SURVEY_SENT
    assert event.detail["sent_at"] == "2026-11-25T12:00:00+00:00"
    assert not events_of(change(sent(), sent(message_id="another word about it")))


def test_a_first_answer_is_recorded_with_its_category_and_without_its_words():
    event = only(change(sent(), answered(3)))

    assert event.type is EventType.RESPONSE_RECORDED
    assert {
        "rating": 3,
        "category": "detractor",
        "has_comment": True,
        "confirmed": True,
    }.items() <= event.detail.items()
    assert event.detail["version"] == version_of(Answer(3, WORDS))
    assert WORDS not in repr(event)


def test_an_answer_says_who_was_asked_about_what_by_ids_and_segments_alone():
    segments = {"source": "shop", "plan": "Pro", "country": "CH", "account": "Acme Ltd", "tier": "gold"}
    event = only(change(sent(segments=segments), answered(9, segments=segments)))

    assert event.detail["segments"] == {"plan": "Pro", "country": "CH", "tier": "gold"}
    assert event.detail["customer_id"] == "ada"
    assert event.detail["touchpoint"] == "payment_succeeded"
    assert "Acme" not in repr(event)


def test_a_reason_that_was_chosen_is_told():
    event = only(change(sent(), answered(answer=Answer(3, reason="price"))))

    assert event.detail["reason"] == "price"
    assert not event.detail["has_comment"]


def test_an_answer_of_nobody_in_particular_names_nobody():
    event = only(change(None, answered(customer_id="")))

    assert "customer_id" not in event.detail


def test_a_changed_answer_says_what_it_was():
    event = only(change(answered(7), answered(8)))

    assert event.type is EventType.RESPONSE_CHANGED
    assert event.detail["before"] == {
        "rating": 7,
        "category": "passive",
        "confirmed": True,
        "version": version_of(Answer(7, WORDS)),
    }


def test_a_category_that_turned_is_told_as_well():
    recorded, turned = events_of(change(answered(3), answered(9)))
    check(turned)

    assert types(recorded, turned) == ["ResponseChanged", "CategoryChanged"]
    assert (turned.detail["was"]["category"], turned.detail["now"]["category"]) == ("detractor", "promoter")
    assert (turned.detail["turn"], turned.detail["since"]) == ("better", "this_answer")


def test_a_first_answer_is_compared_with_the_answer_before():
    earlier = answered(10, id="cd" * 16, answered_at=NOON - 90 * DAY)
    _, turned = events_of(change(sent(), answered(7)), earlier)
    check(turned)

    assert (turned.detail["turn"], turned.detail["since"]) == ("worse", "earlier_answer")
    assert turned.detail["earlier_response_id"] == "cd" * 16
    assert len(events_of(change(sent(), answered(9)), earlier)) == 1


def test_a_review_tells_of_the_answer_it_found():
    recorded, reviewed = events_of(change(sent(), answered(9, "", confirmed=False)))
    check(reviewed)

    assert types(recorded, reviewed) == ["ResponseRecorded", "ResponseReviewed"]
    assert reviewed.detail["outcome"] == "answer"
    assert reviewed.detail["rating"] == 9


def test_a_review_tells_of_a_click_that_is_no_answer():
    event = only(change(sent(), sent(label="prefetch burst")))

    assert event.type is EventType.RESPONSE_REVIEWED
    assert event.detail["outcome"] == "no_answer"
    assert event.detail["signals"] == ["prefetch", "burst"]
    assert not events_of(change(sent(label="prefetch"), sent(label="burst")))


def test_an_answer_that_is_taken_back_was_reviewed():
    event = only(change(answered(9, "", confirmed=False), sent(label="burst")))

    assert event.type is EventType.RESPONSE_REVIEWED
    assert event.detail["outcome"] == "no_answer"


def test_a_confirmation_is_a_change():
    before = answered(9, "", confirmed=False)

    assert types(*events_of(change(before, answered(9, "")))) == ["ResponseChanged"]


@pytest.mark.parametrize(
    "after",
    [
        answered(answered_day=NO_DAY, sent_day=NO_DAY),
        answered(channel="import"),
        anonymous(answered(), "ef" * 16),
    ],
    ids=["a test", "imported", "what stays of somebody who was removed"],
)
def test_nothing_is_told_of(after):
    assert not events_of(change(None, after))


def test_an_erasure_is_no_event():
    assert not events_of(change(answered(), tombstone(answered())))


def test_a_comment_that_retention_takes_out_is_no_change():
    bare = answered(3, "")

    assert not events_of(change(answered(3), bare, at=GIVEN + 365 * DAY))
    assert types(*events_of(change(answered(3), bare, at=GIVEN + HOUR))) == ["ResponseChanged"]


def test_an_objection_is_told_by_the_customer_and_the_reason():
    event = only(Objection(GIVEN, "ada", "unsubscribed"))

    assert event.type is EventType.CUSTOMER_OBJECTED
    assert event.detail == {"customer_id": "ada", "reason": "unsubscribed"}


def test_a_silence_has_one_event_however_often_it_is_looked_at():
    first, again, next_one = (
        silence("shop", last, now)
        for last, now in ((NOON, NOON + 8 * DAY), (NOON, NOON + 9 * DAY), (NOON + 10 * DAY, NOON + 20 * DAY))
    )
    check(first)

    assert first.id == again.id
    assert first.id != next_one.id


def test_a_repeat_has_the_same_id_and_another_change_has_another_one():
    ids = [
        event.id
        for before, after in ((sent(), answered(3)), (answered(3), answered(9)), (answered(9), answered(3)))
        for event in events_of(change(before, after))
    ]
    again = [event.id for event in events_of(change(sent(), answered(3), at=GIVEN + HOUR))]

    assert again == ids[:1]
    assert len(set(ids)) == len(ids)
    assert event_id(EventType.RESPONSE_RECORDED, "a", "b") != event_id(EventType.RESPONSE_CHANGED, "a", "b")
