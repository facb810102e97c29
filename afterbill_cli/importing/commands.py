"""The arguments of `afterbill import`."""

import argparse
import re
from pathlib import Path
from zoneinfo import ZoneInfo

from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import Question
from afterbill_cli import deployed
from afterbill_cli.importing import checks
from afterbill_cli.importing.customer_columns import CUSTOMER_FIELDS, field_map
from afterbill_cli.importing.customers import CustomerImportOptions, import_file
from afterbill_cli.importing.export_columns import PRODUCTS, RESPONSE_FIELDS, columns_of
from afterbill_cli.importing.records import Layout
from afterbill_cli.importing.response_rows import ExportSettings
from afterbill_cli.importing.responses import ResponseImportOptions, import_export

_CUSTOMERS_EPILOG = f"""\
fields: {", ".join(CUSTOMER_FIELDS[:8])},
        {", ".join(CUSTOMER_FIELDS[8:])}
        and attributes.NAME. Only email is needed.
Times are ISO 8601 with an offset. A blank cell says nothing and removes nothing.
docs/import.md explains each, and what is checked."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `afterbill import`."""
    kinds = parser.add_subparsers(required=True, metavar="COMMAND")
    customers = kinds.add_parser(
        "customers",
        help="customers from a CSV file or JSON lines",
        description="Import customers: the whole file is checked first, and nothing is written while it has errors.",
        epilog=_CUSTOMERS_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    customers.add_argument("file", type=Path, metavar="FILE", help="CSV with a header, or JSON lines (.jsonl)")
    _add_meaning(customers)
    customers.add_argument("--dry-run", action="store_true", help="check, say what would change, write nothing")
    customers.add_argument(
        "--skip-invalid", action="store_true", help="import the other rows although some have errors"
    )
    customers.set_defaults(run=_run_customers)
    answers = kinds.add_parser(
        "responses",
        help="responses from the export of another product",
        description="Import responses that another product collected, at their original times, marked as imported.",
        epilog=_RESPONSES_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_responses(answers)
    for one in (customers, answers):
        _add_reading(one)


def _add_meaning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", metavar="NAME", help="as in surveys.toml: whose customer ids the field id holds")
    parser.add_argument(
        "--field", action="append", default=[], metavar="FIELD=COLUMN", help='which column says it: email="E-Mail"'
    )
    parser.add_argument("--fields", type=Path, metavar="TOML", help="the same from a file, one line each")
    parser.add_argument("--strict", action="store_true", help="refuse columns that nobody asked for")
    parser.add_argument("--format", choices=("csv", "jsonl"), help="by default what the file's name says")


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encoding", metavar="NAME", help="by default UTF-8, or UTF-16 where the file begins with its mark"
    )
    parser.add_argument(
        "--delimiter", type=_delimiter, metavar="SIGN", help="by default , or ; or tab, as the header has it"
    )
    parser.add_argument("--errors", type=Path, metavar="FILE", help="write every error there, as CSV")
    parser.add_argument("--again", action="store_true", help="from the first row, although it was imported before")
    deployed.options(parser)


def _delimiter(sign: str) -> str:
    found = {"tab": "\t", r"\t": "\t"}.get(sign, sign)
    if len(found) != 1 or found in '"\r\n ':
        raise argparse.ArgumentTypeError(f"{sign!r} is not one sign such as ; or tab")
    return found


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
    options = CustomerImportOptions(chosen.source, chosen.dry_run, chosen.skip_invalid, chosen.again, chosen.errors)
    return import_file(layout, options, deployed.connect(chosen))


_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_RESPONSES_EPILOG = f"""\
fields: {", ".join(RESPONSE_FIELDS[:7])},
        {", ".join(RESPONSE_FIELDS[7:])}.
Only rating and answered_at are needed. Rows that cannot be taken are left out and told.
docs/import.md explains each, and which columns of which product are understood."""


def _add_responses(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `afterbill import responses`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV with a header, as the product exports it")
    parser.add_argument("--from", dest="product", choices=tuple(PRODUCTS), required=True, help="whose export it is")
    parser.add_argument("--name", metavar="NAME", help="what scores call this source; by default the product")
    parser.add_argument("--question", default=Question.NPS, choices=tuple(Question), help="what was asked")
    parser.add_argument("--touchpoint", default=Touchpoint.RELATIONSHIP, metavar="NAME", help="after what it was asked")
    parser.add_argument("--time-zone", metavar="ZONE", help="of times without an offset; by default yours")
    parser.add_argument("--time-format", metavar="FORMAT", help='how times are spelled: "%%m/%%d/%%Y %%H:%%M"')
    parser.add_argument("--source", metavar="NAME", help="as in surveys.toml: whose ids the field customer_id holds")
    parser.add_argument(
        "--column", action="append", default=[], metavar="FIELD=COLUMN", help='which column says it: rating="My score"'
    )
    parser.add_argument("--replace", action="store_true", help="change what is stored where the file says otherwise")
    parser.add_argument("--dry-run", action="store_true", help="say what would be stored, write nothing")
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
        zone=_zone(chosen.time_zone or policy.time_zone),
        home=ZoneInfo(policy.time_zone),
        stages={touchpoint: rule.stage for touchpoint, rule in policy.rules.items()},
        customers_of=chosen.source or "",
        reasons=frozenset(reason for rule in policy.rules.values() for reason in rule.reasons),
        time_format=chosen.time_format,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(checks.time_zone(name))
    except checks.WrongError as wrong:
        raise ConfigurationError(f"--time-zone {name}: {wrong.text}. {wrong.hint}") from None
