"""Options and checks of options that many commands share."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from afterbill_cli import configuration
from afterbill_cli.output import Output

Callback = Callable[..., Any]
"""The function of a command; its parameters are options, its result the exit code."""

FILE = click.Path(path_type=Path)
_FOLDER = "default: $AFTERBILL_CONFIG, else layers/config."


def config(function: Callback) -> Callback:
    """Add --config, the operator's folder."""
    folder = click.option(
        "--config",
        type=FILE,
        metavar="FOLDER",
        callback=lambda _context, _option, folder: configuration.chosen(folder),
        help=f"Your folder; {_FOLDER}",
    )
    return folder(function)


@dataclass(frozen=True, slots=True)
class StackChoice:
    """The stack that an operator names, and the folder with its configuration; None stands for the default."""

    name: str | None = None
    config: Path | None = None


def stack(function: Callback) -> Callback:
    """Add --stack-name and --config; the function gets both as `choice`.

    Given before a subcommand that has them too, they count for the subcommand.
    """

    @click.option(
        "--stack-name",
        metavar="NAME",
        help="Stack in your AWS account; default: $AFTERBILL_STACK, else the local stack while it is up, "
        "else that of samconfig.toml, else afterbill.",
    )
    @click.option("--config", type=FILE, metavar="FOLDER", help=f"Configuration of the stack; {_FOLDER}")
    @functools.wraps(function)
    def chosen(*arguments: Any, stack_name: str | None, config: Path | None, **others: Any) -> Any:  # noqa: ANN401
        context = click.get_current_context()
        above = context.obj or StackChoice()
        context.obj = StackChoice(stack_name or above.name, config or above.config)
        return function(*arguments, choice=context.obj, **others)

    return chosen


def output(*, csv: bool = False) -> Callable[[Callback], Callback]:
    """Add --output and its short form --json; the function gets the form as `output`, CSV only where rows are flat."""
    forms = [form.value for form in Output if csv or form is not Output.CSV]

    def add(function: Callback) -> Callback:
        @click.option("--output", "form", type=click.Choice(forms), help="Form of the output; default: table.")
        @click.option("--json", "as_json", is_flag=True, help="Short for --output json.")
        @functools.wraps(function)
        def chosen(*arguments: Any, form: str | None, as_json: bool, **others: Any) -> Any:  # noqa: ANN401
            if as_json and form not in {None, Output.JSON}:
                raise click.UsageError(
                    f"--json is short for --output json: leave out one of --json and --output {form}"
                )
            return function(*arguments, output=Output.JSON if as_json else Output(form or Output.TABLE), **others)

        return chosen

    return add


def parsed(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Return a callback that reads the text of an option; a ValueError says what is wrong with it."""

    def read(_context: click.Context, _option: click.Parameter, text: str | None) -> Any:  # noqa: ANN401
        try:
            return None if text is None else parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return read
