"""Records on stdout: as a table for people, as JSON or CSV for programs."""

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import click

from afterbill.model.errors import UnreadableError
from afterbill.model.plain_text import harmless
from afterbill.model.spreadsheet import write_csv

_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, turns of the direction of writing, and halves of pairs that no encoding can write."""


class Output(StrEnum):
    """The forms of `--output`."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 survey` or `2 surveys`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def not_shown(error: UnreadableError) -> None:
    """Tell on stderr of a stored item that could not be read, and is left out."""
    click.echo(f"Not shown, a newer version may have written it: {error}", err=True)


def print_json(value: object) -> None:
    """Print JSON, indented, with letters as they are, but for those that would steer a terminal: they are escaped."""
    print(written_json(value))


def written_json(value: object) -> str:
    """Return JSON as `print_json` prints it."""
    return _escaped(json.dumps(value, indent=2, ensure_ascii=False))


def print_json_rows(rows: Iterable[object]) -> None:
    """Print a JSON array like `print_json`, each of its rows as soon as it is read."""
    before = "["
    for row in rows:
        print(before, textwrap.indent(_escaped(json.dumps(row, indent=2, ensure_ascii=False)), "  "), sep="\n", end="")
        before = ","
    print("[]" if before == "[" else "\n]")


def _escaped(text: str) -> str:
    return _STEERING.sub(lambda one: f"\\u{ord(one[0]):04x}", text)


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Print a header and one line per row, each as soon as it is read; a missing value is an empty cell.

    Texts are harmless, and one that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    write_csv(sys.stdout, columns, rows)


def aligned(rows: Iterable[Sequence[str]], *, right: bool = False) -> list[str]:
    """Align the columns of a table left, with `right` all but the first right; their texts are made harmless."""
    table = [[harmless(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [_line(row, widths, right=right) for row in table]


def _line(row: Sequence[str], widths: Sequence[int], *, right: bool) -> str:
    first, *others = zip(row, widths, strict=True)
    cells = [cell.rjust(width) if right else cell.ljust(width) for cell, width in others]
    return "  ".join([first[0].ljust(first[1]), *cells]).rstrip()
