"""`afterbill privacy report`: what is held of each kind, since when and until when, and what is overdue."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from afterbill.adapters.dynamodb.retention import RetentionTable
from afterbill.model.retention import Retention
from afterbill.privacy.holdings import PERIODS, Holding, Kind, Stock, stock
from afterbill.privacy.retention import EVERY, TURNS, Applied, Walk
from afterbill.settings.config import written
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, aligned, print_json
from afterbill_cli.privacy.ledger_stock import ledger_holdings

_COLUMNS = ("kind", "held", "since", "until", "period", "due", "overdue")


@click.command("report")
@click.option("--scrub", is_flag=True, help="Apply the periods at once, instead of waiting for the stack's own pass.")
@options.why
@options.output()
@options.stack
def command(*, scrub: bool, why: str, output: Output, choice: StackChoice) -> int:
    """Count what is stored of each kind, until when it is kept, and what is kept too long.

    The whole table is read, which takes a second for a thousand items or two, and so is the ledger.
    """
    return report(deployed.connect(choice), datetime.now(UTC), output, scrub=scrub, why=why)


def report(stack: Deployed, now: datetime, output: Output = Output.TABLE, *, scrub: bool = False, why: str = "") -> int:
    """Print what is held; return 1 where something is overdue, or was and could not be changed."""
    periods = stack.policy().retention
    table = RetentionTable(stack.client("dynamodb"), stack.output("TableName"), clock=now.timestamp)
    walk, acts = Walk(table, periods, now, change=scrub), Acts(stack, "privacy report --scrub", why)
    if scrub:
        acts.note()
    total = _walked(walk, ledger_holdings(stack))
    if changed := sum(walk.applied.changed.values()):
        acts.note(found=changed)
    for text in walk.applied.unreadable:
        print(f"Not counted, a newer version may have written it: {text}", file=sys.stderr)
    if output is Output.JSON:
        print_json(_stated(total, periods, walk.applied))
    else:
        print("\n".join(_lines(total, periods, walk.applied, scrub=scrub)))
    return 1 if any(one.overdue for one in total.values()) else 0


def _walked(walk: Walk, ledger: Iterable[Holding]) -> Mapping[Kind, Stock]:
    total: dict[Kind, Stock] = {}
    for number, (page, _) in enumerate(walk.pages(), start=1):
        total |= {kind: total.get(kind, Stock()) + one for kind, one in page.items()}
        _tell(number)
    _end_of_line()
    for entry in ledger:
        total[entry.kind] = sum(stock(entry, walk.periods, walk.now).values(), total.get(entry.kind, Stock()))
    if Kind.NAMES in total and Kind.CUSTOMERS in total:
        total[Kind.NAMES] = _with_customers(total[Kind.NAMES], total[Kind.CUSTOMERS])
    return {kind: total[kind] for kind in Kind if kind in total}


def _tell(pages: int) -> None:
    """Show somebody who watches that it goes on."""
    if sys.stderr.isatty():
        print(f"\rPages read: {pages}", end="", file=sys.stderr, flush=True)


def _end_of_line() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _with_customers(names: Stock, customers: Stock) -> Stock:
    """Names end with their customers, once it is their turn in a pass."""
    return replace(names, until=customers.until + TURNS * EVERY if customers.until else None)


def _lines(total: Mapping[Kind, Stock], periods: Retention, applied: Applied, *, scrub: bool) -> list[str]:
    if not total and not applied.changed:
        return ["Nothing is stored."]
    rows = [_row(kind, one, periods) for kind, one in total.items()]
    overdue, due = (sum(getattr(one, name) for one in total.values()) for name in ("overdue", "due"))
    lines = [*aligned([_COLUMNS, *rows], right=True), ""]
    if scrub:
        changed = ", ".join(f"{kind} {number}" for kind, number in applied.changed.items())
        lines.append(f"Changed: {changed or 'nothing'}.")
    elif due:
        lines.append(f"Due: {due}. The next passes change it, and --scrub does at once.")
    lines.append(f"Overdue by more than nine days: {overdue}." if overdue else "Nothing is overdue.")
    return lines


def _row(kind: Kind, one: Stock, periods: Retention) -> tuple[str, ...]:
    period = _period(kind, periods) or "-"
    return kind, str(one.number), _day(one.since) or "-", _day(one.until) or "-", period, str(one.due), str(one.overdue)


def _stated(total: Mapping[Kind, Stock], periods: Retention, applied: Applied) -> dict[str, Any]:
    kinds = {
        kind: {
            "held": one.number,
            "since": _day(one.since),
            "until": _day(one.until),
            "period": _period(kind, periods),
            "due": one.due,
            "overdue": one.overdue,
        }
        for kind, one in total.items()
    }
    return {"kinds": kinds, "changed": applied.changed, "unreadable": applied.passed_over}


def _period(kind: Kind, periods: Retention) -> str | None:
    """The period as surveys.toml writes it; None where the kind ends by itself, or never."""
    return written(getattr(periods, PERIODS[kind])) if kind in PERIODS else None


def _day(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d}" if at else None
