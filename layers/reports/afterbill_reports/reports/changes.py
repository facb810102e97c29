"""Changes of mind: the category of each customer then and now, and whom to talk to.

Then is the last answer in the window before, or in the one that is named to compare with. Within the window it is the
first answer. Now is the last answer in the window.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from afterbill.insight.periods import ROLLING
from afterbill.insight.reports.asked import EVERYTHING, Asked, Body, Engine, ReportRules, Scope
from afterbill_reports.reports import sql
from afterbill_reports.reports.rates import Amount, prices, unconverted
from afterbill_reports.reports.rows import Why, unsaid
from afterbill_reports.reports.worth_sql import (
    BAD,
    GOOD,
    HELD,
    LEFT,
    NEUTRAL,
    SCOPE,
    by_scope,
    category,
    numbered,
    picked,
    values,
)

ORDER = (GOOD, NEUTRAL, BAD)

MOST_CANDIDATES = 200
"""Customers of each list that are named by their id, those who answered last first."""

QUIET_DAYS = 90
"""Days before the end of the window in which nobody is offered more who began, upgraded or downgraded in them."""

_NOW = "answered_day BETWEEN :first AND :last"
_THEN = "answered_day BETWEEN :then_first AND :then_last"

_BOTH = f"""
, either AS (
    SELECT * FROM f
    WHERE rating IS NOT NULL AND NOT anonymous AND (confirmed OR :unconfirmed = 1) AND question = :question
        AND ({_NOW} OR {_THEN})
)
{numbered("either")}
{HELD}
"""  # noqa: S608  # nothing but constants

_PLACES = {
    "place_now": f"MAX(CASE WHEN {_NOW} THEN place END)",
    "place_first": f"MIN(CASE WHEN {_NOW} THEN place END)",
    "place_before": f"MAX(CASE WHEN {_THEN} THEN place END)",
}

MOVED = f"""{sql.FACTS}{_BOTH}
, lasts AS ({picked(_PLACES)}),
pairs AS (
    SELECT {SCOPE}, place_now, CASE WHEN :within = 0 THEN place_before
        WHEN place_first < place_now THEN place_first END AS place_then
    FROM lasts
)
SELECT pairs.scope_name, pairs.scope_value, earlier.standing, later.standing, COALESCE(held.currency, ''), COUNT(*),
    SUM(CAST(COALESCE(held.minor, 0) AS DECIMAL(38,0)))
FROM pairs LEFT JOIN numbered AS later ON pairs.place_now = later.place
    LEFT JOIN numbered AS earlier ON pairs.place_then = earlier.place
    LEFT JOIN held ON pairs.place_now = held.place
WHERE place_now IS NOT NULL OR place_then IS NOT NULL
GROUP BY pairs.scope_name, pairs.scope_value, earlier.standing, later.standing, COALESCE(held.currency, '')
"""  # noqa: S608  # nothing but constants
"""Customers by their category then and now, each null where there is no answer, and what they pay now."""

_READY = f"""{_BOTH}
{LEFT}
, lasts AS ({picked(_PLACES)}),
later_facts AS (
    SELECT customer_id, MAX(CASE WHEN touchpoint IN ('payment_failed', 'payment_reversed', 'refunded', 'disputed',
            'order_cancelled') THEN occurred_at END) AS troubled_at,
        MAX(CASE WHEN touchpoint IN ('subscription_started', 'upgraded', 'downgraded') THEN fact_day END) AS changed_day
    FROM facts WHERE day <= :known AND customer_id <> '' GROUP BY customer_id
),
ready AS (
    SELECT lasts.scope_name, lasts.scope_value, numbered.customer_id, numbered.answered_at,
        CASE WHEN held.minor > 0 AND COALESCE(changed_day, DATE '1970-01-01') < :quiet THEN 1 ELSE 0 END AS may_upgrade
    FROM lasts JOIN numbered ON lasts.place_now = numbered.place
        LEFT JOIN later_facts ON numbered.customer_id = later_facts.customer_id
        LEFT JOIN gone ON numbered.customer_id = gone.customer_id
        LEFT JOIN held ON lasts.place_now = held.place
    WHERE numbered.standing = {GOOD} AND numbered.confirmed AND gone.customer_id IS NULL
        AND COALESCE(troubled_at, TIMESTAMP '1970-01-01 00:00:00') <= numbered.answered_at
)
"""  # noqa: S608  # nothing but constants
"""Customers who are content, did not leave and have had no trouble since they said so."""

CANDIDATES = f"""{sql.FACTS}{_READY}
SELECT {SCOPE}, COUNT(*), SUM(may_upgrade) FROM ready GROUP BY {SCOPE}
"""  # noqa: S608  # nothing but constants

NAMED = f"""{sql.FACTS}{_READY}
SELECT customer_id, may_upgrade
FROM (
    SELECT customer_id, may_upgrade,
        ROW_NUMBER() OVER (PARTITION BY may_upgrade ORDER BY answered_at DESC, customer_id) AS nth,
        ROW_NUMBER() OVER (ORDER BY answered_at DESC, customer_id) AS nth_of_all
    FROM ready WHERE scope_name = ''
) AS listed
WHERE nth_of_all <= {MOST_CANDIDATES} OR (may_upgrade = 1 AND nth <= {MOST_CANDIDATES})
ORDER BY nth_of_all
"""  # noqa: S608  # nothing but constants

STATEMENTS = (MOVED, CANDIDATES, NAMED)

_Moves = dict[tuple[int | None, int | None], Amount]
"""Amounts of customers, by their category then and now."""


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return how many went from which category to which, with what they pay, and who may be asked for more.

    Customers are named by their ids in what is said of everything, for the windows that end today alone: what is stored
    longer names nobody.
    """
    given, rates = _values(asked, rules), prices(rules, asked.window.last)
    between, within = (_read(engine, rules, {**given, "within": number}, rates) for number in (0, 1))
    ready = {scope: (n, int(more)) for scope, (n, more) in by_scope(engine.rows(CANDIDATES, given), rules)}
    names = engine.rows(NAMED, given) if _may_name(asked) else None
    counts = {scope: sum(amount.n for amount in moves.values()) for scope, moves in between.items()}
    return {
        scope: {
            **_body(asked, rules, between[scope], within[scope]),
            "candidates": _candidates(*ready.get(scope, (0, 0)), names if scope == EVERYTHING else None),
        }
        for scope in sql.stored(counts, asked)
    }


def _may_name(asked: Asked) -> bool:
    return not asked.where and asked.window.name in {f"{days}d" for days in ROLLING}


def _values(asked: Asked, rules: ReportRules) -> dict[str, Any]:
    now, then = asked.window, asked.before
    return {
        **values(asked, rules),
        "then_first": then.first,
        "then_last": then.last,
        "read_first": min(now.first, then.first) - rules.lag,
        "read_last": max(now.last, then.last),
        "quiet": now.last - timedelta(days=QUIET_DAYS),
    }


def _read(
    engine: Engine, rules: ReportRules, given: Mapping[str, Any], rates: Mapping[str, int]
) -> dict[Scope, _Moves]:
    found: dict[Scope, _Moves] = defaultdict(lambda: defaultdict(Amount))
    for scope, (earlier, later, currency, n, minor) in by_scope(engine.rows(MOVED, given), rules):
        found[scope][earlier, later].add(n, int(minor), currency, rates)
    return found


def _body(asked: Asked, rules: ReportRules, between: _Moves, within: _Moves) -> Body:
    rows = _rows(asked, rules, between)
    return {
        "before": {"first": str(asked.before.first), "last": str(asked.before.last)},
        "rows": rows,
        "within": _rows(asked, rules, within),
        "only_now": sum(amount.n for (earlier, _), amount in between.items() if earlier is None),
        "only_before": sum(amount.n for (_, later), amount in between.items() if later is None),
        "without_rate": unconverted(amount for key, amount in between.items() if None not in key),
        **({} if rows else unsaid(Why.NOBODY_TWICE)),
    }


def _rows(asked: Asked, rules: ReportRules, moves: _Moves) -> list[dict[str, Any]]:
    """Return a row for each pair of categories that occurs; who stays in one is among them."""
    return [
        {
            "from": category(asked.question, earlier),
            "to": category(asked.question, later),
            "n": moves[earlier, later].n,
            **moves[earlier, later].row(rules.currency),
        }
        for earlier in ORDER
        for later in ORDER
        if (earlier, later) in moves
    ]


def _candidates(n: int, more: int, names: Sequence[Sequence[Any]] | None) -> dict[str, Any]:
    """Return how many may be asked to recommend and to upgrade, and their ids where they may be named."""
    found: dict[str, dict[str, Any]] = {"referral": {"n": n}, "upsell": {"n": more}}
    if names is not None:
        found["referral"]["customers"] = [customer for customer, _ in names][:MOST_CANDIDATES]
        found["upsell"]["customers"] = [customer for customer, upgrade in names if upgrade][:MOST_CANDIDATES]
    return found
