"""The arguments of `afterbill doctor` and what they start."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

from afterbill_cli import deployed
from afterbill_cli.doctor import report
from afterbill_cli.doctor.checks import CHECKS, Check, examine
from afterbill_cli.doctor.resolver import Dns, live
from afterbill_cli.doctor.stack_under_test import StackUnderTest


def add_to(parser: argparse.ArgumentParser) -> None:
    """`afterbill doctor`."""
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--offline-dns", action="store_true", help="do not ask name servers for SPF, DKIM and DMARC")
    parser.set_defaults(run=_run)
    deployed.options(parser)


def _run(chosen: argparse.Namespace) -> int:
    dns = Dns(silent="name servers were not to be asked") if chosen.offline_dns else live()
    return run(StackUnderTest(deployed.connect(chosen), dns, datetime.now(UTC)), as_json=chosen.json)


def run(stack: StackUnderTest, *, as_json: bool, checks: Sequence[Check] = CHECKS) -> int:
    """Tell each finding as soon as it is made; 0 when none fails."""
    told: list[report.Told] = []
    width = max(len(check.name) for check in checks)
    for check in checks:
        for finding in examine(check, stack):
            told.append((check.name, finding))
            if not as_json:
                print(report.line(check.name, finding, width), flush=True)
    print(report.as_json(stack.deployed.name, told) if as_json else f"\n{report.summary(told)}")
    return 0 if report.healthy(told) else 1
