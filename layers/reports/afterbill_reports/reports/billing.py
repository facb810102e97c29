"""Scores and reasons after a bill, by the source and the way to pay, and the days that failed payments stay open."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from afterbill.insight.nps import Tally
from afterbill.insight.reports.asked import Asked, Body, Engine, ReportRules, Scope
from afterbill.insight.tally import NONE
from afterbill_reports.reports import sql
from afterbill_reports.reports.rows import Why, scored, tally_of, unsaid
from afterbill_reports.reports.worth_sql import (
    ENDS,
    SETTLED,
    by_scope,
    moves,
    numbered,
    open_since,
    scoped,
    texts,
    values,
)
from afterbill_reports.statistics.survival import Followed, median

FAILED, DUNNING = "payment_failed", "dunning"

STEPS = (*SETTLED, FAILED, DUNNING, "payment_reversed", "refunded", "disputed")
"""The steps, in the order of the rows: touchpoints, and the time in which a payment is open."""

DIMENSIONS = ("all", "source", "payment_method")
"""The dimensions by which each step is shown."""

MOST_REASONS = 10

_BY = f"""CROSS JOIN (VALUES {", ".join(f"('{name}')" for name in DIMENSIONS)}) AS d(dimension)"""
_VALUE = "CASE dimension WHEN 'source' THEN source WHEN 'payment_method' THEN payment_method ELSE 'all' END AS value"

_STEPPED = f"""
{numbered("answers", "id")}
{moves(FAILED, *SETTLED, "cancelled")}
, waiting AS (
    SELECT place, {open_since([FAILED], [*SETTLED, "cancelled"])} AS is_open FROM moves
),
steps AS (
    SELECT id, touchpoint AS step FROM answers WHERE touchpoint IN ({texts(STEPS)})
    UNION ALL
    SELECT numbered.id, '{DUNNING}' FROM numbered JOIN waiting ON numbered.place = waiting.place
    WHERE waiting.is_open = 1
),
stepped AS (
    SELECT step, dimension, {_VALUE}, rating, reason AS given_reason, {sql.scopes()}
    FROM steps JOIN answers ON steps.id = answers.id {_BY}
)
"""  # noqa: S608  # nothing but constants

SCORES = f"""{sql.FACTS}{_STEPPED}
SELECT {sql.scopes()}, step, dimension, value, {sql.COUNTS}
FROM stepped {sql.grouped("step", "dimension", "value")}
"""  # noqa: S608  # nothing but constants

REASONS = f"""{sql.FACTS}{_STEPPED}
SELECT {sql.scopes()}, step, dimension, value, given_reason, COUNT(*)
FROM stepped WHERE given_reason <> '{NONE}' {sql.grouped("step", "dimension", "value", "given_reason")}
"""  # noqa: S608  # nothing but constants

_BY_DAYS = f"""SELECT {sql.scopes()}, dimension, value, days, paid, COUNT(*) AS n
FROM spells {sql.grouped("dimension", "value", "days", "paid")}"""  # noqa: S608  # nothing but constants

UNPAID = f"""{sql.FACTS}
, payments AS (
    SELECT id, customer_id, occurred_at, fact_day, CASE WHEN touchpoint = '{FAILED}' THEN 1 ELSE 0 END AS failed
    FROM facts WHERE customer_id <> '' AND touchpoint IN ('{FAILED}', {texts(SETTLED)}) AND day >= :read_first
),
followed AS (
    SELECT id, fact_day AS failed_day, failed,
        LAG(failed) OVER (PARTITION BY customer_id ORDER BY occurred_at, failed, id) AS failed_before,
        MIN(CASE WHEN failed = 0 THEN fact_day END) OVER (
            PARTITION BY customer_id ORDER BY occurred_at DESC, failed DESC, id DESC ROWS UNBOUNDED PRECEDING
        ) AS paid_day
    FROM payments
),
{ENDS},
spells AS (
    SELECT dimension, {_VALUE}, CASE WHEN paid_day IS NULL THEN 0 ELSE 1 END AS paid,
        date_diff('day', failed_day, COALESCE(paid_day, end_day)) AS days, {sql.scopes()}
    FROM followed JOIN f ON followed.id = f.id CROSS JOIN ends {_BY}
    WHERE failed = 1 AND COALESCE(failed_before, 0) = 0 AND f.fact_day BETWEEN :first AND :last
)
{scoped("dimension, value, days, paid, n", _BY_DAYS)}
"""  # noqa: S608  # nothing but constants
"""The first of each series of failed payments, and the days until the customer's next payment arrives."""

STATEMENTS = (SCORES, REASONS, UNPAID)

_Key = tuple[str, str, str]
"""A step, a dimension and its value."""


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return the score and the reasons of each step, and of failed payments the days until they were paid."""
    given = values(asked, rules)
    scores: dict[Scope, dict[_Key, Tally]] = defaultdict(dict)
    for scope, (step, dimension, value, *counts) in sql.by_scope(engine.rows(SCORES, given), rules):
        scores[scope][step, dimension, value] = tally_of(counts)
    reasons: dict[Scope, dict[_Key, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for scope, (step, dimension, value, reason, n) in sql.by_scope(engine.rows(REASONS, given), rules):
        reasons[scope][step, dimension, value][reason] = n
    unpaid: dict[Scope, dict[_Key, Followed]] = defaultdict(lambda: defaultdict(Followed))
    for scope, (dimension, value, days, paid, n) in by_scope(engine.rows(UNPAID, given), rules):
        unpaid[scope][FAILED, dimension, value].add(days, n, happened=bool(paid))
    sizes = {scope: _size(scores[scope], unpaid[scope]) for scope in {*scores, *unpaid}}
    return {scope: _body(asked, scores[scope], reasons[scope], unpaid[scope]) for scope in sql.stored(sizes, asked)}


def _size(scores: Mapping[_Key, Tally], unpaid: Mapping[_Key, Followed]) -> int:
    return sum(one.n for cells in (scores, unpaid) for one in cells.values())


def _body(
    asked: Asked,
    scores: Mapping[_Key, Tally],
    reasons: Mapping[_Key, Counter[str]],
    unpaid: Mapping[_Key, Followed],
) -> Body:
    def order(key: _Key) -> tuple[int, int, int, str]:
        step, dimension, value = key
        return STEPS.index(step), DIMENSIONS.index(dimension), -scores.get(key, Tally()).n, value

    rows = []
    for key in sorted({*scores, *unpaid}, key=order):
        step, dimension, value = key
        row = {
            "step": step,
            "dimension": dimension,
            "value": value,
            **scored(asked.question, scores.get(key, Tally())),
            "reasons": [{"reason": name, "n": n} for name, n in _leading(reasons.get(key, Counter()))],
        }
        rows.append(row | ({"until_paid": _until_paid(unpaid.get(key, Followed()))} if step == FAILED else {}))
    return {"rows": rows, **({} if rows else unsaid(Why.NO_ANSWERS))}


def _leading(reasons: Counter[str]) -> list[tuple[str, int]]:
    return sorted(reasons.items(), key=lambda one: (-one[1], one[0]))[:MOST_REASONS]


def _until_paid(group: Followed) -> dict[str, Any]:
    """Return how many payments failed, how many were made up for, and the days after which half of them were."""
    days = median(group)
    missing = unsaid(Why.MOST_UNPAID if group.n else Why.NOTHING_FAILED) if days is None else {}
    paid = group.events.total()
    return {"failed": group.n, "paid": paid, "open": group.n - paid, "median_days": days, **missing}
