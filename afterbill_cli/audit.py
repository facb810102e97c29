"""`afterbill audit`: acts of reading or changing data of people, with their reasons."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import click

from afterbill.adapters.dynamodb.items import stamp
from afterbill.model.plain_text import one_line
from afterbill.model.privacy import Act
from afterbill_cli import deployed, options
from afterbill_cli.acts import ledger_of
from afterbill_cli.deployed import Deployed
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, counted, print_csv, print_json_rows

COLUMNS = ("at", "who", "what", "whose", "found", "why")
_DAYS = re.compile(r"([1-9][0-9]{0,3})d", re.ASCII)


def moment(text: str) -> datetime:
    """Read days that lie back, such as 30d, or the beginning of a day of UTC; ValueError where it is neither."""
    if days := _DAYS.fullmatch(text):
        return datetime.now(UTC) - timedelta(days=int(days[1]))
    return datetime.combine(options.day(text), time(), UTC)


@click.command("audit")
@click.option(
    "--since",
    default="30d",
    callback=options.parsed(moment),
    metavar="DAYS|DAY",
    help="First moment: days back such as 30d, or a day such as 2026-11-30; default: 30d.",
)
@click.option("--who", default="", metavar="PART", help="Part of the ARN of an operator, or of a key such as key:k1.")
@options.output(csv=True)
@options.stack
def command(*, since: datetime, who: str, output: Output, choice: StackChoice) -> int:
    """Show who read or changed what about a person.

    People are named by our own ids; `afterbill explain` tells more about one. The oldest act comes first.
    """
    return show(deployed.connect(choice), since, who, output)


def show(stack: Deployed, since: datetime, who: str, output: Output) -> int:
    """Print the acts since then of whoever's name has this part, each as soon as it is read; always 0."""
    acts = (act for act in ledger_of(stack).acts(since, datetime.now(UTC)) if who.casefold() in act.who.casefold())
    if output is Output.JSON:
        print_json_rows(map(stated, acts))
    elif output is Output.CSV:
        print_csv(COLUMNS, ({**stated(act), "whose": " ".join(act.whose)} for act in acts))
    else:
        _print(acts, since)
    return 0


def stated(act: Act) -> dict[str, Any]:
    """Return the act by COLUMNS; `found` is how many people it was about."""
    values = (stamp(act.at), act.who, act.what, list(act.whose), act.found or len(act.whose), act.why)
    return dict(zip(COLUMNS, values, strict=True))


def _print(acts: Iterator[Act], since: datetime) -> None:
    count = 0
    for act in acts:
        count += 1
        print(f"{act.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", one_line(act.who), one_line(_did(act)), sep="  ")
    print(f"{counted(count, 'act')} since {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC.")


def _did(act: Act) -> str:
    more = act.found - len(act.whose)
    named = [", ".join(act.whose)] if act.whose else []
    others = [f"{more} more" if named else f"{more} not named"] if more > 0 else []
    whose = [*named, *others]
    about = f": {' and '.join(whose)}" if whose else ""
    return f"{act.what}{about}" + f" ({act.why})" * bool(act.why)
