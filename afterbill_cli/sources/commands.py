"""The arguments of `afterbill source ...` and what they start."""

from datetime import timedelta
from pathlib import Path

import click

from afterbill.connectors import registry
from afterbill.model.check_messages import shown
from afterbill.settings.config import written
from afterbill.settings.surveys.values import duration
from afterbill_cli import deployed, options
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output
from afterbill_cli.sources import confirm, consent, list_sources, test_webhook
from afterbill_cli.sources.add import NewSource, add, named, source_name
from afterbill_cli.sources.terminal import interactive, scripted

_LONGEST = timedelta(days=1)


def _patience(text: str) -> timedelta:
    try:
        patience = timedelta(0) if text == "0" else duration(text)
    except ValueError:
        patience = _LONGEST + timedelta(1)
    if patience > _LONGEST:
        message = f'must be 0, or a duration such as "30s" or "10m", {written(_LONGEST)} at most, not {shown(text)}'
        raise ValueError(message)
    return patience


@click.group("source")
def command() -> None:
    """Connect billing systems, and test the connection."""


@command.command("add")
@click.argument("provider", type=options.OneOf(registry.PROVIDERS), metavar="PROVIDER")
@click.option(
    "--name",
    callback=options.parsed(source_name),
    help="Name of the source, also in its address; default: the provider.",
)
@click.option("--account", default="", help="Shop, site, tenant or realm at the provider.")
@click.option("--sandbox", is_flag=True, help="Treat all events of this source as tests.")
@click.option("--replace", is_flag=True, help="Replace all older secrets by the new one.")
@click.option("--secret-stdin", is_flag=True, help="Read secrets from stdin, one per line, in order.")
@click.option(
    "--wait",
    default="10m",
    metavar="DURATION",
    callback=options.parsed(_patience),
    help="Wait for the first event, such as 30s or 10m; 0: do not wait; default: 10m.",
)
@options.stack
def _add(  # noqa: PLR0913  # its options
    *,
    provider: str,
    name: str | None,
    account: str,
    sandbox: bool,
    replace: bool,
    secret_stdin: bool,
    wait: timedelta,
    choice: StackChoice,
) -> int:
    terminal, stack = scripted() if secret_stdin else interactive(), deployed.connect(choice)
    source = named(provider, name, stack, account=account, sandbox=sandbox)
    return add(NewSource(source, replace, wait), stack, terminal)


_add.help = f"Connect a billing system, step by step.\n\nPROVIDER is one of {', '.join(registry.PROVIDERS)}."


@command.command("list")
@options.output(csv=True)
@options.stack
def _list(*, output: Output, choice: StackChoice) -> int:
    """List the sources, their missing secrets, and what came last."""
    return list_sources.show(deployed.connect(choice), output)


@command.command("test")
@click.argument("name")
@click.option("--file", type=options.FILE, help="File of a webhook; default: events/webhooks/PROVIDER/unwanted.*")
@click.option(
    "--url",
    default="",
    callback=options.parsed(test_webhook.protected),
    help="Address to send to; default: that of the stack.",
)
@options.stack
def _test(*, name: str, file: Path | None, url: str, choice: StackChoice) -> int:
    """Send a signed webhook that starts no survey.

    NAME is the name of the source in surveys.toml.
    """
    stack = deployed.connect(choice)
    return test_webhook.send_test(stack.source(name), stack, file=file, url=url)


@command.command("consent")
@click.argument("name")
@click.option(
    "--redirect",
    default=consent.REDIRECT,
    metavar="URL",
    help="Redirect address of the application, as registered.",
)
@options.stack
def _consent(*, name: str, redirect: str, choice: StackChoice) -> int:
    """Authorise the stack to read the API (OAuth).

    NAME is the name of the source in surveys.toml.
    """
    terminal, stack = interactive(), deployed.connect(choice)
    return consent.ask(stack.source(name), stack, terminal, redirect=redirect)


@command.command("confirm")
@click.argument("name")
@options.stack
def _confirm(*, name: str, choice: StackChoice) -> int:
    """Confirm waiting verifiers (FreshBooks).

    NAME is the name of the source in surveys.toml.
    """
    stack = deployed.connect(choice)
    return confirm.confirm(stack.source(name), stack)
