"""`afterbill query`: an operator's SQL, shown in three forms, noted before anything is shown."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from afterbill.model.errors import ConfigurationError
from afterbill.model.privacy import Act
from afterbill_cli import cli, deployed, query
from afterbill_cli.acts import Acts, ledger_of
from afterbill_cli.athena import Answer
from afterbill_cli.deployed import Deployed
from afterbill_cli.output import Output

COLUMNS = ("customer_id", "answered_day", "share", "share")
ROWS = [("c1", date(2026, 11, 22), Decimal("0.5"), None), (None, None, Decimal(2), 9)]


class Engine:
    """Answers every statement alike."""

    def __init__(self, columns: tuple[str, ...] = COLUMNS, rows: list[tuple[Any, ...]] = ROWS) -> None:
        self.answer, self.asked = (columns, rows), [""]

    def ask(self, sql: str) -> Answer:
        self.asked.append(sql)
        columns, rows = self.answer
        return Answer(columns, iter(rows), 12_345_678)


@pytest.fixture
def acts(stack: Deployed) -> Callable[[], list[Act]]:
    start = datetime.now(UTC)
    return lambda: list(ledger_of(stack).acts(start, datetime.now(UTC)))


@pytest.fixture
def shown(stack: Deployed, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    def show(output: Output, engine: Engine | None = None) -> tuple[str, str]:
        asked: Any = engine or Engine()
        assert query.show(asked, "SELECT 1", Acts(stack, "query", "for the board"), output) == 0
        return capsys.readouterr()

    return show


def test_a_table_is_for_people(shown: Callable[..., tuple[str, str]]) -> None:
    out, err = shown(Output.TABLE)

    assert out.splitlines() == [
        "customer_id  answered_day  share  share_2",
        "c1           2026-11-22    0.5",
        "                           2.0    9",
        "2 rows",
    ]
    assert err == "Scanned 12.3 MB.\n"


def test_json_has_numbers_and_nothing_where_nothing_is_known(shown: Callable[..., tuple[str, str]]) -> None:
    rows = json.loads(shown(Output.JSON)[0])

    assert rows == [
        {"customer_id": "c1", "answered_day": "2026-11-22", "share": 0.5, "share_2": None},
        {"customer_id": None, "answered_day": None, "share": 2.0, "share_2": 9},
    ]


def test_csv_has_a_header_and_no_formulas(shown: Callable[..., tuple[str, str]]) -> None:
    out, _ = shown(Output.CSV, Engine(("plan",), [("=1+1",)]))

    assert out == "plan\n'=1+1\n"


def test_the_customers_who_are_shown_are_noted(
    shown: Callable[..., tuple[str, str]], acts: Callable[[], list[Act]]
) -> None:
    shown(Output.JSON)

    (act,) = acts()
    assert (act.what, act.whose, act.why) == ("query", ("c1",), "for the board")


def test_a_query_that_names_nobody_is_noted_too(
    shown: Callable[..., tuple[str, str]], acts: Callable[[], list[Act]]
) -> None:
    """The words of a comment may tell who wrote it."""
    shown(Output.CSV, Engine(("comment",), [("Too dear",)]))

    (act,) = acts()
    assert (act.what, act.whose) == ("query", ())


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (12_345_678, "12.3 MB"), (5 * 10**12, "5000.0 GB")],
)
def test_what_was_scanned_has_a_unit(size: int, told: str) -> None:
    assert query.scanned(size) == told


def test_an_older_stack_has_no_archive(stack: Deployed) -> None:
    with pytest.raises(ConfigurationError, match="ArchiveWorkGroupName"):
        query.engine_of(stack)


@pytest.mark.parametrize(
    "sql", ["DROP TABLE facts", "INSERT INTO facts SELECT 1", "-- SELECT\nDELETE FROM facts", "", "selected"]
)
def test_what_does_not_read_is_refused(sql: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["query", "--", sql]) == 2
    assert "a query begins with SELECT" in capsys.readouterr().err


@pytest.mark.parametrize(
    "sql", ["select 1", "-- what for\n/* and\nhow */ (WITH a AS (SELECT 1) SELECT * FROM a)", "SHOW TABLES"]
)
def test_what_reads_is_asked(sql: str, monkeypatch: pytest.MonkeyPatch, stack: Deployed) -> None:
    asked: list[str] = []
    monkeypatch.setattr(deployed, "connect", lambda _: stack)
    monkeypatch.setattr(query, "engine_of", lambda _: None)
    monkeypatch.setattr(query, "show", lambda _engine, statement, *_: asked.append(statement) or 0)

    assert cli.main(["query", "--", sql]) == 0
    assert asked == [sql]
