"""`python -m simulation.run year|switches`: runs, and prints what came of it as JSON."""

import json
import os
import sys
import time
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from afterbill.outreach.policy import Policy
from afterbill.settings.surveys import policy_of

from .events import DAY
from .switches import NOTHING, SWITCHES, Switch
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


@cache
def policy_for(size: int) -> Policy:
    """The product's reading of these tables."""
    return policy_of(tables_for(size))


def year(size: int, seed: int, bad: float = 1, switch: Switch = NOTHING) -> dict[str, Any]:
    """A year of so many customers; the product goes without what the switch takes away, the oracle by the tables.

    It ends with the days of the switch, and early once the oracle has missed all rules that it says.
    """
    begun = time.process_time()
    with switch.off(policy_for(size)) as policy:
        town = Town(size, seed, policy, tables_for(size), bad)
        written = time.process_time()
        oracle = town.live(switch.says, switch.days * DAY)
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
    switches = (switch for switch in SWITCHES if only in switch.name)
    return {switch.name: year(size, seed, BAD, switch) for switch in (NOTHING, *switches)}


if __name__ == "__main__":
    what, size, *rest = sys.argv[1:]
    seed = int(os.environ.get("AFTERBILL_SEED") or 2027)
    json.dump({"year": year, "switches": switched_off}[what](int(size), seed, *rest), sys.stdout, indent=1)
