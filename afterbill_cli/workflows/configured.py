"""The actions.toml of a stack, and what its connections need."""

import os
from collections.abc import Mapping

from afterbill.adapters.aws.ses import SesMailer
from afterbill.model.errors import ConfigurationError
from afterbill.model.suggestions import did_you_mean
from afterbill_actions.adapters.addresses import LOOPBACK
from afterbill_actions.adapters.http import HttpExchange
from afterbill_actions.adapters.mail import MailExchange
from afterbill_actions.exchange import Exchange
from afterbill_actions.operator_sender import console_sender
from afterbill_actions.settings import ACTIONS, load_actions
from afterbill_actions.workflow import Configuration, Workflow
from afterbill_cli import local_stack, samconfig
from afterbill_cli.deployed import Deployed
from afterbill_cli.sources.stack_secrets import SourceSecret, secret


def actions(stack: Deployed) -> Configuration:
    """Return what the actions.toml of its configuration says; systems on this machine are for the local stack alone."""
    described = local_stack.described()
    if described and described["stack_name"] == stack.name:
        os.environ[LOOPBACK] = "1"
    return load_actions(stack.config / ACTIONS)


def workflow(configuration: Configuration, name: str) -> Workflow:
    """Return a workflow; ConfigurationError names the nearest, else all there are."""
    if name not in configuration.workflows:
        there = ", ".join(sorted(configuration.workflows)) or "none"
        raise ConfigurationError(
            f"actions.toml has no such workflow: {did_you_mean(name, configuration.workflows, f'; there are: {there}')}"
        )
    return configuration.workflows[name]


def secrets(stack: Deployed) -> Mapping[str, Mapping[str, str]]:
    """Return the fields of each connection's secret."""
    entries = SourceSecret(secret(stack, "ConnectionsSecretArn")).read()
    return {name: dict(fields) for name, fields in entries.items() if isinstance(fields, Mapping)}


def exchange(stack: Deployed) -> Exchange:
    """Return what sends requests, and mails where samconfig.toml names their sender."""
    http = HttpExchange()
    sender = samconfig.read(stack.config).parameters.get("SenderAddress", "")
    if not sender:
        return http
    mailer = SesMailer(stack.client("sesv2"), stack.output("ConfigurationSetName"))
    return MailExchange(mailer, console_sender(sender), http)
