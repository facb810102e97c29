"""Days are marked for the archive once in each period."""

from datetime import UTC, date, datetime, timedelta

import pytest

from afterbill.insight.archive.marks import FactDays, Marking, mark_facts, period_of
from afterbill.insight.ports import ChangeMark
from afterbill.model.errors import TransientError, UnreadableError
from afterbill_cli.memory.archive import MemoryArchive

NOW = datetime(2026, 11, 22, 14, 31, 15, tzinfo=UTC)
PERIOD = datetime(2026, 11, 22, 14, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
HOUR = timedelta(hours=1)


class Counted(MemoryArchive):
    calls = 0

    def mark_changed(self, period, days, urgent):
        self.calls += 1
        super().mark_changed(period, days, urgent)


def touched(*days, urgent=False):
    return FactDays(frozenset(days), urgent)


def read(record):
    """Records of these tests are the days themselves; None is one that cannot be understood."""
    if record is None:
        raise UnreadableError("poison")
    return record


@pytest.fixture
def marking():
    return Marking(Counted(), HOUR)


def mark(marking, *records, now=NOW):
    return mark_facts({str(number): one for number, one in enumerate(records)}, read, marking, now)


@pytest.mark.parametrize(
    ("every", "begins"),
    [(HOUR, PERIOD), (timedelta(minutes=1), NOW.replace(second=0)), (4 * HOUR, PERIOD.replace(hour=12))],
)
def test_periods_are_counted_from_midnight_of_utc(every, begins):
    assert period_of(NOW, every) == begins


def test_each_day_has_one_mark_in_a_period(marking):
    assert mark(marking, touched(MONDAY), touched(MONDAY, TUESDAY)).failed == []
    assert sorted(marking.marks.marked) == [(PERIOD, MONDAY), (PERIOD, TUESDAY)]


def test_a_process_sets_a_mark_once_in_a_period(marking):
    for _ in range(3):
        mark(marking, touched(MONDAY))
    assert marking.marks.calls == 1

    mark(marking, touched(MONDAY), now=NOW + HOUR)
    assert sorted(marking.marks.marked) == [(PERIOD, MONDAY), (PERIOD + HOUR, MONDAY)]


def test_a_removal_makes_a_mark_urgent_and_nothing_makes_it_plain_again(marking):
    mark(marking, touched(MONDAY))
    mark(marking, touched(MONDAY, urgent=True))
    mark(marking, touched(MONDAY))

    assert list(marking.marks.marked.values()) == [ChangeMark(PERIOD, MONDAY, urgent=True)]
    assert marking.marks.calls == 2
    marking.marks.mark_changed(PERIOD, {MONDAY}, set())
    assert marking.marks.marked[PERIOD, MONDAY].urgent


def test_a_record_that_cannot_be_read_is_told_and_holds_nothing_up(marking):
    tracked = mark(marking, touched(MONDAY), None)

    assert (tracked.failed, [str(error) for error in tracked.unreadable]) == ([], ["poison"])
    assert list(marking.marks.marked) == [(PERIOD, MONDAY)]


def test_marks_of_a_batch_are_set_in_one_call(marking):
    mark(marking, touched(MONDAY), touched(TUESDAY, urgent=True))

    assert marking.marks.calls == 1
    assert [(day, one.urgent) for (_, day), one in sorted(marking.marks.marked.items())] == [
        (MONDAY, False),
        (TUESDAY, True),
    ]


def test_marks_that_could_not_be_set_fail_every_record_that_needs_them_and_are_tried_again():
    class Throttled(MemoryArchive):
        down = False

        def mark_changed(self, period, days, urgent):
            if self.down:
                raise TransientError("throttled")
            super().mark_changed(period, days, urgent)

    marking = Marking(Throttled(), HOUR)
    mark(marking, touched(TUESDAY))
    marking.marks.down = True
    records = touched(TUESDAY), touched(MONDAY, TUESDAY), touched(MONDAY)
    assert mark(marking, *records).failed == ["1", "2"]

    marking.marks.down = False
    assert mark(marking, *records).failed == []
    assert sorted(marking.marks.marked) == [(PERIOD, MONDAY), (PERIOD, TUESDAY)]
