"""`afterbill`: what operators and developers ask of a deployed stack and of its configuration."""

import importlib
import io
import os
import sys
import traceback
from pathlib import Path

import click
from click.shell_completion import shell_complete

from afterbill.model.errors import AfterbillError, TransientError
from afterbill.model.plain_text import harmless, one_line

_COMPLETE = "_AFTERBILL_COMPLETE"
"""Set by the completion of a shell."""
_WRONG, _INTERRUPTED, _NOBODY_READS = 2, 130, 141

_COMMANDS = {
    "init": ("afterbill_cli.starting.commands", "Make a folder of your own for configuration and deployment."),
    "score": ("afterbill_cli.score", "Show the scores of the deployed stack."),
    "report": ("afterbill_cli.reports.commands", "Show what the scores mean, and what they are worth."),
    "responses": ("afterbill_cli.responses.commands", "Show what customers answered, and their comments."),
    "query": ("afterbill_cli.query", "Ask the archive in SQL of your own."),
    "explain": ("afterbill_cli.explain.commands", "Show the timeline of a customer, an event or an invitation."),
    "policy": ("afterbill_cli.policy", "Check and explain surveys.toml."),
    "source": ("afterbill_cli.sources.commands", "Connect billing systems, and test the connection."),
    "replay": ("afterbill_cli.replay.commands", "Put earlier webhooks through the inbox again."),
    "import": ("afterbill_cli.importing.commands", "Import customers or responses from a file."),
    "in-product": ("afterbill_cli.in_product", "Show or renew the secret for surveys in your product."),
    "key": ("afterbill_cli.keys", "Create, list and revoke keys for the answer API."),
    "console": ("afterbill_cli.console", "Print the console's address, and say who may open it."),
    "doctor": ("afterbill_cli.doctor.commands", "Check the deployed stack, and show how to fix problems."),
    "sending": ("afterbill_cli.sending", "Show, stop and resume the sending of mails."),
    "send-test": ("afterbill_cli.send_test", "Send a test survey to an address of your own."),
    "suppression": ("afterbill_cli.suppression.commands", "Show and lift suppressions of addresses and numbers."),
    "connect": ("afterbill_cli.connecting.commands", "Connect a system that actions write to."),
    "workflow": ("afterbill_cli.workflows.commands", "List, explain and test what answers set in motion."),
    "actions": ("afterbill_cli.actions", "List, retry and drop what is written to other systems."),
    "tasks": ("afterbill_cli.tasks", "List decisions that need a person."),
    "privacy": ("afterbill_cli.privacy.commands", "Show, restrict and remove what is stored about a person."),
    "mcp": ("afterbill_cli.mcp.commands", "Serve the stored reports to an assistant, by the Model Context Protocol."),
    "audit": ("afterbill_cli.audit", "Show who read or changed what about a person."),
}
"""The module that defines each command as `command`, and the help that the list of all shows.

A module is loaded when its command is called: with it come boto3 and pydantic, which `--version` and the completion of
a name do not wait for.
"""


class _Commands(click.Group):
    """All commands by their short help; the called one is loaded."""

    def __init__(self, **settings: object) -> None:
        listed = {name: click.Command(name, help=text) for name, (_, text) in _COMMANDS.items()}
        super().__init__(commands=listed, **settings)  # type: ignore[arg-type]  # click's own settings

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's interface
        return list(_COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, listed, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else listed, rest


def load(name: str) -> click.Command:
    """Return the command of this name, from its module."""
    found: click.Command = importlib.import_module(_COMMANDS[name][0]).command
    return found


@click.group(
    "afterbill", cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="afterbill", message="%(prog)s %(version)s", help="Show the version.")
def command() -> None:
    """Surveys of customers after billing events.

    Exit codes: 0 fine, 1 problems were found, 2 could not look, or wrong use.
    """


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; what goes wrong is one readable message on stderr.

    0 says fine, 1 that problems were found, 2 that the command could not look or was used wrongly; 130 after Ctrl-C,
    141 where nobody reads the output any more, as shells have it. A mistake in the program ends with 2 and its
    traceback.
    """
    _open_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without the letters of a comment shows the rest
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _end_output()
        return _NOBODY_READS
    except OSError as error:
        _end_output()
        print(f"afterbill: {f'{error.filename}: ' if error.filename else ''}{error.strerror}", file=sys.stderr)
        return _WRONG
    except (KeyboardInterrupt, click.Abort):
        print(file=sys.stderr)
        return _INTERRUPTED
    return code


def _open_streams() -> None:
    """Open what the shell closed, as with `>&-`: Python has None there, and `print` to None writes to stdout."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # as long as the process


def _end_output() -> None:
    """Write what can be written; Python flushes stdout once more when it ends, and would report the same again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: list[str]) -> int:
    if asked := os.environ.get(_COMPLETE):
        return shell_complete(command, {}, "afterbill", _COMPLETE, asked)
    try:
        with command.make_context("afterbill", list(arguments)) as context:
            return int(command.invoke(context) or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
    except click.ClickException as error:
        print(f"afterbill: {_wrong_use(error)}", file=sys.stderr)
    except (BrokenPipeError, click.Abort):
        raise
    except Exception as error:  # exit code 1 would say that the command looked and found problems
        if text := _told(error):
            print(f"afterbill: {harmless(text)}", file=sys.stderr)
        elif isinstance(error, OSError):
            raise
        else:
            traceback.print_exc()
    return _WRONG


def _wrong_use(error: click.ClickException) -> str:
    """Return the message of click on one line, with the command whose help says more."""
    text, context = one_line(error.format_message()), getattr(error, "ctx", None)
    sentence = text if text.endswith((".", "?")) else f"{text}."
    return f"{sentence} See `{context.command_path} --help`" if context else text


def _told(error: Exception) -> str | None:
    """Return what is told of an error, also of one of AWS behind one of ours; None for a mistake in the program."""
    from afterbill_cli.aws_errors import explained  # noqa: PLC0415  # it loads botocore

    if isinstance(error, TransientError):
        return explained(error.__cause__) or str(error)
    return str(error) if isinstance(error, AfterbillError) else explained(error)


if __name__ == "__main__":
    sys.exit(main())
