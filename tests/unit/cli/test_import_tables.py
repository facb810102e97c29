"""One table, saved in every way that programs save it: the same customers and the same answers come of it."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterbill.model.billing import BillingEvent
from afterbill_cli.importing.customer_columns import field_map
from tests.factories import EVENTS
from tests.unit.cli.exports import write
from tests.unit.cli.imports import check

THEN = "2026-11-20T10:00:00Z"
ENCODINGS = {
    "utf-8": (b"", "utf-8"),
    "utf-8 with its mark": (codecs.BOM_UTF8, "utf-8"),
    "Unicode text of Excel": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "big endian": (codecs.BOM_UTF16_BE, "utf-16-be"),
}
words = st.text(st.sampled_from("aZ09 ,;\t'\"-äß€.\n="), max_size=12).map(str.strip)
names = words.filter(lambda word: not word.startswith(("=", "'")))
"""Formulas and marks of texts are told of elsewhere."""
many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Every example writes the file anew."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


@dataclass(frozen=True)
class Saving:
    """How a program saves a table: `dropped` and `added` empty cells at the end of its rows, `header` too."""

    delimiter: str
    encoding: str
    end: str
    dropped: bool
    added: int
    header: int
    blank_lines: int

    def bytes_of(self, table: Sequence[Sequence[str]]) -> bytes:
        mark, encoding = ENCODINGS[self.encoding]
        text = "".join(self._line(row, number) for number, row in enumerate(table))
        stray = self.delimiter * self.header + self.end
        return mark + (text + stray * self.blank_lines).encode(encoding)

    def _line(self, row: Sequence[str], number: int) -> str:
        cells = list(row)
        while self.dropped and len(cells) > 1 and not cells[-1]:
            cells.pop()
        cells += [""] * (self.header if number == 0 else self.added)
        return self.delimiter.join(map(self._cell, cells)) + self.end

    def _cell(self, cell: str) -> str:
        special = any(sign in cell for sign in ('"', "\n", self.delimiter))
        return '"' + cell.replace('"', '""') + '"' if special else cell


savings = st.builds(
    Saving,
    delimiter=st.sampled_from(",;\t"),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    dropped=st.booleans(),
    added=st.sampled_from([0, 1, 3, 300]),
    header=st.sampled_from([0, 2, 300]),
    blank_lines=st.sampled_from([0, 1, 50]),
)


def same_on_any_line(event: BillingEvent) -> BillingEvent:
    return replace(event, event_id="")


@many
@given(people=st.lists(st.tuples(names, names, st.sampled_from(["", "GB", "DE"]), names), min_size=1), saving=savings)
def test_customers(file: Path, people: list[tuple[str, ...]], saving: Saving) -> None:
    header = ("email", "name", "plan", "country", "attributes.note")
    table = [header, *((f"p{number}@example.com", *person) for number, person in enumerate(people))]

    result = check(file, saving.bytes_of(table))

    plain = check(file, Saving(",", "utf-8", "\n", False, 0, 0, 0).bytes_of(table))  # noqa: FBT003  # as csv writes it
    assert (result.messages, result.problems.notes) == ([], {})
    assert [same_on_any_line(one) for one in result.events] == [same_on_any_line(one) for one in plain.events]
    assert [(one.customer.email, one.customer.name or "", one.plan or "") for one in result.events] == [
        row[:3] for row in table[1:]
    ]


@many
@given(answers=st.lists(st.tuples(st.integers(0, 10), words), min_size=1), saving=savings)
def test_answers(file: Path, answers: list[tuple[int, str]], saving: Saving) -> None:
    rows = [(str(number), str(rating), THEN, comment) for number, (rating, comment) in enumerate(answers)]

    result = write(file, saving.bytes_of([("id", "rating", "answered_at", "comment"), *rows]))

    assert result.left_out == {}
    assert [rating for rating, *_ in result.answers] == [rating for rating, _ in answers]


@many
@given(st.lists(st.tuples(names, names), min_size=3), st.data())
def test_a_row_that_says_too_much_or_never_closes_a_quote_costs_itself(
    file: Path, people: list[tuple[str, str]], data: st.DataObject
) -> None:
    lines = [f"p{number}@example.com,Ada,Pro\n" for number, _ in enumerate(people)]
    bad = data.draw(st.integers(0, len(lines) - 1))
    lines[bad] = data.draw(st.sampled_from(['bad@example.com,"Ada,Pro\n', "bad@example.com,Lovelace, Ada,Pro\n"]))

    result = check(file, "email,name,plan\n" + "".join(lines))

    assert [message.split(" ")[0] for message in result.messages] == [str(bad + 2)]
    assert result.addresses == [f"p{number}@example.com" for number in range(len(lines)) if number != bad]


def test_the_sample_of_a_sheet_that_was_saved_by_excel(file: Path) -> None:
    folder = EVENTS / "imports"
    fields: Any = field_map(["phone=Telefon"], folder / "customers.toml")

    result = check(file, (folder / "customers_excel.csv").read_bytes(), fields=fields)

    assert result.messages == []
    assert [(one.customer.id, one.customer.phone) for one in result.events] == [
        ("00123", "+44 20 7946 0958"),
        ("1002", None),
        ("1003", "079 123 45 67"),
    ]
    assert [one.customer.attributes.get("notice_at") for one in result.events] == [
        "2026-03-01T11:00:00+00:00",
        "2026-04-01T07:00:00+00:00",
        None,
    ]
