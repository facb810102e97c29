"""The arguments of `afterbill import`."""

import argparse
from pathlib import Path

from afterbill.model.errors import ConfigurationError
from afterbill_cli import deployed
from afterbill_cli.importing.customers import How, import_file
from afterbill_cli.importing.fields import FIELDS, field_map
from afterbill_cli.importing.records import Layout
from afterbill_cli.importing.responses import command as responses

_EPILOG = f"""\
fields: {", ".join(FIELDS[:8])},
        {", ".join(FIELDS[8:])}
        and attributes.NAME. Only email is needed.
Times are ISO 8601 with an offset. A blank cell says nothing and removes nothing.
docs/import.md explains each, and what is checked."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """`afterbill import customers` and `afterbill import responses`."""
    kinds = parser.add_subparsers(required=True, metavar="COMMAND")
    customers = kinds.add_parser(
        "customers",
        help="customers from a CSV file or JSON lines",
        description="Import customers: the whole file is checked first, and nothing is written while it has errors.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    customers.add_argument("file", type=Path, metavar="FILE", help="CSV with a header, or JSON lines (.jsonl)")
    _add_meaning(customers)
    customers.add_argument("--dry-run", action="store_true", help="check, say what would change, write nothing")
    customers.add_argument(
        "--skip-invalid", action="store_true", help="import the other rows although some have errors"
    )
    customers.set_defaults(run=_run)
    answers = kinds.add_parser(
        "responses",
        help="responses from the export of another product",
        description="Import responses that another product collected, at their original times, marked as imported.",
        epilog=responses.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    responses.add_to(answers)
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


def _run(chosen: argparse.Namespace) -> int:
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
    how = How(chosen.source, chosen.dry_run, chosen.skip_invalid, chosen.again, chosen.errors)
    return import_file(layout, how, deployed.connect(chosen))
