"""The time after an answer, in which those who are content may stay, renew and buy more often than others.

Every customer counts by the first answer in the window and its category, whatever they answer later (the landmark rule:
a group that is formed by what comes later would live longer by being in it). They are followed until the event, or to
the last day of the archive.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from afterbill.insight.reports.asked import FEW, Asked, Body, Engine, ReportRules, Scope
from afterbill_reports.reports import sql
from afterbill_reports.reports.rows import Why, figure, judged, unsaid
from afterbill_reports.reports.worth_sql import (
    AFTER,
    BAD,
    CONTINUED,
    ENDS,
    GOOD,
    NEUTRAL,
    SCOPE,
    UNKNOWN,
    by_scope,
    category,
    moves,
    numbered,
    open_since,
    picked,
    texts,
    values,
)
from afterbill_reports.statistics.survival import Followed, Step, kaplan_meier, logrank

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "retention": ("cancelled",),
    "renewal": ("renewed",),
    "upgrade": ("upgraded",),
    "repeat_purchase": ("payment_succeeded", "order_paid"),
    "refund": ("refunded",),
    "failed_payment": ("payment_failed",),
}
"""The touchpoints of the event of each outcome; `survival` is the share of customers without it."""

OF_SUBSCRIBERS = ("retention", "renewal", "upgrade")
"""Outcomes for which nobody counts who had cancelled when they answered."""

DEFAULT = "retention"

DAYS = (0, 7, 14, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 365, 456, 547, 638, 730)
"""The days after the answer that have a row, as far as anybody was followed; the last day of that has one too."""

ORDER = (GOOD, NEUTRAL, BAD)

_EVENTS = sorted({touchpoint for touchpoints in OUTCOMES.values() for touchpoint in touchpoints})
_FIRST = ",\n        ".join(
    f"MIN(CASE WHEN touchpoint IN ({texts(touchpoints)}) THEN moved_day END) OVER ({AFTER}) AS {name}_day"
    for name, touchpoints in OUTCOMES.items()
)
_NAMES = ", ".join(f"('{name}')" for name in OUTCOMES)
_DAY = " ".join(f"WHEN '{name}' THEN {name}_day" for name in OUTCOMES)

FOLLOWED = f"""{sql.FACTS}
{numbered("answers")}
{moves(*_EVENTS, *(name for name in CONTINUED if name not in _EVENTS))}
, followed AS (
    SELECT place, moved_day AS answered,
        {open_since(["cancelled"], CONTINUED)} AS had_cancelled,
        {_FIRST}
    FROM moves
),
{ENDS},
firsts AS ({picked({"place": "MIN(place)"})}),
sizes AS (
    SELECT scope_name, scope_value,
        ROW_NUMBER() OVER (PARTITION BY scope_name ORDER BY COUNT(*) DESC, scope_value) AS nth
    FROM firsts GROUP BY scope_name, scope_value
),
subjects AS (
    SELECT firsts.scope_name, firsts.scope_value, numbered.standing, outcome, followed.answered,
        followed.had_cancelled, ends.end_day,
        CASE outcome {_DAY} END AS event_day
    FROM firsts JOIN sizes ON firsts.scope_name = sizes.scope_name AND firsts.scope_value = sizes.scope_value
        JOIN numbered ON firsts.place = numbered.place JOIN followed ON firsts.place = followed.place
        CROSS JOIN ends CROSS JOIN (VALUES {_NAMES}) AS o(outcome)
    WHERE sizes.nth <= {sql.MOST_STORED}
),
dated AS (
    SELECT {SCOPE}, outcome, standing,
        CASE WHEN had_cancelled = 1 AND outcome IN ({texts(OF_SUBSCRIBERS)}) THEN 1 ELSE 0 END AS left_out,
        GREATEST(0, date_diff('day', answered, COALESCE(event_day, end_day))) AS days,
        CASE WHEN event_day IS NULL THEN 0 ELSE 1 END AS happened
    FROM subjects
)
SELECT {SCOPE}, outcome, standing, left_out, days, happened, COUNT(*)
FROM dated GROUP BY {SCOPE}, outcome, standing, left_out, days, happened
"""  # noqa: S608  # nothing but constants
"""Customers by the days until the event, or for which they were followed without it.

Every day of every value is a row, so values of which nothing is stored are left out here already.
"""

STATEMENTS = (FOLLOWED, UNKNOWN)

_Groups = dict[int, Followed]


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return the curve of each category and the comparison of the categories, of each outcome.

    `rows` and `logrank` beside `outcomes` are those of retention. All comparisons are judged together.
    """
    given = values(asked, rules)
    cells: dict[Sequence[Any], Followed] = defaultdict(Followed)
    # A million rows: one look by key each, and no more.
    for row in engine.rows(FOLLOWED, given):
        cells[row[:5]].add(row[5], row[7], happened=row[6])
    groups: dict[Scope, dict[str, _Groups]] = defaultdict(lambda: defaultdict(lambda: defaultdict(Followed)))
    left_out: dict[Scope, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for scope, (outcome, standing, left, group) in by_scope(((*key, group) for key, group in cells.items()), rules):
        if left:
            left_out[scope][outcome] += group.n
        else:
            groups[scope][outcome][standing] = group
    unknown = {scope: n for scope, (n,) in sql.by_scope(engine.rows(UNKNOWN, given), rules)}
    counts = {scope: sum(group.n for group in groups[scope]["refund"].values()) for scope in [*groups]}
    return {
        scope: _body(asked, groups[scope], left_out[scope], unknown.get(scope, 0))
        for scope in sql.stored(counts, asked)
    }


def _body(asked: Asked, groups: Mapping[str, _Groups], left_out: Mapping[str, int], unknown: int) -> Body:
    nobody = Why.NOBODY_KNOWN if unknown else Why.NO_ANSWERS
    found: dict[str, dict[str, Any]] = {
        name: {
            "rows": _rows(asked, groups.get(name, {})),
            "logrank": _logrank(groups.get(name, {}), nobody),
            "left_out": left_out.get(name, 0),
        }
        for name in OUTCOMES
    }
    comparisons = judged(one["logrank"] for one in found.values() if not one["logrank"].get("few"))
    default = {key: found[DEFAULT][key] for key in ("rows", "logrank")}
    missing = {} if default["rows"] else unsaid(nobody)
    return {"outcome": DEFAULT, **default, "outcomes": found, "comparisons": comparisons, "unknown": unknown, **missing}


def _rows(asked: Asked, groups: _Groups | Mapping[int, Followed]) -> list[dict[str, Any]]:
    return [
        {
            "category": category(asked.question, standing),
            "day": step.day,
            "at_risk": step.at_risk,
            "survival": figure(step.survival),
            "low": figure(step.low),
            "high": figure(step.high),
        }
        for standing in ORDER
        for step in _curve(groups.get(standing, Followed()))
    ]


def _curve(group: Followed) -> list[Step]:
    return kaplan_meier(group, sorted({*DAYS, min(group.longest, DAYS[-1])}))


def _logrank(groups: Mapping[int, Followed], nobody: Why) -> dict[str, Any]:
    """Return chi-square and p; nothing is called real where a category has fewer than FEW customers."""
    there = [groups[standing] for standing in ORDER if standing in groups]
    found = logrank(there) if there else None
    if found is None:
        happened = any(group.events for group in there)
        why = Why.ONE_CATEGORY if happened else Why.NOTHING_HAPPENED if there else nobody
        return {"chi2": None, "df": None, "p": None, **unsaid(why)}
    few = min(group.n for group in there) < FEW
    doubt = {"q": None, "real": False, **unsaid(Why.FEW_TO_COMPARE)} if few else {}
    return {"chi2": figure(found.chi2), "df": found.df, "p": found.p, "few": few, **doubt}
