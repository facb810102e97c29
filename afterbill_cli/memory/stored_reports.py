"""Reports and the archive that they are computed from, in memory."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from afterbill.insight.ports import ArchiveFile, Opened
from afterbill.insight.reports.asked import Engine
from afterbill.model.errors import UnreadableError
from afterbill_reports.archive.columns import day_of


@dataclass
class MemoryReports:
    """StoredReports over a dictionary of JSON texts."""

    documents: dict[str, str] = field(default_factory=dict)

    def load(self, place: str) -> Mapping[str, Any] | None:
        """The document as it was stored."""
        if (text := self.documents.get(place)) is None:
            return None
        try:
            document: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise UnreadableError(f"{place}: {type(error).__name__}") from error
        return document

    def store(self, place: str, document: Mapping[str, Any]) -> None:
        """Store it as JSON."""
        self.documents[place] = json.dumps(document, ensure_ascii=False)

    def fingerprints(self, places: Collection[str]) -> Mapping[str, str]:
        """Those of the documents that are there and have one."""
        there = {place: json.loads(self.documents[place]) for place in places if place in self.documents}
        return {place: document["fingerprint"] for place, document in there.items() if document.get("fingerprint")}


@dataclass
class MemoryReportArchive:
    """Archive over versions by the names of files; `engine` answers for all of them, but those that are `damaged`."""

    engine: Engine
    versions: dict[str, str] = field(default_factory=dict)
    damaged: set[date] = field(default_factory=set)
    opened: list[Sequence[date]] = field(default_factory=list)

    def files(self) -> Sequence[ArchiveFile]:
        """The files by their days."""
        listed = [ArchiveFile(day_of(name), name, version, 1) for name, version in self.versions.items()]
        return sorted(listed, key=lambda file: file.day)

    @contextmanager
    def open(self, files: Sequence[ArchiveFile]) -> Iterator[Opened]:
        """Note which days are opened."""
        days = [file.day for file in files]
        self.opened.append(days)
        yield Opened(self.engine, [day for day in days if day in self.damaged])
