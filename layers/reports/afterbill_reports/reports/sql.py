"""The parts that all statements share, in the SQL that DuckDB and Athena (Trino) both understand.

Statements are fixed texts: what a caller says is a parameter, `:name`. Dimensions are compared with names, never
put into the text.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import EVERYTHING, MOST_SEGMENTS, OWN, Asked, ReportRules, Scope
from afterbill.insight.tally import NONE, UNKNOWN
from afterbill.model.questions import Question

SEGMENTS = tuple(f"segment_{number}" for number in range(1, MOST_SEGMENTS + 1))
COLUMNS = (*OWN, *SEGMENTS)

MOST_STORED = 50
"""Values of a dimension of which reports are stored; those with most answers."""

_OWN = ",\n        ".join(
    f"COALESCE(NULLIF({name}, ''), '{NONE if name == 'reason' else UNKNOWN}') AS {name}" for name in OWN
)
_DECLARED = ",\n        ".join(
    f"COALESCE(CASE WHEN contains(map_keys(segments), :{name}) THEN segments[:{name}] END, '{UNKNOWN}') AS {name}"
    for name in SEGMENTS
)
_CASES = " ".join(f"WHEN '{name}' THEN {name}" for name in COLUMNS)
_FILTERS = "\n    ".join(
    f"AND (:where_{number} = '' OR CASE :where_{number} {_CASES} END = :value_{number})" for number in (1, 2)
)

FACTS = f"""
WITH named AS (
    SELECT id, fact_day, occurred_at, customer_id, COALESCE(account, customer_id) AS account, products,
        amount_minor, currency, recurring_minor, recurring_currency, rating, category, reported_reason,
        COALESCE(question, '{Question.NPS.value}') AS question,
        COALESCE(confirmed, TRUE) AS confirmed, COALESCE(anonymous, FALSE) AS anonymous,
        COALESCE(removed, FALSE) AS removed, COALESCE(imported, FALSE) AS imported,
        state, COALESCE(skip_reason, '') AS skip_reason, delivery, variant,
        due_at, sent_at, delivered_at, opened_at, answered_at, sent_day, answered_day,
        {_OWN},
        {_DECLARED}
    FROM facts
    WHERE day BETWEEN :read_first AND :read_last
),
f AS (
    SELECT * FROM named
    WHERE TRUE
    {_FILTERS}
),
answers AS (
    SELECT * FROM f
    WHERE rating IS NOT NULL AND NOT anonymous AND (confirmed OR :unconfirmed = 1) AND question = :question
        AND answered_day BETWEEN :first AND :last
)
"""  # noqa: S608  # nothing but constants of this module
"""Begins every statement: `f` are the facts that the filters leave, `answers` those that count in the window."""

COUNTS = ", ".join(f"COUNT(CASE WHEN rating = {rating} THEN 1 END)" for rating in range(11))
"""The number of answers with each rating, as eleven columns (`rows.tally_of`)."""


def grouped(*keys: str, by: Sequence[str] = COLUMNS) -> str:
    """Return the GROUP BY by these keys, for everything and for each value of each dimension.

    A statement selects `scopes()` with it, of which one at most is there in each row.
    """
    inner = ", ".join(keys)
    sets = ", ".join(
        [f"({inner})", *(f"({name}, {inner})" if inner else f"({name})" for name in by if name not in keys)]
    )
    return f"GROUP BY GROUPING SETS ({sets})"


def scopes(by: Sequence[str] = COLUMNS) -> str:
    """Return the columns of the dimensions for a SELECT with `grouped`."""
    return ", ".join(by)


def scope_of(row: Sequence[Any], rules: ReportRules, by: Sequence[str] = COLUMNS) -> Scope:
    """Return the scope of a row whose first columns are `scopes()`."""
    for name, value in zip(by, row, strict=False):
        if value is not None:
            return dimension_name(name, rules), str(value)
    return EVERYTHING


def by_scope(
    rows: Iterable[Sequence[Any]], rules: ReportRules, by: Sequence[str] = COLUMNS
) -> Iterator[tuple[Scope, Sequence[Any]]]:
    """Return the scope of each row and what follows its dimensions; columns that no operator declared are left out."""
    for row in rows:
        scope = scope_of(row, rules, by)
        if scope[0] or scope == EVERYTHING:
            yield scope, row[len(by) :]


def stored(counts: Mapping[Scope, int], asked: Asked) -> Collection[Scope]:
    """Return the scopes that a report is stored for, by the answers of each: of each dimension those with most.

    EVERYTHING is always among them; with a filter it is the only one. A dimension of which nothing is known has none.
    """
    if asked.where:
        return (EVERYTHING,)
    known = {dimension for dimension, value in counts if value not in {UNKNOWN, NONE}}
    order = sorted(
        (scope for scope in counts if scope[0] in known - {EVERYTHING[0]}),
        key=lambda scope: (scope[0], -counts[scope], scope[1]),
    )
    leading: dict[str, list[Scope]] = {}
    for scope in order:
        leading.setdefault(scope[0], []).append(scope)
    return (EVERYTHING, *(scope for scopes in leading.values() for scope in scopes[:MOST_STORED]))


def dimension_name(column: str, rules: ReportRules) -> str:
    """Return the name of a dimension as operators know it: a declared one has a column without its name."""
    if column in SEGMENTS:
        number = SEGMENTS.index(column)
        return rules.segments[number] if number < len(rules.segments) else ""
    return column


Parameters = Mapping[str, str | int | date]
"""The values of a statement, by name."""


def parameters(
    asked: Asked, rules: ReportRules, window: Window | None = None, **others: str | int | date
) -> Parameters:
    """Return the parameters of FACTS, for the window that is asked for or another one."""
    days = window or asked.window
    declared = dict.fromkeys(SEGMENTS, "") | dict(zip(SEGMENTS, rules.segments, strict=False))
    columns = {name: name for name in OWN} | {name: column for column, name in declared.items() if name}
    filters: dict[str, str] = {"where_1": "", "value_1": "", "where_2": "", "value_2": ""}
    for number, (dimension, value) in enumerate(asked.where, 1):
        filters |= {f"where_{number}": columns[dimension], f"value_{number}": value}
    return {
        "read_first": days.first - rules.lag,
        "read_last": days.last,
        "first": days.first,
        "last": days.last,
        "question": asked.question.value,
        "unconfirmed": int(rules.unconfirmed),
        **declared,
        **filters,
        **others,
    }


def histograms(rows: Iterable[Sequence[Any]], width: int) -> Mapping[tuple[Any, ...], tuple[int, ...]]:
    """Return how often each rating 0 to 10 was given, by the first `width` columns; then come rating and count."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        found.setdefault(tuple(row[:width]), [0] * 11)[row[width]] += row[width + 1]
    return {key: tuple(ratings) for key, ratings in found.items()}
