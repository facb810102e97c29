"""`afterbill score`: the scores of a window, as a table for people or as JSON for programs."""

import argparse
import json
import os
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from afterbill.adapters.aws.scores import ScoresTable
from afterbill.domain.errors import ConfigurationError
from afterbill.domain.nps import interval, response_rate, score
from afterbill.domain.segments import DIMENSIONS
from afterbill.domain.tally import OTHER, Score
from afterbill.domain.windows import window_name
from ops.local import aws, places

HEADINGS = (
    "score",
    "95 % interval",
    "n",
    "promoters",
    "passives",
    "detractors",
    "sent",
    "answered",
    "rate",
    "change",
)


def run(chosen: argparse.Namespace) -> int:
    """Print the scores of `chosen.window` by `chosen.by`, as JSON where `chosen.json`; always 0."""
    window, dimension = window_name(chosen.window), _dimension(chosen.by)
    try:
        rows = read(connect(chosen.table), window, dimension)
    except BotoCoreError as error:
        raise ConfigurationError(f"AWS cannot be asked: {error}") from error
    print(as_json(window, rows) if chosen.json else as_table(window, dimension, rows))
    return 0


def connect(table: str | None) -> ScoresTable:
    """The named table, else $AFTERBILL_TABLE, with the AWS settings of the shell; else that of the local stack."""
    name = table or os.environ.get("AFTERBILL_TABLE")
    if name:
        return ScoresTable(boto3.client("dynamodb"), name)
    try:
        stack = json.loads(places.STACK_FILE.read_text())
    except FileNotFoundError:
        raise ConfigurationError(
            "which table? --table or AFTERBILL_TABLE names it; `make up` starts one here"
        ) from None
    local = aws.environment(stack["ministack_url"])
    client = boto3.client(
        "dynamodb",
        endpoint_url=local["AWS_ENDPOINT_URL"],
        region_name=local["AWS_REGION"],
        aws_access_key_id=local["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=local["AWS_SECRET_ACCESS_KEY"],
    )
    return ScoresTable(client, stack["table"])


def read(table: ScoresTable, window: str, dimension: str) -> list[Score]:
    """The scores, those with most answers first and `other` last."""
    try:
        rows = table.scores(dimension, window)
    except ClientError as error:
        raise ConfigurationError(f"the table {table.table} cannot be read: {error}") from error
    return sorted(rows, key=lambda row: (row.value == OTHER, -row.tally.n, -row.tally.sent, row.value))


def as_json(window: str, rows: Sequence[Score]) -> str:
    """One object; numbers rounded to one decimal, null where there is no score; times in UTC."""
    stated = {"window": window, "computed_at": _computed_at(rows), "scores": [_stated(row) for row in rows]}
    return json.dumps(stated, indent=2, ensure_ascii=False)


def as_table(window: str, dimension: str, rows: Sequence[Score]) -> str:
    """Aligned columns; a star marks a change that chance alone would hardly make."""
    if not rows:
        return f"No scores for {window} by {dimension} yet: they are computed on a schedule once answers come in."
    lines = _aligned([(dimension, *HEADINGS), *(_cells(row) for row in rows)])
    notes = ["", "* more than chance would make of it (95 %)"] if any(map(_significant, rows)) else []
    return "\n".join([f"Net Promoter Score, {window}, computed {_computed_at(rows)}", "", *lines, *notes])


def _dimension(name: str) -> str:
    if name not in DIMENSIONS:
        raise ConfigurationError(f"no dimension {name!r}: choose {', '.join(DIMENSIONS)}")
    return name


def _computed_at(rows: Collection[Score]) -> str | None:
    return max(row.computed_at for row in rows).isoformat(timespec="seconds") if rows else None


def _stated(row: Score) -> dict[str, Any]:
    low, high = interval(row.tally) or (None, None)
    return {
        "dimension": row.dimension,
        "value": row.value,
        "score": _rounded(score(row.tally)),
        "n": row.tally.n,
        "low": _rounded(low),
        "high": _rounded(high),
        "promoters": row.tally.promoters,
        "passives": row.tally.passives,
        "detractors": row.tally.detractors,
        "sent": row.tally.sent,
        "answered": row.tally.answered,
        "change": _rounded(row.comparison.change) if row.comparison else None,
        "significant": row.comparison.significant if row.comparison else None,
    }


def _cells(row: Score) -> tuple[str, ...]:
    stated, rate = _stated(row), response_rate(row.tally)
    known = row.tally.n > 0
    return (
        row.value,
        f"{stated['score']:.1f}" if known else "-",
        f"{stated['low']:.1f} to {stated['high']:.1f}" if known else "-",
        *(str(stated[name]) for name in ("n", "promoters", "passives", "detractors", "sent", "answered")),
        "-" if rate is None else f"{rate:.1f} %",
        "-" if row.comparison is None else f"{stated['change']:+.1f}{'*' if _significant(row) else ' '}",
    )


def _significant(row: Score) -> bool:
    return row.comparison is not None and row.comparison.significant


def _rounded(number: float | None) -> float | None:
    """To one decimal, and never minus zero."""
    return None if number is None else round(number, 1) + 0.0


def _aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """The first column to the left, all others to the right."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in table
    ]
