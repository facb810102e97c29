"""A year of many customers without a fault, and no rule that could be missing without anybody noticing.

`make simulate` asks for 50,000 customers, the suite for a tenth. Both run in processes of their own, side by side, for
measuring coverage would slow them down: docs/simulation.md.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.switches import SWITCHES

ROOT = Path(__file__).resolve().parents[2]
MANY_CUSTOMERS, FEW_CUSTOMERS = 50_000, 1_200
CUSTOMERS = int(os.environ.get("AFTERBILL_CUSTOMERS") or 5_000)
FLOORS = {
    "facts": 150_000,
    "turns of version-2": 12_000,
    "mails": 32_000,
    "mails after an end was taken back": 40,
    "mails cancelled": 1_600,
    "mails release": 500,
    "mails where others were asked before": 2_000,
    "reminders": 24_000,
    "ends taken back": 1_300,
    "ends that stand": 5_000,
    "woken": 130,
    "closed bad_address": 400,
    "closed cooldown": 18_000,
    "closed customer_deleted": 15,
    "closed expired": 30,
    "closed failed": 50,
    "closed no_address": 6_000,
    "closed no_basis": 20_000,
    "closed no_customer": 150,
    "closed not_asked": 8_000,
    "closed not_paid": 700,
    "closed not_sampled": 8_000,
    "closed quota": 6_000,
    "closed rejected": 50,
    "closed role_address": 800,
    "closed still_subscribed": 3_000,
    "closed stopped": 1_900,
    "closed superseded": 120,
    "closed suppressed": 2_500,
    "closed test_mode": 400,
    "closed withdrawn": 350,
    "waited cooldown": 1_500,
    "waited limit": 20,
    "waited quota": 4_000,
    "waited stopped": 1_000,
    "waited superseded": 9_000,
    "waited window": 60_000,
    "told expired": 800,
    "told of failures after all": 600,
    "told of guests": 12_000,
    "told order_cancelled": 2_700,
    "told payment_reversed": 300,
    "told running": 3_500,
    "told with the address of another": 3_000,
    "answers after the reminder": 5_000,
    "answers recorded": 12_000,
    "capture ended by Crash": 80,
    "capture ended by TransientError": 60,
    "captured duplicate": 6_000,
    "mail events Complaint": 60,
    "mail events Permanent": 500,
    "messages twice": 15,
    "send ended by Crash": 120,
    "send ended by TransientError": 150,
    "send halted": 100,
    "send paused": 800,
    "send throttled": 250,
    "send unknown": 70,
    "swept failed": 50,
    "swept overdue": 150,
    "timers lost": 150,
    "unsubscribes unsubscribed": 1_800,
    "unsubscribes while something waits": 5,
}
"""How much of everything a year of many customers holds at least, whatever the seed."""


def least(floor: int) -> int:
    """The same for fewer: half of their share, since chance weighs more, and at least one of everything."""
    return floor if CUSTOMERS >= MANY_CUSTOMERS else max(1, floor * CUSTOMERS // (2 * MANY_CUSTOMERS))


def start(*arguments: object) -> "subprocess.Popen[str]":
    paths = os.pathsep.join(map(str, (ROOT / "tests", ROOT / "layers" / "console", ROOT / "layers" / "core", ROOT)))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-m", "simulation.run", *map(str, arguments)]
    return subprocess.Popen(command, env=environment | {"PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def started() -> Iterator[dict[str, "subprocess.Popen[str]"]]:
    """Both processes, at once."""
    with start("year", CUSTOMERS) as year, start("switches", FEW_CUSTOMERS) as switches:
        yield {"year": year, "switches": switches}
        year.kill()
        switches.kill()


def outcome(process: "subprocess.Popen[str]") -> dict[str, Any]:
    output, _ = process.communicate()
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(output)
    return found


@pytest.fixture(scope="module")
def year(started) -> dict[str, Any]:
    return outcome(started["year"])


@pytest.fixture(scope="module")
def switches(started) -> dict[str, Any]:
    return outcome(started["switches"])


def test_in_a_year_of_many_customers_nothing_is_wrong(year):
    assert year["violations"] == {}, examples(year)


def test_the_year_is_full_of_everything_that_can_happen(year):
    counted = year["seen"] | year["counts"]
    rows = [*year["seen"].items(), *year["counts"].items()]
    print(f"\nseed {year['seed']}: {year['seconds']} s of processor time")
    print("\n".join(f"{name:40} {number:>9,}" for name, number in rows))

    assert {name: counted.get(name, 0) for name, floor in FLOORS.items() if counted.get(name, 0) < least(floor)} == {}


def test_what_waits_without_a_timer_has_lost_one(year):
    assert year["seen"]["pending without a timer"] <= year["counts"]["timers lost"]


def test_with_every_rule_on_the_oracle_finds_nothing_among_few_customers_either(switches):
    assert switches[""]["violations"] == {}, examples(switches[""])


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_a_rule_that_is_switched_off_is_missed_by_name(switch, switches):
    found = switches[switch.name]["violations"]
    print(f"\n{switch.name}: {found}")

    assert set(switch.says) <= found.keys()


def examples(found: Mapping[str, Any]) -> str:
    return "\n".join(one for lines in found["examples"].values() for one in lines)
