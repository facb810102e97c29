"""The arguments of `afterbill import responses`."""

import argparse
import re
from pathlib import Path
from zoneinfo import ZoneInfo

from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import Question
from afterbill_cli import deployed
from afterbill_cli.importing import checks
from afterbill_cli.importing.records import Layout
from afterbill_cli.importing.responses.columns import columns_of
from afterbill_cli.importing.responses.exports import How, import_export
from afterbill_cli.importing.responses.products import FIELDS, PRODUCTS
from afterbill_cli.importing.responses.rows import Meaning

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
EPILOG = f"""\
fields: {", ".join(FIELDS[:7])},
        {", ".join(FIELDS[7:])}.
Only rating and answered_at are needed. Rows that cannot be taken are left out and told.
docs/import.md explains each, and which columns of which product are understood."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """`afterbill import responses`."""
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
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if chosen.errors and chosen.errors.resolve() == chosen.file.resolve():
        raise ConfigurationError("--errors names the file that is imported: choose another one")
    columns = columns_of(chosen.product, chosen.column)
    layout = Layout(chosen.file, columns, chosen.encoding, chosen.delimiter, about="response")
    stack = deployed.connect(chosen)
    how = How(_meaning(chosen, stack), chosen.dry_run, chosen.replace, chosen.again, chosen.errors)
    return import_export(layout, how, stack)


def _meaning(chosen: argparse.Namespace, stack: deployed.Deployed) -> Meaning:
    policy = stack.policy()
    if chosen.source:
        stack.source(chosen.source)
    name = chosen.name or chosen.product
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"--name {name}: up to 40 small letters, digits, - and _, a letter first")
    if chosen.touchpoint not in policy.rules:
        raise ConfigurationError(f"--touchpoint {chosen.touchpoint}: there is none, only: {', '.join(policy.rules)}")
    return Meaning(
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
