"""`afterbill mcp`: answer an assistant's questions about the stored reports, over stdin and stdout."""

from importlib.util import find_spec

import click

from afterbill_cli import deployed, options
from afterbill_cli.options import StackChoice

_MISSING = (
    "the server for assistants needs the package mcp, which the command line does without: install afterbill[cli,mcp]"
)


@click.command("mcp")
@click.option("--comments", is_flag=True, help="Show comments as well, masked: they leave for the model's provider.")
@options.why
@options.stack
def command(*, comments: bool, why: str, choice: StackChoice) -> int:
    """Serve the stored reports to an assistant, by the Model Context Protocol.

    An assistant starts this command and speaks with it over stdin and stdout; docs/assistants.md shows how to connect
    one. Nothing is computed, changed or fetched. Every call is noted in the audit trail with your ARN and --why.
    """
    if find_spec("mcp") is None:
        raise click.UsageError(_MISSING)
    from afterbill_cli.mcp.desk import desk_of  # noqa: PLC0415  # boto3 is loaded where there is a server to run
    from afterbill_cli.mcp.server import serve  # noqa: PLC0415  # the SDK is an extra

    serve(desk_of(deployed.connect(choice), why, comments=comments).answer)
    return 0
