"""Runs of the archive: which days are rewritten, from what, and when their time is over."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from afterbill.insight.ports import ArchiveState
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.invitation import Answer, State
from afterbill.model.retention import Retention
from afterbill.model.visits import Kind, Visit
from afterbill_reports.archive import run as runs
from afterbill_reports.archive.columns import COMMENTS, place
from tests.unit.insight.archiving import DAY, HOUR, NOON, TODAY, ArchiveWorld, past

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world():
    return past(ArchiveWorld())


def ids(rows):
    return [int(row["id"], 16) for row in rows or ()]


def test_a_fact_is_in_the_file_of_its_day_once_its_period_is_over(world):
    world.fact(1)
    world.fact(2, ago=DAY)

    assert world.later(59 * MINUTE).days == 0
    done = world.later(2 * MINUTE)

    assert (done.days, done.facts, done.waiting) == (2, 2, 0)
    assert ids(world.rows_of()) == [1]
    assert ids(world.rows_of(TODAY - DAY)) == [2]
    assert world.table.marked == {}


def test_reports_are_asked_for_after_a_run_that_changed_something_and_after_a_night(world):
    world.fact()
    world.later(61 * MINUTE)
    world.later()
    assert world.queue.messages == [{"kind": "stored", "nightly": False}]

    assert world.night().nightly
    assert world.queue.messages[1:] == [{"kind": "stored", "nightly": True}]
    world.later()
    assert len(world.queue.messages) == 2


def test_the_night_begins_at_one_local_time():
    world = ArchiveWorld(now=NOON.replace(hour=23, minute=59))
    assert not world.run().nightly
    assert world.later(MINUTE).nightly


def test_an_answer_that_changes_after_two_months_changes_its_day(world):
    one = world.answer(world.fact(), 3)
    world.later(61 * MINUTE)
    world.later(60 * DAY)

    world.answer(one, 9)
    world.later(61 * MINUTE)

    (row,) = world.rows_of()
    assert (row["rating"], row["category"], row["answered_day"]) == (9, "promoters", "2026-11-22")


def test_a_day_whose_last_fact_is_gone_has_no_file(world):
    one = world.fact()
    world.later(61 * MINUTE)
    world.erase(one)
    world.later(61 * MINUTE)

    assert world.files.files == {}


def test_words_are_in_files_of_their_own_and_go_with_the_answer(world):
    one = world.answer(world.fact(), 3, "Too slow.")
    world.later(61 * MINUTE)
    assert [row["comment"] for row in world.rows_of(dataset="comments")] == ["Too slow."]
    assert "Too slow." not in str(world.rows_of())

    world.erase(one)
    world.later(61 * MINUTE)

    assert world.rows_of(dataset="comments") is None
    (row,) = world.rows_of()
    assert (row["removed"], row["customer_id"], row["rating"]) == (True, None, 3)


def test_what_cannot_be_read_is_told_and_costs_itself(world):
    world.fact(1)
    world.table.unreadable.add(world.fact(2).id)
    world.answer(replace(world.fact(3), answered_day="someday"), 5)

    done = world.later(61 * MINUTE)

    assert ids(world.rows_of()) == [1]
    assert [text.split(":")[0] for text in done.unreadable] == [f"INVITATION#{number:032x}" for number in (2, 3)]


# Zones


def test_half_an_hour_of_a_zone_decides_about_the_day():
    world = past(ArchiveWorld(zone=ZoneInfo("Asia/Kolkata")))
    midnight = NOON.replace(hour=18, minute=30)
    for number, at in enumerate([midnight - MINUTE, midnight], 1):
        world.put(replace(world.fact(number), occurred_at=at))
    world.later(61 * MINUTE)

    assert ids(world.rows_of()) == [1]
    assert ids(world.rows_of(TODAY + DAY)) == [2]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_on_which_the_clock_changes_has_all_of_its_facts(world, day, hours):
    first = NOON.replace(year=day.year, month=day.month, day=day.day, hour=0) - 3 * HOUR
    for number in range(60):
        world.put(replace(world.fact(number + 1), occurred_at=first + number * HOUR / 2))
    world.later(61 * MINUTE)

    rows = world.rows_of(day)
    assert len(rows) == min(2 * hours, len(rows))
    assert {row["fact_day"] for row in rows} == {str(day)}
    everywhere = [row for name in world.files.names("facts/") for row in world.rows_of(runs.day_of(name))]
    assert len(everywhere) == 60


# The limit between two nights, and time


def test_between_two_nights_at_most_so_many_facts_are_read_and_the_newest_days_go_first(world, monkeypatch):
    monkeypatch.setattr(runs, "MOST_FACTS", 3)
    for number, ago in enumerate([0, 0, 1, 1, 2], 1):
        world.fact(number, ago=ago * DAY)

    done = world.later(61 * MINUTE)
    assert (done.days, done.facts, done.waiting) == (2, 3, 1)
    assert world.rows_of(TODAY - DAY) is None

    assert world.night().waiting == 0
    assert ids(world.rows_of(TODAY - DAY)) == [3, 4]


def test_a_day_with_an_erasure_goes_first_and_has_no_limit(world, monkeypatch):
    monkeypatch.setattr(runs, "MOST_FACTS", 1)
    old = [world.fact(number, ago=9 * DAY) for number in (1, 2)]
    world.night()
    world.fact(3)
    world.erase(old[0])

    done = world.later(61 * MINUTE)

    assert (done.days, done.waiting) == (1, 1)
    assert ids(world.rows_of(TODAY - 9 * DAY)) == [2]


def test_a_run_ends_with_its_time_and_the_next_one_goes_on(world):
    for number in range(3):
        world.fact(number + 1, ago=number * DAY)
    left = iter([True, False])

    world.now += 61 * MINUTE
    done = world.run(goes_on=lambda: next(left))

    assert (done.days, done.waiting) == (1, 2)
    assert world.run().days == 2


def test_a_night_without_time_is_a_night_still_until_it_is_done(world):
    world.now += 61 * MINUTE
    for number in range(3):
        world.fact(number + 1, ago=number * DAY)
    world.now = NOON + 13 * HOUR
    left = iter([True, False])

    assert not world.run(goes_on=lambda: next(left)).nightly
    assert world.queue.messages == [{"kind": "stored", "nightly": False}]
    assert world.later(MINUTE).nightly


def test_at_night_what_waits_longest_goes_first(world):
    world.fact(1, ago=5 * DAY)
    world.now += 2 * HOUR
    world.fact(2)
    world.now = NOON + 13 * HOUR
    left = iter([True, False])
    world.run(goes_on=lambda: next(left))

    assert ids(world.rows_of(TODAY - 5 * DAY)) == [1]
    assert world.rows_of() is None


def test_another_run_is_left_alone(world):
    world.fact()
    world.table.take_lease("another", world.now, world.now + 2 * HOUR)

    assert world.later(61 * MINUTE).busy
    assert world.later(61 * MINUTE).days == 1


def test_a_day_that_fails_costs_itself_and_is_tried_again(world):
    class Broken:
        def __init__(self, files):
            self.files, self.names, self.delete, self.get = files, files.names, files.delete, files.get

        def put(self, name, body):
            if str(TODAY) in name:
                raise TransientError("slow down")
            self.files.put(name, body)

    world.fact(1)
    world.fact(2, ago=DAY)

    done = world.later(61 * MINUTE, files=Broken(world.files))
    assert (done.days, done.waiting, [str(error) for error in done.errors]) == (1, 0, ["slow down"])
    assert ids(world.rows_of(TODAY - DAY)) == [2]

    assert world.run().days == 1
    assert ids(world.rows_of()) == [1]


# Days that the table may have forgotten

LONG_AGO = TODAY - 728 * DAY
LAST = TODAY - 727 * DAY


def test_a_frozen_day_is_written_from_its_own_file_without_persons_and_not_from_the_table(world):
    world.stored_at(LONG_AGO, {"id": "7", "customer_id": "ada", "account": "acme", "rating": 9})
    world.files.put(place("comments", LONG_AGO), b"[]")
    world.fact(1, ago=728 * DAY)

    assert world.later(61 * MINUTE).days == 1

    (row,) = world.rows_of(LONG_AGO)
    assert (row["id"], row["rating"], row["customer_id"], row["account"]) == ("7", 9, None, None)
    assert world.rows_of(LONG_AGO, "comments") is None


def test_the_last_day_before_is_written_from_the_table(world):
    world.fact(1, ago=727 * DAY)
    world.later(61 * MINUTE)

    assert ids(world.rows_of(LAST)) == [1]


@pytest.fixture
def full(world):
    """Files of two days that freeze, which no night has emptied."""
    world.table.state = ArchiveState(nightly=TODAY)
    for day in (LONG_AGO, LAST):
        world.stored_at(day, {"id": "7", "customer_id": "ada"})
    return world


def customers(world):
    return [row["customer_id"] for day in (LONG_AGO, LAST) for row in world.rows_of(day)]


def test_days_that_froze_since_the_last_night_are_emptied_at_night_and_only_once(full):
    full.night()
    assert customers(full) == [None, None]
    assert full.table.state == ArchiveState(TODAY + DAY, LAST + DAY, LAST + DAY)

    full.files.files = dict.fromkeys(full.files.files, b"not looked at")
    assert full.night().errors == []


def test_emptying_ends_with_the_time_and_goes_on(full):
    full.now = NOON + 13 * HOUR
    left = iter([True, False])

    assert not full.run(goes_on=lambda: next(left)).nightly
    assert full.table.state.emptied is None
    assert full.run().nightly
    assert customers(full) == [None, None]


def test_a_damaged_file_of_a_frozen_day_is_told_left_and_tried_again_each_night(full):
    name = place("facts", LAST)
    full.files.put(name, b"damaged")

    for _ in range(2):
        done = full.night()
        assert done.nightly
        assert [str(error) for error in done.errors] == [f"{name}: damaged: ValueError"]
        assert full.table.state.emptied == LAST
    assert full.files.files[name] == b"damaged"


def test_a_mark_of_a_frozen_day_without_a_file_is_done(world):
    world.fact(1, ago=800 * DAY)
    world.later(61 * MINUTE)

    assert (world.files.files, world.table.marked) == ({}, {})


def test_a_longer_period_brings_no_frozen_day_back(world):
    world.periods = Retention(responses=800 * DAY)
    world.stored_at(LONG_AGO, {"id": "7"})
    world.fact(1, ago=728 * DAY)
    world.later(61 * MINUTE)

    assert ids(world.rows_of(LONG_AGO)) == [7]


def test_a_state_that_cannot_be_read_is_told_and_made_anew(world):
    world.table.state = UnreadableError("STATE archive")

    done = world.later(61 * MINUTE)

    assert (done.unreadable, done.nightly) == (["STATE archive"], True)
    assert world.table.state.frozen == TODAY - 727 * DAY


# Openings that the table has forgotten


def test_when_a_survey_was_opened_stays_known_when_its_visits_ended(world):
    opened = world.fact(1, ago=100 * DAY, visits=(Visit(NOON - 99 * DAY, Kind.OPENED),))
    other = world.fact(2, ago=100 * DAY)
    world.later(61 * MINUTE)

    world.put(replace(opened, visits=()))
    world.answer(other, 9)
    world.later(61 * MINUTE)

    assert [row["opened_at"] for row in world.rows_of(TODAY - 100 * DAY)] == ["2026-08-15 12:00:00", None]


def test_a_damaged_file_of_a_day_that_the_table_knows_is_told_and_replaced(world):
    world.files.put(place("facts", TODAY - 100 * DAY), b"damaged")
    world.fact(1, ago=100 * DAY)

    done = world.later(61 * MINUTE)

    assert done.unreadable == [f"{place('facts', TODAY - 100 * DAY)}: damaged: ValueError"]
    assert ids(world.rows_of(TODAY - 100 * DAY)) == [1]


# Retention


def test_at_night_files_end_by_the_day_in_their_names(world):
    oldest = TODAY + DAY - 1095 * DAY
    for day in (oldest - DAY, oldest):
        world.stored_at(day, {"id": "7"})
    for day in (TODAY + DAY - 366 * DAY, TODAY + DAY - 365 * DAY):
        world.files.put(place("comments", day), b"[]")

    assert world.night().ended == 2

    assert world.files.names("") == [place("comments", TODAY + DAY - 365 * DAY), place("facts", oldest)]


def test_a_day_past_a_period_is_not_written_again(world):
    world.periods = Retention(archive=500 * DAY, responses=600 * DAY)
    world.answer(world.fact(1, ago=501 * DAY), 9, "Words.")
    world.later(61 * MINUTE)
    assert world.files.files == {}

    world.answer(world.fact(2, ago=366 * DAY), 9, "Words.")
    world.later(61 * MINUTE)
    assert list(world.files.files) == [place("facts", TODAY - 366 * DAY)]


def test_a_frozen_day_past_the_period_of_the_archive_is_deleted(world):
    world.stored_at(TODAY - 1200 * DAY, {"id": "7"})
    world.fact(1, ago=1200 * DAY)
    world.later(61 * MINUTE)

    assert world.files.files == {}


def test_words_end_no_later_than_the_table_forgets_them(world):
    world.periods = Retention(comments=730 * DAY)
    body = world.rows.written([dict.fromkeys(COMMENTS) | {"id": "7", "comment": "Words."}], COMMENTS)
    world.files.put(place("comments", LAST), body)

    world.night()

    assert world.files.files == {}


def test_a_file_with_another_name_is_told_and_left(world):
    for name in ("facts/notes.txt", "facts/day=someday/part-0.parquet"):
        world.files.put(name, b"")

    assert world.night().unreadable == [f"{name}: no day of the archive" for name in sorted(world.files.files)]
    assert len(world.files.files) == 2


def test_an_answer_from_elsewhere_lies_under_the_day_that_it_names(world):
    world.fact(
        1,
        ago=10 * DAY,
        state=State.CLOSED,
        reason="collected",
        channel="import",
        answer=Answer(9),
        answered_at=NOON - 10 * DAY,
        answered_day=str(TODAY - 10 * DAY),
    )
    world.later(61 * MINUTE)

    assert [row["imported"] for row in world.rows_of(TODAY - 10 * DAY)] == [True]
