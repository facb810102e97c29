"""`python -m afterbill_dev.history`: two seeded years of customers in the local stack, with planted effects."""

import argparse
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from afterbill.model.errors import AfterbillError
from afterbill_cli import deployed
from afterbill_cli.options import StackChoice
from afterbill_dev.history.effects import PLANTED
from afterbill_dev.history.fill import archived, fill, hashing
from afterbill_dev.history.lives import Span, lives
from afterbill_dev.history.words import worded
from afterbill_dev.local import stack as local_stack
from afterbill_dev.local.configured import Wanted
from afterbill_dev.local.processes import StackError
from afterbill_dev.paths import STACK_FILE

SEED, CUSTOMERS, DAYS = 2026, 20_000, 730


def main() -> int:
    """Fill the local stack, which is started first if none is up; 2 where it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m afterbill_dev.history", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help=f"another history; default: {SEED}")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help=f"default: {CUSTOMERS}")
    chosen = parser.parse_args()
    try:
        if not STACK_FILE.exists():
            local_stack.up(Wanted())
        _fill(chosen.seed, chosen.customers)
    except (AfterbillError, StackError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _fill(seed: int, customers: int) -> None:
    stack = deployed.connect(StackChoice())
    span = Span(datetime.now(UTC), DAYS, ZoneInfo(stack.policy().time_zone))
    made = worded(lives(seed, customers, span, PLANTED))
    facts = fill(stack, made, lambda number: _tell(f"{number} facts stored"), hashing(stack))
    _tell(f"{facts} facts of {customers} customers are stored; their days are archived", last=True)
    archived(stack, lambda marks: _tell(f"{marks} marks of days are left"))
    _tell("everything is archived; try `afterbill report segments --window 365d`", last=True)


def _tell(text: str, *, last: bool = False) -> None:
    print(f"\r{text:<70}", end="\n" if last else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
