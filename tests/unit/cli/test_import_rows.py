"""Checks of each row, and of two rows about one customer."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterbill.model.customer import Customer, learn
from afterbill_cli.importing.duplicates import Seen
from afterbill_cli.importing.report import Problem, ProblemLog, problem_log, shown
from tests.unit.cli.imports import NOW, CheckResult, check

ADA = "ada@example.com"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


def row(file: Path, column: str, value: str) -> CheckResult:
    return check(file, f'email\t{column}\n{ADA}\t"{value}"\n')


def learned(result: CheckResult) -> Customer:
    [event] = result.events
    return learn(Customer("1"), event)


# Values


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("country", "Germany", '"Germany" is no country of ISO 3166. Write its two letters, such as DE or US'),
        ("country", "UK", '"UK" is no country of ISO 3166. Write GB'),
        ("country", "ZZ", '"ZZ" is no country of ISO 3166. Write its two letters, such as DE or US'),
        ("locale", "de_DE.UTF-8", '"de_DE.UTF-8" is no language tag. Write one such as de, de-CH or pt_BR'),
        ("locale", "Deutsch", '"Deutsch" is no language tag. Write one such as de, de-CH or pt_BR'),
        ("time_zone", "CET+1", '"CET+1" is no time zone. Write an IANA name such as Europe/Zurich'),
        ("phone", "call me", '"call me" is no phone number. Write one such as +41 79 123 45 67 or 079 123 45 67'),
        ("time_zone", "Factory", '"Factory" is no time zone. Write an IANA name such as Europe/Zurich'),
        ("name", "x" * 2001, "2001 characters, more than 2000. Shorten it"),
        ("id", "x" * 501, "501 characters, more than 500. Shorten it"),
        ("name", "A\x1bB", "holds the control character U+001B. Remove it"),
        (
            "updated_at",
            "2027-01-01T00:00:00Z",
            '"2027-01-01T00:00:00Z" is still to come. Correct it: later news would never count against it',
        ),
    ],
)
def test_a_wrong_value_is_told_with_what_to_write(file: Path, column: str, value: str, expected: str) -> None:
    assert row(file, column, value).messages == [f"2 {column}: {expected}"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ada", '*** is no address: it has no "@". Correct it, or remove the row'),
        ("ada@localhost", 'a***@localhost is no address: the part after the "@" has no ending'),
        ("ädä@example.com", 'ä***@example.com is no address: before the "@" stand letters of a to z'),
        (
            "a..b@example.com",
            'a***@example.com is no address: before the "@" stand letters of a to z, digits, single dots',
        ),
        ("ada@@example.com", "a***@example.com is no address: "),
        (f"{'a' * 65}@example.com", "a***@example.com is no address: it is too long"),
        (f"{ADA}; b@example.com", "a***@example.com is no address: "),
    ],
)
def test_what_is_no_address_is_told_and_not_repeated(file: Path, value: str, expected: str) -> None:
    [message] = check(file, f"email\tname\n{value}\tAda\n").messages

    assert message.startswith(f"2 email: {expected}")
    assert value not in message or "@" not in value


def test_two_addresses_in_a_cell_are_one_too_many(file: Path) -> None:
    [message] = check(file, f"email\tname\n{ADA}; b@example.com\tAda\n").messages
    assert message.endswith("Only one address fits into a row")


@pytest.mark.parametrize(
    "value", ["ADA@Example.com", "ada+news@sub.example.co.uk", "o'hara@example.com", "a@bücher.de"]
)
def test_addresses_are_stored_as_they_are_written(file: Path, value: str) -> None:
    assert learned(check(file, f"email\n {value} \n")).address == value


def test_a_row_without_an_address_is_told(file: Path) -> None:
    assert check(file, "email,name\n ,Ada\n").messages == [
        "2 email: is empty. Every customer needs one: add it, or remove the row"
    ]


def test_everything_that_is_wrong_with_a_row_is_told_at_once(file: Path) -> None:
    assert len(check(file, "email,country,locale\nada,Germany,Deutsch\n").messages) == 3


def test_a_row_is_not_larger_than_what_can_be_stored(file: Path) -> None:
    columns = [f"attributes.a{number}" for number in range(6)]

    result = check(file, f"email,{','.join(columns)}\n{ADA},{','.join(['x' * 1999] * 6)}\n")

    assert result.messages == ["2 : 12009 bytes in all, more than 10000. Leave some out"]


def test_a_customer_learns_all_that_a_row_says(file: Path) -> None:
    header = (
        "email,id,name,locale,country,time_zone,phone,plan,consent_at,consent_text,consent_withdrawn_at,notice_at,"
        "updated_at,attributes.seats"
    )
    row_text = (
        "ada@example.com,cus_1,Ada,de_CH,ch,Europe/Zurich,079 123 45 67,Pro,2026-01-01T10:00:00+01:00,Ja,"
        "2026-02-01T00:00:00Z,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,12"
    )
    result = check(file, f"{header}\n{row_text}\n")

    at = datetime(2026, 4, 1, tzinfo=UTC)
    attributes = {
        "plan": "Pro",
        "consent_at": "2026-01-01T09:00:00+00:00",
        "consent_text": "Ja",
        "consent_withdrawn_at": "2026-02-01T00:00:00+00:00",
        "notice_at": "2026-03-01T00:00:00+00:00",
        "seats": "12",
    }
    parts = {"address": ADA, "name": "Ada", "locale": "de_CH", "country": "CH", "time_zone": "Europe/Zurich"}
    parts |= {"phone": "079 123 45 67"}
    names = (*parts, "attributes.plan", "attributes.seats")  # a legal basis counts by the times it tells itself
    assert learned(result) == Customer("1", **parts, attributes=attributes, learned_at=dict.fromkeys(names, at))
    assert (result.events[0].source, result.events[0].customer.id) == ("shop", "cus_1")


def test_a_row_without_a_time_is_true_since_the_import(file: Path) -> None:
    assert check(file, f"email\n{ADA}\n").events[0].occurred_at == NOW


def test_an_id_is_nobodys_without_its_source(file: Path) -> None:
    result = check(file, f"email,id\n{ADA},1\nbob@example.com,1\n", source=None)

    assert [(one.source, one.customer.id) for one in result.events] == [("import", None)] * 2
    assert result.problems.notes == {"rows have an id that is not read: --source says whose it is": 2}


@pytest.mark.parametrize("holder", ["noreply", "No-Reply", "info", "billing+eu", "do-not-reply", "postmaster"])
def test_offices_and_programs_are_imported_and_counted(file: Path, holder: str) -> None:
    result = check(file, f"email\n{holder}@example.com\n{ADA}\nnoreen@example.com\ninformatik@example.com\n")

    assert len(result.events) == 4
    assert list(result.problems.notes.values()) == [1]


@pytest.mark.parametrize("column", ["consent_at", "consent_text"])
def test_half_a_consent_is_counted(file: Path, column: str) -> None:
    [note] = row(file, column, "2026-01-01T00:00:00Z").problems.notes
    assert note.startswith("rows have only one of consent_at and consent_text")


# Duplicates


def test_an_address_that_stands_twice_is_told_with_both_lines(file: Path) -> None:
    result = check(file, f"email\n{ADA}\nbob@example.com\n{ADA.upper()}\n")

    assert result.messages == ["4 email: A***@EXAMPLE.COM stands on line 2 already. Keep one of the two rows"]
    assert result.addresses == [ADA, "bob@example.com"]


def test_so_is_an_id(file: Path) -> None:
    result = check(file, f"email,id\n{ADA},1\nbob@example.com,1\n")

    assert result.messages == ['3 id: "1" stands on line 2 already. Keep one of the two rows']


def test_a_row_that_is_refused_takes_nothing_from_the_next(file: Path) -> None:
    rows = [f"{ADA},1,Germany", f"{ADA},1,DE", f"{ADA},2,DE", "bob@example.com,1,DE", "bob@example.com,2,DE"]

    result = check(file, "email,id,country\n" + "\n".join(rows))

    assert [one.split(":")[0] for one in result.messages] == ["2 country", "5 id", "6 id"]
    assert [(one.customer.email, one.customer.id) for one in result.events] == [(ADA, "1"), (ADA, "2")]
    assert (result.checked.rows, result.checked.refused) == (5, 3)


def test_what_was_seen_is_gone_afterwards() -> None:
    with Seen() as seen:
        assert (seen.claim("mail a", 2), seen.claim("mail a", 3), seen.claim("id a", 3)) == (2, 2, 3)
        seen.release("mail a")
        assert seen.claim("mail a", 4) == 4
    with Seen() as seen:
        assert seen.claim("mail a", 5) == 5


# Telling


def test_values_are_shown_short_and_addresses_not_at_all() -> None:
    assert shown("x" * 50) == '"' + "x" * 40 + '..."'
    assert shown("call ada@example.com") == '"c***@example.com"'
    assert shown("a\nb") == '"a?b"'


def test_twenty_are_told_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    problems = ProblemLog()
    for line in range(2, 27):
        problems.add(Problem(line, "country" if line == 2 else "", "is wrong", "Mend it"))
    problems.notes["things are odd"] += 3
    problems.show(Path("folder/customers.csv"))

    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["customers.csv:2: country: is wrong. Mend it", "customers.csv:3: is wrong. Mend it"]
    assert lines[20:] == ["... and 5 more: --errors FILE writes all of them", "note: 3 things are odd"]


def test_all_go_to_a_file(tmp_path: Path) -> None:
    with problem_log(tmp_path / "errors.csv") as problems:
        problems.add(Problem(2, "name", 'is "odd"', "Mend it"))

    assert (tmp_path / "errors.csv").read_text().splitlines() == [
        "line,column,problem,hint",
        '2,name,"is ""odd""",Mend it',
    ]
