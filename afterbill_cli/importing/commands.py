"""The arguments of `afterbill import` and what they start."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import Question
from afterbill.outreach.policy import Policy
from afterbill_cli import deployed, options
from afterbill_cli.importing import checks
from afterbill_cli.importing.customer_columns import CUSTOMER_FIELDS, field_map
from afterbill_cli.importing.customers import CustomerImportOptions, import_file
from afterbill_cli.importing.export_columns import PRODUCTS, RESPONSE_FIELDS, columns_of
from afterbill_cli.importing.records import Layout
from afterbill_cli.importing.report import WrongError
from afterbill_cli.importing.response_rows import ExportSettings
from afterbill_cli.importing.responses import ResponseImportOptions, import_export
from afterbill_cli.importing.scales import asked_scales
from afterbill_cli.importing.times import TimeSpelling, names_a_day
from afterbill_cli.options import Callback, StackChoice

_CUSTOMERS_EPILOG = f"""\b
fields: {", ".join(CUSTOMER_FIELDS[:8])},
        {", ".join(CUSTOMER_FIELDS[8:])}
        and attributes.NAME. Only email is needed.
A blank cell changes nothing.
docs/import.md explains the fields and the checks."""
_RESPONSES_EPILOG = f"""\b
fields: {", ".join(RESPONSE_FIELDS[:7])},
        {", ".join(RESPONSE_FIELDS[7:])}.
Only rating and answered_at are needed. Rows that cannot be imported are left out and listed.
docs/import.md explains the fields and the columns of each product."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def _delimiter(sign: str) -> str:
    delimiter = {"tab": "\t", r"\t": "\t"}.get(sign, sign)
    if len(delimiter) != 1 or delimiter in '"\r\n ':
        raise click.BadParameter(f"{sign!r} is not one sign such as ; or tab")
    return delimiter


def _time_format(pattern: str) -> str:
    if not names_a_day(pattern):
        raise click.BadParameter(f'{pattern!r} names no year, month and day: write one such as "%m/%d/%Y"')
    return pattern


@dataclass(frozen=True, slots=True)
class Reading:
    """The options that both imports take: the reading of the file, and the place of its errors."""

    file: Path
    encoding: str | None
    delimiter: str | None
    time_zone: str | None
    time_format: str | None
    errors: Path | None
    again: bool
    include_erased: bool
    dry_run: bool
    why: str

    def times(self, policy: Policy) -> TimeSpelling:
        """Return the format of times in the file; the zone is that of the policy where none is named."""
        return TimeSpelling(_zone(self.time_zone or policy.time_zone), self.time_format)


def _reading(function: Callback) -> Callback:
    """Add the options that both imports take; the function gets them as `reading`."""

    @click.option("--encoding", metavar="NAME", help="Default: UTF-8, or UTF-16 with a byte order mark.")
    @click.option(
        "--delimiter",
        callback=options.parsed(_delimiter),
        metavar="SIGN",
        help="Default: comma, semicolon or tab, as in the header.",
    )
    @click.option(
        "--time-zone", metavar="ZONE", help="Time zone of times without an offset; default: that of surveys.toml."
    )
    @click.option(
        "--time-format",
        callback=options.parsed(_time_format),
        metavar="FORMAT",
        help='How days are written, such as "%m/%d/%Y" in the USA; their clock is read as it is written.',
    )
    @click.option("--errors", type=options.FILE, metavar="FILE", help="Write all errors to this file, as CSV.")
    @click.option("--again", is_flag=True, help="Start at the first row, although the file was imported before.")
    @click.option("--include-erased", is_flag=True, help="Import also rows about customers who were removed.")
    @click.option("--dry-run", is_flag=True, help="Check the file and print the outcomes, write nothing.")
    @options.why
    @functools.wraps(function)
    def read(**chosen: Any) -> Any:  # noqa: ANN401
        reading = Reading(**{name: chosen.pop(name) for name in Reading.__dataclass_fields__})
        if reading.errors and reading.errors.resolve() == reading.file.resolve():
            raise ConfigurationError("--errors names the file that is imported: choose another one")
        return function(reading=reading, **chosen)

    return read


@click.group("import")
def command() -> None:
    """Import customers or responses from a file."""


@command.command("customers", epilog=_CUSTOMERS_EPILOG)
@click.argument("file", type=options.FILE)
@click.option("--source", metavar="NAME", help="Source in surveys.toml whose customer ids are in the field id.")
@click.option(
    "--field", "pairs", multiple=True, metavar="FIELD=COLUMN", help='Column of a field, such as email="E-Mail".'
)
@click.option("--fields", type=options.FILE, metavar="TOML", help="File with the columns of fields.")
@click.option("--strict", is_flag=True, help="Refuse unknown columns.")
@click.option("--format", "format_", type=options.OneOf(["csv", "jsonl"]), help="Default: by the file's name.")
@click.option("--skip-invalid", is_flag=True, help="Import valid rows although others have errors.")
@_reading
@options.stack
def _customers(  # noqa: PLR0913  # its options
    *,
    reading: Reading,
    source: str | None,
    pairs: tuple[str, ...],
    fields: Path | None,
    strict: bool,
    format_: str | None,
    skip_invalid: bool,
    choice: StackChoice,
) -> int:
    """Import customers from a CSV or JSON lines file.

    The whole file is checked first, and nothing is written while it has errors. FILE is CSV with a header, or JSON
    lines (.jsonl).
    """
    layout = Layout(
        path=reading.file,
        fields=field_map(pairs, fields),
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        format=format_,
        strict=strict,
    )
    stack = deployed.connect(choice)
    times = reading.times(stack.policy())
    wanted = CustomerImportOptions(
        times,
        source,
        reading.dry_run,
        skip_invalid,
        reading.again,
        reading.errors,
        reading.include_erased,
        reading.why,
    )
    return import_file(layout, wanted, stack)


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of the rows of an export, as the operator states it."""

    product: str
    name: str | None
    question: str
    scale: tuple[str, ...]
    touchpoint: str
    source: str | None


@command.command("responses", epilog=_RESPONSES_EPILOG)
@click.argument("file", type=options.FILE)
@click.option("--from", "product", type=options.OneOf(PRODUCTS), required=True, help="Product of the export.")
@click.option("--name", metavar="NAME", help="Name of the source in scores; default: the product.")
@click.option("--question", default="nps", type=options.OneOf(Question), help="Question; default: nps.")
@click.option(
    "--scale",
    multiple=True,
    metavar="QUESTION=LOWEST-HIGHEST",
    help="Scale on which ces (1-7 or 1-5) or csat (1-5 or 1-3) was asked; needed where the product has several.",
)
@click.option(
    "--touchpoint",
    default=str(Touchpoint.RELATIONSHIP),
    metavar="NAME",
    help=f"Touchpoint of the survey; default: {Touchpoint.RELATIONSHIP}.",
)
@click.option("--source", metavar="NAME", help="Source in surveys.toml whose ids are in the field customer_id.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help='Column of a field, such as rating="My score".',
)
@click.option("--replace", is_flag=True, help="Replace stored responses that differ.")
@_reading
@options.stack
def _responses(
    *,
    reading: Reading,
    columns: tuple[str, ...],
    replace: bool,
    choice: StackChoice,
    **meaning: Any,  # noqa: ANN401
) -> int:
    """Import responses from another product's export.

    They keep their original times and are marked as imported. FILE is CSV with a header, as the product exports it.
    """
    meant = Meaning(**meaning)
    fields = columns_of(meant.product, columns)
    layout = Layout(reading.file, fields, reading.encoding, reading.delimiter, about="response")
    stack = deployed.connect(choice)
    settings = _export_settings(meant, reading, stack)
    wanted = ResponseImportOptions(
        settings, reading.dry_run, replace, reading.again, reading.errors, reading.include_erased, reading.why
    )
    return import_export(layout, wanted, stack)


def _export_settings(meant: Meaning, reading: Reading, stack: deployed.Deployed) -> ExportSettings:
    policy = stack.policy()
    if meant.source:
        stack.source(meant.source)
    name = meant.name or meant.product
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"--name {name}: up to 40 small letters, digits, - and _, a letter first")
    if meant.touchpoint not in policy.rules:
        raise ConfigurationError(f"--touchpoint {meant.touchpoint}: there is none, only: {', '.join(policy.rules)}")
    return ExportSettings(
        name=name,
        question=Question(meant.question),
        touchpoint=Touchpoint(meant.touchpoint),
        times=reading.times(policy),
        home=ZoneInfo(policy.time_zone),
        scales=asked_scales(meant.product, meant.scale),
        stages={touchpoint: rule.stage for touchpoint, rule in policy.rules.items()},
        customers_of=meant.source or "",
        reasons=frozenset(reason for rule in policy.rules.values() for reason in rule.reasons),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(checks.time_zone(name))
    except WrongError as wrong:
        raise ConfigurationError(f"--time-zone {name}: {wrong.text}. {wrong.hint}") from None
