"""Which days are marked, and which records are to be tried again."""

from datetime import UTC, date, datetime

import pytest

from afterbill.adapters.memory.scores import MemoryScores
from afterbill.domain.errors import PayloadError, TransientError
from afterbill.domain.tally import Snapshot
from afterbill.services.track_changes import track_changes

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)


def snapshot(sent=MONDAY, answered=None, rating=None):
    return Snapshot(sent.isoformat(), answered.isoformat() if answered else "", rating)


def read(record):
    """Records of these tests are the pairs themselves; None is one that cannot be understood."""
    if record is None:
        raise PayloadError("poison")
    return record


@pytest.fixture
def days():
    return MemoryScores()


def versions(days):
    return {mark.day: mark.version for mark in days.marks()}


def test_an_answer_marks_the_day_of_sending_and_the_day_of_the_answer(days):
    assert track_changes({"1": (snapshot(), snapshot(answered=TUESDAY, rating=9))}, read, days, NOW) == []
    assert versions(days) == {MONDAY: 1, TUESDAY: 1}


def test_a_batch_marks_each_day_once(days):
    records = {str(number): (None, snapshot()) for number in range(50)}

    track_changes(records, read, days, NOW)

    assert versions(days) == {MONDAY: 1}


def test_every_further_batch_raises_the_version_and_keeps_its_time(days):
    for minute in (1, 2):
        track_changes({"1": (None, snapshot())}, read, days, NOW.replace(minute=minute))

    (mark,) = days.marks()
    assert (mark.version, mark.marked_at) == (2, NOW.replace(minute=2))


def test_a_change_of_nothing_that_is_counted_marks_nothing(days):
    assert track_changes({"1": (snapshot(), snapshot())}, read, days, NOW) == []
    assert versions(days) == {}


def test_a_poison_record_is_reported_and_the_others_are_not_lost(days):
    records = {
        "1": (None, snapshot()),
        "2": None,
        "3": (None, Snapshot("yesterday")),
        "4": (None, snapshot(sent=TUESDAY)),
    }

    assert track_changes(records, read, days, NOW) == ["2", "3"]
    assert versions(days) == {MONDAY: 1, TUESDAY: 1}


def test_a_day_that_could_not_be_marked_fails_every_record_that_touches_it():
    class Throttled(MemoryScores):
        def mark(self, day, now):
            if day == MONDAY:
                raise TransientError("throttled")
            super().mark(day, now)

    days = Throttled()
    records = {
        "1": (None, snapshot(sent=TUESDAY)),
        "2": (snapshot(), snapshot(answered=TUESDAY, rating=0)),
        "3": (None, snapshot()),
    }

    assert track_changes(records, read, days, NOW) == ["2", "3"]
    assert versions(days) == {TUESDAY: 1}
