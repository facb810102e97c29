"""The progress of an import, stored beside the file, so that a stopped import goes on from there."""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from afterbill.model.errors import AfterbillError
from afterbill_cli.deployed import Deployed
from afterbill_cli.importing import text_files
from afterbill_cli.importing.records import Layout

FOLDER = ".afterbill"
_ERASED = "erased"


@dataclass
class Journal:
    """The first `done` rows are imported as of `began_at`; the import is over at `finished_at`."""

    path: Path
    file: str
    began_at: datetime
    done: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    finished_at: datetime | None = None

    def write(self) -> None:
        """Write the journal atomically."""
        content = {
            "file": self.file,
            "began_at": self.began_at.isoformat(),
            "done": self.done,
            "outcomes": self.outcomes,
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
        }
        beside = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(exist_ok=True)
            beside.write_text(json.dumps(content, indent=2), encoding="utf-8")
            beside.replace(self.path)
        except OSError as error:
            raise AfterbillError(
                f"{self.path} cannot be written ({error.strerror}): it remembers which rows are done. "
                "Copy the file to a folder of your own"
            ) from error

    def print_finished(self, kinds: Iterable[str]) -> None:
        """Say that this file was imported before, and with which outcomes."""
        print(f"{self.file} was imported {self.finished_at:%Y-%m-%d %H:%M} UTC: {outcomes_text(self.outcomes, kinds)}.")
        print("--again reads it from the first row; what is stored already is not written twice.")

    def finish(self, rows: int, now: datetime) -> None:
        """Store that all rows are done."""
        self.done, self.finished_at = rows, now
        self.write()


def outcomes_text(outcomes: Mapping[str, int], kinds: Iterable[str]) -> str:
    """Format the counts of all kinds of outcomes, also of those that did not occur; erased ones are rare."""
    return ", ".join(f"{outcomes.get(kind, 0)} {kind}" for kind in kinds if outcomes.get(kind) or kind != _ERASED)


def tell_erased(rows: int) -> None:
    """Print that rows were passed over because their customers were removed."""
    if rows:
        print(
            f"note: {rows} {'row is' if rows == 1 else 'rows are'} about customers who were removed: they were passed "
            "over; --include-erased imports them",
            file=sys.stderr,
        )


def journal_of(layout: Layout, settings: Sequence[Any], stack: Deployed, *, afresh: bool) -> Journal:
    """Return the journal of this file read with these `settings`; an empty one where it starts `afresh`."""
    reading = json.dumps(list(settings))
    # The name of the secret holds the account, the region and a random part: a stack made anew is another one.
    place = f"{stack.output('KeysSecretArn')} {stack.output('TableName')}"
    now = datetime.now(UTC)
    book = journal(layout.path, text_files.digest(layout.path), place, reading, now)
    return Journal(book.path, book.file, now) if afresh else book


def journal(file: Path, digest: str, stack: str, reading: str, now: datetime) -> Journal:
    """The journal of this very content, for this stack, read this way; a new one where there is none to be read."""
    name = hashlib.sha256(f"{digest}\n{stack}\n{reading}".encode()).hexdigest()[:32]
    path = file.parent / FOLDER / f"import-{name}.json"
    fresh = Journal(path, file.name, now)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Journal(
            path,
            file.name,
            datetime.fromisoformat(content["began_at"]),
            int(content["done"]),
            Counter({str(name): int(count) for name, count in content["outcomes"].items()}),
            datetime.fromisoformat(content["finished_at"]) if content["finished_at"] else None,
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return fresh  # importing what is imported changes nothing
