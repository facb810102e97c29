"""How findings are told."""

import json
from collections import Counter
from collections.abc import Sequence

from afterbill_cli.doctor.findings import Finding, Verdict

Told = tuple[str, Finding]
"""A finding with the name of the check it comes from."""

_MARGIN = max(map(len, Verdict))


def line(name: str, finding: Finding, width: int) -> str:
    """One line, and where something is to be done a second one that says what."""
    first = f"{finding.verdict:<{_MARGIN}}  {name:<{width}}  {_flat(finding.found)}"
    return f"{first}\n{'':<{_MARGIN}}  {'':<{width}}  -> {_flat(finding.remedy)}" if finding.remedy else first


def summary(told: Sequence[Told]) -> str:
    """How many of each."""
    counted = Counter(finding.verdict for _, finding in told)
    return ", ".join(f"{counted[verdict]} {verdict}" for verdict in Verdict)


def as_json(stack: str, told: Sequence[Told]) -> str:
    """One object for programs."""
    findings = [{"check": name, "verdict": one.verdict, "found": one.found, "remedy": one.remedy} for name, one in told]
    return json.dumps({"stack": stack, "healthy": healthy(told), "findings": findings}, indent=2, ensure_ascii=False)


def healthy(told: Sequence[Told]) -> bool:
    """Whether nothing fails."""
    return not any(finding.verdict is Verdict.FAIL for _, finding in told)


def _flat(text: str) -> str:
    return " ".join(text.split())
