"""An index of names and refused rows in a temporary database, for files of any size."""

import hashlib
import sqlite3
from typing import Self

_CACHE_KIB = 8192


class Seen:
    """Names with the line they stand on, and the rows that were refused; gone when it is closed."""

    def __init__(self) -> None:
        # Without a name SQLite keeps it in a file of its own that nobody else sees, and removes it.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE seen (name BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._db.execute("CREATE TABLE refused (number INTEGER PRIMARY KEY)")
        self._db.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def claim(self, name: str, line: int) -> int:
        """The line this name stands on: this one, or the earlier one that holds it."""
        key = _hashed(name)
        if self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line)).rowcount:
            return line
        (first,) = self._db.execute("SELECT line FROM seen WHERE name = ?", (key,)).fetchone()
        return int(first)

    def count(self, name: str) -> int:
        """Count a name and return its total; the name must not be claimed as well."""
        upsert = "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET line = line + 1 RETURNING line"
        (times,) = self._db.execute(upsert, (_hashed(name),)).fetchone()
        return int(times)

    def release(self, name: str) -> None:
        """Release a name, so that another row can claim it."""
        self._db.execute("DELETE FROM seen WHERE name = ?", (_hashed(name),))

    def refuse(self, number: int) -> None:
        """The row of this number is not to be imported."""
        self._db.execute("INSERT INTO refused VALUES (?)", (number,))

    def refused(self, number: int) -> bool:
        """True when the row of this number was refused."""
        return self._db.execute("SELECT 1 FROM refused WHERE number = ?", (number,)).fetchone() is not None


def _hashed(name: str) -> bytes:
    """Short, whatever the name; and no address lies in a temporary file."""
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
