"""`python -m afterbill_dev.load month|first|tiny SIZE [SEED] [--json]`: runs, and prints what came of it."""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from afterbill_dev.load import first, month


def main() -> None:
    """Print tables, or their figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m afterbill_dev.load")
    parser.add_argument("what", choices=["month", "first", "tiny"])
    parser.add_argument("size", type=int, help="surveys of the month, or webhooks of the hour")
    parser.add_argument("seed", type=int, nargs="?", default=2027)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "config")
        ran = _month(asked, folder) if asked.what == "month" else _first(asked, folder)
        for text, figures in ran:
            print(json.dumps(figures) if asked.json else f"{text}\n", flush=True)  # its purpose


def _month(asked: argparse.Namespace, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    lived = month.live(asked.size, asked.seed, folder)
    yield month.table(lived), month.plain(lived)


def _first(asked: argparse.Namespace, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    settings = first.TINY if asked.what == "tiny" else first.SHIPPED
    for done in first.rounds(asked.size, asked.seed, folder, settings):
        yield f"{first.given(done.settings)}\n\n{first.table(done)}", asdict(done)


if __name__ == "__main__":
    main()
