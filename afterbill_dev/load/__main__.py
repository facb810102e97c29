"""`python -m afterbill_dev.load month|first SIZE [SEED]`: runs, and prints what came of it."""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from afterbill_dev.load import first, month


def _month(size: int, seed: int, folder: Path) -> None:
    json.dump(month.plain(month.live(size, seed, folder)), sys.stdout, indent=1)


def _first(size: int, seed: int, folder: Path) -> None:
    for done in first.rounds(size, seed, folder):
        given = {
            "Lambda quota": done.settings.concurrency,
            "SES quota": done.settings.quota,
            **done.settings.parameters,
        }
        print(", ".join(f"{name} {value:,.0f}" for name, value in given.items()), "\n", sep="\n")
        print(first.table(done), flush=True)


_RUNS: Mapping[str, Callable[[int, int, Path], None]] = {"month": _month, "first": _first}

if __name__ == "__main__":
    what, size, seed, *_ = *sys.argv[1:], "2027"
    with tempfile.TemporaryDirectory() as folder:
        _RUNS[what](int(size), int(seed), Path(folder, "config"))
