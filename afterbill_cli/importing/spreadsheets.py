"""Undo the changes that spreadsheets make to cells; tell those by which something is lost."""

import re
from collections.abc import Iterator

from afterbill_cli.importing.report import WrongError, shown

_QUOTED = re.compile(r'="((?:[^"]|"")*)"')
"""A formula that is a text, by which exports keep the zeros of ="00123"."""
_TEXT_MARK = re.compile(r"'(?=[-+=@0-9])")
"""Spreadsheets keep a number as text by an apostrophe before it; exports write one before what may be a formula."""
_WITH_DECIMALS = re.compile(r"([0-9]{1,15})[.,]0+")
"""A decimal number has 15 digits in a spreadsheet."""
_MORE_DECIMALS = re.compile(r"[0-9]{16,}[.,]0+")
_SCIENTIFIC = re.compile(r"-?[0-9](?:[.,][0-9]+)?[eE][+-][0-9]{2,3}")
_ZEROS = re.compile(r"[0-9]{15}0{2,}")
_ERROR = re.compile(r"#(?:N/A|NV|(?:REF|BEZUG|VALUE|WERT|NUM|ZAHL|NULL|DIV/0|SPILL|CALC)!|NAME\?|##+)")
_AS_TEXT = "Give the column the format Text before the values come in, and save the file again"
_AS_VALUES = "Paste the column as values, and save the file again"


def cell(written: str) -> str:
    """The cell without blanks around it, and without the formula that keeps it a text."""
    value = written.strip()
    quoted = _QUOTED.fullmatch(value)
    return quoted[1].replace('""', '"').strip() if quoted else value


def without_mark(value: str) -> str:
    """The value without the apostrophe that marks it as text; it stands before a digit or one of -+=@."""
    return _TEXT_MARK.sub("", value, count=1) if value.startswith("'") else value


def number(value: str) -> str:
    """A value of digits that is no quantity, such as an id, as it was before it was taken for a decimal number.

    WrongError where digits of it are lost.
    """
    bare = without_mark(value)
    if _SCIENTIFIC.fullmatch(bare) or _MORE_DECIMALS.fullmatch(bare):
        raise WrongError(f"{shown(bare)} is a number that a spreadsheet has shortened: digits are lost", _AS_TEXT)
    decimals = _WITH_DECIMALS.fullmatch(bare)
    return decimals[1] if decimals else bare


def refuse_formula(value: str) -> None:
    """WrongError where the value is a formula, or the error that one came to."""
    if value.startswith("="):
        raise WrongError(f"{shown(value)} is a formula, not what it comes to", _AS_VALUES)
    if _ERROR.fullmatch(value):
        raise WrongError(f"{shown(value)} is an error of a spreadsheet", _AS_VALUES)


def notes_of_id(written: str, id_: str) -> Iterator[str]:
    """Yield what is worth knowing about an id that was read."""
    if id_ != without_mark(written):
        yield "ids end in .0, as spreadsheets write decimal numbers: they are read without it"
    if _ZEROS.fullmatch(id_):
        yield "ids have 15 digits and then zeros only: spreadsheets keep 15 digits, so compare one with its original"
