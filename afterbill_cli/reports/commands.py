"""`afterbill report`: print a report, or write it into a file."""

import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.aws.report_requests import SqsReportRequests
from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.insight.reports.query import USUAL_WINDOW, scope_in
from afterbill.insight.reports.reading import customers_in, naming
from afterbill.insight.reports.registry import NAMES
from afterbill.insight.reports.requested import ReportRequest, checked, window_asked
from afterbill.model.questions import Question
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts, in_parts
from afterbill_cli.deployed import Deployed
from afterbill_cli.exports import export
from afterbill_cli.options import StackChoice
from afterbill_cli.output import print_json, written_json
from afterbill_cli.reports.forms import as_csv, as_workbook
from afterbill_cli.reports.people import as_text
from afterbill_cli.reports.waiting import Reader


class Form(StrEnum):
    """The forms of `--output`."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


_KINDS = {
    Form.TABLE: "text/plain; charset=utf-8",
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@click.command("report")
@click.argument("name", type=options.OneOf(NAMES), metavar="NAME")
@click.option(
    "--window",
    default=USUAL_WINDOW,
    metavar="DAYS",
    help=f"Days: 30d, a month such as 2026-11, or 2026-11-01..2026-11-22; default: {USUAL_WINDOW}.",
)
@click.option("--question", default="nps", type=options.OneOf(Question), help="Question; default: nps.")
@click.option(
    "--by",
    multiple=True,
    metavar="DIMENSION",
    help="Dimension of segments or coverage that is wanted, may be repeated; day, week or month of trend.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="DIMENSION=VALUE",
    help="Only what has this value, such as plan=Team; twice at most.",
)
@click.option("--compare", metavar="DAYS", help="Days to compare with; default: those before.")
@options.why
@click.option("--output", "form", type=options.OneOf(Form), help="Form of the output; default: table.")
@click.option("--json", "as_json", is_flag=True, help="Short for --output json.")
@click.option("--to", type=options.FILE, metavar="FILE", help="File to write; its ending names the form.")
@click.option("--to-bucket", is_flag=True, help="Write it into the archive's bucket, and print a link of five minutes.")
@options.stack
def command(  # noqa: PLR0913  # its options
    *,
    name: str,
    window: str,
    question: str,
    by: tuple[str, ...],
    where: tuple[str, ...],
    compare: str | None,
    why: str,
    form: str | None,
    as_json: bool,
    to: Path | None,
    to_bucket: bool,
    choice: StackChoice,
) -> int:
    """Show what the scores mean, and what they are worth.

    NAME is trend, segments, journey, drivers, billing, products, revenue, outcomes, coverage or changes.

    Windows of 7, 30, 90 and 365 days and months are computed every night; all else is computed when it is asked for,
    which takes up to a minute or two. docs/reports.md says what each report means.
    """
    wanted = form_of(form, to, as_json=as_json, to_bucket=to_bucket)
    stack = deployed.connect(choice)
    policy, now = stack.policy(), datetime.now(UTC)
    today = now.astimezone(ZoneInfo(policy.time_zone)).date()
    request = checked(_request(name, (window, compare), question, by, where, today), policy.reports)
    document = _usable(stack, reader_of(stack).read(request))
    show(stack, document, wanted, to, Acts(stack, f"report {name}", why), to_bucket=to_bucket)
    return 0


def form_of(form: str | None, to: Path | None, *, as_json: bool, to_bucket: bool) -> Form:
    """Return the form that is wanted; UsageError where two are named, or a workbook has no place."""
    ending = to.suffix.removeprefix(".").lower() if to else ""
    if ending not in {"", "txt", *Form} and not (form or as_json):
        raise click.UsageError(f"no form is called {ending}: name it by --output, or end the file in csv, json or xlsx")
    named = {Form(one) for one in (form, "json" if as_json else None, ending) if one in list(Form)}
    if len(named) > 1:
        raise click.UsageError(f"--output and the ending of the file name two forms: {', '.join(sorted(named))}")
    wanted = named.pop() if named else Form.TABLE
    if wanted is Form.XLSX and not to and not to_bucket:
        raise click.UsageError("a workbook needs a file: --to report.xlsx")
    return wanted


def _request(  # noqa: PLR0913, PLR0917  # the words of a command
    name: str,
    windows: tuple[str, str | None],
    question: str,
    by: tuple[str, ...],
    where: tuple[str, ...],
    today: date,
) -> ReportRequest:
    window, compare = windows
    try:
        scopes = tuple(scope_in(text.replace("=", ":", 1)) for text in where)
    except ValueError:
        raise click.UsageError("--where takes a dimension and its value, such as plan=Team") from None
    before = window_asked(compare, today) if compare else None
    return ReportRequest(name, window_asked(window, today), Question(question), scopes, by, before)


def reader_of(stack: Deployed) -> Reader:
    """Return the reader of the stack's reports."""
    requests = SqsReportRequests(
        stack.client("sqs"), stack.output("ReportRequestsUrl"), stack.client("dynamodb"), stack.output("TableName")
    )
    return Reader(S3Reports(stack.client("s3"), stack.output("ArchiveBucketName")), requests)


def _usable(stack: Deployed, document: dict[str, Any]) -> dict[str, Any]:
    """Leave out customers who were removed or restricted since it was computed."""
    named = customers_in(document)
    if not named:
        return document
    usable = AnsweredTable(stack.client("dynamodb"), stack.output("TableName")).usable(named)
    found: dict[str, Any] = naming(document, usable)
    return found


def show(  # noqa: PLR0913  # what is shown, where and as what
    stack: Deployed, document: dict[str, Any], form: Form, to: Path | None, acts: Acts, *, to_bucket: bool = False
) -> None:
    """Print the report, or write it into a file or the bucket; whoever it names is noted before."""
    for part in in_parts(customers_in(document)):
        acts.note(part)
    if to_bucket:
        acts.note()
        export(stack, _content(document, form), _KINDS[form], f"{document['report']}.{form}")
    elif to:
        to.write_bytes(_content(document, form))
        click.echo(f"written: {to}", err=True)
    elif form is Form.JSON:
        print_json(document)
    else:
        sys.stdout.write(_content(document, form).decode())
        if form is Form.CSV and not document["rows"]:
            click.echo(f"no rows: {document.get('because') or 'there is nothing to show'}", err=True)


def _content(document: dict[str, Any], form: Form) -> bytes:
    if form is Form.XLSX:
        return as_workbook(document)
    text = {
        Form.JSON: lambda: f"{written_json(document)}\n",
        Form.CSV: lambda: as_csv(document),
        Form.TABLE: lambda: f"{as_text(document, datetime.now(UTC))}\n",
    }[form]()
    return text.encode(errors="replace")
