"""Ask the archive in SQL: DuckDB over local Parquet files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from afterbill.insight.archive.columns import COMMENTS, FACTS
from afterbill.insight.reports.statement import Parameter, positional


class DuckEngine:
    """The tables `facts` and `comments` over the files of some days; the folder of a file names its `day`."""

    def __init__(self, connection: DuckDBPyConnection, facts: Sequence[Path], comments: Sequence[Path] = ()) -> None:
        self._connection = connection
        for name, columns, files in (("facts", FACTS, facts), ("comments", COMMENTS, comments)):
            connection.execute(f"CREATE OR REPLACE VIEW {name} AS {_select(columns, files)}")

    def rows(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[tuple[Any, ...]]:
        """Return the rows; the places of `:name` get the values."""
        statement, values = positional(sql, parameters)
        return self._connection.execute(statement, values).fetchall()


def _select(columns: Mapping[str, str], files: Sequence[Path]) -> str:
    """Return the SELECT over the files; without any, over no rows of the same columns."""
    if not files:
        empty = ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns.items())
        return f"SELECT {empty}, NULL::DATE AS day WHERE FALSE"
    listed = ", ".join(_quoted(str(file)) for file in files)
    names = ", ".join(columns)
    return f"SELECT {names}, day FROM read_parquet([{listed}], hive_partitioning = true, hive_types = {{'day': DATE}})"  # noqa: S608  # names of files of our own, quoted


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
