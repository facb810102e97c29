"""The overview: the leading figures of four reports in one document, which a page reads at once.

It counts nothing by itself: every figure is one of `trend`, `segments`, `coverage` or `revenue`, as it stands there.
Where few answer, the trend goes by longer periods than usual, as `trend` does with `by`. The newest answers are named
too, so that a page can read them in one call.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from afterbill.insight.reports.asked import EVERYTHING, Asked, Body, Engine, ReportRules, Scope
from afterbill.insight.reports.requested import scope_key
from afterbill_reports.reports import coverage, revenue, segments, sql, trend
from afterbill_reports.reports.worth_sql import BAD, category

PARTS = ("trend", "segments", "coverage", "revenue")
"""The reports that it is made of; the first decides which scopes there are."""

MOST_SCOPES = 5
"""Values of a dimension that have an overview, those with most answers; that of any other is computed on demand."""

MOST_REAL = 20
"""Real changes, and real differences, that are listed; `more` counts the others."""

MOST_NEWEST = 8
"""The newest answers that are named: some more than a page shows, since some may be gone by then."""

NEWEST = f"""{sql.FACTS}
SELECT {sql.scopes()}, max_by(id, CAST(answered_at AS VARCHAR) || id, {MOST_NEWEST})
FROM answers {sql.grouped()}
"""  # noqa: S608  # nothing but constants
STATEMENTS = (NEWEST,)
_ID = re.compile(r"[0-9a-f]{32}")

LONGER = {"day": ("week", 14), "week": ("month", 60)}
"""The period that follows where most have no score, and the days that a window needs for it."""

_ROW = ("value", "days", "n", "score", "low", "high", "few", "change", "real")
_REAL_CHANGE = ("value", "days", "n", "score", "low", "high", "change", "p")
_REAL_DIFFERENCE = ("dimension", "value", "n", "score", "low", "high", "difference", "p")
_MONEY = ("category", "customers", "recurring_minor", "with_amount", "without_amount", "share", "why")
_WORTH = ("currency", "customers", "without_amount", "without_rate", "unknown", "why", "because")
_BESIDE = ("left_out", "archived_from", "why", "because")
"""The parts of a body that say what stands behind it, or why it says nothing."""


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return the overview of everything and of each scope, of reports that are computed for it."""
    reports = (trend, segments, coverage, revenue)
    bodies = {name: report.compute(engine, asked, rules) for name, report in zip(PARTS, reports, strict=True)}
    said = bodies[PARTS[0]]
    beside = Beside.read(engine, asked, rules, said.get(EVERYTHING, {}))
    kept = leading({scope_key(scope): body for scope, body in said.items()})
    return {
        scope: composed(
            asked, {name: scopes[scope] for name, scopes in bodies.items() if scope in scopes}, beside, scope_key(scope)
        )
        for scope in said
        if scope_key(scope) in kept
    }


def leading(said: Mapping[str, Body]) -> Collection[str]:
    """Return the scopes that have an overview, of what the trend says by `scope_key`: everything, and those that lead.

    A page reads all of them to show one.
    """
    answers = {key: (body.get("total") or {}).get("n", 0) for key, body in said.items()}
    found: dict[str, list[str]] = {}
    for key in sorted(answers, key=lambda key: (-answers[key], key)):
        found.setdefault(key.partition("=")[0], []).append(key)
    return {key for keys in found.values() for key in keys[:MOST_SCOPES]}


@dataclass(frozen=True, slots=True)
class Beside:
    """The parts of overviews that no stored report has, by `scope_key`."""

    newest: Mapping[str, Sequence[str]] = field(default_factory=dict)
    periods: Mapping[str, Body] = field(default_factory=dict)

    @classmethod
    def read(cls, engine: Engine, asked: Asked, rules: ReportRules, said: Body) -> "Beside":
        """Read them; `said` is what the trend says of everything by its usual periods."""
        return cls(newest(engine, asked, rules), longer(engine, asked, rules, said))


def longer(engine: Engine, asked: Asked, rules: ReportRules, said: Body) -> Mapping[str, Body]:
    """Return the trend by longer periods where most of its usual ones have too few answers for a score."""
    days, found = (asked.window.last - asked.window.first).days + 1, dict[str, Body]()
    while _mostly_silent(said) and (following := LONGER.get(said["by"])) and days >= following[1]:
        bodies = trend.compute(engine, replace(asked, by=(following[0],)), rules)
        found = {scope_key(scope): body for scope, body in bodies.items()}
        said = found[scope_key(EVERYTHING)]
    return found


def _mostly_silent(said: Body) -> bool:
    rows = said.get("rows", ())
    return sum(row["score"] is None for row in rows) * 2 > len(rows)


def newest(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[str, Sequence[str]]:
    """Return the ids of the newest answers of the window, the newest first, by `scope_key`."""
    rows = engine.rows(NEWEST, sql.parameters(asked, rules))
    return {scope_key(scope): _ids_in(ids) for scope, (ids,) in sql.by_scope(rows, rules)}


def _ids_in(ids: Sequence[str] | str | None) -> Sequence[str]:
    """Return the ids: Athena tells an array as a text."""
    return _ID.findall(ids) if isinstance(ids, str) else ids or ()


def composed(asked: Asked, bodies: Mapping[str, Body], beside: Beside | None = None, key: str = "") -> Body:
    """Return the overview within a scope, of what each report says within it; what one does not say is null."""
    said, apart, steps, worth = (bodies.get(name, {}) for name in PARTS)
    more = beside or Beside()
    shown = more.periods.get(key, said)
    whole = dict(said.get("total") or {})
    ratings = whole.pop("ratings", None)
    real = sorted((row for row in apart.get("rows", ()) if row.get("real")), key=lambda row: row["p"])
    return {
        "by": shown.get("by"),
        "rows": [_only(_ROW, row) for row in shown.get("rows", ())],
        "total": whole or None,
        "before": {"first": str(asked.before.first), "last": str(asked.before.last)},
        "ratings": ratings,
        "changes": _listed(_REAL_CHANGE, (row for row in shown.get("rows", ()) if row.get("real")), shown),
        "differences": _listed(_REAL_DIFFERENCE, real, apart),
        "funnel": _funnel(steps),
        "revenue": _revenue(asked, worth),
        "newest": list(more.newest.get(key, ())),
        **_only(_BESIDE, said),
    }


def _only(names: Iterable[str], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _listed(names: Iterable[str], rows: Iterable[Mapping[str, Any]], body: Body) -> dict[str, Any] | None:
    """Return the rows that are real, of how many comparisons, and how many more there are."""
    if "comparisons" not in body:
        return None
    found = [_only(names, row) for row in rows]
    more = max(0, len(found) - MOST_REAL)
    return {"rows": found[:MOST_REAL], "more": more, "comparisons": body["comparisons"]}


def _funnel(steps: Body) -> dict[str, Any] | None:
    return _only(("rows", "skips", "waiting"), steps) if steps.get("rows") else None


def _revenue(asked: Asked, worth: Body) -> dict[str, Any] | None:
    """Return what customers of each category pay, and what is at risk; nothing is said of it without an amount."""
    if "at_risk" not in worth:
        return None
    unhappy = next(row for row in worth["rows"] if row["category"] == category(asked.question, BAD))
    at_risk = {**worth["at_risk"], "without_amount": unhappy["without_amount"], **_only(("why", "because"), unhappy)}
    if unhappy["recurring_minor"] is None:
        at_risk["recurring_minor"] = None
    return {**_only(_WORTH, worth), "rows": [_only(_MONEY, row) for row in worth["rows"]], "at_risk": at_risk}
