"""`afterbill responses`: print what customers answered, the newest first."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

import click

from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.answers.read_responses import Days, ReadDeps, ResponsesPage, Selection, pages, ratings
from afterbill.answers.response_rows import COLUMNS, row
from afterbill.insight.periods import Window, window_of
from afterbill.model.billing import Touchpoint
from afterbill.model.invitation import Invitation
from afterbill.model.questions import Question
from afterbill.model.retention import as_kept
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts, in_parts
from afterbill_cli.deployed import Deployed
from afterbill_cli.exports import export_csv
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, counted, not_shown, print_csv, print_json_rows
from afterbill_cli.responses.lines import lines


@click.command("responses")
@options.window
@click.option("--touchpoint", type=options.OneOf(Touchpoint), metavar="NAME", help="Touchpoint.")
@click.option("--question", type=options.OneOf(Question), help="Question; default: all.")
@click.option("--rating", callback=options.parsed(ratings), metavar="NUMBERS", help="Ratings, such as 9, 0-6 or 0,1,2.")
@click.option("--contains", default="", metavar="TEXT", help="Text in the comment, in small or capital letters.")
@click.option("--commented", is_flag=True, help="Only responses with a comment.")
@click.option(
    "--to-bucket", is_flag=True, help="Write CSV into the archive's bucket, and print a link of five minutes."
)
@options.why
@options.output(csv=True)
@options.stack
def command(  # noqa: PLR0913  # its options
    *,
    window: str,
    touchpoint: str | None,
    question: str | None,
    rating: frozenset[int] | None,
    contains: str,
    commented: bool,
    to_bucket: bool,
    why: str,
    output: Output,
    choice: StackChoice,
) -> int:
    """Show what customers answered, and their comments.

    The newest responses come first. Neither names nor addresses are shown: `afterbill explain` tells more about the
    customer or the response of an id.
    """
    equal = {name: value for name, value in (("question", question), ("touchpoint", touchpoint)) if value}
    wanted = Selection(equal, rating, contains, commented)
    stack = deployed.connect(choice)
    form = None if to_bucket else output
    return show(stack, window, wanted, form, datetime.now(UTC), why=why)


def show(  # noqa: PLR0913  # its options
    stack: Deployed, window: str, wanted: Selection, output: Output | None, now: datetime, *, why: str = ""
) -> int:
    """Print the wanted responses of the window, each as soon as it is read; always 0.

    Without a form they are written as CSV into the bucket of the archive.
    """
    policy = stack.policy()
    zone, shown = ZoneInfo(policy.time_zone), partial(as_kept, periods=policy.retention, now=now)
    days = window_of(window, now.astimezone(zone).date())
    reading = _Reading()
    deps = ReadDeps(AnsweredTable(stack.client("dynamodb"), stack.output("TableName")), shown)
    found = _noted(reading.responses(pages(Days(days.first, days.last), wanted, deps)), Acts(stack, "responses", why))
    if output is None:
        export_csv(stack, COLUMNS, map(row, found), "responses.csv")
    elif output is Output.JSON:
        print_json_rows(map(row, found))
    elif output is Output.CSV:
        print_csv(COLUMNS, map(row, found))
    else:
        _print(found, days, zone)
    if reading.left_out:
        click.echo(f"Left out, for the use of their customers' data is restricted: {reading.left_out}", err=True)
    return 0


@dataclass
class _Reading:
    """Responses as they are read; `left_out` counts those whose customers are restricted."""

    left_out: int = 0

    def responses(self, pages: Iterable[ResponsesPage]) -> Iterator[Invitation]:
        for page in pages:
            self.left_out += page.left_out
            for error in page.unreadable:
                not_shown(error)
            yield from page.responses


def _noted(found: Iterable[Invitation], acts: Acts) -> Iterator[Invitation]:
    """Yield the responses, in parts that are noted before."""
    for part in in_parts(found):
        acts.note(response.customer_id or response.id for response in part)
        yield from part


def _print(found: Iterable[Invitation], days: Window, zone: tzinfo) -> None:
    width, count = shutil.get_terminal_size().columns, 0
    print(f"Responses of {days.first} to {days.last}, times of {zone}, the newest first")
    for response in found:
        count += 1
        print("", *lines(response, zone, width), sep="\n")
    print(f"\n{counted(count, 'response')}.")
