"""The stack that a command works on: outputs, configuration, and clients with the operator's credentials."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code
from afterbill.model.errors import ConfigurationError
from afterbill.model.webhooks import Source
from afterbill.outreach.policy import Policy
from afterbill.settings.surveys import load_policy
from afterbill_cli import configuration, local_stack, samconfig
from afterbill_cli.options import StackChoice

DEFAULT_STACK = "afterbill"


@dataclass(frozen=True, slots=True)
class Deployed:
    """Outputs by key; `client` gives a boto3 client by service, `config` is the folder of its configuration.

    `edited` says where that is changed.
    """

    name: str
    outputs: Mapping[str, str]
    client: Callable[[str], Any]
    config: Path
    edited: str = configuration.edited(configuration.SHIPPED)

    def output(self, key: str) -> str:
        """An output of the stack; ConfigurationError where an older template had none of this name."""
        if key not in self.outputs:
            raise ConfigurationError(f"stack {self.name} has no output {key}: build and deploy this version first")
        return self.outputs[key]

    def policy(self) -> Policy:
        """Load the policy from its surveys.toml."""
        return load_policy(self.config / "surveys.toml")

    def source(self, name: str) -> Source:
        """A configured source; an error names those there are."""
        sources = self.policy().sources
        if name not in sources:
            raise ConfigurationError(f"surveys.toml has no [sources.{name}], only: {', '.join(sorted(sources))}")
        return sources[name]


def connect(chosen: StackChoice) -> Deployed:
    """Return the chosen stack, and print its name on stderr."""
    name = chosen.name or os.environ.get("AFTERBILL_STACK") or None
    local = local_stack.described()
    here = local is not None and name in {None, local["stack_name"]}
    stack = _local(local, chosen.config) if local and here else _remote(name, configuration.chosen(chosen.config))
    print(f"stack: {stack.name}", file=sys.stderr)
    return stack


def _remote(name: str | None, folder: Path) -> Deployed:
    """Return the named stack, else that of the operator's samconfig.toml, whose region counts for both."""
    settings = samconfig.read(folder)
    name = name or settings.stack_name or DEFAULT_STACK
    client = cache(lambda service: aws_client(service, settings.region))
    stack = _described(name, client("cloudformation"))
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
    return Deployed(name, outputs, client, folder, configuration.edited(folder))


def _local(stack: dict[str, Any], config: Path | None) -> Deployed:
    client = cache(lambda service: local_stack.client(stack, service))
    # Its API is reached under another address than the one CloudFormation knows.
    outputs = {**stack["outputs"], "ApiUrl": stack["api_url"]}
    edited = "surveys.toml of your folder, or a file for `make up SURVEYS=FILE`, then run `make up`"
    return Deployed(stack["stack_name"], outputs, client, config or Path(stack["configuration"]), edited)


def _described(name: str, cloudformation: Any) -> Mapping[str, Any]:  # noqa: ANN401  # a boto3 client
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error_code(error) != "ValidationError":
            raise
        where = cloudformation.meta.region_name
        raise ConfigurationError(
            f"there is no stack {name} in {where}: --stack-name names another, AWS_REGION another region"
        ) from error
    return dict(stack)


def aws_client(service: str, region: str = "") -> Any:  # noqa: ANN401  # boto3 clients have no static type
    """A client with the AWS settings of the shell; AWS_REGION counts first, then `region`, then that of the profile."""
    region = os.environ.get("AWS_REGION") or region
    return local_stack.new_client(service, region_name=region or None)
