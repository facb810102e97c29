"""What an import has done so far, beside the file: whoever is killed goes on from there."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from afterbill.model.errors import AfterbillError
from afterbill_cli.deployed import Deployed
from afterbill_cli.importing import text_files
from afterbill_cli.importing.records import Layout

FOLDER = ".afterbill"


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
        """Return only once it is there, whole."""
        said = {
            "file": self.file,
            "began_at": self.began_at.isoformat(),
            "done": self.done,
            "outcomes": self.outcomes,
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
        }
        beside = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(exist_ok=True)
            beside.write_text(json.dumps(said, indent=2), encoding="utf-8")
            beside.replace(self.path)
        except OSError as error:
            raise AfterbillError(
                f"{self.path} cannot be written ({error.strerror}): it remembers which rows are done. "
                "Copy the file to a folder of your own"
            ) from error

    def finish(self, rows: int, now: datetime) -> None:
        """Remember that all of them are done."""
        self.done, self.finished_at = rows, now
        self.write()


def journal_of(layout: Layout, said: Sequence[Any], stack: Deployed, *, afresh: bool) -> Journal:
    """What was done of this file, read and meant as `said`; nothing where it is to be read `afresh`."""
    reading = json.dumps(list(said))
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
        said = json.loads(path.read_text(encoding="utf-8"))
        return Journal(
            path,
            file.name,
            datetime.fromisoformat(said["began_at"]),
            int(said["done"]),
            Counter({str(name): int(count) for name, count in said["outcomes"].items()}),
            datetime.fromisoformat(said["finished_at"]) if said["finished_at"] else None,
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return fresh  # importing what is imported changes nothing
