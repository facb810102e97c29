"""All checks that AWS alone can answer; an error in one stops none of the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from afterbill.model.errors import AfterbillError
from afterbill_console.adapters.aws_errors import denied_action, explained
from afterbill_console.adapters.health import legal_basis, monitoring, ses_account, ses_identity, storage
from afterbill_console.adapters.health.last_webhooks import last_webhooks
from afterbill_console.adapters.health.stack import ExaminedStack
from afterbill_console.health.findings import Finding, Findings, SkippedError, skipped, unknown
from afterbill_console.health.webhooks import judged

Stack_contra = TypeVar("Stack_contra", bound=ExaminedStack, contravariant=True)


# Without slots: Python 3.11 cannot have them in a generic class that is frozen.
@dataclass(frozen=True)
class Check(Generic[Stack_contra]):
    """One check; `needs` are the IAM actions it uses."""

    name: str
    look: Callable[[Stack_contra], Findings]
    needs: tuple[str, ...] = ()


def webhooks(stack: ExaminedStack) -> Findings:
    """Tell what each source sent last: whether it is refused, has fallen silent, or was never heard."""
    sources = stack.policy.sources
    return judged(last_webhooks(stack.deployed, sources.values(), stack.now), sources, stack.now)


STACK = "cloudformation:DescribeStacks"
IDENTITY = "ses:GetEmailIdentity"
_RESOURCES = "cloudformation:ListStackResources"

CHECKS: tuple[Check[ExaminedStack], ...] = (
    Check("stack", monitoring.stack, (STACK,)),
    Check("legal basis", legal_basis.legal_basis, ("dynamodb:BatchGetItem", "dynamodb:Query")),
    Check("SES account", ses_account.account, ("ses:GetAccount",)),
    Check("SES quota", ses_account.quota, ("ses:GetAccount", STACK)),
    Check("circuit breaker", ses_account.halt, ("dynamodb:GetItem", "dynamodb:Query")),
    Check("reputation", ses_account.reputation, ("cloudwatch:GetMetricData",)),
    Check("text messages", ses_account.texts, (STACK,)),
    Check("identity", ses_identity.identity, (IDENTITY, STACK)),
    Check("signature", ses_identity.signature, (IDENTITY, STACK)),
    Check("links", ses_identity.links, (STACK,)),
    Check(
        "configuration set",
        ses_identity.configuration_set,
        ("ses:GetConfigurationSet", "ses:GetConfigurationSetEventDestinations", "ses:GetAccount"),
    ),
    Check("mail events", ses_identity.subscription, ("sns:ListSubscriptionsByTopic",)),
    Check("webhooks", webhooks, ("logs:FilterLogEvents",)),
    Check(
        "table",
        storage.table,
        ("dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTimeToLive"),
    ),
    Check(
        "ledger",
        storage.ledger,
        (
            "dynamodb:GetItem",
            "dynamodb:DescribeTable",
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:DescribeTimeToLive",
        ),
    ),
    Check("alarms", monitoring.alarms, (_RESOURCES, "cloudwatch:DescribeAlarms")),
    Check("alarm mail", monitoring.alarm_mail, (STACK, _RESOURCES, "sns:ListSubscriptionsByTopic")),
    Check("queues", monitoring.queues, ("sqs:GetQueueAttributes",)),
    Check("queue ages", monitoring.ages, ("cloudwatch:GetMetricData",)),
    Check("schedules", monitoring.schedules, ("scheduler:ListSchedules",)),
)


def examine(
    check: Check[Stack_contra],
    stack: Stack_contra,
    explain: Callable[[BaseException], str | None] = explained,
) -> Iterator[Finding]:
    """Yield the findings of a check; any error becomes an `unknown` finding. `explain` tells errors of AWS."""
    try:
        yield from check.look(stack)
    except ClientError as error:
        yield _refused(error, check.needs, explain)
    except SkippedError as error:
        yield skipped(str(error))
    except AfterbillError as error:
        yield unknown(str(error), code="not_looked")
    except BotoCoreError as error:
        yield unknown(str(explain(error)), "then try again", "not_looked")
    except Exception as error:  # noqa: BLE001  # an emulator may leave out anything, and the other checks go on
        told = f"an answer that makes no sense: {type(error).__name__}: {error}"
        yield unknown(told, "look at it by hand", "not_looked")


def _refused(error: ClientError, needs: tuple[str, ...], explain: Callable[[BaseException], str | None]) -> Finding:
    action = denied_action(error)
    if action is None:
        return unknown(str(explain(error)), "try again, or look at it by hand", "not_looked")
    needed = action if ":" in action else " and ".join(needs)
    text = f"you may not look: {error.operation_name}"
    return unknown(text, f"allow {needed} to whoever runs this", "not_allowed", action=needed)
