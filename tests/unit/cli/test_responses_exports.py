"""Exports of other products: what is understood of each, and what of a row keeps it out."""

import codecs
import shutil
from pathlib import Path
from typing import Any

import pytest

from afterbill.answers.parse_answer import parse_answer
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.invitation import COMMENT_LENGTH
from afterbill.model.questions import Question
from afterbill_cli.importing import response_values
from afterbill_cli.importing.export_columns import columns_of
from afterbill_cli.memory.table import MemoryTable
from tests.factories import ADA, hash_address
from tests.unit.cli.exports import SAMPLES, read, write

HEADER = "rating,answered_at,comment,email\n"
THEN = "2026-11-20T10:00:00Z"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


SCALES = {"plain": ["csat=1-5"], "delighted_ces_of_5": ["ces=1-5"], "delighted_csat_of_3": ["csat=1-3"]}


def sample(name: str, folder: Path, **changes: Any) -> Any:
    product = "csv" if name == "plain" else name.partition("_")[0]
    return read(Path(shutil.copy(SAMPLES / f"{name}.csv", folder)), product, scales=SCALES.get(name, ()), **changes)


# The samples of each product


def test_delighted(tmp_path: Path) -> None:
    result = sample("delighted", tmp_path)

    assert result.answers == [
        (9, "Fast, and the invoice is clear.", "2026-03-02T08:15:00"),
        (0, "", "2026-03-31T22:30:00"),
        (7, 'Two lines:\none "quoted".', "2026-03-31T22:00:00"),
    ]
    assert [one.answered_day for one in result.responses] == ["2026-03-02", "2026-04-01", "2026-04-01"]
    assert result.responses[0].fact == "import|delighted|90210001"
    assert {one.source for one in result.responses} == {"delighted"}
    assert result.report.left_out == {}


def test_retently(tmp_path: Path) -> None:
    assert sample("retently", tmp_path).answers == [
        (10, "Never had a doubt", "2026-04-01T10:00:00"),
        (6, "", "2026-04-02T09:30:00"),
    ]


def test_asknicely_tells_who_did_not_answer_and_what_was_asked(tmp_path: Path) -> None:
    result = sample("asknicely", tmp_path)

    assert result.answers == [(8, "Good value", "2026-03-31T22:02:00"), (5, "", "2026-03-31T22:02:10")]
    assert [one.question for one in result.responses] == [Question.NPS, Question.CSAT]
    assert result.left_out == {"has no rating": (1, [3])}


def test_satismeter_keeps_formulas_as_text_and_drops_what_is_no_country(tmp_path: Path) -> None:
    result = sample("satismeter", tmp_path)

    assert result.answers == [
        (9, "Love it", "2026-05-05T09:00:00"),
        (3, '=HYPERLINK("https://example.com")', "2026-05-06T09:00:00"),
    ]
    assert [one.segments.get("country") for one in result.responses] == ["GB", None]
    assert result.notes == {"imported without its country, which cannot be read": (1, [3])}


def test_callexa_is_read_as_windows_1252_with_german_times_and_numbers(tmp_path: Path) -> None:
    result = sample("callexa", tmp_path)

    assert result.answers == [
        (9, "Schöne Lösung, übersichtlich", "2026-11-22T08:05:00"),
        (4, "Zu teuer: 49,90 € im Monat", "2026-11-21T22:59:00"),
    ]
    assert [one.answered_day for one in result.responses] == ["2026-11-22", "2026-11-21"]
    assert result.left_out == {"the rating is no whole number": (1, [4])}


def test_a_plain_file_says_all_of_it_by_row(tmp_path: Path) -> None:
    result = sample("plain", tmp_path, customers_of="stripe")

    assert [(one.touchpoint, one.stage) for one in result.responses] == [
        ("support_resolved", "stage of support_resolved"),
        ("support_resolved", "stage of support_resolved"),
        ("relationship", "stage of relationship"),
    ]
    assert [one.question for one in result.responses] == [Question.NPS, Question.CSAT, Question.NPS]
    assert [one.answer.reason for one in result.responses if one.answer] == ["service", "", "price"]
    assert dict(result.responses[1].segments) == {
        "plan": "Team",
        "country": "JP",
        "locale": "ja",
        "source": "csv",
        "touchpoint": "support_resolved",
        "stage": "stage of support_resolved",
        "channel": "import",
        "question": "csat",
    }


@pytest.mark.parametrize("name", [one.stem for one in sorted(SAMPLES.iterdir())])
def test_no_sample_leaves_an_address_or_a_name_in_the_table_and_twice_is_once(name: str, tmp_path: Path) -> None:
    table = MemoryTable()
    first = sample(name, tmp_path, table=table)
    before = dict(table.invitations)

    again = sample(name, tmp_path, table=table)

    assert first.code == again.code == 0
    assert table.invitations == before
    for person in ("@example.com", "Lovelace", "Keller", "Tanaka", "K-100"):
        assert person not in str(list(before.values()))


# Columns


@pytest.mark.parametrize("header", ["RATING;Answered_At", "Bewertung;Beantwortet am", " nps-score ;Datum"])
def test_names_are_understood_however_they_are_spelled(header: str, file: Path) -> None:
    assert write(file, f"{header}\n7;20.11.2026 11:00\n").answers == [(7, "", "2026-11-20T10:00:00")]


def test_of_several_columns_that_would_do_the_one_that_is_called_best_counts(file: Path) -> None:
    result = write(file, f"date,created at,answered at,score,rating\n1.1.2026,2.1.2026,{THEN},3,8\n")

    assert result.answers == [(8, "", "2026-11-20T10:00:00")]


def test_a_column_can_be_named(file: Path) -> None:
    columns = dict(columns_of("csv", ["rating = Our score"]).columns)

    result = write(file, f"rating,Our score,date\n3,8,{THEN}\n", columns=columns)

    assert result.answers == [(8, "", "2026-11-20T10:00:00")]


@pytest.mark.parametrize(
    ("header", "columns", "expected"),
    [
        ("x;date", {}, 'to say rating. Columns found: "x", "date". Say which it is: --column rating="x"'),
        ("score", {}, 'no column is known to say answered_at. Columns found: "score".'),
        ("score,Score,date", {}, 'two columns say rating: "score" and "Score". Rename one, or choose with --column'),
        ("score,date", {"rating": "Note"}, 'there is no column "Note". Columns found: "score", "date".'),
        ("\n", {}, "is empty: it needs a header and a row per response"),
        ("score,date", {}, "has no rows: it needs one per response"),
    ],
)  # fmt: skip
def test_what_cannot_be_found_is_told_with_what_to_type(
    header: str, columns: dict[str, str], expected: str, file: Path
) -> None:
    with pytest.raises(AfterbillError) as error:
        write(file, header, columns=columns)
    assert expected in str(error.value)


@pytest.mark.parametrize("argument", ["rating", "rating=", "stars=Rating"])
def test_a_wrong_choice_of_columns_is_told(argument: str) -> None:
    with pytest.raises(ConfigurationError, match=f"--column {argument}: "):
        columns_of("csv", [argument])


# Encodings

UMLAUTS = f"rating,date,comment\n7,{THEN},Schöne Grüße\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (UMLAUTS.encode(), None),
        (UMLAUTS.encode("utf-8-sig"), None),
        (codecs.BOM_UTF16_LE + UMLAUTS.encode("utf-16-le"), None),
        (UMLAUTS.encode("cp1252"), None),
        (UMLAUTS.encode("cp1252"), "iso-8859-1"),
        ((" " * 70_000 + "\n" + UMLAUTS).encode("cp1252"), None),
    ],
    ids=["utf-8", "its mark", "utf-16", "windows", "said", "late"],
)
def test_an_export_is_read_as_it_was_saved(content: bytes, encoding: str | None, file: Path) -> None:
    assert write(file, content, encoding=encoding).answers[0][1] == "Schöne Grüße"


def test_one_broken_letter_does_not_make_it_windows(file: Path) -> None:
    content = UMLAUTS.encode() + b"7,2026-11-20T10:00:00Z,\xe4\n"
    with pytest.raises(AfterbillError, match=r"byte 0xE4 at position \d+ is no utf-8"):
        write(file, content)


# Ratings


@pytest.mark.parametrize(("cell", "rating"), [("0", 0), ("10", 10), (" 9 ", 9), ("9.0", 9), ("9,00", 9), ("07", 7)])
def test_a_rating_is_a_whole_number_however_it_is_written(cell: str, rating: int, file: Path) -> None:
    assert write(file, f'{HEADER}"{cell}",{THEN},,\n').answers[0][0] == rating


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("", "has no rating"),
        ("8.5", "the rating is no whole number"),
        ("9.05", "the rating is no whole number"),
        ("nine", "the rating is no whole number"),
        ("9/10", "the rating is no whole number"),
        ("1e1", "the rating is no whole number"),
        ("9.", "the rating is no whole number"),
        ("-0", "the rating is no whole number"),
        ("٩", "the rating is no whole number"),
        ("11", "the rating is outside its scale"),
        ("-1", "the rating is outside its scale"),
        ("100", "the rating is outside its scale"),
    ],
)
def test_what_is_no_rating_is_told_by_its_line_and_left_out(cell: str, kind: str, file: Path) -> None:
    result = write(file, f"{HEADER}5,{THEN},,\n{cell},{THEN},,x@example.com\n")

    assert result.left_out == {kind: (1, [3])}
    assert len(result.responses) == 1


@pytest.mark.parametrize(
    ("question", "lowest", "highest"), [("nps", 0, 10), ("csat", 1, 5), ("ces", 1, 7), ("rebuy", 0, 10)]
)
def test_each_question_has_its_scale(question: str, lowest: int, highest: int, file: Path) -> None:
    cells = (lowest - 1, lowest, highest, highest + 1)
    rows = "".join(f"{cell},{THEN},{cell},\n" for cell in cells)

    result = write(file, HEADER + rows, question=Question(question), scales=[f"{question}={lowest}-{highest}"])

    assert [rating for rating, *_ in result.answers] == [lowest, highest]
    assert result.left_out == {"the rating is outside its scale": (2, [2, 5])}


# Times


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00"),
        ("2026-11-20 10:00:00 UTC", "2026-11-20T10:00:00"),
        ("2026-11-20 10:00 GMT", "2026-11-20T10:00:00"),
        ("2026-11-20 10:00:00 +0200", "2026-11-20T08:00:00"),
        ("2026-11-20T10:00:00.123-05:00", "2026-11-20T15:00:00"),
        ("2026-07-20 10:00", "2026-07-20T08:00:00"),
        ("2026-11-20 10:00", "2026-11-20T09:00:00"),
        ("2026-11-20", "2026-11-20T11:00:00"),
        ("20261120", "2026-11-20T11:00:00"),
        ("20.11.2026 10:00", "2026-11-20T09:00:00"),
        ("20.11.2026, 10:00:30 Uhr", "2026-11-20T09:00:30"),
        ("1.2.26", "2026-02-01T11:00:00"),
        ("1774994400", "2026-03-31T22:00:00"),
        ("1774994400.0", "2026-03-31T22:00:00"),
        ("1774994400123", "2026-03-31T22:00:00"),
    ],
)
def test_times_are_understood_in_every_usual_spelling(cell: str, at: str, file: Path) -> None:
    assert write(file, f'{HEADER}5,"{cell}",,\n').answers[0][2] == at


def test_another_spelling_can_be_said(file: Path) -> None:
    assert write(file, f"{HEADER}5,11/20/2026 10:00 AM,,\n", time_format="%m/%d/%Y %I:%M %p").answers[0][2] == (
        "2026-11-20T09:00:00"
    )


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("", "has no time"),
        ("yesterday", "the time cannot be read"),
        ("11/20/2026", "the time cannot be read"),
        ("2026-W47-5", "the time cannot be read"),
        ("2026W475T1000", "the time cannot be read"),
        ("31.2.2026", "the time cannot be read"),
        ("0001-01-01T00:00:00+14:00", "the time cannot be read"),
        ("2026-11-22T12:06:00Z", "the time is still to come"),
        ("2023-11-01T11:59:00Z", "older than 700 days"),
    ],
)
def test_a_time_that_cannot_be_is_told_and_left_out(cell: str, kind: str, file: Path) -> None:
    result = write(file, f"{HEADER}5,{cell},,\n")

    assert result.left_out == {kind: (1, [2])}
    assert result.code == 1


def test_the_oldest_and_the_newest_that_are_taken(file: Path) -> None:
    assert len(write(file, f"{HEADER}5,2024-12-22T12:00:00Z,,\n5,2026-11-22T12:05:00Z,,\n").responses) == 2


# Comments and the rest


@pytest.mark.parametrize(
    "typed",
    ["  plain ", "a\r\nb\rc", "\x00\x1b[31mred\x07\ttab", "<b>&amp;</b>", "=1+1", "'; DROP TABLE", "half \ud800"],
)
def test_a_comment_is_cleaned_as_on_the_survey_page(typed: str) -> None:
    answer: Any = parse_answer({"rating": "5", "comment": typed}, frozenset())

    assert response_values.comment(typed) == (answer.comment, False)


def test_of_a_comment_that_is_too_long_the_end_is_cut_and_the_rating_counts(file: Path) -> None:
    result = write(file, f"{HEADER}5,{THEN},{'x' * 100_000},\n4,{THEN},{'x' * COMMENT_LENGTH},\n")

    assert [len(comment) for _, comment, _ in result.answers] == [COMMENT_LENGTH, COMMENT_LENGTH]
    assert result.notes == {"the comment was too long, and its end is cut off": (1, [2])}


def test_tests_are_left_out(file: Path) -> None:
    result = write(file, f"rating,date,is_test\n5,{THEN},true\n6,{THEN},no\n7,{THEN},\n")

    assert result.left_out == {"is a test": (1, [2])}
    assert [rating for rating, *_ in result.answers] == [6, 7]


@pytest.mark.parametrize(
    ("column", "cell", "kind"),
    [
        ("question", "5star", "answers a question that is not known"),
        ("touchpoint", "lunch", "the touchpoint is not known"),
        ("id", "x" * 501, "the id cannot be one"),
    ],
)
def test_what_would_be_counted_wrongly_is_left_out(column: str, cell: str, kind: str, file: Path) -> None:
    assert write(file, f"rating,date,{column}\n5,{THEN},{cell}\n").left_out == {kind: (1, [2])}


@pytest.mark.parametrize(("column", "cell"), [("locale", "!"), ("plan", "x" * 2001), ("reason", "Why? Because.")])
def test_what_cannot_be_read_beside_the_answer_is_dropped_and_told(column: str, cell: str, file: Path) -> None:
    result = write(file, f"rating,date,{column}\n5,{THEN},{cell}\n")

    assert len(result.responses) == 1
    assert result.notes == {f"imported without its {column}, which cannot be read": (1, [2])}


@pytest.mark.parametrize(
    ("cell", "reason"),
    [("Payment method", "payment_method"), ("payment-method", "payment_method"), ("too_slow", "too-slow")],
)
def test_a_reason_is_spelled_as_surveys_toml_does(cell: str, reason: str, file: Path) -> None:
    reasons_known = frozenset({"payment_method", "too-slow"})
    result = write(file, f"rating,date,reason\n5,{THEN},{cell}\n", reasons=reasons_known)

    assert [one.answer.reason for one in result.responses if one.answer] == [reason]
    assert result.notes == {}


def test_a_reason_that_surveys_toml_does_not_know_is_dropped_and_told(file: Path) -> None:
    result = write(file, f"rating,date,reason\n5,{THEN},weather\n", reasons=frozenset({"price"}))

    assert [one.answer.reason for one in result.responses if one.answer] == [""]
    assert result.notes == {"imported without its reason, which is none of surveys.toml": (1, [2])}


def test_cells_that_excel_dropped_at_the_end_of_rows_are_empty(file: Path) -> None:
    result = write(file, f"{HEADER}9,{THEN}\r\n8,{THEN},y\r\n")

    assert [(rating, comment) for rating, comment, _ in result.answers] == [(9, ""), (8, "y")]


def test_a_cell_beyond_the_header_is_told(file: Path) -> None:
    assert write(file, f"{HEADER}5,{THEN},,,more\n").left_out == {"cannot be read": (1, [2])}


# Who and which


def test_who_answered_is_found_by_address_and_by_the_id_of_a_source(file: Path) -> None:
    table = MemoryTable(
        aliases={"stripe#K-2": "kenji"},
        people={"ada": Customer("ada", address_hash=hash_address(ADA)), "kenji": Customer("kenji")},
    )
    rows = f"rating,date,email,customer id\n5,{THEN},Ada@Example.com,\n6,{THEN},,K-2\n7,{THEN},not an address,K-3\n"

    result = write(file, rows, table=table, customers_of="stripe")

    assert [one.customer_id for one in result.responses] == ["ada", "kenji", ""]


def test_without_a_source_ids_of_customers_lead_to_nobody(file: Path) -> None:
    table = MemoryTable(aliases={"#K-2": "kenji"}, people={"kenji": Customer("kenji")})

    assert write(file, f"rating,date,customer id\n5,{THEN},K-2\n", table=table).responses[0].customer_id == ""


def test_the_same_response_twice_in_a_file_counts_once(file: Path) -> None:
    result = write(file, f"id,rating,date\n1,5,{THEN}\n2,5,{THEN}\n1,6,{THEN}\n")

    assert result.left_out == {"stands there twice": (1, [4])}
    assert result.report.left_out["stands there twice"].example.startswith("the same response stands on line 2")


def test_without_an_id_a_response_is_who_said_what_when(file: Path) -> None:
    rows = f"{HEADER}5,{THEN},a,{ADA}\n5,{THEN},b,{ADA}\n6,{THEN},a,{ADA}\n5,{THEN},a,b@example.com\n"

    assert write(file, rows).left_out == {"stands there twice": (1, [3])}


def test_those_of_nobody_are_told_apart_by_their_order(file: Path) -> None:
    table = MemoryTable()
    rows = f"rating,date\n5,{THEN}\n5,{THEN}\n6,{THEN}\n"

    assert len(write(file, rows, table=table).responses) == 3
    assert len(write(file, f"{rows}5,{THEN}\n", table=table).responses) == 1


def test_an_id_that_may_be_an_address_is_not_stored(file: Path) -> None:
    [response] = write(file, f"id,rating,date\n{ADA},5,{THEN}\n").responses
    assert ADA not in str(response)


def test_exports_of_two_products_do_not_meet(file: Path) -> None:
    table = MemoryTable()
    for name in ("desk", "calls", "desk"):
        write(file, f"id,rating,date\n1,5,{THEN}\n", table=table, name=name)
    assert sorted(one.source for one in table.invitations.values()) == ["calls", "desk"]
