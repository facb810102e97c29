"""The attributes of customers that the score goes with, side by side: a part of `drivers`."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from afterbill.insight.nps import Tally
from afterbill.insight.reports.asked import EVERYTHING, FEW, Asked, Engine, ReportRules, Scope
from afterbill.insight.tally import UNKNOWN
from afterbill.model.questions import SCALES, Question
from afterbill_reports.reports.rows import Why, figure, unsaid
from afterbill_reports.reports.segments import read_pairs, read_singles
from afterbill_reports.statistics.decomposition import worth
from afterbill_reports.statistics.shapley import MOST_GROUPS, lmg

_OF_THE_ANSWER = frozenset({"reason", "stage"})
"""No attributes of who answers: a reason belongs to the answer, and a stage says the same as its touchpoints."""

_MOST_COLUMNS = 5
"""Values of an attribute that are told apart; all others are one."""

_PER_COLUMN = 10
"""Answers for each value that is told apart, at least."""

NOTE = "The score goes with these. That does not say that they are the cause."


def attributes(engine: Engine, asked: Asked, rules: ReportRules) -> dict[str, Any]:
    """Return `rows`: each attribute with the share of the differences between answers that goes with it.

    `by_chance` is the share that an attribute of as many values gets by chance alone. `rows` is null with too few
    answers, or where no attribute has two values.
    """
    singles = read_singles(engine, asked, rules)
    groups = _groups(singles)
    columns = [scope for group in groups.values() for scope in group]
    n = singles.get(EVERYTHING, Tally()).n
    if not columns or n < max(FEW, _PER_COLUMN * len(columns)):
        return {"rows": None, **unsaid(Why.FEW_FOR_ATTRIBUTES if columns else Why.NOTHING_ELSE)}
    pairs = {frozenset(both): tally.n for both, tally in read_pairs(engine, asked, rules, least=1)}
    parts = lmg([*map(len, groups.values())], _products(asked.question, singles, columns, pairs))
    rows = [
        {"dimension": name, "share": figure(part), "by_chance": figure(len(group) / (n - 1))}
        for (name, group), part in zip(groups.items(), parts, strict=True)
    ]
    return {"rows": sorted(rows, key=lambda row: -row["share"]), "n": n, "r2": figure(sum(parts)), "note": NOTE}


def _groups(singles: Mapping[Scope, Tally]) -> Mapping[str, Sequence[Scope]]:
    """Return the values that are told apart, by dimension; only of those of which most answers tell."""
    values: dict[str, list[Scope]] = defaultdict(list)
    for scope in sorted(singles, key=lambda scope: (-singles[scope].n, scope)):
        if scope != EVERYTHING and scope[0] not in _OF_THE_ANSWER:
            values[scope[0]].append(scope)
    known = Counter(
        {name: sum(singles[one].n for one in scopes if one[1] != UNKNOWN) for name, scopes in values.items()}
    )
    names = [name for name, answers in known.most_common() if answers and len(values[name]) > 1][:MOST_GROUPS]
    return {name: values[name][:-1][:_MOST_COLUMNS] for name in names}


def _products(
    question: Question, singles: Mapping[Scope, Tally], columns: Sequence[Scope], pairs: Mapping[frozenset[Scope], int]
) -> list[list[float]]:
    """Return the cross products of the centred columns and, last, of the points of an answer."""
    everybody = singles[EVERYTHING]
    n, points = everybody.n, worth(question, everybody)
    scale = SCALES[question]
    extreme = everybody.favourable(scale) + (everybody.unfavourable(scale) if question is Question.NPS else 0)
    sums = [singles[one].n for one in columns]
    rows = [
        [
            (mine if one == other else pairs.get(frozenset((one, other)), 0)) - mine * theirs / n
            for other, theirs in zip(columns, sums, strict=True)
        ]
        for one, mine in zip(columns, sums, strict=True)
    ]
    last = [worth(question, singles[one]) - mine * points / n for one, mine in zip(columns, sums, strict=True)]
    return [[*row, own] for row, own in zip(rows, last, strict=True)] + [[*last, 10_000 * extreme - points**2 / n]]
