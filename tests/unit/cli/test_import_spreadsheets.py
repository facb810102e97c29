"""What spreadsheets make of cells: undone where nothing is lost, told where something is."""

from pathlib import Path

import pytest

from afterbill.model.customer import Customer
from afterbill_cli.importing.customer_columns import FieldMap
from afterbill_cli.memory.table import MemoryTable
from tests.unit.cli.exports import write
from tests.unit.cli.imports import check

ADA, KENJI = "ada@example.com", "kenji@example.com"
THEN = "2026-11-20T10:00:00Z"
LOST = (
    "is a number that a spreadsheet has shortened: digits are lost. "
    "Give the column the format Text before the values come in, and save the file again"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


# Ids


@pytest.mark.parametrize("id_", ["7.03457E+12", "7,03457E+12", "7E+12", "-7.0E+12", "7.03457e+12", "1.2E-05"])
def test_an_id_in_scientific_notation_is_told_by_its_line(file: Path, id_: str) -> None:
    result = check(file, f"id\temail\n7034570000001\t{KENJI}\n{id_}\t{ADA}\n")

    assert result.messages == [f'3 id: "{id_}" {LOST}']
    assert result.addresses == [KENJI]


@pytest.mark.parametrize(
    "id_", ["7E12", "1E5", "E+12", "12.5E+12a", "K-1.0", "1.5", "00123", "0.0.0", "cus_9", "7.0E+"]
)
def test_an_id_that_only_looks_a_little_like_a_number_is_one(file: Path, id_: str) -> None:
    assert check(file, f"id\temail\n{id_}\t{ADA}\n").events[0].customer.id == id_


@pytest.mark.parametrize("written", ["1001.0", "1001,0", "1001.00"])
def test_an_id_that_was_taken_for_a_decimal_number_is_read_without_its_decimals(file: Path, written: str) -> None:
    result = check(file, f"id\temail\n{written}\t{ADA}\n")

    assert result.events[0].customer.id == "1001"
    assert result.problems.notes == {
        "ids end in .0, as spreadsheets write decimal numbers: they are read without it": 1
    }


def test_a_decimal_number_of_more_digits_than_a_spreadsheet_keeps_is_told(file: Path) -> None:
    assert check(file, f"id\temail\n1234567890123456.0\t{ADA}\n").messages == [f'2 id: "1234567890123456.0" {LOST}']


def test_an_id_whose_last_digits_may_be_lost_is_read_and_noted(file: Path) -> None:
    result = check(file, f"id\temail\n123456789012345000\t{ADA}\n1234567890123450\t{KENJI}\n")

    assert [one.customer.id for one in result.events] == ["123456789012345000", "1234567890123450"]
    [(note, count)] = result.problems.notes.items()
    assert (note[:42], count) == ("ids have 15 digits and then zeros only: sp", 1)


@pytest.mark.parametrize("written", ['="00123"', '"=""00123"""', "'00123", '" =""00123"" "'])
def test_the_zeros_of_an_id_are_kept_however_they_were_saved(file: Path, written: str) -> None:
    assert check(file, f"id\temail\n{written}\t{ADA}\n").events[0].customer.id == "00123"


# Phone numbers


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("'+49 170 1234567", "+49 170 1234567"),
        ("'0170 1234567", "0170 1234567"),
        ('="+49 170 1234567"', "+49 170 1234567"),
        ("491701234567.0", "491701234567"),
        ("0170.123.4567", "0170.123.4567"),
    ],
)
def test_a_phone_number_is_read_without_what_kept_it_a_text(file: Path, written: str, expected: str) -> None:
    assert check(file, f"email\tphone\n{ADA}\t{written}\n").events[0].customer.phone == expected


def test_a_phone_number_in_scientific_notation_is_told(file: Path) -> None:
    assert check(file, f"email\tphone\n{ADA}\t4.91701E+11\n").messages == [f'2 phone: "4.91701E+11" {LOST}']


# Formulas and their errors


@pytest.mark.parametrize("cell", ["#N/A", "#NV", "#REF!", "#BEZUG!", "#NAME?", "#DIV/0!", "########"])
@pytest.mark.parametrize("column", ["id", "name", "plan", "phone", "attributes.seats"])
def test_an_error_of_a_spreadsheet_is_nobodys_value(file: Path, column: str, cell: str) -> None:
    [message] = check(file, f"email\t{column}\n{ADA}\t{cell}\n").messages

    assert message == (
        f'2 {column}: "{cell}" is an error of a spreadsheet. Paste the column as values, and save the file again'
    )


@pytest.mark.parametrize("cell", ["=A2", '=HYPERLINK("x";"y")', "=1+1"])
def test_a_formula_is_nobodys_value(file: Path, cell: str) -> None:
    [message] = check(file, f"email\tname\n{ADA}\t{cell}\n").messages

    assert "is a formula, not what it comes to" in message


def test_words_that_begin_like_one_are_words(file: Path) -> None:
    row = f"{ADA}\t't Hooft\t#1 Pro\t=> yes, #N/A\n"
    [event] = check(file, f"email\tname\tplan\tconsent_text\n{row}").events

    assert (event.customer.name, event.plan) == ("'t Hooft", "#1 Pro")
    assert event.customer.attributes["consent_text"] == "=> yes, #N/A"


# Rows


def test_a_row_that_was_taken_for_a_single_cell_is_read(file: Path) -> None:
    rows = f'"{ADA},Ada,""Ja, ich will"""\n{KENJI},Kenji,Nein\n"Lovelace, Ada"\n'
    result = check(file, f"email,name,plan\n{rows}")

    assert [(one.customer.name, one.plan) for one in result.events] == [("Ada", "Ja, ich will"), ("Kenji", "Nein")]
    assert [message.split(":")[0] for message in result.messages] == ["4 email"]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_so_is_a_header_that_was(file: Path, delimiter: str) -> None:
    content = f'"email,""name"""\n"{ADA},""Ada"""\n'.replace(",", delimiter)

    assert [one.customer.name for one in check(file, content).events] == ["Ada"]


def test_a_single_column_may_have_the_delimiter_in_its_name(file: Path) -> None:
    fields = FieldMap({"email": "Mail, private"})

    assert check(file, f'"Mail, private"\n{ADA}\n', fields=fields).addresses == [ADA]


# Responses


def test_the_ids_of_an_export_are_read_the_same_way(file: Path) -> None:
    table = MemoryTable(aliases={"stripe#0042": "ada"}, people={"ada": Customer("ada")})
    content = f'id\trating\tdate\tcustomer id\n90210001.0\t\'9\t{THEN}\t="0042"\n'

    result = write(file, content, table=table, customers_of="stripe")

    [response] = result.responses
    assert (response.fact, response.customer_id) == ("import|csv|90210001", "ada")
    assert list(result.notes) == ["ids end in .0, as spreadsheets write decimal numbers: they are read without it"]


@pytest.mark.parametrize("column", ["id", "customer_id"])
@pytest.mark.parametrize(
    ("cell", "why"), [("9.0211E+12", "digits are lost"), ("#REF!", "is an error of a spreadsheet")]
)
def test_an_id_that_is_lost_costs_its_row(file: Path, column: str, cell: str, why: str) -> None:
    result = write(file, f"rating,date,{column}\n5,{THEN},1\n6,{THEN},{cell}\n")

    assert result.left_out == {"the id cannot be one": (1, [3])}
    assert why in result.report.left_out["the id cannot be one"].example


def test_a_comment_is_the_words_of_a_customer(file: Path) -> None:
    assert write(file, f"rating\tdate\tcomment\n5\t{THEN}\t'90s prices, #N/A\n").answers[0][1] == "'90s prices, #N/A"


# Files that failed once


def test_an_export_without_its_trailing_cells_is_read(faults: Path, file: Path) -> None:
    content = (faults / "9a.excel.trailing_cells_dropped.csv").read_bytes()

    assert [(rating, comment) for rating, comment, _ in write(file, content).answers] == [(9, ""), (8, "y")]


def test_an_id_that_excel_shortened_is_told(faults: Path, file: Path) -> None:
    result = check(file, (faults / "9c.customers.excel.id_in_scientific_notation.csv").read_bytes())

    assert result.messages == [f'2 id: "7.03457E+12" {LOST}']
