"""Answers from long before the first survey: counted by month, without person and comment."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from afterbill.answers.external import OLDEST_DAYS
from afterbill.model.history import MonthTally
from afterbill.model.questions import Question
from afterbill_cli.memory.history import MemoryHistory
from afterbill_cli.memory.table import MemoryTable
from tests.unit.cli.exports import NOW, read, write

HEADER = "rating,answered_at,comment,email,touchpoint\n"
OLD = "2024-12-21T10:00:00Z"
BOTH = f"{HEADER}9,2026-11-20T10:00:00Z,New,ada@example.com,\n3,{OLD},Ask Bob,bob@example.com,renewed\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


def test_what_is_older_than_700_days_is_counted_and_nothing_else_of_it_is_kept(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    months = MemoryHistory()

    result = write(file, BOTH, months=months)

    [tally] = months.of_month(date(2024, 12, 1))
    assert (tally.ratings[3], sum(tally.ratings)) == (1, 1)
    assert (tally.question, tally.source, tally.touchpoint, tally.stage) == (
        Question.NPS,
        "csv",
        "renewed",
        "stage of renewed",
    )
    assert [one.answer.rating for one in result.responses if one.answer] == [9]
    assert "Bob" not in repr(months)
    assert "1 is older than 700 days: counted by month" in capsys.readouterr().out


def test_the_archive_is_told_of_the_month(file: Path) -> None:
    marked: list[date] = []

    write(file, BOTH, months=MemoryHistory(), mark=marked.append)

    assert marked == [date(2024, 12, 1)]


def test_a_file_of_old_answers_alone_is_no_failure(file: Path) -> None:
    result = write(file, f"{HEADER}3,{OLD},,,\n", months=MemoryHistory())

    assert (result.code, result.responses) == (0, [])


def test_the_same_file_again_counts_once(file: Path) -> None:
    months = MemoryHistory()
    for _ in range(2):
        write(file, BOTH, table=MemoryTable(), months=months)

    assert [sum(one.ratings) for one in months.of_month(date(2024, 12, 1))] == [1]


def test_another_file_about_the_same_month_is_told_and_left(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    months = MemoryHistory()
    write(file, f"{HEADER}3,{OLD},,,\n", months=months)

    write(file, f"{HEADER}4,{OLD},,,\n5,{OLD},,,\n", months=months)

    assert [one.ratings[3] for one in months.of_month(date(2024, 12, 1))] == [1]
    assert "2 older ones are of months that another file told of" in capsys.readouterr().err


def test_a_later_import_counts_no_answer_a_second_time_that_was_kept_by_the_first(file: Path) -> None:
    months = MemoryHistory()
    write(file, BOTH, months=months)

    result = write(file, f"{HEADER}9,2024-12-25T10:00:00Z,,,\n", months=months, now=NOW + timedelta(days=10))

    assert result.left_out == {f"older than {OLDEST_DAYS} days": (1, [2])}


def test_what_the_archive_does_not_reach_is_left_out(file: Path) -> None:
    result = write(file, f"{HEADER}9,2023-11-01T10:00:00Z,,,\n", months=MemoryHistory())

    assert result.left_out == {f"older than {OLDEST_DAYS} days": (1, [2])}
    assert result.code == 1


def test_a_dry_run_counts_and_stores_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    months = MemoryHistory()
    file.write_text(BOTH)

    read(file, months=months, dry_run=True)

    assert months.of_month(date(2024, 12, 1)) == []
    assert "1 is older than 700 days: counted by month" in capsys.readouterr().out


def test_a_tally_names_nobody() -> None:
    assert set(MonthTally.__annotations__) == {"month", "question", "source", "touchpoint", "stage", "ratings", "file"}
