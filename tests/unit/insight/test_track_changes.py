"""Which days and invitations are marked, and which records are to be tried again."""

from datetime import UTC, date, datetime

import pytest

from afterbill.answers.ports import ReviewMark
from afterbill.insight.tally import Snapshot
from afterbill.insight.track_changes import TrackDeps, track_changes
from afterbill.model.errors import TransientError, UnreadableError
from afterbill_cli.memory.scores import MemoryReviews, MemoryScores

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)


def snapshot(sent=MONDAY, answered=None, rating=None):
    return Snapshot(sent.isoformat(), answered.isoformat() if answered else "", rating)


def read(record):
    """Records of these tests are the pairs themselves; None is one that cannot be understood."""
    if record is None:
        raise UnreadableError("poison")
    return record


def nothing_clicked(_record):
    return ""


def track(records, days, clicks=None, now=NOW, clicked_in=nothing_clicked):
    return track_changes(records, read, clicked_in, TrackDeps(days, clicks or MemoryReviews()), now)


@pytest.fixture
def days():
    return MemoryScores()


def versions(days):
    return {mark.day: mark.version for mark in days.marks().items}


def test_an_answer_marks_the_day_of_sending_and_the_day_of_the_answer(days):
    assert track({"1": (snapshot(), snapshot(answered=TUESDAY, rating=9))}, days).failed == []
    assert versions(days) == {MONDAY: 1, TUESDAY: 1}


def test_a_batch_marks_each_day_once(days):
    records = {str(number): (None, snapshot()) for number in range(50)}

    track(records, days)

    assert versions(days) == {MONDAY: 1}


def test_every_further_batch_raises_the_version_and_keeps_its_time(days):
    for minute in (1, 2):
        track({"1": (None, snapshot())}, days, now=NOW.replace(minute=minute))

    (mark,) = days.marks().items
    assert (mark.version, mark.marked_at) == (2, NOW.replace(minute=2))


def test_a_change_of_nothing_that_is_counted_marks_nothing(days):
    assert track({"1": (snapshot(), snapshot())}, days).failed == []
    assert versions(days) == {}


def test_a_record_that_cannot_be_read_is_told_and_holds_nothing_up(days):
    records = {"1": (None, snapshot()), "2": None, "3": (None, snapshot(sent=TUESDAY))}

    tracked = track(records, days)

    assert (tracked.failed, [str(error) for error in tracked.unreadable]) == ([], ["poison"])
    assert versions(days) == {MONDAY: 1, TUESDAY: 1}


def test_a_day_is_recounted_even_where_clicks_cannot_be_read(days):
    def unread(_record):
        raise UnreadableError("an unknown kind of visit")

    assert track({"1": (None, snapshot())}, days, clicked_in=unread).failed == []
    assert versions(days) == {MONDAY: 1}


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

    assert track(records, days).failed == ["2", "3"]
    assert versions(days) == {TUESDAY: 1}


def test_all_that_was_clicked_in_a_batch_has_one_mark(days):
    clicks, names = MemoryReviews(), iter(["ada", "bob", "ada"])

    assert track(dict.fromkeys("123", (None, None)), days, clicks, clicked_in=lambda _record: next(names)).failed == []
    assert list(clicks.waiting.values()) == [ReviewMark(NOW, "ada", frozenset({"ada", "bob"}))]


def test_a_mark_that_could_not_be_set_fails_every_record_with_a_click(days):
    class Throttled(MemoryReviews):
        def mark_for_review(self, *_):
            raise TransientError("throttled")

    names = iter(["ada", "", "bob"])
    records = dict.fromkeys("123", (None, snapshot()))

    assert track(records, days, Throttled(), clicked_in=lambda _record: next(names)).failed == ["1", "3"]
    assert versions(days) == {MONDAY: 1}
