"""`afterbill query`: SQL of an operator's own over the archive, in Athena."""

import re
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import click

from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts, in_parts
from afterbill_cli.athena import Answer, AthenaEngine
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, aligned, counted, print_csv, print_json_rows

STDIN = "-"
_PAUSE_SECONDS = 0.5
_WHOSE = "customer_id"
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS = re.compile(r"[\s(]*(?:select|with|values|show|describe|explain)\b", re.IGNORECASE)
"""The beginning of statements that change nothing."""
_UNITS = ("bytes", "kB", "MB", "GB")


@click.command("query")
@click.argument("sql")
@options.why
@options.output(csv=True)
@options.stack
def command(*, sql: str, why: str, output: Output, choice: StackChoice) -> int:
    """Ask the archive in SQL of your own.

    Athena runs it. SQL is a statement such as "SELECT touchpoint, count(*) FROM facts GROUP BY 1", or - to read one
    from stdin; what would change or drop a table is refused. docs/queries.md describes the tables. Ctrl-C stops the
    query. The act is noted in the audit trail.
    """
    statement = sys.stdin.read() if sql == STDIN else sql
    if not _READS.match(_COMMENT.sub(" ", statement)):
        raise click.UsageError("a query begins with SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN")
    stack = deployed.connect(choice)
    return show(engine_of(stack), statement, Acts(stack, "query", why), output)


def engine_of(stack: Deployed) -> AthenaEngine:
    """Return the archive of the stack, asked with the operator's own credentials."""
    return AthenaEngine(
        stack.client("athena"),
        stack.output("ArchiveWorkGroupName"),
        stack.output("ArchiveDatabaseName"),
        partial(time.sleep, _PAUSE_SECONDS),
    )


def show(engine: AthenaEngine, sql: str, acts: Acts, output: Output) -> int:
    """Print the answer, each row as soon as it is fetched but for tables, and how much was scanned; always 0."""
    answer = engine.ask(sql)
    columns, rows = named_apart(answer.columns), _noted(answer, acts)
    if output is Output.TABLE:
        found = [[_cell(value) for value in row] for row in rows]
        print(*aligned([columns, *found]), counted(len(found), "row"), sep="\n")
    else:
        records = (dict(zip(columns, map(_plain, row), strict=True)) for row in rows)
        if output is Output.JSON:
            print_json_rows(records)
        else:
            print_csv(columns, records)
    click.echo(f"Scanned {scanned(answer.scanned)}.", err=True)
    return 0


def named_apart(columns: Sequence[str]) -> list[str]:
    """Number the second and later columns of one name: `rating`, `rating_2`."""
    seen: dict[str, int] = {}
    named = []
    for name in columns:
        seen[name] = seen.get(name, 0) + 1
        named.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return named


def scanned(size: int) -> str:
    """Return a number of bytes with its unit, such as `12.3 MB`."""
    power = min((len(str(size)) - 1) // 3, len(_UNITS) - 1)
    return f"{size / 1000**power:.{min(power, 1)}f} {_UNITS[power]}"


def _noted(answer: Answer, acts: Acts) -> Iterator[tuple[Any, ...]]:
    """Yield the rows; the act is noted before, with the customers whose ids they show."""
    if _WHOSE not in answer.columns:
        acts.note()
        yield from answer.rows
        return
    at = answer.columns.index(_WHOSE)
    for part in in_parts(answer.rows):
        acts.note(str(row[at] or "") for row in part)
        yield from part


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, date | datetime) else value


def _cell(value: object) -> str:
    return "" if value is None else str(_plain(value))
