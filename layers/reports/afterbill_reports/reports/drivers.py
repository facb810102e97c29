"""The reasons that people choose, and how many points of the score each adds or takes: the parts sum to the score."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from afterbill.insight.nps import Tally
from afterbill.insight.reports.asked import EVERYTHING, Asked, Body, Engine, ReportRules, Scope
from afterbill_reports.reports import sql
from afterbill_reports.reports.attributes import attributes
from afterbill_reports.reports.rows import scored, share, tally_of, total
from afterbill_reports.statistics.decomposition import contributions, pulls, rounded

BY = tuple(name for name in sql.COLUMNS if name != "reason")

REASONS = f"""{sql.FACTS}
SELECT {sql.scopes(BY)}, reason, {sql.COUNTS}
FROM answers {sql.grouped("reason", by=BY)}
"""  # noqa: S608  # nothing but constants

REPORTED = f"""{sql.FACTS}
SELECT {sql.scopes(BY)}, reported_reason, COUNT(*)
FROM f WHERE reported_reason <> '' AND fact_day BETWEEN :first AND :last
{sql.grouped("reported_reason", by=BY)}
"""  # noqa: S608  # nothing but constants
"""The reasons for ends that billing systems report; with or without a survey, so there is no rating and no question."""

STATEMENTS = (REASONS, REPORTED)


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return each reason with its share, its score and its contribution: share times score.

    `pull` is the share times how far the score lies above that of everybody; pulls sum to 0. `reported` counts the
    reasons that billing systems report. `attributes` say what the score goes with; of everything alone.
    """
    found = _by_scope(engine, REASONS, asked, rules)
    reasons = {scope: {name: tally_of(counts) for name, counts in rows.items()} for scope, rows in found.items()}
    reported = _by_scope(engine, REPORTED, asked, rules)
    counts = {scope: total(tallies.values()).n for scope, tallies in reasons.items()}
    beside = {EVERYTHING: {"attributes": attributes(engine, asked, rules)}}
    return {
        scope: {
            **_body(asked, reasons.get(scope, {})),
            "reported": _reported(reported.get(scope, {})),
            **beside.get(scope, {}),
        }
        for scope in sql.stored(counts, asked)
    }


def _by_scope(
    engine: Engine, statement: str, asked: Asked, rules: ReportRules
) -> Mapping[Scope, dict[str, tuple[Any, ...]]]:
    found: dict[Scope, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for scope, (reason, *counts) in sql.by_scope(engine.rows(statement, sql.parameters(asked, rules)), rules, BY):
        found[scope][reason] = tuple(counts)
    return found


def _body(asked: Asked, reasons: Mapping[str, Tally]) -> dict[str, Any]:
    everybody = total(reasons.values())
    ordered = dict(sorted(reasons.items(), key=lambda item: (-item[1].n, item[0])))
    added = rounded(contributions(asked.question, ordered))
    pulled = rounded(pulls(asked.question, ordered))
    rows = [
        {
            "reason": reason,
            "share": share(tally.n, everybody.n),
            **scored(asked.question, tally),
            "contribution": added[reason],
            "pull": pulled[reason],
        }
        for reason, tally in ordered.items()
    ]
    return {"rows": rows, "total": scored(asked.question, everybody)}


def _reported(reasons: Mapping[str, tuple[int]]) -> list[dict[str, Any]]:
    counted = sorted(((count, reason) for reason, (count,) in reasons.items()), key=lambda item: (-item[0], item[1]))
    everything = sum(count for count, _ in counted)
    return [{"reason": reason, "n": count, "share": share(count, everything)} for count, reason in counted]
