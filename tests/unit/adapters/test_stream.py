"""Stream records as Lambda hands them over."""

import pytest

from afterbill.adapters.aws.stream import read_change
from afterbill.domain.errors import PayloadError
from afterbill.domain.invitation import Delivery
from afterbill.domain.tally import Snapshot

SENT = {"pk": {"S": "INVITATION#1"}, "sent_day": {"S": "2026-11-20"}, "segments": {"M": {"plan": {"S": "pro"}}}}
ANSWERED = SENT | {"rating": {"N": "0"}, "answered_day": {"S": "2026-11-22"}, "delivery": {"N": "2"}}
BEFORE = Snapshot("2026-11-20", segments={"plan": "pro"})
AFTER = Snapshot("2026-11-20", "2026-11-22", 0, Delivery.DELIVERED, {"plan": "pro"})


def record(**images):
    return {"eventID": "1", "dynamodb": {"SequenceNumber": "1", **images}}


def test_a_record_says_what_was_and_what_is():
    assert read_change(record(OldImage=SENT, NewImage=ANSWERED)) == (BEFORE, AFTER)


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
        {},
        {"dynamodb": None},
        record(NewImage=SENT | {"rating": {"N": "nine"}}),
        record(NewImage=SENT | {"delivery": {"N": "9"}}),
        record(NewImage=SENT | {"segments": {"X": 1}}),
        record(NewImage={"sent_day": "2026-11-20"}),
    ],
)
def test_what_cannot_be_understood_is_refused(poison):
    with pytest.raises(PayloadError, match="unreadable stream record"):
        read_change(poison)
