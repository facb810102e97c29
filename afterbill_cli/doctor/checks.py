"""All checks in their order: those of the stack, and those that need DNS, files or secrets."""

from collections.abc import Iterator

from afterbill_cli.aws_errors import explained
from afterbill_cli.doctor import configuration, dns_records, secrets
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_console.adapters.health import checks
from afterbill_console.adapters.health.checks import IDENTITY, STACK
from afterbill_console.health.findings import Finding

Check = checks.Check[StackUnderTest]

_OF_STACK = {check.name: check for check in checks.CHECKS}
_SECRET = "secretsmanager:GetSecretValue"  # noqa: S105  # the name of a permission

CHECKS: tuple[Check, ...] = (
    _OF_STACK["stack"],
    Check("configuration", configuration.configuration),
    Check("brand", configuration.brand, (STACK,)),
    Check("holidays", configuration.holidays),
    *(_OF_STACK[name] for name in ("legal basis", "SES account", "SES quota", "circuit breaker", "reputation")),
    *(_OF_STACK[name] for name in ("text messages", "identity", "signature", "links", "configuration set")),
    _OF_STACK["mail events"],
    Check("SPF", dns_records.spf, (IDENTITY, STACK)),
    Check("DKIM", dns_records.dkim, (IDENTITY, STACK)),
    Check("DMARC", dns_records.dmarc, (STACK,)),
    Check("keys", secrets.keys, (_SECRET,)),
    Check("signing secrets", secrets.signing, (_SECRET,)),
    _OF_STACK["webhooks"],
    Check("API credentials", secrets.credentials, (_SECRET,)),
    *(_OF_STACK[name] for name in ("table", "ledger", "alarms", "alarm mail", "queues", "queue ages", "schedules")),
)


def examine(check: Check, stack: StackUnderTest) -> Iterator[Finding]:
    """Yield the findings of a check; any error becomes an `unknown` finding."""
    return checks.examine(check, stack, explained)
