"""The arguments of `afterbill import`."""

import argparse
import re
from pathlib import Path
from zoneinfo import ZoneInfo

from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import Question
from afterbill.outreach.policy import Policy
from afterbill_cli import deployed
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

_CUSTOMERS_EPILOG = f"""\
fields: {", ".join(CUSTOMER_FIELDS[:8])},
        {", ".join(CUSTOMER_FIELDS[8:])}
        and attributes.NAME. Only email is needed.
A blank cell changes nothing.
docs/import.md explains the fields and the checks."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `afterbill import`."""
    kinds = parser.add_subparsers(required=True, metavar="COMMAND")
    customers = kinds.add_parser(
        "customers",
        help="import customers from a CSV or JSON lines file",
        description="Import customers: the whole file is checked first, and nothing is written while it has errors.",
        epilog=_CUSTOMERS_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    customers.add_argument("file", type=Path, metavar="FILE", help="CSV with a header, or JSON lines (.jsonl)")
    _add_meaning(customers)
    customers.add_argument("--dry-run", action="store_true", help="check the file and print the changes, write nothing")
    customers.add_argument("--skip-invalid", action="store_true", help="import valid rows although others have errors")
    customers.set_defaults(run=_run_customers)
    answers = kinds.add_parser(
        "responses",
        help="import responses from another product's export",
        description="Import responses that another product collected, at their original times, marked as imported.",
        epilog=_RESPONSES_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_responses(answers)
    for command in (customers, answers):
        _add_reading(command)


def _add_meaning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", metavar="NAME", help="source in surveys.toml whose customer ids are in the field id"
    )
    parser.add_argument(
        "--field", action="append", default=[], metavar="FIELD=COLUMN", help='column of a field, such as email="E-Mail"'
    )
    parser.add_argument("--fields", type=Path, metavar="TOML", help="file with the columns of fields")
    parser.add_argument("--strict", action="store_true", help="refuse unknown columns")
    parser.add_argument("--format", choices=("csv", "jsonl"), help="default: by the file's name")


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--encoding", metavar="NAME", help="default: UTF-8, or UTF-16 with a byte order mark")
    parser.add_argument(
        "--delimiter", type=_delimiter, metavar="SIGN", help="default: comma, semicolon or tab, as in the header"
    )
    parser.add_argument(
        "--time-zone", metavar="ZONE", help="time zone of times without an offset; default: that of surveys.toml"
    )
    parser.add_argument(
        "--time-format",
        type=_time_format,
        metavar="FORMAT",
        help='how days are written, such as "%%m/%%d/%%Y" in the USA; their clock is read as it is written',
    )
    parser.add_argument("--errors", type=Path, metavar="FILE", help="write all errors to this file, as CSV")
    parser.add_argument(
        "--again", action="store_true", help="start at the first row, although the file was imported before"
    )
    deployed.options(parser)


def _delimiter(sign: str) -> str:
    delimiter = {"tab": "\t", r"\t": "\t"}.get(sign, sign)
    if len(delimiter) != 1 or delimiter in '"\r\n ':
        raise argparse.ArgumentTypeError(f"{sign!r} is not one sign such as ; or tab")
    return delimiter


def _time_format(pattern: str) -> str:
    if not names_a_day(pattern):
        raise argparse.ArgumentTypeError(f'{pattern!r} names no year, month and day: write one such as "%m/%d/%Y"')
    return pattern


def _run_customers(chosen: argparse.Namespace) -> int:
    if chosen.errors and chosen.errors.resolve() == chosen.file.resolve():
        raise ConfigurationError("--errors names the file that is imported: choose another one")
    layout = Layout(
        path=chosen.file,
        fields=field_map(chosen.field, chosen.fields),
        encoding=chosen.encoding,
        delimiter=chosen.delimiter,
        format=chosen.format,
        strict=chosen.strict,
    )
    stack = deployed.connect(chosen)
    options = CustomerImportOptions(
        _times(chosen, stack.policy()), chosen.source, chosen.dry_run, chosen.skip_invalid, chosen.again, chosen.errors
    )
    return import_file(layout, options, stack)


_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_RESPONSES_EPILOG = f"""\
fields: {", ".join(RESPONSE_FIELDS[:7])},
        {", ".join(RESPONSE_FIELDS[7:])}.
Only rating and answered_at are needed. Rows that cannot be imported are left out and listed.
docs/import.md explains the fields and the columns of each product."""


def _add_responses(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `afterbill import responses`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV with a header, as the product exports it")
    parser.add_argument("--from", dest="product", choices=tuple(PRODUCTS), required=True, help="product of the export")
    parser.add_argument("--name", metavar="NAME", help="name of the source in scores; default: the product")
    parser.add_argument("--question", default=Question.NPS, choices=tuple(Question), help="question of the survey")
    parser.add_argument(
        "--scale",
        action="append",
        default=[],
        metavar="QUESTION=LOWEST-HIGHEST",
        help="scale on which ces (1-7 or 1-5) or csat (1-5 or 1-3) was asked; needed where the product has several",
    )
    parser.add_argument(
        "--touchpoint", default=Touchpoint.RELATIONSHIP, metavar="NAME", help="touchpoint of the survey"
    )
    parser.add_argument(
        "--source", metavar="NAME", help="source in surveys.toml whose ids are in the field customer_id"
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help='column of a field, such as rating="My score"',
    )
    parser.add_argument("--replace", action="store_true", help="replace stored responses that differ")
    parser.add_argument("--dry-run", action="store_true", help="print the outcomes, write nothing")
    parser.set_defaults(run=_run_responses)


def _run_responses(chosen: argparse.Namespace) -> int:
    if chosen.errors and chosen.errors.resolve() == chosen.file.resolve():
        raise ConfigurationError("--errors names the file that is imported: choose another one")
    columns = columns_of(chosen.product, chosen.column)
    layout = Layout(chosen.file, columns, chosen.encoding, chosen.delimiter, about="response")
    stack = deployed.connect(chosen)
    options = ResponseImportOptions(
        _export_settings(chosen, stack), chosen.dry_run, chosen.replace, chosen.again, chosen.errors
    )
    return import_export(layout, options, stack)


def _export_settings(chosen: argparse.Namespace, stack: deployed.Deployed) -> ExportSettings:
    policy = stack.policy()
    if chosen.source:
        stack.source(chosen.source)
    name = chosen.name or chosen.product
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"--name {name}: up to 40 small letters, digits, - and _, a letter first")
    if chosen.touchpoint not in policy.rules:
        raise ConfigurationError(f"--touchpoint {chosen.touchpoint}: there is none, only: {', '.join(policy.rules)}")
    return ExportSettings(
        name=name,
        question=Question(chosen.question),
        touchpoint=Touchpoint(chosen.touchpoint),
        times=_times(chosen, policy),
        home=ZoneInfo(policy.time_zone),
        scales=asked_scales(chosen.product, chosen.scale),
        stages={touchpoint: rule.stage for touchpoint, rule in policy.rules.items()},
        customers_of=chosen.source or "",
        reasons=frozenset(reason for rule in policy.rules.values() for reason in rule.reasons),
    )


def _times(chosen: argparse.Namespace, policy: Policy) -> TimeSpelling:
    return TimeSpelling(_zone(chosen.time_zone or policy.time_zone), chosen.time_format)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(checks.time_zone(name))
    except WrongError as wrong:
        raise ConfigurationError(f"--time-zone {name}: {wrong.text}. {wrong.hint}") from None
