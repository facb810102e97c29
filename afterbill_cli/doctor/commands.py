"""`afterbill doctor`: run the checks of a deployed stack and print the findings."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from afterbill_cli import deployed, options
from afterbill_cli.doctor.checks import CHECKS, Check, examine
from afterbill_cli.doctor.dns_lookup import Dns, live
from afterbill_cli.doctor.findings import Finding, Verdict
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output

NamedFinding = tuple[str, Finding]
"""A finding with the name of the check it comes from."""

_MARGIN = max(map(len, Verdict))


def line(name: str, finding: Finding, width: int) -> str:
    """One line, and where something is to be done a second one that says what."""
    first = f"{finding.verdict:<{_MARGIN}}  {name:<{width}}  {_flat(finding.text)}"
    return f"{first}\n{'':<{_MARGIN}}  {'':<{width}}  -> {_flat(finding.remedy)}" if finding.remedy else first


def summary(findings: Sequence[NamedFinding]) -> str:
    """Count the findings by verdict, as one line."""
    counted = Counter(finding.verdict for _, finding in findings)
    return ", ".join(f"{counted[verdict]} {verdict}" for verdict in Verdict)


def findings_json(stack: str, findings: Sequence[NamedFinding]) -> str:
    """Return the findings as one JSON object."""
    rows = [
        {"check": name, "verdict": finding.verdict, "found": finding.text, "remedy": finding.remedy}
        for name, finding in findings
    ]
    return json.dumps({"stack": stack, "healthy": healthy(findings), "findings": rows}, indent=2, ensure_ascii=False)


def healthy(findings: Sequence[NamedFinding]) -> bool:
    """True when no finding fails."""
    return not any(finding.verdict is Verdict.FAIL for _, finding in findings)


def _flat(text: str) -> str:
    return " ".join(text.split())


@click.command("doctor")
@options.output()
@click.option("--offline-dns", is_flag=True, help="Skip DNS queries for SPF, DKIM and DMARC.")
@options.stack
def command(*, output: Output, offline_dns: bool, choice: StackChoice) -> int:
    """Check the deployed stack, and show how to fix problems."""
    dns = Dns(silent="name servers were not to be asked") if offline_dns else live()
    stack = StackUnderTest(deployed.connect(choice), dns, datetime.now(UTC))
    return run(stack, as_json=output is Output.JSON)


def run(stack: StackUnderTest, *, as_json: bool, checks: Sequence[Check] = CHECKS) -> int:
    """Print each finding as soon as it is made; return 0 when none fails."""
    findings: list[NamedFinding] = []
    width = max(len(check.name) for check in checks)
    for check in checks:
        for finding in examine(check, stack):
            findings.append((check.name, finding))
            if not as_json:
                print(line(check.name, finding, width), flush=True)
    print(findings_json(stack.deployed.name, findings) if as_json else f"\n{summary(findings)}")
    return 0 if healthy(findings) else 1
