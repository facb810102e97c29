"""The values that filters name: one that no fact has is a mistake of whoever asks, and is told."""

from collections.abc import Mapping
from typing import Any

from afterbill.insight.reports.asked import Asked, Engine, ReportRules, Scope
from afterbill.insight.tally import NONE, UNKNOWN
from afterbill.model.plain_text import one_line
from afterbill.model.suggestions import nearest
from afterbill_reports.reports.sql import COLUMNS, FACTS, parameters

MOST_LISTED = 10

_CASES = " ".join(f"WHEN '{name}' THEN {name}" for name in COLUMNS)
VALUES = f"""
{FACTS}
SELECT CASE :where_1 {_CASES} END AS found, COUNT(*) AS facts
FROM named
GROUP BY 1
ORDER BY facts DESC, found
"""  # noqa: S608  # nothing but constants of this module
STATEMENTS = (VALUES,)


def unknown_value(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[str, Any]:
    """Return why a filter leaves nothing: its value is that of no fact; nothing where each has a fact.

    Facts of the window and of the months before count: an answer may be about any of them.
    """
    for scope in asked.where:
        one = Asked(asked.window, asked.question, (scope,))
        names = [str(value) for value, _ in engine.rows(VALUES, parameters(one, rules))]
        if scope[1] not in names:
            known = [name for name in names if name not in {UNKNOWN, NONE}]
            return {"why": "no_such_value", "because": _because(scope, known)}
    return {}


def _because(scope: Scope, names: list[str]) -> str:
    name, value = scope
    said = f"No fact of these days, or of the months before, has the {name} {one_line(value)!r}"
    meant = nearest(value, names)
    listed = ", ".join(map(one_line, names[:MOST_LISTED]))
    there = f"there are {listed}{' and more' if len(names) > MOST_LISTED else ''}" if names else "none of them has any"
    return f"{said}: did you mean {one_line(meant)!r}?" if meant else f"{said}: {there}."
