"""`afterbill privacy`: the group of its commands, each in a module of its own."""

import click

from afterbill_cli.privacy import reapply
from afterbill_cli.privacy.papers import commands as papers


@click.group("privacy")
def command() -> None:
    """Show, restrict and remove what is stored about a person."""


command.add_command(papers.command)
command.add_command(reapply.command)
