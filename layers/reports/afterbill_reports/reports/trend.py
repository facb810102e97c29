"""The score day by day, week by week or month by month, and which of the changes are real."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from afterbill.insight.nps import Tally
from afterbill.insight.periods import Window, month_after
from afterbill.insight.reports.asked import PERIODS, Asked, Body, Engine, ReportRules, Scope
from afterbill_reports.reports import sql
from afterbill_reports.reports.rows import changed, judged, share, tally_of, total

_WHOLE = "window"
_LONGEST = {"day": 31, "week": 120}

_PERIOD = """CAST(CASE :period WHEN 'day' THEN {0} WHEN 'week' THEN date_trunc('week', {0})
    WHEN 'month' THEN date_trunc('month', {0}) ELSE :first END AS DATE) AS period"""

ANSWERS = f"""{sql.FACTS}
, dated AS (SELECT *, {_PERIOD.format("answered_day")} FROM answers)
SELECT {sql.scopes()}, period, {sql.COUNTS}, COUNT(CASE WHEN imported THEN 1 END)
FROM dated {sql.grouped("period")}
"""  # noqa: S608  # nothing but constants

SENDS = f"""{sql.FACTS}
, dated AS (
    SELECT *, {_PERIOD.format("sent_day")} FROM f
    WHERE NOT anonymous AND question = :question AND sent_day BETWEEN :first AND :last
)
SELECT {sql.scopes()}, period, COUNT(*), COUNT(rating)
FROM dated {sql.grouped("period")}
"""  # noqa: S608  # nothing but constants
"""Like the response rate of scores: by the day of sending, unconfirmed answers too."""

STATEMENTS = (ANSWERS, SENDS)

_NO_ANSWERS = (0,) * 12

_Counts = dict[Scope, dict[date, tuple[Any, ...]]]


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return the score of every period of the window, of those that have none too, and its change.

    A period at an end of the window may be shorter, so `days` says how long it is. `total` is the whole window, whose
    change is from the window before, with the number of answers of each rating. All changes are judged together.
    """
    period = period_of(asked)
    now = sql.parameters(asked, rules, period=period)
    answers, sends = (_read(engine, statement, now, rules) for statement in STATEMENTS)
    before = _read(engine, ANSWERS, sql.parameters(asked, rules, asked.before, period=_WHOLE), rules)
    counts = {scope: sum(sum(row[:11]) for row in rows.values()) for scope, rows in answers.items()}
    return {
        scope: _body(
            asked,
            period,
            answers.get(scope, {}),
            total(map(tally_of, before.get(scope, {}).values())),
            {} if scope[0] == "reason" else sends.get(scope, {}),
        )
        for scope in sql.stored(counts, asked)
    }


def period_of(asked: Asked) -> str:
    """Return the period that is asked for, or the one that suits the length of the window."""
    days = (asked.window.last - asked.window.first).days + 1
    fitting = next((name for name, longest in _LONGEST.items() if days <= longest), "month")
    return next((name for name in asked.by if name in PERIODS), fitting)


def periods(window: Window, period: str) -> Iterator[tuple[date, Window]]:
    """Yield the first day of each period and the part of it that lies in the window. Weeks begin on Monday."""
    day = window.first
    while day <= window.last:
        begin = _begin(day, period)
        after = month_after(begin) if period == "month" else begin + timedelta(days=7 if period == "week" else 1)
        yield begin, Window(period, day, min(after - timedelta(days=1), window.last))
        day = after


def _begin(day: date, period: str) -> date:
    if period == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday() if period == "week" else 0)


def _read(engine: Engine, statement: str, parameters: sql.Parameters, rules: ReportRules) -> _Counts:
    found: _Counts = defaultdict(dict)
    for scope, (begin, *counts) in sql.by_scope(engine.rows(statement, parameters), rules):
        found[scope][begin] = tuple(counts)
    return found


def _body(
    asked: Asked,
    period: str,
    answers: Mapping[date, tuple[Any, ...]],
    before: Tally,
    sends: Mapping[date, tuple[Any, ...]],
) -> Body:
    spans = list(periods(asked.window, period))
    tallies = [tally_of(answers.get(begin, _NO_ANSWERS)) for begin, _ in spans]
    rows = [
        {
            "value": str(span.first),
            "days": (span.last - span.first).days + 1,
            **changed(asked.question, later, earlier),
            **_beside([answers.get(begin, _NO_ANSWERS)], [sends.get(begin, (0, 0))]),
        }
        for (begin, span), (earlier, later) in zip(spans, pairwise([Tally(), *tallies]), strict=True)
    ]
    everybody = total(tallies)
    whole = {**changed(asked.question, everybody, before), **_beside(answers.values(), sends.values())}
    whole["ratings"] = list(everybody.ratings)
    return {"by": period, "rows": rows, "total": whole, "comparisons": judged([*rows, whole])}


def _beside(answers: Iterable[Sequence[int]], sends: Iterable[Sequence[int]]) -> dict[str, Any]:
    sent, answered = map(sum, zip((0, 0), *sends, strict=True))
    return {"imported": sum(row[11] for row in answers), "sent": sent, "response_rate": share(answered, sent)}
