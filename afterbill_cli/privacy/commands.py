"""`afterbill privacy`: the group of its commands, each in a module of its own."""

import click


@click.group("privacy")
def command() -> None:
    """Show, restrict and remove what is stored about a person."""
