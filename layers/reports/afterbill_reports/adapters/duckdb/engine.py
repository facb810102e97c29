"""Ask the archive in SQL: DuckDB over local Parquet files."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from afterbill_reports.archive.columns import COMMENTS, FACTS
from afterbill_reports.reports.statement import Parameter, positional

_ROWS = 20_000
"""Rows of a row group of gathered files: few enough that a month skips most of them."""


class DuckEngine:
    """The tables `facts` and `comments` over the files of some days; the folder of a file names its `day`.

    A column that no file has is null: the files of an older version lack what came later.
    """

    def __init__(
        self, database: duckdb.DuckDBPyConnection, facts: Sequence[Path], comments: Sequence[Path] = ()
    ) -> None:
        self._database = database
        for name, columns, files in (("facts", FACTS, facts), ("comments", COMMENTS, comments)):
            database.execute(f"CREATE OR REPLACE VIEW {name} AS {_select(database, columns, files)}")

    def rows(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[tuple[Any, ...]]:
        """Return the rows; the places of `:name` get the values."""
        statement, values = positional(sql, parameters)
        return self._database.execute(statement, values).fetchall()


def gather(database: duckdb.DuckDBPyConnection, files: Sequence[Path], gathered: Path) -> frozenset[Path]:
    """Write the facts of all files into one, in their order; return the files that are damaged, which are not in it.

    One file is read ten times faster than a thousand, and then every page of them has been read once.
    """
    try:
        _copy(database, files, gathered)
    except duckdb.Error:
        damaged = frozenset(_damaged(database, files))
        _copy(database, [file for file in files if file not in damaged], gathered)
        return damaged
    return frozenset()


def _copy(database: duckdb.DuckDBPyConnection, files: Sequence[Path], gathered: Path) -> None:
    part = gathered.with_suffix(".part")
    chosen = _select(database, FACTS, files)
    database.execute(f"COPY ({chosen}) TO {_quoted(str(part))} (FORMAT parquet, ROW_GROUP_SIZE {_ROWS})")
    part.replace(gathered)


def _damaged(database: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> Collection[Path]:
    """Return those that cannot be read to their end, half by half."""
    try:
        database.sql(_select(database, FACTS, files)).aggregate(f"bit_xor(hash({', '.join(FACTS)}))").fetchall()
    except duckdb.Error:
        if len(files) == 1:
            return files
        half = len(files) // 2
        return [*_damaged(database, files[:half]), *_damaged(database, files[half:])]
    return ()


def _select(database: duckdb.DuckDBPyConnection, columns: Mapping[str, str], files: Sequence[Path]) -> str:
    """Return the SELECT over the files; without any, over no rows of the same columns."""
    kinds = {**columns, "day": "DATE"}
    if not files:
        return f"SELECT {_listed(kinds, ())} WHERE FALSE"
    by_folder = ", hive_partitioning = true, hive_types = {'day': DATE}" if "day=" in files[0].parent.name else ""
    names = ", ".join(_quoted(str(file)) for file in files)
    source = f"read_parquet([{names}], union_by_name = true{by_folder})"
    there = database.sql(f"FROM {source}").columns
    return f"SELECT {_listed(kinds, there)} FROM {source}"  # noqa: S608  # names of files of our own, quoted


def _listed(kinds: Mapping[str, str], there: Collection[str]) -> str:
    return ", ".join(f"{name if name in there else 'NULL'}::{kind} AS {name}" for name, kind in kinds.items())


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
