"""`python -m simulation.run year|switches`: runs, and prints what came of it as JSON."""

import json
import os
import sys
import time
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from afterbill.outreach.policy import Policy
from afterbill.settings.surveys import policy_of

from .switches import SWITCHES
from .town import Town

BAD = 4.0
"""In a small population what is rare is so much more frequent."""
ROOT = Path(__file__).resolve().parents[2]
SHIPPED, CHANGES = ROOT / "layers" / "config" / "surveys.toml", Path(__file__).with_name("changes.toml")


def tables_for(size: int) -> dict[str, Any]:
    """The shipped file with the changes, for so many customers."""
    tables, changes = (tomllib.loads(path.read_text(encoding="utf-8")) for path in (SHIPPED, CHANGES))
    for name in ("legal", "sending", "sources", "campaigns"):
        if name in changes:
            tables[name] = {**tables.get(name, {}), **changes[name]}
    for name, table in changes["touchpoints"].items():
        tables["touchpoints"][name] = {**tables["touchpoints"].get(name, {}), **table}
    for table in (tables["sending"], *tables["touchpoints"].values()):
        for name in ("per_hour", "per_day", "quota"):
            if name in table:
                table[name] = -(-table[name] * size // 1000)
    return tables


def year(
    size: int, seed: int, policy: Policy | None = None, bad: float = 1, missed: Collection[str] = ()
) -> dict[str, Any]:
    """A year of so many customers; the product goes by `policy`, the oracle always by the tables.

    It ends early once the oracle has missed all rules in `missed`.
    """
    tables, begun = tables_for(size), time.process_time()
    town = Town(size, seed, policy or policy_of(tables), tables, bad)
    written = time.process_time()
    oracle = town.live(missed)
    return {
        "seed": seed,
        "seconds": round(time.process_time() - begun, 1),
        "seconds to write the script": round(written - begun, 1),
        "counts": dict(sorted(town.counts.items())),
        "seen": dict(sorted(oracle.seen.items())),
        "violations": dict(oracle.violations),
        "examples": dict(oracle.examples),
    }


def switched_off(size: int, seed: int, only: str = "") -> dict[str, Any]:
    """What the oracle says with every rule on, and with each of them off in turn."""
    policy, found = policy_of(tables_for(size)), {"": year(size, seed, bad=BAD)}
    for switch in SWITCHES:
        if only in switch.name:
            with switch.off(policy) as changed:
                found[switch.name] = year(size, seed, changed, BAD, switch.says)
    return found


if __name__ == "__main__":
    what, size, *rest = sys.argv[1:]
    seed = int(os.environ.get("AFTERBILL_SEED") or 2027)
    json.dump({"year": year, "switches": switched_off}[what](int(size), seed, *rest), sys.stdout, indent=1)
