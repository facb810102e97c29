"""`afterbill score`: the scores of a window, as a table for people or as JSON for programs."""

import argparse
import json
import os
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.insight.measures import GROUPS, OTHER_GROUPS
from afterbill.insight.nps import response_rate
from afterbill.insight.periods import window_name
from afterbill.insight.tally import OTHER, Score
from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import SCALES, Question
from afterbill.model.segments import DIMENSIONS, dimension_of, question_and_dimension
from afterbill_cli import local_stack

_TITLES = {
    Question.NPS: "Net Promoter Score",
    Question.CSAT: "Satisfaction",
    Question.CES: "Effort",
    Question.REBUY: "Buying again",
}


def run(chosen: argparse.Namespace) -> int:
    """Print the scores of `chosen.question` and `chosen.window` by `chosen.by`, JSON where `chosen.json`; always 0."""
    window, question = window_name(chosen.window), Question(chosen.question)
    dimension = dimension_of(question, _dimension(chosen.by))
    try:
        rows = read(connect(chosen.table), window, dimension)
    except BotoCoreError as error:
        raise ConfigurationError(f"AWS cannot be asked: {error}") from error
    print(as_json(window, question, rows) if chosen.json else as_table(window, dimension, rows))
    return 0


def connect(table: str | None) -> ScoresTable:
    """The named table, else $AFTERBILL_TABLE, with the AWS settings of the shell; else that of the local stack."""
    name = table or os.environ.get("AFTERBILL_TABLE")
    if name:
        return ScoresTable(boto3.client("dynamodb"), name)
    stack = local_stack.described()
    if stack is None:
        raise ConfigurationError("which table? --table or AFTERBILL_TABLE names it; `make up` starts one here")
    return ScoresTable(local_stack.client(stack, "dynamodb"), stack["table"])


def read(table: ScoresTable, window: str, dimension: str) -> list[Score]:
    """The scores, those with most answers first and `other` last; `dimension` is named as it is stored."""
    try:
        rows = table.scores(dimension, window)
    except ClientError as error:
        raise ConfigurationError(f"the table {table.table} cannot be read: {error}") from error
    return sorted(rows, key=lambda row: (row.value == OTHER, -row.tally.n, -row.tally.sent, row.value))


def as_json(window: str, question: Question, rows: Sequence[Score]) -> str:
    """One object; numbers rounded to one decimal, null where there is no score; times in UTC."""
    stated = {
        "question": question,
        "window": window,
        "computed_at": _computed_at(rows),
        "scores": [_stated(row) for row in rows],
    }
    return json.dumps(stated, indent=2, ensure_ascii=False)


def as_table(window: str, dimension: str, rows: Sequence[Score]) -> str:
    """Aligned columns; a star marks a change that chance alone would hardly make."""
    question, by = question_and_dimension(dimension)
    if not rows:
        asked = "" if question is Question.NPS else f" of {question}"
        return f"No scores{asked} for {window} by {by} yet: they are computed on a schedule once answers come in."
    lines = _aligned([(by, *_headings(question)), *(_cells(row) for row in rows)])
    notes = ["", "* more than chance would make of it (95 %)"] if any(map(_significant, rows)) else []
    return "\n".join([f"{_title(question)}, {window}, computed {_computed_at(rows)}", "", *lines, *notes])


def _title(question: Question) -> str:
    if question is Question.NPS:
        return _TITLES[question]
    scale = SCALES[question]
    return f"{_TITLES[question]}: percentage of answers {scale.good} to {scale.highest}"


def _headings(question: Question) -> tuple[str, ...]:
    net = question is Question.NPS
    score = ("score", "95 % interval", *(() if net else ("mean",)), "n", "unconfirmed")
    return (*score, *(GROUPS if net else OTHER_GROUPS), "sent", "answered", "rate", "change")


def _dimension(name: str) -> str:
    if name not in DIMENSIONS:
        raise ConfigurationError(f"no dimension {name!r}: choose {', '.join(DIMENSIONS)}")
    return name


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
    }


def _cells(row: Score) -> tuple[str, ...]:
    stated, rate = _stated(row), response_rate(row.tally)
    answered = row.tally.n > 0
    return (
        row.value,
        f"{stated['score']:.1f}" if answered else "-",
        f"{stated['low']:.1f} to {stated['high']:.1f}" if answered else "-",
        *([f"{stated['mean']:.2f}" if answered else "-"] if "mean" in stated else []),
        *(str(stated[name]) for name in ("n", "unconfirmed", *row.measures.groups, "sent", "answered")),
        "-" if rate is None else f"{rate:.1f} %",
        "-" if row.comparison is None else f"{stated['change']:+.1f}{'*' if _significant(row) else ' '}",
    )


def _significant(row: Score) -> bool:
    return row.comparison is not None and row.comparison.significant


def _rounded(number: float | None, decimals: int = 1) -> float | None:
    """Round without ever returning minus zero."""
    return None if number is None else round(number, decimals) + 0.0


def _aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Align the first column left, all others right."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in table
    ]
