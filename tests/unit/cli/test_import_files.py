"""Files to import: how they are read, and what is told about those that cannot be."""

import codecs
from dataclasses import replace
from pathlib import Path

import pytest

from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill_cli.importing import csv_rows, text_files
from afterbill_cli.importing.customer_columns import FieldMap, field_map
from tests.factories import EVENTS
from tests.unit.cli.imports import check

ADA, KENJI = "ada@example.com", "kenji@example.com"
PLAIN = f"email,name\n{ADA},Ada Ünal\n{KENJI},Kenji\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    return tmp_path / "customers.jsonl"


def refused(file: Path, content: str | bytes, **layout: object) -> str:
    with pytest.raises(AfterbillError) as error:
        check(file, content, **layout)
    return str(error.value).replace(f"{file.parent}/", "")


# Encodings


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PLAIN.encode(), None),
        (PLAIN.encode("utf-8-sig"), None),
        (codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"), None),
        (codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"), None),
        (codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"), "utf-16-le"),
        (PLAIN.encode("utf-8-sig"), "utf-8"),
        (PLAIN.encode("cp1252"), "cp1252"),
    ],
    ids=["utf-8", "its mark", "utf-16", "big endian", "mark and said", "utf-8 said, with a mark", "cp1252"],
)
def test_a_file_is_read_as_it_was_saved(file: Path, content: bytes, encoding: str | None) -> None:
    result = check(file, content, encoding=encoding)

    assert [(one.customer.email, one.customer.name) for one in result.events] == [(ADA, "Ada Ünal"), (KENJI, "Kenji")]


def test_what_is_no_utf_8_is_named_by_line_and_byte(file: Path) -> None:
    assert refused(file, PLAIN.encode("cp1252")) == (
        "customers.csv:2: byte 0xDC at position 31 is no utf-8: save the file as UTF-8, or say what it is: "
        "--encoding cp1252 for an export of Excel in Western Europe"
    )


def test_also_far_behind_the_beginning(file: Path) -> None:
    rows = "".join(f"{'x' * 60}{number}@example.com,Ada\n" for number in range(5000))

    message = refused(file, b"email,name\n" + rows.encode() + "y@example.com,Ünal\n".encode("cp1252"))

    assert message.startswith(f"customers.csv:5002: byte 0xDC at position {len(rows) + 11 + 14} ")


def test_half_a_character_at_the_end_is_told(file: Path) -> None:
    message = refused(file, codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le") + b"x")

    assert message.startswith("customers.csv:4: byte 0x78 at position 122 is no utf-16: ")
    assert message.endswith("--encoding names it")


def test_an_encoding_nobody_knows_is_told(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="--encoding rot13: unknown; well known are utf-8, cp1252"):
        check(file, PLAIN, encoding="rot13")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"PK\x03\x04....", "a workbook or an archive: save the sheet as CSV UTF-8"),
        (b"\x1f\x8b....", "compressed: unpack it first"),
        (PLAIN.encode("utf-32"), "UTF-32: save it as UTF-8"),
    ],
    ids=["xlsx", "gzip", "utf-32"],
)
def test_what_is_no_text_is_told(file: Path, content: bytes, expected: str) -> None:
    assert refused(file, content) == f"customers.csv is {expected}"


def test_nul_bytes_are_told_with_their_line(file: Path) -> None:
    assert refused(file, "email\nada\0@example.com\n").startswith("customers.csv:2: a NUL byte")
    assert "--encoding utf-16-le" in refused(file, PLAIN.encode("utf-16-le"))


def test_a_line_without_end_is_told_before_it_fills_the_memory(file: Path) -> None:
    assert refused(file, "email\n" + "x" * 1_000_001).startswith("customers.csv:2: longer than 1,000,000 characters")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(AfterbillError, match=r"nobody\.csv: no such file"):
        text_files.encoding_of(tmp_path / "nobody.csv", None)
    with pytest.raises(AfterbillError, match="no such file; it is read twice, so a pipe will not do"):
        text_files.encoding_of(Path("/dev/stdin"), None)


def test_a_file_that_may_not_be_read_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(PLAIN)

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(AfterbillError, match=r"customers.csv: Permission denied"):
        text_files.encoding_of(file, None)


# Headers and delimiters


@pytest.mark.parametrize("content", ["", "\n \n", "sep=;\n"], ids=["nothing", "blank lines", "a separator"])
def test_an_empty_file_is_told(file: Path, content: str) -> None:
    assert refused(file, content) == "customers.csv is empty: it needs a header and a row per customer"


def test_a_header_alone_is_told(file: Path) -> None:
    assert refused(file, "email,name\n\n,\n") == "customers.csv has no rows: it needs one per customer"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen_from_the_header(file: Path, delimiter: str) -> None:
    result = check(file, f'email{delimiter}name\n{ADA}{delimiter}"A{delimiter} B"\n')

    assert result.events[0].customer.name == f"A{delimiter} B"


def test_it_is_the_one_under_which_most_columns_are_known(file: Path) -> None:
    result = check(file, f"email;name\tShort, first, last\n{ADA};Ada\n")
    assert result.addresses == [ADA]
    assert check(file, f'email;"name, or ""nick"" of it"\n{ADA};Ada\n').addresses == [ADA]


def test_a_header_that_makes_no_sense_to_one_delimiter_does_to_another(file: Path) -> None:
    assert check(file, f'"email";name\n"{ADA}";Ada\n').addresses == [ADA]


def test_it_can_be_said(file: Path) -> None:
    assert check(file, f"email|name\n{ADA}|Ada\n", delimiter="|").events[0].customer.name == "Ada"


def test_it_can_stand_in_a_line_of_its_own_as_excel_writes_it(file: Path) -> None:
    assert check(file, f"sep=|\nemail|name\n{ADA}|Ada\n").events[0].customer.name == "Ada"


def test_a_missing_address_column_is_told_with_what_to_type(file: Path) -> None:
    assert refused(file, "Kundennummer;E-Mail Adresse;\n1;ada@example.com;\n") == (
        'customers.csv: no column is called email. Columns found: "Kundennummer", "E-Mail Adresse". '
        'Say which it is: --field email="E-Mail Adresse"'
    )


def test_where_no_column_sounds_like_it_a_blank_is_left(file: Path) -> None:
    assert refused(file, "a,b\n1,2\n").endswith('--field email="COLUMN"')


def test_a_file_without_header_is_told_without_its_address(file: Path) -> None:
    message = refused(file, f"{ADA},Ada\n{KENJI},Kenji\n")

    assert message == "customers.csv: the first line holds an address and no names of columns: put a header above it"


def test_two_columns_that_say_the_same_are_told(file: Path) -> None:
    assert refused(file, f"email,plan,attributes.plan\n{ADA},a,b\n") == (
        'customers.csv: two columns say plan: "plan" and "attributes.plan". '
        "Rename one, or choose with --field plan=COLUMN"
    )


def test_a_header_with_wrong_quotes_is_told(file: Path) -> None:
    assert refused(file, f'"{"x" * 140_000}') == (
        "customers.csv:1: the header cannot be read: a quote is opened here and closed nowhere near"
    )
    assert refused(file, '"email"x,name\n1,2\n').startswith("customers.csv:1: the header cannot be read: ")


def test_columns_may_have_other_names(file: Path) -> None:
    fields = FieldMap({"email": "E-Mail", "attributes.seats": "Plätze"})

    result = check(file, f"email;E-Mail;Plätze\nthe office;{ADA};12\n", fields=fields)

    assert result.addresses == [ADA]
    assert result.events[0].customer.attributes == {"seats": "12"}
    assert result.problems.notes == {'columns are not read: "email"': 1}


def test_a_column_that_was_said_and_is_not_there_is_told(file: Path) -> None:
    message = refused(file, f"email\n{ADA}\n", fields=FieldMap({"name": "Name"}))

    assert message == 'customers.csv: there is no column "Name". Columns found: "email".'


def test_columns_nobody_asked_for_are_named_and_not_read(file: Path) -> None:
    result = check(file, f"email,fax,,attributes.1x\n{ADA},1,2,3\n")

    assert result.addresses == [ADA]
    assert result.problems.notes == {'columns are not read: "fax", "number 3, which has no name", "attributes.1x"': 3}


def test_strict_refuses_them(file: Path) -> None:
    assert refused(file, f"email,fax\n{ADA},1\n", strict=True) == (
        'customers.csv: nobody asked for these columns: "fax". Remove them, or leave out --strict'
    )


def test_only_some_of_many_are_named(file: Path) -> None:
    columns = ",".join(f"x{number}" for number in range(100))
    [(_, count)] = check(file, f"email,{columns}\n{ADA}{',' * 100}\n").problems.notes.items()
    assert count == 20


# Rows


def test_cells_may_hold_line_breaks_and_lines_keep_their_numbers(file: Path) -> None:
    result = check(file, f'email,consent_text\r\n{ADA},"Ja,\r\nich ""will"""\r\n\r\nx,y\r\n', source=None)

    assert result.events[0].customer.attributes["consent_text"] == 'Ja,\r\nich "will"'
    assert result.messages[0].startswith("5 email: *** is no address")


@pytest.mark.parametrize("row", [ADA, f"{ADA},", f"{ADA},,", f"{ADA},,,  ,"])
def test_empty_cells_at_the_end_of_a_row_may_be_missing_or_too_many(file: Path, row: str) -> None:
    result = check(file, f"email,name\n{row}\n{KENJI},Kenji\n")

    assert [(one.customer.email, one.customer.name) for one in result.events] == [(ADA, None), (KENJI, "Kenji")]


def test_a_cell_under_no_column_is_told_with_what_it_holds(file: Path) -> None:
    result = check(file, f"email,name\n{ADA},Lovelace, Ada\n{KENJI},Kenji\n")

    [message] = result.messages
    assert message == (
        '2 : cell 3 holds "Ada", and the header names only 2 columns. '
        "Put a cell that holds the delimiter between quotes, or name column 3 in the header"
    )
    assert result.addresses == [KENJI]


def test_a_cell_under_a_column_without_name_at_the_end_is_told_too(file: Path) -> None:
    [message] = check(file, f"email,name,,\n{ADA},Lovelace, Ada\n").messages

    assert message.startswith('2 : cell 3 holds "Ada", and the header names only 2 columns.')


def test_thousands_of_empty_cells_say_nothing(file: Path) -> None:
    stray = "," * 16_384
    result = check(file, f"{stray}\nemail,name{stray}\n{ADA},Ada{stray}\n" + f"{stray}\n" * 300)

    assert (result.addresses, result.checked.rows, result.problems.notes) == ([ADA], 1, {})


def test_a_header_of_nothing_but_blanks_is_told(file: Path) -> None:
    assert refused(file, f"|\N{NO-BREAK SPACE}|\n{ADA}\n", delimiter="|").startswith(
        "customers.csv: no column is called email."
    )


def test_rows_of_empty_cells_are_no_rows(file: Path) -> None:
    assert check(file, f"email;name\n;\n{ADA};Ada\n;;;\n").checked.rows == 1


def test_a_row_that_says_something_in_other_columns_only_is_one(file: Path) -> None:
    assert check(file, f"email,fax\n,12\n{ADA},13\n").messages == [
        "2 email: is empty. Every customer needs one: add it, or remove the row"
    ]


def test_wrong_quotes_are_told_and_the_next_row_is_read(file: Path) -> None:
    result = check(file, f'email,name\n{ADA},"Ada" Lovelace\n{KENJI},Kenji\n')

    assert result.messages == [
        """2 : the quotes are wrong (',' expected after '"'). Inside quotes write "" for a quote"""
    ]
    assert result.addresses == [KENJI]


def test_a_quote_that_is_not_closed_costs_the_row_it_opens_in(file: Path) -> None:
    result = check(file, f'email,name\n{KENJI},Kenji\n{ADA},"Ada\nbob@example.com,Bob\n')

    assert result.messages == ["3 : a quote is opened here and closed nowhere near. Close it, or remove it"]
    assert result.addresses == [KENJI, "bob@example.com"]


def test_neither_does_one_that_the_quotes_of_a_later_row_close(file: Path) -> None:
    result = check(file, f'email,name\n{ADA},"Ada\nbob@example.com,Bob\n{KENJI},"Tanaka, Kenji"\n')

    assert [message.split(".")[0] for message in result.messages] == [
        """2 : the quotes are wrong (',' expected after '"')"""
    ]
    assert [(one.event_id, one.customer.name) for one in result.events] == [
        ("line 3", "Bob"),
        ("line 4", "Tanaka, Kenji"),
    ]


@pytest.mark.parametrize("width", [10, 60_000], ids=["a long cell", "a long row"])
def test_it_is_told_before_it_fills_the_memory(file: Path, width: int) -> None:
    row = f'{ADA},"' + "\n".join(["x" * 100] * 1500) if width == 10 else ",".join(['"' + "x" * width + '\n"'] * 20)

    first, *_ = check(file, f"email,name\n{row}\n").messages

    assert first == "2 : a quote is opened here and closed nowhere near. Close it, or remove it"


def test_a_file_whose_quotes_make_no_sense_is_given_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "_MOST_READ_AGAIN", 1_000_000)
    rows = f'{ADA},"{"x" * 100_000}\n' * 20

    assert refused(file, f"email,name\n{rows}").endswith("as in many rows above: is the delimiter right?")


# JSON lines


def test_objects_say_the_same_as_columns(lines: Path) -> None:
    content = (EVENTS / "imports" / "customers.jsonl").read_bytes()
    by_row = (EVENTS / "imports" / "customers.csv").read_bytes()
    fields = field_map([], EVENTS / "imports" / "customers.toml")

    result = check(lines, content).events
    columns = check(lines.with_suffix(".csv"), by_row, fields=fields).events

    assert result[0] == replace(columns[0], event_id="line 1")
    assert [one.customer.id for one in result] == [one.customer.id for one in columns] == ["K-1001", "K-1002", "K-1003"]
    assert result[0].customer.attributes == {"notice_at": "2026-03-01T09:00:00+00:00", "seats": "12"}


def test_numbers_come_as_they_are_written_and_nothing_is_nothing(lines: Path) -> None:
    row = f'{{"email": " {ADA} ", "id": 12345678901234567890, "name": null, "attributes": {{"a": 1.50, "b": true}}}}'
    [event] = check(lines, f"\n{row}\n\n").events

    assert (event.customer.email, event.customer.id, event.customer.name) == (ADA, "12345678901234567890", None)
    assert event.customer.attributes == {"a": "1.50", "b": "true"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "1 : no JSON: Expecting property name"),
        ("[" * 100_000, "is one list"),
        ('"ada"', '1 : ""ada"" is no object. Write one object per line'),
        ("7", '1 : "7" is no object'),
        ('{"email": "a@example.com", "email": "b@example.com"}', "1 : no JSON: a key stands there twice"),
        ('{"email": "a@example.com", "id": NaN}', "1 : no JSON: NaN is no number"),
        ('{"email": "a@example.com", "name": ["Ada"]}', "1 name: is no text and no number. Write it as text"),
        ('{"email": "a@example.com", "x": ' + "[" * 100_000, "1 : no JSON: nested too deep"),
        ('{"mail": "a@example.com"}', '1 email: no column is called email. Columns found: "mail".'),
        ('{"email": ""}', "1 email: is empty"),
        ('{"email": "a@example.com", "name": "\\ud800"}', "1 name: holds the control character U+D800"),
    ],
)
def test_what_is_no_customer_is_told(lines: Path, line: str, expected: str) -> None:
    try:
        assert check(lines, line).messages[0].startswith(expected)
    except AfterbillError as error:
        assert expected in str(error)  # noqa: PT017  # some end the reading, some the row


def test_a_list_is_told_with_the_command_that_takes_it_apart(tmp_path: Path) -> None:
    message = refused(tmp_path / "customers.json", f'[{{"email": "{ADA}"}}]')

    assert "this does it: jq -c '.[]' customers.json > customers.jsonl" in message


def test_an_empty_file_of_objects_is_told(lines: Path) -> None:
    assert refused(lines, "") == "customers.jsonl is empty: it needs an object per customer"
    assert refused(lines, "\n\n") == "customers.jsonl has no rows: it needs one per customer"


def test_keys_nobody_asked_for_are_named_or_refused(lines: Path) -> None:
    row = f'{{"email": "{ADA}", "fax": "1"}}'

    assert check(lines, row).problems.notes == {'columns are not read: "fax"': 1}
    assert check(lines, row, strict=True).messages == [
        "1 fax: is a key nobody asked for. Remove it, or leave out --strict"
    ]


def test_the_format_can_be_said(file: Path) -> None:
    assert check(file, f'{{"email": "{ADA}"}}', format="jsonl").addresses == [ADA]


# Field maps


def test_a_field_map_comes_from_a_file_and_the_command_line_counts_more(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text('email = "Mail"\nid = "No"\n[attributes]\nseats = "Seats"\n')

    assert field_map(["id = Nummer"], file).columns == {"email": "Mail", "id": "Nummer", "attributes.seats": "Seats"}


@pytest.mark.parametrize(
    ("arguments", "content", "expected"),
    [
        (["email"], "", "--field email: write field=column"),
        (["email="], "", "--field email=: write field=column"),
        (["mail=x"], "", "--field: there is no field mail, only email, id, name"),
        ([], 'mail = "x"', "map.toml: there is no field mail, only email"),
        ([], "email = 7", "map.toml: email must be the name of a column, not 7"),
        ([], "email = ", "map.toml"),
    ],
)
def test_a_wrong_field_map_is_told(tmp_path: Path, arguments: list[str], content: str, expected: str) -> None:
    file = tmp_path / "map.toml"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=expected.replace("(", r"\(")):
        field_map(arguments, file)


def test_a_file_that_is_mended_meanwhile_is_told(file: Path) -> None:
    file.write_text(PLAIN)
    with pytest.raises(AfterbillError, match="was changed while it was read"):
        text_files._first_wrong(file, "utf-8")
