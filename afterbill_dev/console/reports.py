"""Stored reports of a seeded history, computed when they are first asked for."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from zoneinfo import ZoneInfo

from afterbill.insight.archive.rows import day_of, row_of
from afterbill.insight.periods import window_of
from afterbill.insight.ports import Asking
from afterbill.insight.reports.asked import Asked, Body, Engine, ReportRules, Scope
from afterbill.insight.reports.requested import ReportRequest, scope_key
from afterbill.model.invitation import Invitation
from afterbill.model.questions import Question
from afterbill_reports.adapters.duckdb.database import connect
from afterbill_reports.adapters.duckdb.engine import DuckEngine, gather
from afterbill_reports.adapters.duckdb.parquet import ParquetRows
from afterbill_reports.archive.columns import FACTS, place
from afterbill_reports.reports.modules import report_of
from afterbill_reports.reports.overview import PARTS

_MEMORY_MB = 600


@dataclass
class ComputedReports:
    """StoredReports, and ReportRequests, over the facts of a history."""

    facts: Iterable[Invitation]
    rules: ReportRules
    zone: ZoneInfo
    now: datetime
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def engine(self) -> Engine:
        """The facts by their days, gathered in one file, behind DuckDB."""
        scratch = Path(mkdtemp(prefix="console-"))
        database = connect(scratch, _MEMORY_MB, threads=1)
        parquet, days = ParquetRows(database, scratch), defaultdict(list)
        for one in self.facts:
            days[day_of(one, self.zone)].append(one)
        for day, facts in days.items():
            file = scratch / place("facts", day)
            file.parent.mkdir(parents=True)
            file.write_bytes(parquet.written([row_of(one, self.zone, "") for one in facts], FACTS))
        gathered = scratch / "facts.parquet"
        gather(database, [scratch / place("facts", day) for day in sorted(days)], gathered)
        return DuckEngine(database, [gathered])

    @property
    def today(self) -> date:
        """The local day."""
        return self.now.astimezone(self.zone).date()

    def load(self, place: str) -> Mapping[str, Any] | None:
        """Return the document; one of a usual window is computed if it was never read."""
        if place not in self.documents and place.startswith("reports/"):
            _, name, question, window = place.removesuffix(".json").split("/")
            self._compute(place, name, Asked(window_of(window, self.today), Question(question)))
        return self.documents.get(place)

    def store(self, place: str, document: Mapping[str, Any]) -> None:
        """Store it."""
        self.documents[place] = document

    def fingerprints(self, places: Collection[str]) -> Mapping[str, str]:
        """None of them has one."""
        return dict.fromkeys(set(places) & self.documents.keys(), "")

    def ask(self, request: ReportRequest, now: datetime) -> Asking:  # noqa: ARG002  # time stands still
        """Compute it: the next look finds it."""
        self._compute(request.place, request.name, request.asked)
        return Asking.ASKED

    def _compute(self, place: str, name: str, asked: Asked) -> None:
        scopes: Mapping[Scope, Body] = report_of(name).compute(self.engine, asked, self.rules)
        if name == "overview" and place.startswith("reports/"):
            # A stored one is made of documents, and says when these were computed.
            parts = dict.fromkeys(PARTS, self.now.isoformat(timespec="seconds"))
            scopes = {scope: {**body, "parts": parts} for scope, body in scopes.items()}
        window = asked.window
        self.documents[place] = {
            "name": name,
            "question": asked.question.value,
            "window": {"name": window.name, "first": str(window.first), "last": str(window.last)},
            "computed_at": self.now.isoformat(timespec="seconds"),
            "fingerprint": "computed",
            "scopes": {scope_key(scope): body for scope, body in scopes.items()},
        }
