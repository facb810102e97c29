"""A text file of any size as lines, with what is wrong named by its line; never more than one line in memory."""

import codecs
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from afterbill.model.errors import AfterbillError, ConfigurationError

_LONGEST_LINE = 1_000_000
_BLOCK = 1 << 16
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_LONGEST_LETTER = 4
_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""Characters beyond ASCII in UTF-8."""
_LINES_BETWEEN = 500
"""Progress is reported after so many lines."""
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NO_TEXT = {
    b"PK\x03\x04": "a workbook or an archive: save the sheet as CSV UTF-8",
    b"\x1f\x8b": "compressed: unpack it first",
    codecs.BOM_UTF32_LE: "UTF-32: save it as UTF-8",
    codecs.BOM_UTF32_BE: "UTF-32: save it as UTF-8",
}


def encoding_of(path: Path, chosen: str | None) -> str:
    """The chosen one, else the one its byte order mark tells, else UTF-8; errors name what cannot be read."""
    try:
        if not path.is_file():
            raise AfterbillError(f"{path}: no such file; it is read twice, so a pipe will not do")
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise AfterbillError(f"{path}: {error.strerror}") from error
    if chosen:
        with suppress(LookupError):
            "".encode(chosen)
            return chosen
        raise ConfigurationError(f"--encoding {chosen}: unknown; well known are utf-8, cp1252, iso-8859-15, utf-16-le")
    for mark, what in _NO_TEXT.items():
        if start.startswith(mark):
            raise AfterbillError(f"{path} is {what}")
    marked = next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), None)
    _checked("" if marked else start.decode("latin-1"), f"{path}:1")
    return marked or "utf-8"


def encoding_or_windows(path: Path, chosen: str | None) -> str:
    """Return the encoding as above, but Windows-1252 for a file that cannot be UTF-8.

    Older programs in Western Europe save it so.

    The first letter beyond ASCII decides, so that one broken letter does not spoil all others.
    """
    encoding = encoding_of(path, chosen)
    if chosen or encoding != "utf-8":
        return encoding
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if match := _BEYOND_ASCII.search(block):
                letter = (block + file.read(_LONGEST_LETTER))[match.start() :]
                return "utf-8" if _LETTER.match(letter) else "cp1252"
    return encoding


def digest(path: Path) -> str:
    """The SHA-256 of its bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lines(path: Path, encoding: str, at: Callable[[int], None]) -> Iterator[str]:
    """Yield each line with its end, as csv needs them; `at` is called at times with the bytes that are read."""
    with path.open("rb") as file, TextIOWrapper(file, encoding, newline="") as text:
        number = 0
        try:
            while line := text.readline(_LONGEST_LINE + 1):
                number += 1
                if number % _LINES_BETWEEN == 0:
                    at(file.tell())
                yield _checked(line.removeprefix("\ufeff") if number == 1 else line, f"{path}:{number}")
        except UnicodeDecodeError:
            raise AfterbillError(_undecodable(path, encoding)) from None


def _checked(line: str, where: str) -> str:
    if len(line) > _LONGEST_LINE:
        raise AfterbillError(
            f"{where}: longer than {_LONGEST_LINE:,} characters: is this a file with one row per line?"
        )
    if "\0" in line:
        raise AfterbillError(
            f"{where}: a NUL byte: this is no text, or UTF-16 without a byte order mark; then say --encoding utf-16-le"
        )
    return line


def _undecodable(path: Path, encoding: str) -> str:
    """Decoders read ahead of the lines they give, so the place is searched for."""
    line, position, error = _first_wrong(path, encoding)
    hint = (
        "--encoding cp1252 for an export of Excel in Western Europe" if "utf-8" in encoding else "--encoding names it"
    )
    return (
        f"{path}:{line}: byte 0x{error.object[error.start]:02X} at position {position} is no {encoding}: "
        f"save the file as UTF-8, or say what it is: {hint}"
    )


def _first_wrong(path: Path, encoding: str) -> tuple[int, int, UnicodeDecodeError]:
    """Line and position, from 1 and 0, of what cannot be decoded, and the error that says so."""
    line, position = 1, 0
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            position += len(block)
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                before = error.object[: error.start]  # with what the decoder had kept of the block before
                codec = encoding if error.encoding == "charmap" else error.encoding
                line += before.decode(codec, "ignore").count("\n")
                return line, position - len(error.object) + error.start, error
            if not block:
                raise AfterbillError(f"{path} was changed while it was read: run the command again")
