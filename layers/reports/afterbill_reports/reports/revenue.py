"""The worth of scores: the recurring revenue of those who are content and of those who are not.

Every customer counts once, by the last answer in the window, with the newest recurring amount that was known when they
gave it. Amounts are real ones, added up; nothing is estimated.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from afterbill.insight.reports.asked import FEW, LEAST, Asked, Body, Engine, ReportRules, Scope
from afterbill_reports.reports import sql
from afterbill_reports.reports.rates import Amount, prices, round_minor, unconverted
from afterbill_reports.reports.rows import Why, figure, share, unsaid
from afterbill_reports.reports.worth_sql import (
    BAD,
    CONVERTED,
    CURRENCIES,
    GOOD,
    HELD,
    LEFT,
    NEUTRAL,
    RETURNED,
    SCOPE,
    SETTLED,
    UNKNOWN,
    by_scope,
    category,
    numbered,
    picked,
    texts,
    values,
)
from afterbill_reports.statistics.weighted import Sums, weighted

ORDER = (GOOD, NEUTRAL, BAD)

ONE_ACCOUNT = 0.5
"""The share of one account above which the weighted score is hardly more than its answers."""

_ONE_ACCOUNT = "One account has {:.0f} % of the revenue: the weighted score is hardly more than its answers."
_FEW_WEIGH = "A few customers weigh so much that they are as good as {:.0f} answers: the interval may be too narrow."

_MONTH = "substr(CAST(answered_day AS VARCHAR), 1, 7) AS answer_month"

_LASTS = f"""
{numbered("answers", _MONTH)}
{HELD}
{LEFT}
, lasts AS (
    SELECT scope_name, scope_value, '' AS in_month, customer_id, place FROM ({picked({"place": "MAX(place)"})}) AS whole
    UNION ALL
    SELECT scope_name, scope_value, answer_month, customer_id, place
    FROM ({picked({"place": "MAX(place)"}, "answer_month")}) AS months
),
held_then AS (
    SELECT lasts.scope_name, lasts.scope_value, lasts.in_month, numbered.customer_id, numbered.account,
        numbered.standing, held.minor,
        COALESCE(held.currency, '') AS currency, CASE WHEN gone.customer_id IS NULL THEN 0 ELSE 1 END AS has_left
    FROM lasts JOIN numbered ON lasts.place = numbered.place LEFT JOIN held ON lasts.place = held.place
        LEFT JOIN gone ON numbered.customer_id = gone.customer_id
)
"""  # noqa: S608  # nothing but constants
"""The last answer of each customer, in the window and in each month of it, with the amount of then."""

AMOUNTS = f"""{sql.FACTS}{_LASTS}
SELECT {SCOPE}, in_month, standing, currency, has_left, COUNT(*),
    SUM(CAST(COALESCE(minor, 0) AS DECIMAL(38,0))),
    SUM(CAST(COALESCE(minor, 0) AS DECIMAL(19,0)) * CAST(COALESCE(minor, 0) AS DECIMAL(19,0)))
FROM held_then GROUP BY {SCOPE}, in_month, standing, currency, has_left
"""  # noqa: S608  # nothing but constants

LARGEST = f"""{sql.FACTS}{_LASTS}
, accounts AS (
    SELECT {SCOPE}, account, SUM({CONVERTED}) AS converted
    FROM held_then WHERE in_month = '' AND minor IS NOT NULL GROUP BY {SCOPE}, account
)
SELECT {SCOPE}, MAX(converted) FROM accounts GROUP BY {SCOPE}
"""  # noqa: S608  # nothing but constants
"""The amounts of the account that pays most, in billionths."""

PAID = f"""{sql.FACTS}{_LASTS}
, sums AS (
    SELECT customer_id, currency AS paid_currency, CASE WHEN currency IN ({CURRENCIES}) THEN 1 ELSE 0 END AS has_rate,
        SUM(CASE WHEN touchpoint IN ({texts(RETURNED)}) THEN -1 ELSE 1 END * CAST(ABS(amount_minor) AS DECIMAL(38,0)))
            AS paid_minor
    FROM facts
    WHERE day <= :known AND touchpoint IN ({texts((*SETTLED, *RETURNED))})
        AND amount_minor IS NOT NULL AND currency IS NOT NULL
    GROUP BY customer_id, currency
),
paid AS (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY has_rate DESC, paid_currency) AS nth FROM sums
)
SELECT held_then.scope_name, held_then.scope_value, in_month, standing, paid_currency,
    COUNT(CASE WHEN has_rate = 0 OR nth = 1 THEN 1 END), SUM(paid_minor)
FROM held_then JOIN paid ON held_then.customer_id = paid.customer_id
GROUP BY held_then.scope_name, held_then.scope_value, in_month, standing, paid_currency
"""  # noqa: S608  # nothing but constants
"""All that these customers paid up to the last day of the window, less what went back to them.

Who paid in several currencies that have a rate is counted in one of them.
"""

STATEMENTS = (AMOUNTS, LARGEST, PAID, UNKNOWN)


@dataclass(slots=True)
class Group:
    """The customers of one category.

    `sums` are the weights of those in `amount` whose currency has a rate, `lost` is of those whose subscription ends,
    `paid` is all that the archive knows they paid.
    """

    sums: Sums = field(default_factory=Sums)
    amount: Amount = field(default_factory=Amount)
    lost: Amount = field(default_factory=Amount)
    paid: Amount = field(default_factory=Amount)

    def add(self, row: Iterable[Any], rates: Mapping[str, int]) -> None:
        """Add a row of AMOUNTS from its currency on."""
        currency, has_left, n, minor, squares = row
        self.amount.add(n, int(minor), currency, rates)
        if has_left:
            self.lost.add(n, int(minor), currency, rates)
        if currency in rates:
            self.sums += Sums(n, int(minor) * rates[currency], int(squares) * rates[currency] ** 2)


_Groups = dict[str, dict[int, Group]]
"""By month, "" for the whole window, and standing."""


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return the recurring revenue by category, the score weighted by it, and what is at risk.

    Amounts are in the smallest unit of the operator's currency. What cannot be converted is listed beside them.
    """
    given, rates = values(asked, rules), prices(rules, asked.window.last)
    groups: dict[Scope, _Groups] = defaultdict(lambda: defaultdict(lambda: {standing: Group() for standing in ORDER}))
    for scope, (month, standing, *row) in by_scope(engine.rows(AMOUNTS, given), rules):
        groups[scope][month][standing].add(row, rates)
    for scope, (month, standing, currency, n, minor) in by_scope(engine.rows(PAID, given), rules):
        groups[scope][month][standing].paid.add(n, int(minor), currency, rates)
    largest = {scope: int(most) for scope, (most,) in by_scope(engine.rows(LARGEST, given), rules)}
    unknown = {scope: n for scope, (n,) in sql.by_scope(engine.rows(UNKNOWN, given), rules)}
    counts = {scope: sum(group.amount.n for group in groups[scope][""].values()) for scope in [*groups]}
    return {
        scope: _body(asked, rules, groups[scope], largest.get(scope, 0), unknown.get(scope, 0))
        for scope in sql.stored(counts, asked)
    }


def _body(asked: Asked, rules: ReportRules, months: _Groups, largest: int, unknown: int) -> Body:
    whole = months[""]
    n = sum(group.amount.n for group in whole.values())
    nobody = Why.NOBODY_KNOWN if unknown else Why.NO_ANSWERS
    return {
        "currency": rules.currency,
        "weighted": _weighted(asked, whole, largest, nobody),
        "rows": [
            {**_row(asked, rules, standing, whole[standing]), "share": _part(whole, standing)} for standing in ORDER
        ],
        "at_risk": _at_risk(whole[BAD], rules),
        "over_time": [
            {"month": month, **_row(asked, rules, standing, months[month][standing])}
            for month in sorted(months)
            if month
            for standing in ORDER
        ],
        "without_rate": unconverted(group.amount for group in whole.values()),
        "paid_without_rate": unconverted(group.paid for group in whole.values()),
        "customers": n,
        "without_amount": sum(group.amount.without for group in whole.values()),
        "unknown": unknown,
        **({} if n else unsaid(nobody)),
    }


def _row(asked: Asked, rules: ReportRules, standing: int, group: Group) -> dict[str, Any]:
    """Return the amounts of a category: sums, and averages over the customers of whom there is an amount."""
    return {
        "category": category(asked.question, standing),
        "customers": group.amount.n,
        **group.amount.row(rules.currency),
        "average_minor": group.amount.average,
        "paid_minor": group.paid.minor,
        "payers": group.paid.customers,
        "lifetime_minor": group.paid.average,
    }


def _part(whole: Mapping[int, Group], standing: int) -> float | None:
    return share(whole[standing].amount.exact, sum(group.amount.exact for group in whole.values()))


def _at_risk(group: Group, rules: ReportRules) -> dict[str, Any]:
    """Return what those pay who are not content and still there, and what those paid who are leaving."""
    return {
        "customers": group.amount.customers - group.lost.customers,
        "recurring_minor": round_minor(group.amount.exact - group.lost.exact),
        "currency": rules.currency,
        "lost_customers": group.lost.customers,
        "lost_minor": group.lost.minor,
    }


def _weighted(asked: Asked, whole: Mapping[int, Group], largest: int, nobody: Why) -> dict[str, Any]:
    """Return the weighted score of the customers with an amount beside their plain one; null with the reason."""
    every = [whole[standing].sums for standing in ORDER]
    n = sum(sums.n for sums in every)
    found = weighted(asked.question, *every)
    plain = weighted(asked.question, *(Sums(sums.n, sums.n, sums.n) for sums in every))
    if found is None or plain is None or n < LEAST:
        nothing = dict.fromkeys(("score", "low", "high", "n_eff", "largest_share", "plain"))
        return {"n": n, **nothing, "few": True, **unsaid(_why_not(whole, nobody, weighs=found is not None))}
    part = largest / sum(sums.weights for sums in every)
    return {
        "n": n,
        "score": figure(found.score),
        "low": figure(found.low),
        "high": figure(found.high),
        "n_eff": figure(found.n_eff),
        "largest_share": figure(part),
        "plain": {"score": figure(plain.score), "low": figure(plain.low), "high": figure(plain.high)},
        "few": found.n_eff < FEW,
        **_caution(part, found.n_eff),
    }


def _caution(part: float, n_eff: float) -> dict[str, str]:
    """Return a code and a sentence where the score stands on too few customers."""
    if part > ONE_ACCOUNT:
        return {"caution": "one_account", "because": _ONE_ACCOUNT.format(100 * part)}
    return {"caution": "few_weigh", "because": _FEW_WEIGH.format(n_eff)} if n_eff < LEAST else {}


def _why_not(whole: Mapping[int, Group], nobody: Why, *, weighs: bool) -> Why:
    if weighs:
        return Why.FEW_ANSWERS
    if any(group.amount.other for group in whole.values()):
        return Why.NO_RATE
    return Why.NO_AMOUNTS if any(group.amount.n for group in whole.values()) else nobody
