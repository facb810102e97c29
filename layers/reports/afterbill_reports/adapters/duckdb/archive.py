"""The archive as reports open it: DuckDB over copies of its files, gathered into one."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import duckdb

from afterbill.insight.ports import ArchiveFile, Opened
from afterbill_reports.adapters.duckdb.engine import DuckEngine, gather


class Copies(Protocol):
    """Local copies of the archive's files."""

    def files(self) -> Sequence[ArchiveFile]:
        """Every day of facts there is, in order."""

    def fetch(self, files: Collection[ArchiveFile]) -> Mapping[ArchiveFile, Path]:
        """Return where the copies of these files are, without those that are gone."""


@dataclass(frozen=True, slots=True)
class DuckArchive:
    """Archive over local copies; `connect` makes a database, `folder` is for the gathered facts."""

    copies: Copies
    connect: Callable[[], duckdb.DuckDBPyConnection]
    folder: Path

    def files(self) -> Sequence[ArchiveFile]:
        """Every day of facts there is, in order."""
        return self.copies.files()

    @contextmanager
    def open(self, files: Sequence[ArchiveFile]) -> Iterator[Opened]:
        """Gather what is there and whole; the same files again are gathered already."""
        with self.connect() as database:
            paths = self.copies.fetch(files)
            facts, damaged = self._gathered(database, [paths[file] for file in files if file in paths])
            left_out = [file.day for file in files if paths.get(file, None) in {None, *damaged}]
            yield Opened(DuckEngine(database, [facts]), left_out)

    def _gathered(self, database: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> tuple[Path, Collection[Path]]:
        gathered = self.folder / f"{sha256(repr(paths).encode()).hexdigest()}.parquet"
        if gathered.exists():
            return gathered, ()
        for other in self.folder.glob("*.parquet"):
            other.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        damaged = gather(database, paths, gathered)
        # What is damaged may have been so on the way.
        for path in damaged:
            path.unlink()
        return (gathered.rename(self.folder / "part.parquet") if damaged else gathered), damaged
