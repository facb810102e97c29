"""`afterbill privacy`: the group of its commands, each in a module of its own."""

import click

from afterbill_cli.privacy import erase, export, reapply, receipt, report, requests, restrict, verify
from afterbill_cli.privacy.papers import commands as papers


@click.group("privacy")
def command() -> None:
    """Show, restrict and remove what is stored about a person."""


for _module in (export, erase, restrict, requests, receipt, verify, reapply, report, papers):
    command.add_command(_module.command)
