"""`afterbill doctor`: run the checks of a deployed stack and print the findings."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from afterbill.model.errors import AfterbillError
from afterbill.model.plain_text import one_line
from afterbill_cli import deployed, options
from afterbill_cli.aws_errors import credentials_refused, explained
from afterbill_cli.doctor.checks import CHECKS, Check, examine
from afterbill_cli.doctor.dns_lookup import Dns, live
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_console.health.findings import Finding, Verdict

NamedFinding = tuple[str, Finding]
"""A finding with the name of the check it comes from."""

COULD_NOT_LOOK = 2
_MARGIN = max(map(len, Verdict))


def line(name: str, finding: Finding, width: int) -> str:
    """One line, and where something is to be done a second one that says what."""
    first = f"{finding.verdict:<{_MARGIN}}  {name:<{width}}  {one_line(finding.text)}"
    return f"{first}\n{'':<{_MARGIN}}  {'':<{width}}  -> {one_line(finding.remedy)}" if finding.remedy else first


def summary(findings: Sequence[NamedFinding]) -> str:
    """Count the findings by verdict, as one line."""
    return ", ".join(f"{count} {verdict}" for verdict, count in _counts(findings).items())


def report(stack: str, findings: Sequence[NamedFinding]) -> dict[str, Any]:
    """Return the findings as one object of JSON."""
    rows = [
        {"check": name, "verdict": finding.verdict, "found": finding.text, "remedy": finding.remedy}
        for name, finding in findings
    ]
    code = exit_code(findings)
    return {"stack": stack, "healthy": code == 0, "exit": code, "counts": _counts(findings), "findings": rows}


def _counts(findings: Sequence[NamedFinding]) -> dict[str, int]:
    counted = Counter(finding.verdict for _, finding in findings)
    return {verdict.value: counted[verdict] for verdict in Verdict}


def exit_code(findings: Sequence[NamedFinding]) -> int:
    """Return 1 where something fails, else 2 where something could not be looked at, else 0."""
    verdicts = {finding.verdict for _, finding in findings}
    if Verdict.FAIL in verdicts:
        return 1
    return COULD_NOT_LOOK if Verdict.UNKNOWN in verdicts else 0


@click.command("doctor")
@options.output()
@click.option("--offline-dns", is_flag=True, help="Skip DNS queries for SPF, DKIM and DMARC.")
@options.stack
def command(*, output: Output, offline_dns: bool, choice: StackChoice) -> int:
    """Check the deployed stack, and show how to fix problems."""
    try:
        stack = StackUnderTest(deployed.connect(choice), Dns(skip=True) if offline_dns else live(), datetime.now(UTC))
        _reach(stack)
    except (AfterbillError, BotoCoreError, ClientError, ResponseParserError) as error:
        if output is Output.JSON:
            print_json({"healthy": False, "exit": COULD_NOT_LOOK, "error": explained(error) or str(error)})
        raise
    return run(stack, as_json=output is Output.JSON)


def _reach(stack: StackUnderTest) -> None:
    """Raise what would keep every single check from looking: a dead stack, no network, no credentials."""
    try:
        _ = stack.stack
    except ClientError as error:
        if credentials_refused(error):
            raise  # anything else concerns one check, which says it


def run(stack: StackUnderTest, *, as_json: bool, checks: Sequence[Check] = CHECKS) -> int:
    """Print each finding as soon as it is made; return the exit code."""
    findings: list[NamedFinding] = []
    width = max(len(check.name) for check in checks)
    for check in checks:
        for finding in examine(check, stack):
            findings.append((check.name, finding))
            if not as_json:
                print(line(check.name, finding, width), flush=True)
    if as_json:
        print_json(report(stack.deployed.name, findings))
    else:
        print(f"\n{summary(findings)}")
    return exit_code(findings)
