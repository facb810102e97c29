"""Checks of the table and of the ledger."""

from afterbill.adapters.dynamodb.ledger import LedgerTable
from afterbill.adapters.dynamodb.sending_switch import restored
from afterbill_console.adapters.health.stack import ExaminedStack
from afterbill_console.health.findings import Findings, fail, ok, warn

_DEPLOY = "build and deploy again: the template asks for it"


def table(stack: ExaminedStack) -> Findings:
    """Check the table's deletion protection, recovery and expiry."""
    yield from _kept(stack, stack.deployed.output("TableName"))


def ledger(stack: ExaminedStack) -> Findings:
    """Check the same of the ledger, and that the table knows every erasure and objection in it."""
    name = stack.deployed.output("LedgerTableName")
    if missing := LedgerTable(stack.client("dynamodb"), name, stack.deployed.output("TableName")).missing():
        problem = restored(missing).partition(":")[0]
        yield fail(problem, "`afterbill privacy reapply`; docs/audit.md", "restored", missing=abs(missing))
    yield from _kept(stack, name)


def _kept(stack: ExaminedStack, name: str) -> Findings:
    dynamodb = stack.client("dynamodb")
    description = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    lives = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    findings = []
    if not description.get("DeletionProtectionEnabled"):
        findings.append(
            warn(
                f"nothing keeps {name} from being deleted",
                "deploy with DeletionProtection=true",
                "unprotected",
                table=name,
            )
        )
    if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        findings.append(warn(f"{name} cannot be restored to an earlier time", _DEPLOY, "unrecoverable", table=name))
    if lives.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        findings.append(warn(f"{name} keeps what should expire", _DEPLOY, "never_expires", table=name))
    yield from findings or [ok("protected from deletion, recoverable, and forgetting what expired")]
