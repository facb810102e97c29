"""`python -m afterbill_dev.load month|first`: runs, and prints what came of it."""

import json
import sys
import tempfile
from pathlib import Path

from afterbill_dev.load.month import live, plain

if __name__ == "__main__":
    what, size, seed, *_ = *sys.argv[1:], "2027"
    with tempfile.TemporaryDirectory() as folder:
        if what == "month":
            json.dump(plain(live(int(size), int(seed), Path(folder, "config"))), sys.stdout, indent=1)
