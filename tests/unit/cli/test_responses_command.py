"""`afterbill import responses`, over a stack whose AWS is moto's."""

import csv
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest

from afterbill.intake.ports import FactWrites
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill_cli import cli, deployed
from afterbill_cli.importing import journal, responses, retrying_writer
from afterbill_cli.importing.imports_table import ImportsTable
from afterbill_cli.importing.responses import Progress, ReadOnlyResponses
from afterbill_cli.memory.table import MemoryTable
from tests.contract.scores_table import TABLE
from tests.factories import hash_address
from tests.unit.cli.exports import NOW, SAMPLES
from tests.unit.loop.crashes import Saboteur, SimulatedCrash, Spoiled

Running = Callable[..., tuple[int, str, str]]
HEADER = "id,rating,answered_at,email\n"
THEN = "2026-11-20T10:00:00Z"
NOTHING = "0 stored, 0 replaced, 0 already there, 0 already there, but different"


class Clock(datetime):
    """Every import begins a second after the one before."""

    at = NOW

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:  # noqa: ARG003  # always UTC
        cls.at += timedelta(seconds=1)
        return cls.fromisoformat(cls.at.isoformat())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    path.write_text(f"{HEADER}1,9,{THEN},ada@example.com\n2,0,{THEN},\n")
    return path


@pytest.fixture
def run(stack: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Running:
    """Give the command its words; its exit code, then what it said on stdout and stderr."""
    monkeypatch.setattr(deployed, "connect", lambda _: stack)
    monkeypatch.setattr(journal, "datetime", Clock)

    def running(*words: object, product: str = "csv") -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main(["import", "responses", "--from", product, *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return running


@pytest.fixture
def table(stack: Any) -> ImportsTable:
    return ImportsTable(stack.client("dynamodb"), TABLE)


def stored(table: ImportsTable) -> dict[str, Any]:
    items: list[dict[str, Any]] = table.dynamodb.scan(TableName=TABLE)["Items"]
    return {item["pk"]["S"]: item for item in items if item["pk"]["S"] != "HISTORY"}


def many(file: Path, count: int = 250) -> None:
    """Write rows of which one in each chunk has an address: each of these is looked up by itself."""
    addresses = (f"p{number}@example.com" if number % 100 == 0 else "" for number in range(count))
    rows = (f"{number},{number % 11},{THEN},{address}\n" for number, address in enumerate(addresses))
    file.write_text(HEADER + "".join(rows))


def test_responses_come_into_the_table(run: Running, file: Path, table: ImportsTable) -> None:
    code, out, err = run(file, "--touchpoint", "renewed", "--name", "desk")

    assert (code, out) == (0, "2 rows: 2 stored, 0 replaced, 0 already there, 0 already there, but different.\n")
    assert err.splitlines() == ["importing 100 %"]
    ratings = {item["fact"]["S"]: (item["rating"]["N"], item["answered_day"]["S"]) for item in stored(table).values()}
    assert ratings == {"import|desk|1": ("9", "2026-11-20"), "import|desk|2": ("0", "2026-11-20")}
    assert {item["segments"]["M"]["stage"]["S"] for item in stored(table).values()} == {"loyalty"}


def test_who_answered_is_named(run: Running, file: Path, table: ImportsTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses.SecretKeys, "hash_address", lambda _, address: hash_address(address))
    table.commit(FactWrites(customers=(Customer("ada", address_hash=hash_address("ada@example.com")),)))

    run(file)

    named = [
        item.get("customer_id", {}).get("S") for key, item in stored(table).items() if key.startswith("INVITATION")
    ]
    assert sorted(map(str, named)) == ["None", "ada"]


def test_an_export_with_faults_tells_each_of_them(run: Running, tmp_path: Path, table: ImportsTable) -> None:
    export = Path(shutil.copy(SAMPLES / "callexa.csv", tmp_path))

    code, out, err = run(export, "--errors", tmp_path / "errors.csv", product="callexa")

    assert (code, out.split(": ")[1]) == (0, f"{NOTHING.replace('0 stored', '2 stored')}, 1 left out.\n")
    [problem] = csv.DictReader((tmp_path / "errors.csv").read_text().splitlines())
    assert err.splitlines() == [
        "note: this is no UTF-8, so it is read as Windows-1252; --encoding says otherwise",
        "importing 100 %",
        f"left out: 1 row, line 4: the rating is no whole number. Line 4: {problem['problem']}. {problem['hint']}",
        'note: columns are not read: "Kategorie", "Vorname", "Nachname"',
    ]
    assert (problem["line"], problem["problem"]) == ("4", '"8,5" is no whole number')
    assert len(stored(table)) == 2


def test_only_the_first_lines_of_a_reason_are_named(run: Running, file: Path) -> None:
    file.write_text(HEADER + "".join(f"{number},11,{THEN},\n" for number in range(8)))

    code, out, err = run(file)

    assert (code, out) == (1, f"8 rows: {NOTHING}, 8 left out.\n")
    assert "left out: 8 rows, lines 2, 3, 4, 5, 6 and 3 more: the rating is outside its scale. Line 2: " in err


def test_a_scale_that_is_said_after_all_is_read_from_the_first_row(run: Running, file: Path) -> None:
    file.write_text(f"id,rating,date,question\n1,4,{THEN},ces\n")
    assert run(file)[0] == 1

    code, out, err = run(file, "--scale", "ces=1-5")

    assert (code, out.startswith("1 rows: 1 stored,")) == (0, True)
    assert "note: 1 row, line 2: ces of 1 to 5 is stored as 1, 2, 4, 6, 7: shares can be compared" in err


def test_what_is_odd_about_all_ratings_is_told(run: Running, file: Path) -> None:
    file.write_text("id,rating,date\n" + "".join(f"{number},{number % 6},{THEN}\n" for number in range(12)))

    assert "note: no recommendation is above 5: if it was not asked from 0 to 10" in run(file, "--dry-run")[2]


def test_an_import_that_is_over_says_so(run: Running, file: Path) -> None:
    run(file)

    code, out, _ = run(file)

    assert code == 0
    assert out.startswith("answers.csv was imported 20")
    assert "UTC: 2 stored, 0 replaced," in out
    assert out.endswith("--again reads it from the first row; what is stored already is not written twice.\n")


def test_again_writes_nothing_that_is_there(run: Running, file: Path, table: ImportsTable) -> None:
    run(file)
    before = stored(table)

    assert run(file, "--again")[:2] == (0, f"2 rows: {NOTHING.replace('0 already there,', '2 already there,', 1)}.\n")
    assert stored(table) == before


def test_what_differs_is_told_and_changed_with_replace(run: Running, file: Path, table: ImportsTable) -> None:
    run(file)
    file.write_text(f"{HEADER}1,3,{THEN},ada@example.com\n")

    code, out, err = run(file)

    assert (code, out) == (0, f"1 rows: {NOTHING.replace('0 already there, but', '1 already there, but')}.\n")
    assert "note: 1 row, line 2: says something else than what is stored, which was kept; --replace changes it" in err
    assert run(file, "--replace")[1] == f"1 rows: {NOTHING.replace('0 replaced', '1 replaced')}.\n"
    assert sorted(item["rating"]["N"] for item in stored(table).values()) == ["0", "3"]


@pytest.mark.parametrize("replace", [(), ("--replace",)])
def test_a_dry_run_says_the_same_and_leaves_no_trace(
    replace: tuple[str, ...], run: Running, file: Path, table: ImportsTable
) -> None:
    run(file)
    shutil.rmtree(file.parent / ".afterbill")
    file.write_text(f"{HEADER}1,3,{THEN},ada@example.com\n3,11,{THEN},\n4,4,{THEN},\n4,4,{THEN},\n")
    before = stored(table)

    code, out, err = run(file, "--dry-run", *replace)

    assert stored(table) == before
    assert sorted(one.name for one in file.parent.iterdir()) == ["answers.csv", "config"]
    wet = run(file, *replace)
    assert wet[0] == code
    assert wet[1] == out.replace("4 rows, a dry run: ", "4 rows: ").replace(" Nothing was written.", "")
    assert wet[2] == err.replace("trying", "importing")


def test_the_twin_of_a_dry_run_reads_as_it_is(table: ImportsTable) -> None:
    table.commit(FactWrites(customers=(Customer("ada"),), aliases={"paddle#1": ("ada", None)}))

    twin = ReadOnlyResponses(table)

    assert twin.customer_ids(["paddle#1"]) == {"paddle#1": "ada"}
    assert twin.customers(["ada"]) == {"ada": Customer("ada", 1)}


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after it"])
def test_one_that_is_killed_at_any_call_goes_on_and_ends_as_if_nothing_had_been(
    *, after: bool, run: Running, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(file)
    for at in range(1, 20):
        shutil.rmtree(file.parent / ".afterbill", ignore_errors=True)
        memory, saboteur = MemoryTable(), Saboteur(at, after, SimulatedCrash)
        spoiled = Spoiled(memory, saboteur)
        with monkeypatch.context() as patch:
            patch.setattr(responses, "ImportsTable", lambda *_, it=spoiled, **_kept: it)
            with suppress(SimulatedCrash):
                run(file)
        if not saboteur.hit:
            break
        monkeypatch.setattr(responses, "ImportsTable", lambda *_, it=memory, **_kept: it)

        code, out, _ = run(file)

        assert (code, out) == (0, f"250 rows: {NOTHING.replace('0 stored', '250 stored', 1)}.\n")
        assert len(memory.invitations) == 250
    assert at == 3 * 4 + 1  # three chunks: what is there, who it was, whether they were erased, the transaction


def test_one_that_is_stopped_says_where(run: Running, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "end", stop)
        patch.setattr(journal.Journal, "finish", stop)
        code, _, err = run(file)

    assert code == 130
    assert err.endswith("\nstopped after row 2: the same command goes on from there\n")
    assert run(file)[1] == f"2 rows: {NOTHING.replace('0 stored', '2 stored', 1)}.\n"


def test_a_busy_table_is_waited_for_but_not_for_ever(run: Running, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> bool:
        raise TransientError("the table is throttling")

    monkeypatch.setattr(ImportsTable, "store", busy)
    monkeypatch.setattr(retrying_writer, "_PAUSES", (0, 0))

    code, _, err = run(file)

    assert code == 2
    assert "the table is throttling. What is done is remembered: run the same command again to go on" in err


def test_the_journal_holds_no_address(run: Running, file: Path) -> None:
    run(file)
    [book] = (file.parent / ".afterbill").iterdir()

    content = json.loads(book.read_text())

    assert (content["file"], content["done"], content["outcomes"]) == ("answers.csv", 2, {"stored": 2})
    assert "@" not in book.read_text()


def test_times_are_those_of_the_zone_that_is_said(run: Running, file: Path, table: ImportsTable) -> None:
    file.write_text("rating,date\n5,2026-11-20 00:30\n")

    run(file, "--time-zone", "Asia/Tokyo")

    [item] = stored(table).values()
    assert (item["answered_at"]["S"], item["answered_day"]["S"]) == ("2026-11-19T15:30:00Z", "2026-11-19")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--source", "nobody"], "surveys.toml has no [sources.nobody], only: "),
        (["--name", "Two Words"], "--name Two Words: up to 40 small letters"),
        (["--touchpoint", "lunch"], "--touchpoint lunch: there is none, only: "),
        (["--time-zone", "Mars"], '--time-zone Mars: "Mars" is no time zone. Write an IANA name'),
        (["--scale", "ces=1-9"], "--scale ces=1-9: ces is imported from 1 to 7 or 1 to 5 only: "),
        (["--column", "stars=x"], "--column stars=x: there is no field stars"),
        (["--encoding", "klingon"], "--encoding klingon: unknown"),
        (["--errors", "SELF"], "--errors names the file that is imported"),
    ],
)
def test_a_wrong_word_is_told(run: Running, file: Path, words: list[str], expected: str) -> None:
    code, _, err = run(file, *(str(file) if word == "SELF" else word for word in words))

    assert code == 2
    assert f"afterbill: {expected}" in err


def test_a_file_that_is_not_there_is_told(run: Running, tmp_path: Path) -> None:
    assert "no such file" in run(tmp_path / "none.csv")[2]


def test_ids_of_customers_may_be_those_of_a_source(run: Running, file: Path) -> None:
    assert run(file, "--source", "paddle", "--dry-run")[0] == 0
