"""Checks of the configuration files that the operator edits."""

from datetime import UTC, datetime, timedelta

from afterbill.settings.almanac import load_almanac
from afterbill.settings.config import SURVEYS
from afterbill_cli import policy
from afterbill_cli.configuration import BRAND
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_cli.examples import examples
from afterbill_console.health.findings import Finding, Findings, Verdict, fail, ok, warn

_AHEAD = timedelta(days=60)


def configuration(stack: StackUnderTest) -> Findings:
    """Check that the configuration could be deployed as it is."""
    problems = policy.problems(stack.deployed.config)
    for problem in problems:
        yield fail(problem, f"edit {stack.deployed.edited}")
    if not problems:
        yield ok(f"{stack.deployed.config} is in order")


def brand(stack: StackUnderTest) -> Findings:
    """Check that brand.toml names no example company; only a warning where no mail can leave."""
    settings = stack.brand
    if shipped := examples(settings):
        verdict = Verdict.FAIL if stack.in_dns else Verdict.WARN
        yield Finding(
            verdict,
            f"brand.toml still has the example of {', '.join(shipped)}",
            stack.deployed.edited.replace(SURVEYS, BRAND),
        )
    elif not settings.get("privacy_url"):
        yield warn(
            "brand.toml: no privacy_url, so mails have no link to your privacy notice",
            stack.deployed.edited.replace(SURVEYS, BRAND),
        )
    else:
        yield ok(f"{settings['company']} asks about {settings['product']}")


def holidays(stack: StackUnderTest) -> Findings:
    """Check that the table of public holidays covers the next 60 days."""
    last = load_almanac().until
    if stack.now + _AHEAD < datetime(last + 1, 1, 1, tzinfo=UTC):
        yield ok(f"public holidays are known until the end of {last}")
    else:
        yield warn(
            f"public holidays are known until the end of {last}: later ones count as workdays",
            "update afterbill, then build and deploy",
        )
