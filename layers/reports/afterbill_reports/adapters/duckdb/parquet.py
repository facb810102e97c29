"""Rows as the bytes of a Parquet file, and back, by DuckDB."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from afterbill.model.errors import UnreadableError

_ROWS = 1_048_576
"""Rows of a row group: a day has one."""


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """RowFiles by a database of `connect`; files lie in `scratch` no longer than a call takes."""

    database: duckdb.DuckDBPyConnection
    scratch: Path

    def written(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> bytes:
        """Write the rows as lines of JSON, which DuckDB reads faster than values, and have them made a file.

        Sorted by id, by one thread and in one row group: nothing but the rows decides about the bytes.
        """
        with self._file("rows.json") as lines, self._file("rows.parquet") as file:
            with lines.open("w", encoding="utf-8") as stream:
                stream.writelines(f"{json.dumps(row, default=str, ensure_ascii=False)}\n" for row in rows)
            source = self.database.read_json(
                str(lines), columns=dict(columns), format="newline_delimited", maximum_object_size=_ROWS
            )
            source.order("id").write_parquet(str(file), compression="zstd", row_group_size=_ROWS)
            return file.read_bytes()

    def read(self, body: bytes, columns: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """Read every row; UnreadableError where the bytes are no whole file, or hold a column of another kind."""
        with self._file("stored.parquet") as file:
            file.write_bytes(body)
            try:
                stored = self.database.read_parquet(str(file))
                there = [name for name in columns if name in stored.columns]
                found = stored.project(", ".join(f'CAST("{name}" AS {columns[name]})' for name in there)).fetchall()
            except duckdb.Error as error:
                raise UnreadableError(f"damaged: {type(error).__name__}") from error
        absent = dict.fromkeys(columns)
        return [absent | dict(zip(there, row, strict=True)) for row in found]

    @contextmanager
    def _file(self, name: str) -> Iterator[Path]:
        path = self.scratch / name
        self.scratch.mkdir(parents=True, exist_ok=True)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
