"""`afterbill score`: the scores of a window, as a table for people, as JSON or CSV for programs."""

import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import click
from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.insight.measures import GROUPS, OTHER_GROUPS
from afterbill.insight.nps import Tally, response_rate
from afterbill.insight.tally import OTHER, Score
from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import SCALES, Question
from afterbill.model.segments import ANONYMOUS, DIMENSIONS, dimension_of, question_and_dimension
from afterbill_cli import deployed, options
from afterbill_cli.deployed import Deployed
from afterbill_cli.legal_basis import silence
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, aligned, not_shown, print_csv, print_json
from afterbill_console.adapters.health.legal_basis import skipped_since

_TITLES = {
    Question.NPS: "Net Promoter Score",
    Question.CSAT: "Satisfaction",
    Question.CES: "Effort",
    Question.REBUY: "Buying again",
}
_APART = "Anybody can answer through these links: their answers count here, and in no other score."


@dataclass(frozen=True, slots=True)
class ScoreQuery:
    """The scores that are wanted; `dimension` is named as it is stored."""

    window: str
    question: Question
    dimension: str


@click.command("score")
@options.window
@click.option(
    "--by",
    default="all",
    type=options.OneOf(DIMENSIONS),
    metavar="DIMENSION",
    help="Rows: touchpoint, stage, source, plan, reason, ...; default: all.",
)
@click.option("--question", default="nps", type=options.OneOf(Question), help="Question; default: nps.")
@options.output(csv=True)
@options.stack
@click.option("--table", metavar="NAME", help="DynamoDB table instead of a stack; default: $AFTERBILL_TABLE.")
def command(  # noqa: PLR0913  # its options
    *, window: str, by: str, question: str, output: Output, choice: StackChoice, table: str | None
) -> int:
    """Show the scores of the deployed stack."""
    asked = query(window, by, question)
    scores, stack = connect(table, choice)
    return run(scores, asked, output, stack)


def query(window: str, by: str, question: str) -> ScoreQuery:
    """Return what is asked for."""
    return ScoreQuery(window, Question(question), dimension_of(Question(question), by))


def run(table: ScoresTable, asked: ScoreQuery, output: Output, stack: Deployed | None = None) -> int:
    """Print the scores, and on stderr why nothing was sent as far as the stack's legal basis says it; always 0."""
    rows = read(table, asked)
    if output is Output.CSV:
        empty = Score(asked.dimension, "", asked.window, Tally(), None, datetime.now(UTC))
        print_csv(("window", *_stated(empty)), ({"window": asked.window, **_stated(row)} for row in rows))
    else:
        anonymous = read(table, replace(asked, dimension=dimension_of(asked.question, ANONYMOUS)))
        if output is Output.JSON:
            print_json(stated(asked, rows, anonymous))
        else:
            print(as_table(asked, rows, anonymous))
    if stack and not any(row.tally.sent or row.tally.n for row in rows) and (why := _silence(stack)):
        print(why, file=sys.stderr)
    return 0


def _silence(stack: Deployed) -> str:
    try:
        policy = stack.policy()
    except ConfigurationError:
        return ""  # `afterbill policy check` tells of it; the scores do not depend on it
    table = TableReader(stack.client("dynamodb"), stack.output("TableName"))
    return silence(policy.legal, skipped_since(table, policy.sources))


def connect(table: str | None, choice: StackChoice) -> tuple[ScoresTable, Deployed | None]:
    """The named table, with the AWS settings of the shell, else that of the named stack, and the stack.

    Where neither is named, $AFTERBILL_TABLE names the table; without it, the stack is the one that all commands take.
    """
    if table and choice.name:
        raise click.UsageError("--table and --stack-name name two tables: leave one out")
    if name := table or (None if choice.name else os.environ.get("AFTERBILL_TABLE")):
        return ScoresTable(deployed.aws_client("dynamodb"), name), None
    stack = deployed.connect(choice)
    return ScoresTable(stack.client("dynamodb"), stack.output("TableName")), stack


def read(table: ScoresTable, asked: ScoreQuery) -> list[Score]:
    """The scores, those with most answers first and `other` last."""
    try:
        rows = table.scores(asked.dimension, asked.window, not_shown)
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise ConfigurationError(f"there is no table {table.table}: look at its name and at AWS_REGION") from error
    return sorted(rows, key=lambda row: (row.value == OTHER, -row.tally.n, -row.tally.sent, row.value))


def stated(asked: ScoreQuery, rows: Sequence[Score], anonymous: Sequence[Score]) -> dict[str, Any]:
    """Return one object for JSON; numbers rounded to one decimal, null where there is no score; times in UTC.

    `anonymous` are the scores of plain links that anybody can open, which no other score holds.
    """
    return {
        "question": asked.question,
        "window": asked.window,
        "computed_at": _computed_at(rows),
        "scores": [_stated(row) for row in rows],
        "anonymous": [_stated(row) for row in anonymous],
    }


def as_table(asked: ScoreQuery, rows: Sequence[Score], anonymous: Sequence[Score]) -> str:
    """Aligned columns; a star marks a change that chance alone would hardly make.

    The scores of `anonymous` answers stand below, where there are any and they were not asked for themselves.
    """
    window, (question, by) = asked.window, question_and_dimension(asked.dimension)
    apart = () if by == ANONYMOUS else anonymous
    lines = [f"{_title(question)}, {window}, computed {_computed_at(rows)}", "", *_lines(by, question, rows)]
    if not rows:
        about = "" if question is Question.NPS else f" of {question}"
        lines = [f"No scores{about} for {window} by {by} yet: they are computed on a schedule once answers come in."]
    if apart:
        lines += ["", _APART, "", *_lines(ANONYMOUS, question, apart)]
    notes = ["* more than chance would make of it (95 %)"] if any(map(_significant, (*rows, *apart))) else []
    notes += filter(None, [_of_removed(sum(row.removed for row in (*rows, *apart)))])
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _of_removed(answers: int) -> str:
    if answers > 1:
        return f"{answers} of these answers are of people who were removed."
    return "1 of these answers is of somebody who was removed." if answers else ""


def _lines(by: str, question: Question, rows: Sequence[Score]) -> list[str]:
    return aligned([(by, *_headings(question, by)), *(_cells(row, by) for row in rows)], right=True)


def _title(question: Question) -> str:
    if question is Question.NPS:
        return _TITLES[question]
    scale = SCALES[question]
    return f"{_TITLES[question]}: percentage of answers {scale.good} to {scale.highest}"


def _headings(question: Question, by: str) -> tuple[str, ...]:
    net = question is Question.NPS
    score = ("score", "95 % interval", *(() if net else ("mean",)), "n", "unconfirmed")
    mails = () if by == ANONYMOUS else ("sent", "answered", "rate")  # nothing is sent to anybody
    return (*score, *(GROUPS if net else OTHER_GROUPS), *mails, "change")


def _computed_at(rows: Collection[Score]) -> str | None:
    return max(row.computed_at for row in rows).isoformat(timespec="seconds") if rows else None


def _stated(row: Score) -> dict[str, Any]:
    question, dimension = question_and_dimension(row.dimension)
    measures = row.measures
    mean = {} if question is Question.NPS else {"mean": _rounded(measures.mean, 2)}
    return {
        "question": question,
        "dimension": dimension,
        "value": row.value,
        "score": _rounded(measures.score),
        "n": row.tally.n,
        "unconfirmed": row.unconfirmed,
        "low": _rounded(measures.low),
        "high": _rounded(measures.high),
        **mean,
        **measures.groups,
        "sent": row.tally.sent,
        "answered": row.tally.answered,
        "change": _rounded(row.comparison.change) if row.comparison else None,
        "significant": row.comparison.significant if row.comparison else None,
        "removed": row.removed,
    }


def _cells(row: Score, by: str) -> tuple[str, ...]:
    stated, rate = _stated(row), response_rate(row.tally)
    mails = (str(stated["sent"]), str(stated["answered"]), "-" if rate is None else f"{rate:.1f} %")
    answered = row.tally.n > 0
    return (
        row.value,
        f"{stated['score']:.1f}" if answered else "-",
        f"{stated['low']:.1f} to {stated['high']:.1f}" if answered else "-",
        *([f"{stated['mean']:.2f}" if answered else "-"] if "mean" in stated else []),
        *(str(stated[name]) for name in ("n", "unconfirmed", *row.measures.groups)),
        *(() if by == ANONYMOUS else mails),
        "-" if row.comparison is None else f"{stated['change']:+.1f}{'*' if _significant(row) else ' '}",
    )


def _significant(row: Score) -> bool:
    return row.comparison is not None and row.comparison.significant


def _rounded(number: float | None, decimals: int = 1) -> float | None:
    """Round without ever returning minus zero."""
    return None if number is None else round(number, decimals) + 0.0
