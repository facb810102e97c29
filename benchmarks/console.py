"""The overview of the console once it is warm: the whole application over stores in memory, its document as S3 has it.

Against a page of the same application without a figure: session, filters and layout, which every page has.
"""

import gzip
import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from afterbill_console.app import Console
from afterbill_dev.console.world import ByRole, World, history
from benchmarks.table import Row
from benchmarks.timing import pairs, ratio, repeated

_CALLS, _ROUNDS = 5, 25
_MOST_TIMES, _MOST_READS, _MOST_BYTES = 15.0, 3, 60_000
_SCOPES = 75
"""Five values of each of fifteen dimensions: the largest document that there is."""
_BARE = "/app/overview?window=none"
"""Days that do not exist: the page says so, in the layout with its menu and its filter bar."""


@dataclass
class _Gzipped:
    """Stored reports as they lie in S3; `reads` counts what a page reads of them, and of everything else."""

    reports: Any
    reads: Counter[str]
    documents: dict[str, bytes] = field(default_factory=dict)

    def load(self, place: str) -> Mapping[str, Any] | None:
        """Return the document, parsed anew."""
        self.reads["report"] += 1
        if place not in self.documents:
            found = self.reports.load(place)
            scopes = dict.fromkeys(("", *(f"plan={number}" for number in range(_SCOPES))), found["scopes"][""])
            self.documents[place] = gzip.compress(json.dumps({**found, "scopes": scopes}).encode(), mtime=0)
        document: dict[str, Any] = json.loads(gzip.decompress(self.documents[place]))
        return document

    def store(self, place: str, document: Mapping[str, Any]) -> None:
        """Nothing is stored here."""

    def fingerprints(self, places: Collection[str]) -> Mapping[str, str]:
        """Return none: nobody asks."""
        return dict.fromkeys(places, "")


@dataclass
class _Counted:
    """Another store, whose reads are counted."""

    store: Any
    reads: Counter[str]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the store has
        self.reads[name] += 1
        return getattr(self.store, name)


def rows() -> list[Row]:
    """Processor time, reads and bytes of the overview, of a month and of a year."""
    reads: Counter[str] = Counter()
    world = World(facts=history())
    people = replace(world.people, answers=_Counted(world.people.answers, reads))
    sessions: Any = _Counted(world.sessions, reads)
    reports = _Gzipped(world.reports, reads)
    world.deps = replace(world.deps, sessions=sessions, reports=reports, people=people)
    world.console = Console(world.deps, ByRole(world.sessions, world.operators))
    return [row for window in ("30d", "365d") for row in _rows(world, reads, window)]


def _rows(world: World, reads: Counter[str], window: str) -> list[Row]:
    ticket = world.sign_in()

    def opened(place: str) -> str:
        return world.get(place, ticket).body

    place = f"/app/overview?window={window}"
    opened(place)
    reads.clear()
    size = len(opened(place).encode())
    read = reads.total()
    taken = pairs(repeated(lambda: opened(place), _CALLS), repeated(lambda: opened(_BARE), _CALLS), _ROUNDS)
    spent = 1000 * min(measured for measured, _ in taken) / _CALLS
    note = f"to a page without a figure; {spent:.1f} ms, of which 30 are allowed; {_SCOPES + 1} scopes are parsed"
    return [
        Row(f"overview of {window} warm", ratio(taken), "x", _MOST_TIMES, note),
        Row(f"overview of {window}: reads", read, "calls", _MOST_READS, "session, report, newest answers"),
        Row(f"overview of {window}: page", size, "bytes", _MOST_BYTES),
    ]
