"""The facts of some days on their way to an answer, and the likeness of those who answered to those who did not."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from afterbill.insight import proportions
from afterbill.insight.reports.asked import EVERYTHING, FEW, LEAST, Asked, Body, Engine, ReportRules, Scope
from afterbill.insight.tally import UNKNOWN
from afterbill.model.channels import Channel
from afterbill.model.invitation import SkipReason
from afterbill_reports.reports import sql
from afterbill_reports.reports.rows import Why, figure, judged, scored, share, tally_of, total, unsaid
from afterbill_reports.statistics.weighting import Cell, post_stratified

STEPS = ("facts", "eligible", "scheduled", "sent", "delivered", "opened", "answered")
"""The steps from a fact to its answer; none has more than the one before."""

INELIGIBLE = frozenset(
    {
        *(SkipReason.NOT_ASKED, SkipReason.TEST_MODE, SkipReason.NOT_PAID, SkipReason.NO_CUSTOMER),
        *(SkipReason.NO_ADDRESS, SkipReason.BAD_ADDRESS, SkipReason.ROLE_ADDRESS, SkipReason.NO_PHONE),
        *(SkipReason.BAD_PHONE, SkipReason.CUSTOMER_DELETED, SkipReason.SUPPRESSED, SkipReason.NO_BASIS),
        *(SkipReason.RESTRICTED, SkipReason.ERASED),
    }
)
"""Nobody is to be asked about such a fact, or whoever is cannot or must not be reached."""

UNSCHEDULED = frozenset(
    {
        *(SkipReason.NOT_SAMPLED, SkipReason.COOLDOWN, SkipReason.SUPERSEDED, SkipReason.QUOTA),
        *(SkipReason.LIMIT, SkipReason.SERVICE_QUOTA, SkipReason.WINDOW),
    }
)
"""Customers who might have been asked and were not, so that nobody is asked too often or at bad hours."""

BY = tuple(name for name in sql.COLUMNS if name != "reason")
"""The dimensions of facts: a reason belongs to an answer."""

STRATA = ("touchpoint", "plan", "country")
"""The dimensions that weights go by: known of everybody who was invited."""

_COHORT = f"""
, cohort AS (
    SELECT *, CASE WHEN sent_day IS NULL THEN skip_reason ELSE '' END AS skipped
    FROM f WHERE fact_day BETWEEN :first AND :last AND question = :question AND NOT anonymous AND NOT imported
        AND channel NOT IN ('{Channel.LINK.value}', '{Channel.API.value}', '{Channel.IMPORT.value}')
)
"""  # noqa: S608  # nothing but constants
"""The facts of the days. What came with its answer was no fact that anybody could have been asked about."""

FUNNEL = f"""{sql.FACTS}{_COHORT}
SELECT {sql.scopes(BY)}, skipped, COUNT(*), COUNT(sent_day),
    COUNT(CASE WHEN delivered_at IS NOT NULL OR opened_at IS NOT NULL OR rating IS NOT NULL THEN sent_day END),
    COUNT(CASE WHEN opened_at IS NOT NULL OR rating IS NOT NULL THEN sent_day END),
    COUNT(CASE WHEN rating IS NOT NULL THEN sent_day END)
FROM cohort {sql.grouped("skipped", by=BY)}
"""  # noqa: S608  # nothing but constants

CELLS = f"""{sql.FACTS}{_COHORT}
, counted AS (
    SELECT touchpoint, plan, country, CASE WHEN confirmed OR :unconfirmed = 1 THEN rating END AS rating
    FROM cohort WHERE sent_day IS NOT NULL
)
SELECT touchpoint, plan, country, COUNT(*), {sql.COUNTS}
FROM counted GROUP BY touchpoint, plan, country
"""  # noqa: S608  # nothing but constants

STATEMENTS = (FUNNEL, CELLS)

_Skips = Mapping[str, Sequence[int]]


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return the steps of the facts that happened in the window, whenever they were asked about and answered.

    `skips` are the reasons of those that were not asked about, `waiting` those that may still be. Of everything alone:
    `answered_by`, invited and answered for each value of each dimension, and `weighted`, the score as it would be if
    those who answered were like those who were invited, beside the `plain` one of the same answers.
    """
    found: dict[Scope, dict[str, Sequence[int]]] = defaultdict(dict)
    for scope, (skipped, *counts) in sql.by_scope(engine.rows(FUNNEL, sql.parameters(asked, rules)), rules, BY):
        found[scope][skipped] = counts
    sent = {scope: sum(counts[1] for counts in skips.values()) for scope, skips in found.items()}
    answered = {scope: sum(counts[4] for counts in skips.values()) for scope, skips in found.items()}
    cells = engine.rows(CELLS, sql.parameters(asked, rules))
    bodies = {scope: _body(found.get(scope, {})) for scope in sql.stored(answered, asked)}
    everything = {**_answered_by(asked, sent, answered), **_scores(asked, cells)}
    elsewhere = {"answered_by": None, "weighted": None, **unsaid(Why.ON_DEMAND)}
    return {scope: {**body, **(everything if scope == EVERYTHING else elsewhere)} for scope, body in bodies.items()}


def _body(skips: _Skips) -> dict[str, Any]:
    facts, sent, delivered, opened, answered = (sum(counts[place] for counts in skips.values()) for place in range(5))
    reasons = {reason: counts[0] for reason, counts in skips.items() if reason}
    eligible = facts - sum(n for reason, n in reasons.items() if reason in INELIGIBLE)
    scheduled = eligible - sum(n for reason, n in reasons.items() if reason in UNSCHEDULED)
    counted = (facts, eligible, scheduled, sent, delivered, opened, answered)
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return {
        "rows": [{"step": step, "count": n, "share": share(n, facts)} for step, n in zip(STEPS, counted, strict=True)],
        "skips": [{"reason": reason, "count": n} for reason, n in ordered],
        "waiting": facts - sent - sum(reasons.values()),
    }


def _answered_by(asked: Asked, sent: Mapping[Scope, int], answered: Mapping[Scope, int]) -> dict[str, Any]:
    """Return the response rate of each value against that of all others, judged together."""
    scopes = [
        scope
        for scope in sorted(sent, key=lambda scope: (scope[0], -sent[scope], scope[1]))
        if scope[0] and (not asked.by or scope[0] in asked.by) and sent[scope]
    ]
    known = {dimension for dimension, value in scopes if value != UNKNOWN}
    everybody = (answered.get(EVERYTHING, 0), sent.get(EVERYTHING, 0))
    rows = [
        {"dimension": scope[0], "value": scope[1], **_rate((answered[scope], sent[scope]), everybody)}
        for scope in scopes
        if scope[0] in known
    ]
    return {"answered_by": rows, "comparisons": judged(rows)}


def _rate(some: tuple[int, int], everybody: tuple[int, int]) -> dict[str, Any]:
    """Return a response rate with its interval, and how far it is from that of the rest; both are shares of 1."""
    answered, invited = some
    rest = (everybody[0] - answered, everybody[1] - invited)
    low, high = proportions.bounds(answered, invited)
    row = {
        "invited": invited,
        "answered": answered,
        "share_of_invited": share(invited, everybody[1]),
        "share_of_answered": share(answered, everybody[0]),
        "rate": share(answered, invited),
        "low": figure(low),
        "high": figure(high),
        "difference": figure(answered / invited - rest[0] / rest[1]) if rest[1] else None,
    }
    if min(invited, rest[1]) < FEW:
        return {**row, "p": None, **unsaid(Why.FEW_TO_COMPARE if rest[1] else Why.NOTHING_ELSE)}
    return {**row, "p": proportions.p_value(some, rest)}


def _scores(asked: Asked, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    invited: dict[Cell, int] = {row[:3]: row[3] for row in rows}
    tallies = {row[:3]: tally_of(row[4:]) for row in rows}
    everybody = total(tallies.values())
    plain = {"plain": scored(asked.question, everybody)}
    made = post_stratified(asked.question, invited, tallies) if everybody.n >= LEAST else None
    if made is None:
        nothing = {"score": None, "low": None, "high": None, "n_eff": None}
        return {**plain, "weighted": {**nothing, **unsaid(Why.NO_WEIGHTS)}}
    by, found = made
    figures = {"score": found.score, "low": found.low, "high": found.high, "n_eff": found.n_eff}
    told = {"by": by.by, "strata": list(STRATA), "trimmed": by.trimmed, "unheard": by.unheard}
    return {**plain, "weighted": {name: figure(number) for name, number in figures.items()} | told}
