"""What the operator edits."""

import re
from datetime import UTC, datetime, timedelta

from afterbill.settings.almanac import load_almanac
from afterbill_cli import policy
from afterbill_cli.doctor.findings import Finding, Findings, Verdict, fail, ok, warn
from afterbill_cli.doctor.stack_under_test import StackUnderTest

_SHIPPED = {
    "company": "Example GmbH",
    "product": "Example",
    "sender_name": "Example",
    "imprint": "Musterstraße",
}
"""What brand.toml says before anybody has edited it."""
_EXAMPLE = re.compile(r"(?<![\w-])example\.(?:com|net|org)\b")
_AHEAD = timedelta(days=60)


def configuration(stack: StackUnderTest) -> Findings:
    """Whether it could be deployed again as it is."""
    found = policy.problems(stack.deployed.config)
    for problem in found:
        yield fail(problem, f"edit {stack.deployed.edited}")
    if not found:
        yield ok(f"{stack.deployed.config} is in order")


def brand(stack: StackUnderTest) -> Findings:
    """Whether customers would read of a company that does not exist; where no mail can leave, that is no harm."""
    said = stack.brand
    examples = [key for key, value in _SHIPPED.items() if _is_shipped(key, str(said.get(key, "")), value)]
    examples += [key for key, value in said.items() if isinstance(value, str) and _EXAMPLE.search(value)]
    if examples:
        verdict = Verdict.FAIL if stack.in_dns else Verdict.WARN
        yield Finding(
            verdict,
            f"brand.toml still has the example of {', '.join(examples)}",
            "layers/config/brand.toml, then build and deploy",
        )
    elif not said.get("privacy_url"):
        yield warn(
            "brand.toml: no privacy_url, so mails have no link to your privacy notice", "layers/config/brand.toml"
        )
    else:
        yield ok(f"{said['company']} asks about {said['product']}")


def _is_shipped(key: str, value: str, shipped: str) -> bool:
    return shipped in value if key == "imprint" else value == shipped


def holidays(stack: StackUnderTest) -> Findings:
    """Whether the table of public holidays reaches far enough for what is scheduled now."""
    last = load_almanac().until
    if stack.now + _AHEAD < datetime(last + 1, 1, 1, tzinfo=UTC):
        yield ok(f"public holidays are known until the end of {last}")
    else:
        yield warn(
            f"public holidays are known until the end of {last}: later ones count as workdays",
            "update afterbill, then build and deploy",
        )
