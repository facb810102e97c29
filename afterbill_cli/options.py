"""Options and checks of options that many commands share."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from afterbill.insight.periods import window_name
from afterbill.model.check_messages import shown
from afterbill.model.errors import AfterbillError
from afterbill.model.reasons import stated_why
from afterbill.model.suggestions import did_you_mean, hint
from afterbill_cli import configuration
from afterbill_cli.output import Output

Callback = Callable[..., Any]
"""The function of a command; its parameters are options, its result the exit code."""


class OneOf(click.Choice[str]):
    """A choice of names, in small or capital letters: a mistyped one is told with the nearest, else with all."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(list(map(str, names)), case_sensitive=False)

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:  # noqa: ARG002, D102  # click's
        text, names = str(value), [str(name) for name in self.choices]
        return did_you_mean(text, names) if hint(text, names) else f"{did_you_mean(text, ())}: {', '.join(names)}"


FILE = click.Path(path_type=Path)
_FOLDER = "default: $AFTERBILL_CONFIG, else layers/config."


def window(function: Callback) -> Callback:
    """Add --window; the function gets its name."""
    named = click.option(
        "--window",
        default="30d",
        callback=parsed(window_name),
        help="Days: 7d, 30d, 90d, 365d or a month such as 2026-11; default: 30d.",
    )
    return named(function)


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
        @click.option("--output", "form", type=OneOf(forms), help="Form of the output; default: table.")
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


def why(function: Callback) -> Callback:
    """Add --why; the function gets it as `why`, which is empty where nobody says it."""
    told = click.option(
        "--why",
        default="",
        metavar="TEXT",
        callback=parsed(stated_why),
        help="The reason, kept with your ARN in the audit trail; name no customer.",
    )
    return told(function)


def parsed(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Return a callback that reads a text before any stack is asked; an error of `parse` says what is wrong with it."""

    def read(_context: click.Context, _option: click.Parameter, text: str | None) -> Any:  # noqa: ANN401
        try:
            return None if text is None else parse(text)
        except (ValueError, AfterbillError) as error:
            raise click.BadParameter(str(error)) from error

    return read


def day(text: str) -> date:
    """Read a day such as 2026-11-30; ValueError where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"must be a day such as 2026-11-30, not {shown(text)}"
        raise ValueError(message) from error
