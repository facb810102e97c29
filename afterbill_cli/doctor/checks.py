"""All checks in their order; an error in one stops none of the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from afterbill.model.errors import AfterbillError
from afterbill_cli.aws_errors import denied_action, explained
from afterbill_cli.doctor import (
    configuration,
    dns_records,
    legal_basis,
    monitoring,
    ses_account,
    ses_identity,
    storage,
    webhooks,
)
from afterbill_cli.doctor.findings import Finding, Findings, SkippedError, skipped, unknown
from afterbill_cli.doctor.stack_under_test import StackUnderTest


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `needs` are the IAM actions it uses."""

    name: str
    look: Callable[[StackUnderTest], Findings]
    needs: tuple[str, ...] = ()


_STACK = "cloudformation:DescribeStacks"
_RESOURCES = "cloudformation:ListStackResources"
_IDENTITY = "ses:GetEmailIdentity"
_SECRET = "secretsmanager:GetSecretValue"  # noqa: S105  # the name of a permission

CHECKS = (
    Check("stack", monitoring.stack, (_STACK,)),
    Check("configuration", configuration.configuration),
    Check("brand", configuration.brand, (_STACK,)),
    Check("holidays", configuration.holidays),
    Check("legal basis", legal_basis.legal_basis, ("dynamodb:BatchGetItem", "dynamodb:Query")),
    Check("SES account", ses_account.account, ("ses:GetAccount",)),
    Check("SES quota", ses_account.quota, ("ses:GetAccount", _STACK)),
    Check("circuit breaker", ses_account.halt, ("dynamodb:GetItem", "dynamodb:Query")),
    Check("reputation", ses_account.reputation, ("cloudwatch:GetMetricData",)),
    Check("text messages", ses_account.texts, (_STACK,)),
    Check("identity", ses_identity.identity, (_IDENTITY, _STACK)),
    Check("signature", ses_identity.signature, (_IDENTITY, _STACK)),
    Check("links", ses_identity.links, (_STACK,)),
    Check(
        "configuration set",
        ses_identity.configuration_set,
        ("ses:GetConfigurationSet", "ses:GetConfigurationSetEventDestinations", "ses:GetAccount"),
    ),
    Check("mail events", ses_identity.subscription, ("sns:ListSubscriptionsByTopic",)),
    Check("SPF", dns_records.spf, (_IDENTITY, _STACK)),
    Check("DKIM", dns_records.dkim, (_IDENTITY, _STACK)),
    Check("DMARC", dns_records.dmarc, (_STACK,)),
    Check("keys", storage.keys, (_SECRET,)),
    Check("signing secrets", storage.signing, (_SECRET,)),
    Check("webhooks", webhooks.webhooks, ("logs:FilterLogEvents",)),
    Check("API credentials", storage.credentials, (_SECRET,)),
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
    Check("alarm mail", monitoring.alarm_mail, (_STACK, _RESOURCES, "sns:ListSubscriptionsByTopic")),
    Check("queues", monitoring.queues, ("sqs:GetQueueAttributes",)),
    Check("queue ages", monitoring.ages, ("cloudwatch:GetMetricData",)),
    Check("schedules", monitoring.schedules, ("scheduler:ListSchedules",)),
)


def examine(check: Check, stack: StackUnderTest) -> Iterator[Finding]:
    """Yield the findings of a check; any error becomes an `unknown` finding."""
    try:
        yield from check.look(stack)
    except ClientError as error:
        yield _refused(error, check)
    except SkippedError as error:
        yield skipped(str(error))
    except AfterbillError as error:
        yield unknown(str(error))
    except BotoCoreError as error:
        yield unknown(str(explained(error)), "then try again")
    except Exception as error:  # noqa: BLE001  # an emulator may leave out anything, and the other checks go on
        yield unknown(f"an answer that makes no sense: {type(error).__name__}: {error}", "look at it by hand")


def _refused(error: ClientError, check: Check) -> Finding:
    action = denied_action(error)
    if action is None:
        return unknown(str(explained(error)), "try again, or look at it by hand")
    needed = action if ":" in action else " and ".join(check.needs)
    return unknown(f"you may not look: {error.operation_name}", f"allow {needed} to whoever runs this")
