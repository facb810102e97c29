"""The parts that the statements about customers and money share, in the SQL of `sql`.

A customer's facts are looked up in the whole archive, whatever the filters leave: what somebody pays, and whether they
left, does not depend on the plan that is looked at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from afterbill.insight.reports.asked import EVERYTHING, Asked, ReportRules, Scope
from afterbill.model.questions import SCALES, Question
from afterbill_reports.reports.rates import MOST_CURRENCIES, prices
from afterbill_reports.reports.sql import COLUMNS, FACTS, SEGMENTS, dimension_name, grouped, parameters, scopes

SETTLED = ("payment_succeeded", "payment_recovered", "subscription_started", "renewed", "order_paid")
"""Touchpoints with which a payment arrives; every payment is a fact at one of them."""

RETURNED = ("refunded", "payment_reversed")
"""Touchpoints with which money goes back."""

CONTINUED = ("subscription_started", "trial_converted", "renewed", "upgraded", "downgraded")
"""Touchpoints that prove that a subscription goes on, so that an earlier end of one was taken back or replaced."""

GOOD, NEUTRAL, BAD = 1, 0, -1
"""The standing of an answer: favourable, neutral, unfavourable."""

CATEGORIES: Mapping[bool, Mapping[int, str]] = {
    True: {GOOD: "promoter", NEUTRAL: "passive", BAD: "detractor"},
    False: {GOOD: "favourable", NEUTRAL: "neutral", BAD: "unfavourable"},
}
"""The category of a standing, of the recommendation (True) and of all other questions."""

STANDING = f"CASE WHEN rating >= :good THEN {GOOD} WHEN rating <= :bad THEN {BAD} ELSE {NEUTRAL} END"


def texts(values: Iterable[str]) -> str:
    """Return constants of the code as a list for IN."""
    return ", ".join(f"'{value}'" for value in values)


_NAMES = " ".join(f"WHEN {name} IS NOT NULL THEN '{name}'" for name in COLUMNS)
_SCOPE = f"CASE {_NAMES} ELSE '' END AS scope_name, COALESCE({scopes()}, '') AS scope_value"
_DECLARED = " ".join(f"WHEN '{name}' THEN :{name}" for name in SEGMENTS)

SCOPE = "scope_name, scope_value"
"""The columns of a scope: the name of a column of `sql.COLUMNS`, or "" for everything, and the value."""


def scoped(columns: str, grouping: str) -> str:
    """Return a statement grouped by `sql.grouped` with SCOPE in place of its fifteen columns, then these columns.

    Most of the time of a statement goes into columns. What belongs to a dimension that nobody declared is left out.
    """
    named = f"SELECT {_SCOPE}, {columns} FROM ({grouping}) AS by_dimension"  # noqa: S608  # constants
    return f"SELECT * FROM ({named}) AS by_scope WHERE CASE scope_name {_DECLARED} ELSE 'own' END <> ''"  # noqa: S608  # constants


def numbered(answers: str, *extra: str) -> str:
    """Return a CTE of these answers in the order in which they were given, those of nobody we know left out.

    `place` is unique, so that the first or last answer of a customer is one, whichever engine asks.
    """
    more = "".join(f", {column}" for column in extra)
    return f"""
, numbered AS (
    SELECT ROW_NUMBER() OVER (ORDER BY answered_at, id) AS place, customer_id, account, answered_at, answered_day,
        {STANDING} AS standing, confirmed{more}, {scopes()}
    FROM {answers}
    WHERE customer_id <> ''
)
"""  # noqa: S608  # nothing but constants of this package


def picked(choices: Mapping[str, str], *keys: str) -> str:
    """Return a SELECT of answers by scope and customer, such as {"place": "MAX(place)"}."""
    chosen = ", ".join(f"{choice} AS {name}" for name, choice in choices.items())
    names = ", ".join((*keys, "customer_id"))
    grouping = f"SELECT {scopes()}, {names}, {chosen} FROM numbered {grouped(*keys, 'customer_id')}"  # noqa: S608  # constants
    return scoped(", ".join((names, *choices)), grouping)


BEFORE = "PARTITION BY customer_id ORDER BY moment, is_answer, nth ROWS UNBOUNDED PRECEDING"
"""The window of all that a customer did until a moment, facts of the moment itself too."""

AFTER = "PARTITION BY customer_id ORDER BY moment DESC, is_answer DESC, nth DESC ROWS UNBOUNDED PRECEDING"
"""The window of all that a customer did after a moment."""


def open_since(begins: Sequence[str], ends: Sequence[str]) -> str:
    """Return the condition that what `begins` starts has not been ended, by what happened BEFORE."""
    begun = f"MAX(CASE WHEN touchpoint IN ({texts(begins)}) THEN moment END) OVER ({BEFORE})"
    ended = f"MAX(CASE WHEN touchpoint IN ({texts(ends)}) THEN moment END) OVER ({BEFORE})"
    return f"CASE WHEN {begun} > COALESCE({ended}, TIMESTAMP '1970-01-01 00:00:00') THEN 1 ELSE 0 END"


def moves(*touchpoints: str) -> str:
    """Return a CTE of these facts and all answers of the customers who answered, for the windows BEFORE and AFTER."""
    return f"""
, moves AS (
    SELECT customer_id, occurred_at AS moment, 0 AS is_answer, 0 AS nth, 0 AS place, touchpoint, fact_day AS moved_day
    FROM facts
    WHERE touchpoint IN ({texts(touchpoints)}) AND customer_id IN (SELECT customer_id FROM numbered)
    UNION ALL
    SELECT customer_id, answered_at, 1, place, place, '', answered_day FROM numbered
)
"""  # noqa: S608  # nothing but constants of this package


HELD = """
, priced AS (
    SELECT customer_id, occurred_at, recurring_minor AS minor, recurring_currency AS currency,
        ROW_NUMBER() OVER (ORDER BY occurred_at, id) AS nth
    FROM facts
    WHERE day <= :known AND recurring_minor >= 0 AND recurring_currency IS NOT NULL
        AND customer_id IN (SELECT customer_id FROM numbered)
),
prices_and_answers AS (
    SELECT customer_id, occurred_at AS moment, 0 AS is_answer, nth, 0 AS place FROM priced
    UNION ALL
    SELECT customer_id, answered_at, 1, 0, place FROM numbered
),
newest AS (
    SELECT place, MAX(nth) OVER (
        PARTITION BY customer_id ORDER BY moment, is_answer, nth, place ROWS UNBOUNDED PRECEDING
    ) AS nth
    FROM prices_and_answers
),
held AS (
    SELECT newest.place, priced.minor, priced.currency FROM newest JOIN priced ON newest.nth = priced.nth
    WHERE newest.place > 0
)
"""
"""The newest recurring amount of each customer when they answered, by the place of the answer."""

LEFT = f"""
, turns AS (
    SELECT customer_id, MAX(CASE WHEN touchpoint = 'cancelled' THEN occurred_at END) AS cancelled,
        MAX(CASE WHEN touchpoint <> 'cancelled' THEN occurred_at END) AS continued
    FROM facts
    WHERE day <= :known AND touchpoint IN ('cancelled', {texts(CONTINUED)}) AND customer_id <> ''
    GROUP BY customer_id
),
gone AS (
    SELECT customer_id FROM turns WHERE cancelled > COALESCE(continued, TIMESTAMP '1970-01-01 00:00:00')
)
"""  # noqa: S608  # nothing but constants of this module
"""The customers whose subscription has ended, or is announced to end, on the last day of the window."""

CURRENCIES = ", ".join(f":currency_{n}" for n in range(1, MOST_CURRENCIES + 1))
"""The currencies that have a rate; places that are not used hold no text."""

ENDS = "ends AS (SELECT MAX(GREATEST(fact_day, COALESCE(answered_day, fact_day))) AS end_day FROM facts)"
"""The last day of the archive, up to which customers can be followed."""

UNKNOWN = f"""{FACTS}
SELECT {scopes()}, COUNT(*) FROM answers WHERE COALESCE(customer_id, '') = '' {grouped()}
"""  # noqa: S608  # nothing but constants
"""Answers of people who were removed, so old that the archive keeps no ids of them, or of imported months."""

_WHEN = " ".join(f"WHEN :currency_{n} THEN CAST(:price_{n} AS DECIMAL(19,0))" for n in range(1, MOST_CURRENCIES + 1))
CONVERTED = f"CAST(minor AS DECIMAL(19,0)) * CASE currency {_WHEN} ELSE 0 END"
"""An amount in billionths of the smallest unit of the operator's currency; 0 where the currency has no rate."""


def values(asked: Asked, rules: ReportRules, **others: Any) -> Mapping[str, Any]:  # noqa: ANN401  # as `parameters`
    """Return the parameters of statements about customers: those of FACTS, the scale, and the rates."""
    scale = SCALES[asked.question]
    rates: dict[str, str | int] = {}
    listed = [*prices(rules, asked.window.last).items()]
    for number in range(1, MOST_CURRENCIES + 1):
        currency, price = listed[number - 1] if number <= len(listed) else ("", 0)
        rates |= {f"currency_{number}": currency, f"price_{number}": price}
    given = {"good": scale.good, "bad": scale.bad, "known": asked.window.last, **rates, **others}
    return parameters(asked, rules, **given)


def category(question: Question, standing: int) -> str:
    """Return the name of a standing."""
    return CATEGORIES[question is Question.NPS][standing]


def by_scope(rows: Iterable[Sequence[Any]], rules: ReportRules) -> Iterator[tuple[Scope, Sequence[Any]]]:
    """Yield the scope of each row that begins with SCOPE, and what follows it."""
    for name, value, *others in rows:
        yield (dimension_name(name, rules), value) if name else EVERYTHING, others
