"""Every value of every dimension against all other answers: whom a good or a bad score concerns.

Dozens of comparisons stand together in one table, so they are judged together: of those that are called real, one in
twenty is chance on average, and not one in twenty of all.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from afterbill.insight.nps import Tally
from afterbill.insight.reports.asked import (
    EVERYTHING,
    LEAST,
    MOST_SEGMENTS,
    OWN,
    Asked,
    Body,
    Engine,
    ReportRules,
    Scope,
)
from afterbill.insight.tally import NONE, UNKNOWN
from afterbill.model.questions import Question
from afterbill_reports.reports import sql
from afterbill_reports.reports.rows import Why, apart, judged, scored, tally_of

BOTH = " + "
"""Joins the names, and the values, of two dimensions that are compared together."""

SINGLES = f"""{sql.FACTS}
SELECT {sql.scopes()}, {sql.COUNTS}
FROM answers {sql.grouped()}
"""  # noqa: S608  # nothing but constants

PAIRED = tuple((*OWN, *sql.SEGMENTS[:declared]) for declared in range(MOST_SEGMENTS + 1))
"""The dimensions whose pairs are counted, by how many an operator declared: each one more costs ten pairs."""

_AT_ONCE = 30
"""Pairs that one statement counts: each takes some megabytes while it runs, however few its answers."""


def _pairs(by: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield statements with the dimensions whose pairs they count."""
    pairs = list(combinations(by, 2))
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        names = tuple(name for name in by if any(name in pair for pair in some))
        sets = ", ".join(f"({one}, {two})" for one, two in some)
        statement = f"""{sql.FACTS}
SELECT {sql.scopes(names)}, {sql.COUNTS}
FROM answers GROUP BY GROUPING SETS ({sets})
HAVING COUNT(*) >= :least
"""  # noqa: S608  # nothing but constants
        yield names, statement


PAIRS = tuple(tuple(_pairs(by)) for by in PAIRED)

STATEMENTS = (SINGLES, *(statement for pairs in PAIRS for _, statement in pairs))


@dataclass(frozen=True, slots=True)
class Cell:
    """The answers of one value of a dimension, or of two values together."""

    dimension: str
    value: str
    tally: Tally


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return each value with its score and its difference from the rest, those with most answers first.

    Within one value of a dimension, and of pairs, values with fewer than LEAST answers are not listed. A dimension of
    which nothing is known has no row.
    """
    singles = read_singles(engine, asked, rules)
    counts = {scope: tally.n for scope, tally in singles.items()}
    kept = sql.stored(counts, asked)
    within: dict[Scope, list[Cell]] = defaultdict(list)
    within[EVERYTHING] = [Cell(*scope, tally) for scope, tally in singles.items() if scope != EVERYTHING]
    if rules.pairs or len(kept) > 1:
        for (one, two), tally in read_pairs(engine, asked, rules):
            within[one].append(Cell(*two, tally))
            within[two].append(Cell(*one, tally))
            if (one[0], two[0]) in rules.pairs or (two[0], one[0]) in rules.pairs:
                within[EVERYTHING].append(Cell(one[0] + BOTH + two[0], one[1] + BOTH + two[1], tally))
    known = {dimension for dimension, value in singles if value not in {UNKNOWN, NONE}} - {EVERYTHING[0]}
    wanted = known & set(asked.by) if asked.by else known
    return {scope: _body(asked.question, singles.get(scope, Tally()), within[scope], wanted) for scope in kept}


def read_singles(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Tally]:
    """Return the tally of everything and of each value of each dimension."""
    rows = engine.rows(SINGLES, sql.parameters(asked, rules))
    return {scope: tally_of(counts) for scope, counts in sql.by_scope(rows, rules)}


def read_pairs(
    engine: Engine, asked: Asked, rules: ReportRules, least: int = LEAST
) -> Iterator[tuple[tuple[Scope, Scope], Tally]]:
    """Yield the tally of each two values of different dimensions that have so many answers together."""
    parameters = sql.parameters(asked, rules, least=least)
    for by, statement in PAIRS[len(rules.segments)]:
        for row in engine.rows(statement, parameters):
            named = zip(by, row, strict=False)
            one, two = ((sql.dimension_name(name, rules), str(value)) for name, value in named if value is not None)
            yield (one, two), tally_of(row[len(by) :])


def _body(question: Question, everybody: Tally, cells: Iterable[Cell], wanted: Collection[str]) -> Body:
    listed = [cell for cell in cells if all(name in wanted for name in cell.dimension.split(BOTH))]
    rows = [
        {
            "dimension": cell.dimension,
            "value": cell.value,
            **scored(question, cell.tally),
            **_difference(question, cell.tally, everybody),
        }
        for cell in sorted(listed, key=lambda cell: (cell.dimension, -cell.tally.n, cell.value))
    ]
    return {"rows": rows, "total": scored(question, everybody), "comparisons": judged(rows)}


def _difference(question: Question, tally: Tally, everybody: Tally) -> dict[str, Any]:
    rest = Tally(tuple(all_of - mine for all_of, mine in zip(everybody.ratings, tally.ratings, strict=True)))
    return apart(question, tally, rest, Why.NOTHING_ELSE, "difference")
