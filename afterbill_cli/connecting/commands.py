"""The arguments of `afterbill connect` and what they start."""

import click

from afterbill_cli import deployed as stacks
from afterbill_cli import options
from afterbill_cli.connecting.connect import Connecting, connect
from afterbill_cli.options import StackChoice
from afterbill_cli.sources.terminal import interactive, scripted


@click.command("connect")
@click.argument("name", metavar="NAME")
@click.option("--replace", is_flag=True, help="Let no earlier signing secret count beside the new one.")
@click.option("--secret-stdin", is_flag=True, help="Read secrets from stdin, one per line, in order.")
@options.stack
def command(*, name: str, replace: bool, secret_stdin: bool, choice: StackChoice) -> int:
    """Connect a system that actions write to.

    NAME is the name of the connection in actions.toml. Shows what to set up there, stores the secret, proves it, and
    writes to the test record and removes it again.
    """
    terminal = scripted() if secret_stdin else interactive("connect")
    return connect(Connecting(stacks.connect(choice), terminal, replace=replace), name)
