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
    listed = commands.add_parser("list", help="what is configured, and which secrets are missing")
    listed.set_defaults(run=lambda chosen: list_sources.show(deployed.connect(chosen)))
    tested = commands.add_parser("test", help="send a signed webhook that nobody is asked about")
    tested.add_argument("--file", type=Path, help="another webhook than events/webhooks/PROVIDER/unwanted.*")
    tested.add_argument("--url", default="", help="another address than that of the stack")
    tested.set_defaults(run=_test)
    consented = commands.add_parser("consent", help="let the stack read the API (OAuth)")
    consented.add_argument("--redirect", default=consent.REDIRECT, metavar="URL", help="as registered there")
    consented.set_defaults(run=_consent)
    confirmed = commands.add_parser("confirm", help="confirm the verifiers that wait (FreshBooks)")
    confirmed.set_defaults(run=_confirm)
    for one in (tested, consented, confirmed):
        one.add_argument("name", metavar="NAME", help="the source, as in surveys.toml")
    for one in (listed, tested, consented, confirmed):
        deployed.options(one)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("provider", metavar="PROVIDER", choices=registry.PROVIDERS, help=", ".join(registry.PROVIDERS))
    parser.add_argument("--name", help="of the source, and the last part of its address; by default the provider's")
    parser.add_argument("--account", default="", help="shop, site, tenant or realm, where the provider has several")
    parser.add_argument("--sandbox", action="store_true", help="everything this source sends is a test")
    parser.add_argument("--replace", action="store_true", help="the new secret takes the place of all older ones")
    parser.add_argument("--secret-stdin", action="store_true", help="read secrets from stdin, one a line, as asked for")
    parser.add_argument("--wait", type=_patience, default="10m", help="for the first event, such as 30s or 10m; 0: not")
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
