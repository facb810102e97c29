"""The arguments of `afterbill source ...` and what they start."""

import argparse
from datetime import timedelta
from pathlib import Path

from afterbill.connectors import registry
from afterbill.settings.surveys.values import duration
from afterbill_cli import deployed
from afterbill_cli.sources import confirm, consent, list_sources, test_webhook
from afterbill_cli.sources.add import NewSource, add, named
from afterbill_cli.sources.terminal import interactive, scripted


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `afterbill source`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_options(commands.add_parser("add", help="connect a billing system, step by step"))
    listed = commands.add_parser("list", help="list the sources and their missing secrets")
    listed.set_defaults(run=lambda chosen: list_sources.show(deployed.connect(chosen)))
    tested = commands.add_parser("test", help="send a signed webhook that starts no survey")
    tested.add_argument("--file", type=Path, help="file of a webhook; default: events/webhooks/PROVIDER/unwanted.*")
    tested.add_argument("--url", default="", help="address to send to; default: that of the stack")
    tested.set_defaults(run=_test)
    consented = commands.add_parser("consent", help="authorise the stack to read the API (OAuth)")
    consented.add_argument(
        "--redirect", default=consent.REDIRECT, metavar="URL", help="redirect address of the application, as registered"
    )
    consented.set_defaults(run=_consent)
    confirmed = commands.add_parser("confirm", help="confirm waiting verifiers (FreshBooks)")
    confirmed.set_defaults(run=_confirm)
    for command in (tested, consented, confirmed):
        command.add_argument("name", metavar="NAME", help="name of the source in surveys.toml")
    for command in (listed, tested, consented, confirmed):
        deployed.options(command)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("provider", metavar="PROVIDER", choices=registry.PROVIDERS, help=", ".join(registry.PROVIDERS))
    parser.add_argument("--name", help="name of the source, also in its address; default: the provider")
    parser.add_argument("--account", default="", help="shop, site, tenant or realm at the provider")
    parser.add_argument("--sandbox", action="store_true", help="treat all events of this source as tests")
    parser.add_argument("--replace", action="store_true", help="replace all older secrets by the new one")
    parser.add_argument("--secret-stdin", action="store_true", help="read secrets from stdin, one per line, in order")
    parser.add_argument(
        "--wait", type=_patience, default="10m", help="wait for the first event, such as 30s or 10m; 0: do not wait"
    )
    parser.set_defaults(run=_add)
    deployed.options(parser)


def _patience(text: str) -> timedelta:
    return timedelta(0) if text == "0" else duration(text)


def _add(chosen: argparse.Namespace) -> int:
    stack = deployed.connect(chosen)
    source = named(chosen.provider, chosen.name, stack, account=chosen.account, sandbox=chosen.sandbox)
    terminal = scripted() if chosen.secret_stdin else interactive()
    return add(NewSource(source, chosen.replace, chosen.wait), stack, terminal)


def _test(chosen: argparse.Namespace) -> int:
    stack = deployed.connect(chosen)
    return test_webhook.send_test(stack.source(chosen.name), stack, file=chosen.file, url=chosen.url)


def _consent(chosen: argparse.Namespace) -> int:
    stack = deployed.connect(chosen)
    return consent.ask(stack.source(chosen.name), stack, interactive(), redirect=chosen.redirect)


def _confirm(chosen: argparse.Namespace) -> int:
    stack = deployed.connect(chosen)
    return confirm.confirm(stack.source(chosen.name), stack)
