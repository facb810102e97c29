"""`afterbill import customers`, over a stack whose AWS is moto's."""

import csv
import json
from pathlib import Path
from typing import Any

import click
import pytest

from afterbill.adapters.dynamodb.short_links import ShortLinksTable
from afterbill_cli import cli
from afterbill_cli.importing import commands, customers
from afterbill_cli.importing.imports_table import ImportsTable
from tests.contract.conftest import mark_erased
from tests.contract.scores_table import TABLE
from tests.factories import EVENTS
from tests.unit.cli.imports import NOW

ADA = "ada@example.com"
HEADER = "email,id,name,country\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text(f"{HEADER}{ADA},1,Ada,GB\nbob@example.com,2,Bob,US\n")
    return path


@pytest.fixture
def run(stack: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give the command its words; its exit code, then what it said on stdout and stderr."""
    monkeypatch.setattr(commands.deployed, "connect", lambda _: stack)

    def running(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main(["import", "customers", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return running


@pytest.fixture
def table(stack: Any) -> ImportsTable:
    return ImportsTable(stack.client("dynamodb"), TABLE)


def stored(table: ImportsTable) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = table.dynamodb.scan(TableName=TABLE)["Items"]
    return items


def test_rows_about_removed_people_are_passed_over_unless_they_are_to_come_back(
    run: Any, file: Path, table: ImportsTable, stack: Any
) -> None:
    mark_erased(table, customers.importing(stack, dry_run=True).hash_alias("paddle#1"), NOW)
    told = "note: 1 row is about customers who were removed: they were passed over; --include-erased imports them"

    tried, out, err = run(file, "--source", "paddle", "--dry-run")
    assert (tried, err.splitlines()[-1]) == (0, told)
    code, out, err = run(file, "--source", "paddle")
    assert (code, out, err.splitlines()[-1]) == (0, "2 rows: 1 new, 0 changed, 0 unchanged, 1 erased.\n", told)
    assert table.customer_ids(["paddle#1"]) == {}

    assert run(file, "--source", "paddle", "--include-erased")[1] == "2 rows: 1 new, 0 changed, 1 unchanged.\n"
    assert "paddle#1" in table.customer_ids(["paddle#1"])


def test_customers_come_into_the_table(run: Any, file: Path, table: ImportsTable) -> None:
    code, out, err = run(file, "--source", "paddle")

    assert (code, out) == (0, "2 rows: 2 new, 0 changed, 0 unchanged.\n")
    assert err.splitlines() == ["checking 100 %", "importing 100 %"]
    [ada] = table.customers([table.customer_ids(["paddle#1"])["paddle#1"]]).values()
    assert (ada.address, ada.name, ada.country, ada.version) == (ADA, "Ada", "GB", 1)


def test_the_samples_come_in_with_their_field_map(run: Any, tmp_path: Path, table: ImportsTable) -> None:
    for name in ("customers.csv", "customers.jsonl"):
        (tmp_path / name).write_bytes((EVENTS / "imports" / name).read_bytes())

    assert run(tmp_path / "customers.csv", "--fields", EVENTS / "imports" / "customers.toml", "--source", "paddle")[
        :2
    ] == (0, "3 rows: 3 new, 0 changed, 0 unchanged.\n")
    assert run(tmp_path / "customers.jsonl", "--source", "paddle")[1].startswith("3 rows: 0 new, 2 changed,")
    assert len(stored(table)) == 6


def test_an_import_that_is_over_says_so(run: Any, file: Path) -> None:
    run(file)

    code, out, _ = run(file)

    assert code == 0
    assert out.startswith("customers.csv was imported 20")
    assert "UTC: 2 new, 0 changed, 0 unchanged.\n--again reads it from the first row" in out


def test_again_writes_nothing_that_is_there(run: Any, file: Path, table: ImportsTable) -> None:
    run(file)
    before = stored(table)

    assert run(file, "--again")[:2] == (0, "2 rows: 0 new, 0 changed, 2 unchanged.\n")
    assert stored(table) == before


def test_a_suppressed_address_stays_so(run: Any, file: Path, stack: Any, table: ImportsTable) -> None:
    hash_address = customers.importing(stack, dry_run=True).hash_address
    ShortLinksTable(table.dynamodb, TABLE).suppress(hash_address(ADA), "complained", NOW, None)

    run(file, "--source", "paddle")

    assert ShortLinksTable(table.dynamodb, TABLE).suppressed(hash_address(ADA))


def test_a_dry_run_leaves_no_trace(run: Any, file: Path, table: ImportsTable) -> None:
    code, out, _ = run(file, "--dry-run")

    assert (code, out) == (
        0,
        "2 rows, a dry run: 2 new, 0 changed, 0 unchanged. Nothing was written.\n",
    )
    assert stored(table) == []
    assert [one.name for one in file.parent.iterdir() if one.name != "config"] == ["customers.csv"]


def test_errors_keep_the_whole_file_out(run: Any, file: Path, table: ImportsTable) -> None:
    file.write_text(f"{HEADER}{ADA},1,Ada,Germany\nbob@example.com,2,Bob,US\n")

    code, out, err = run(file, "--errors", file.with_name("errors.csv"))

    assert (code, out) == (1, "1 of 2 rows have errors: nothing was written.\n")
    assert 'customers.csv:2: country: "Germany" is no country of ISO 3166. Write its two letters' in err
    assert stored(table) == []
    [problem] = csv.DictReader(file.with_name("errors.csv").read_text().splitlines())
    assert (problem["line"], problem["column"]) == ("2", "country")


def test_the_other_rows_come_in_where_that_is_wanted(run: Any, file: Path) -> None:
    file.write_text(f"{HEADER}{ADA},1,Ada,Germany\nbob@example.com,2,Bob,US\n")

    assert run(file, "--skip-invalid", "--dry-run")[1] == (
        "2 rows, a dry run: 1 new, 0 changed, 0 unchanged, 1 left out. Nothing was written.\n"
    )
    assert run(file, "--skip-invalid")[:2] == (0, "2 rows: 1 new, 0 changed, 0 unchanged, 1 left out.\n")


def test_nothing_that_is_said_holds_an_address(run: Any, file: Path) -> None:
    file.write_text(f"{HEADER}{ADA},1,Ada,GB\n{ADA},2,Bob,{ADA}\nbroken@,3,,\n")

    _, out, err = run(file)

    assert ADA not in out + err
    assert "a***@example.com" in err


def test_an_import_that_was_stopped_goes_on(run: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(HEADER + "".join(f"person{number}@example.com,{number},,\n" for number in range(150)))

    def at(progress: customers.Progress, _: int) -> None:
        if progress.what == "importing":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(customers.Progress, "at", at)
        code, _, err = run(file)
    assert code == 130
    assert err.endswith("\nstopped after row 100: the same command goes on from there\n")

    code, out, err = run(file)

    assert (code, out) == (0, "150 rows: 150 new, 0 changed, 0 unchanged.\n")
    assert "going on after row 100 of 150" in err


def test_what_changes_between_checking_and_writing_is_told(
    run: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Meddling(customers.RetryingWriter):
        def write(self, rows: Any, journal: Any) -> None:
            file.write_text(f"{HEADER}ada,1,Ada,GB\n")
            super().write(rows, journal)

    monkeypatch.setattr(customers, "RetryingWriter", Meddling)

    code, _, err = run(file)

    assert code == 2
    assert "was changed while it was imported: run the command again" in err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--source", "nobody"], "surveys.toml has no [sources.nobody], only: "),
        (["--errors", "SELF"], "--errors names the file that is imported: choose another one"),
        (["--errors", "/nowhere/errors.csv"], "/nowhere/errors.csv: the errors cannot be written there: No such file"),
        (["--field", "mail=x"], "--field: there is no field mail"),
        (["--encoding", "klingon"], "--encoding klingon: unknown"),
    ],
)
def test_a_wrong_word_is_told(run: Any, file: Path, words: list[str], expected: str) -> None:
    code, _, err = run(file, *(str(file) if word == "SELF" else word for word in words))

    assert code == 2
    assert f"afterbill: {expected}" in err


@pytest.mark.parametrize(("sign", "meant"), [(";", ";"), ("tab", "\t"), (r"\t", "\t"), ("|", "|")])
def test_a_delimiter_is_one_sign_or_the_word_for_it(sign: str, meant: str) -> None:
    assert commands._delimiter(sign) == meant


@pytest.mark.parametrize("sign", ["", ";;", '"', " "])
def test_what_cannot_delimit_is_refused(sign: str) -> None:
    with pytest.raises(click.BadParameter):
        commands._delimiter(sign)


def test_the_journal_is_of_this_file_and_this_stack(run: Any, file: Path) -> None:
    run(file)
    [book] = (file.parent / ".afterbill").iterdir()

    content = json.loads(book.read_text())

    assert (content["file"], content["done"], content["outcomes"]) == ("customers.csv", 2, {"new": 2})
