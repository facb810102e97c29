"""The stack that is examined, and the data that several checks share; each is fetched once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code
from afterbill.model.errors import ConfigurationError
from afterbill.outreach.policy import Policy

_NEVER_PUBLIC = ("example", "invalid", "localhost", "test")
"""Top-level domains without DNS (RFC 2606), such as that of the local stack."""
_ALARMS_A_CALL = 100
_PAGES = frozenset({"ApiUrl", "ConsoleUrl"})
"""Outputs with an address that is no queue's."""


class DeployedStack(Protocol):
    """A deployed stack: its name, its outputs by key, clients of AWS by service, and its policy."""

    @property
    def name(self) -> str:
        """The name of the stack."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """The outputs by key."""

    @property
    def client(self) -> Callable[[str], Any]:
        """Return the client of a service."""

    def output(self, key: str) -> str:
        """An output of the stack; ConfigurationError where an older template had none of this name."""

    def policy(self) -> Policy:
        """Load the policy from its surveys.toml."""


class ExaminedStack:
    """Data shared by checks. Each property may raise errors of AWS or of a file; `examine` handles them."""

    deployed: DeployedStack
    now: datetime

    def client(self, service: str) -> Any:  # noqa: ANN401  # boto3 clients have no static type
        """Return a boto3 client of this service."""
        return self.deployed.client(service)

    @cached_property
    def stack(self) -> Mapping[str, Any]:
        """The description of the stack by CloudFormation."""
        (description,) = self.client("cloudformation").describe_stacks(StackName=self.deployed.name)["Stacks"]
        return dict(description)

    @cached_property
    def _parameters(self) -> Mapping[str, str]:
        return {
            parameter["ParameterKey"]: parameter.get("ParameterValue", "")
            for parameter in self.stack.get("Parameters", ())
        }

    def parameter(self, key: str) -> str:
        """A parameter of the template; ConfigurationError where an older template had none of this name."""
        if key not in self._parameters:
            name = self.deployed.name
            raise ConfigurationError(f"stack {name} has no parameter {key}: build and deploy this version first")
        return self._parameters[key]

    @cached_property
    def resources(self) -> Mapping[str, tuple[str, str]]:
        """Type and physical id of every resource, by its name in the template."""
        pages = (
            self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.deployed.name)
        )
        summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
        return {
            summary["LogicalResourceId"]: (summary["ResourceType"], summary.get("PhysicalResourceId", ""))
            for summary in summaries
        }

    @cached_property
    def alarms(self) -> Mapping[str, str]:
        """The names of all alarms of the stack, by the names that CloudWatch has for them."""
        return {physical: name for name, (kind, physical) in self.resources.items() if kind == "AWS::CloudWatch::Alarm"}

    @cached_property
    def described_alarms(self) -> Sequence[Mapping[str, Any]]:
        """All alarms of the stack, as CloudWatch describes them."""
        cloudwatch, names = self.client("cloudwatch"), list(self.alarms)
        described: list[Mapping[str, Any]] = []
        for start in range(0, len(names), _ALARMS_A_CALL):
            some = names[start : start + _ALARMS_A_CALL]
            described += cloudwatch.describe_alarms(AlarmNames=some, MaxRecords=_ALARMS_A_CALL)["MetricAlarms"]
        return described

    @property
    def queues(self) -> Mapping[str, str]:
        """The addresses of the stack's queues, by the names of the template."""
        outputs = self.deployed.outputs
        return {key.removesuffix("Url"): outputs[key] for key in outputs if key.endswith("Url") and key not in _PAGES}

    @cached_property
    def queue_attributes(self) -> Mapping[str, Mapping[str, str]]:
        """The number of messages in each queue, and its ARN, by the names of the template."""
        sqs, wanted = self.client("sqs"), ["ApproximateNumberOfMessages", "QueueArn"]
        return {
            name: dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"])
            for name, url in self.queues.items()
        }

    @cached_property
    def policy(self) -> Policy:
        """The policy in surveys.toml."""
        return self.deployed.policy()

    @cached_property
    def account(self) -> Mapping[str, Any]:
        """The settings of the SES account."""
        return dict(self.client("sesv2").get_account())

    @property
    def sender_domain(self) -> str:
        """The domain of the sender's address."""
        return self.parameter("SenderAddress").rpartition("@")[2].lower()

    @property
    def identity_name(self) -> str:
        """The SES identity that signs what is sent; the sender's domain where there is none."""
        return next(iter(self.identities), self.sender_domain)

    @property
    def identity(self) -> Mapping[str, Any] | None:
        """Return the identity that signs, as SES knows it; None where there is none."""
        return self.identities.get(self.identity_name)

    @cached_property
    def identities(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the sender's identity, as SES knows it: its domain, else a parent of that, else the address itself."""
        labels = self.sender_domain.split(".")
        domains = [".".join(labels[first:]) for first in range(len(labels) - 1)]
        found = {name: self._identity(name) for name in (*domains, self.parameter("SenderAddress"))}
        return {name: attributes for name, attributes in found.items() if attributes is not None}

    def _identity(self, name: str) -> Mapping[str, Any] | None:
        try:
            return dict(self.client("sesv2").get_email_identity(EmailIdentity=name))
        except ClientError as error:
            if error_code(error) != "NotFoundException":
                raise
            return None

    @property
    def in_dns(self) -> bool:
        """True when the sender's domain can be in DNS; the local stack's cannot."""
        return self.sender_domain.rpartition(".")[2] not in _NEVER_PUBLIC


@dataclass(frozen=True)
class RunningStack:
    """DeployedStack from inside: the stack that a function belongs to, as CloudFormation describes it."""

    name: str
    client: Callable[[str], Any]
    policy_of: Callable[[], Policy]

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The outputs by key."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}

    def output(self, key: str) -> str:
        """An output of the stack; ConfigurationError where there is none of this name."""
        if key not in self.outputs:
            raise ConfigurationError(f"stack {self.name} has no output {key}: build and deploy this version first")
        return self.outputs[key]

    def policy(self) -> Policy:
        """The policy of the configuration layer."""
        return self.policy_of()


@dataclass(frozen=True)
class OwnStack(ExaminedStack):
    """The stack that a function belongs to, under examination."""

    deployed: DeployedStack
    now: datetime
