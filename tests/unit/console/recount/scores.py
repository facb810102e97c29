"""What the reports about scores have to say of a history: trend, segments, journey, drivers, coverage."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import combinations, pairwise
from math import factorial
from typing import Any

import numpy as np

from tests.unit.console.recount.facts import (
    DAY,
    DIMENSIONS,
    FEW,
    LEAST,
    Body,
    Fact,
    History,
    apart,
    bad,
    by,
    chance_of_shares,
    good,
    interval,
    judged,
    scored,
    wilson,
)

STAGES = ("awareness", "consideration", "purchase", "support", "loyalty")
EMOTIONS = {
    "billing_clarity": ("sure", "confused"),
    "price": ("fairly treated", "overcharged"),
    "payment_method": ("at ease", "hindered"),
    "invoice_error": ("confident", "distrustful"),
    "service": ("cared for", "left alone"),
    "product": ("delighted", "disappointed"),
    "none": ("content", "discontent"),
    "other": ("content", "discontent"),
}
MOST_PAINS = 20


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def worth(rows: Sequence[Fact]) -> int:
    return 100 * (good(rows) - bad(rows))


# Trend and overview


def trend(history: History, period: str = "") -> Body:
    """The score of each period, and of all days, with what was sent on them."""
    period = period or ("day" if history.length <= 31 else "week" if history.length <= 120 else "month")
    spans = list(periods(history, period))
    rows = []
    for (first, last), earlier in zip(spans, [None, *spans], strict=False):
        mine, theirs = between(history, first, last), between(history, *earlier) if earlier else []
        row = {"value": str(first), "days": (last - first).days + 1}
        rows.append(row | scored(mine) | apart(mine, theirs, "change") | sent(history, first, last))
    answers = history.answers
    total = scored(answers) | apart(answers, history.before.answers, "change")
    total |= sent(history, history.first, history.last)
    total |= {"ratings": [sum(one.rating == rating for one in answers) for rating in range(11)]}
    return {"by": period, "rows": rows, "total": total, "comparisons": judged([*rows, total])}


def periods(history: History, period: str) -> Iterator[tuple[date, date]]:
    """The first and the last day of each day, calendar week or month, as far as they are looked at."""
    begins = {"day": lambda _: True, "week": lambda day: day.weekday() == 0, "month": lambda day: day.day == 1}[period]
    days = [history.first + number * DAY for number in range(history.length)]
    starts = [day for day in days if begins(day) or day == history.first]
    yield from ((first, after - DAY) for first, after in pairwise([*starts, history.last + DAY]))


def between(history: History, first: date, last: date) -> list[Fact]:
    return [one for one in history.answers if one.answered and first <= one.answered <= last]


def sent(history: History, first: date, last: date) -> Body:
    """The surveys that were sent on these days, and the share of them that was answered whenever."""
    mails = [one for one in history.chosen if one.sent and first <= one.sent <= last]
    answered = sum(one.rating is not None for one in mails)
    return {"imported": 0, "sent": len(mails), "response_rate": share(answered, len(mails))}


def overview(history: History, revenue: Body) -> Body:
    """The leading figures of trend, segments, coverage and revenue; few answers are shown by longer periods."""
    whole, shown, longer = trend(history), trend(history), {"day": ("week", 14), "week": ("month", 60)}
    while sum(row["score"] is None for row in shown["rows"]) * 2 > len(shown["rows"]) and shown["by"] in longer:
        period, days = longer[shown["by"]]
        if history.length < days:
            break
        shown = trend(history, period)
    differences, steps = segments(history), coverage(history)
    real = sorted((row for row in differences["rows"] if row["real"]), key=lambda row: row["p"])
    unhappy = revenue["rows"][-1]
    money = ("category", "customers", "recurring_minor", "with_amount", "without_amount", "share")
    row = ("value", "days", "n", "score", "low", "high", "few", "change", "real")
    change = ("value", "days", "n", "score", "low", "high", "change", "p")
    difference = ("dimension", "value", "n", "score", "low", "high", "difference", "p")
    changed = [only(change, one) for one in shown["rows"] if one["real"]]
    return {
        "by": shown["by"],
        "rows": [only(row, one) for one in shown["rows"]],
        "total": {name: value for name, value in whole["total"].items() if name != "ratings"},
        "before": {"first": str(history.before.first), "last": str(history.before.last)},
        "ratings": whole["total"]["ratings"],
        "changes": {"rows": changed[:20], "more": max(0, len(changed) - 20), "comparisons": shown["comparisons"]},
        "differences": {
            "rows": [only(difference, one) for one in real[:20]],
            "more": max(0, len(real) - 20),
            "comparisons": differences["comparisons"],
        },
        "funnel": only(("rows", "skips", "waiting"), steps),
        "revenue": only(("currency", "customers", "without_amount", "without_rate", "unknown"), revenue)
        | {"rows": [only(money, one) for one in revenue["rows"]]}
        | {"at_risk": revenue["at_risk"] | {"without_amount": unhappy["without_amount"]}},
        "newest": [one.id for one in reversed(history.answers)][:8],
    }


def only(names: Sequence[str], row: Body) -> Body:
    return {name: row[name] for name in names}


# Segments


def segments(history: History) -> Body:
    """Each value of each dimension against all other answers; within a value those with answers enough."""
    rows = []
    for dimension in sorted(DIMENSIONS):
        parts = by(history.answers, lambda one, name=dimension: one.values[name])
        if parts.keys() <= {"unknown", "none"} or (history.where and dimension == history.where[0]):
            continue
        for name, mine in sorted(parts.items(), key=lambda item: (-len(item[1]), item[0])):
            if history.where and len(mine) < LEAST:
                continue
            rest = [one for one in history.answers if one.values[dimension] != name]
            rows.append({"dimension": dimension, "value": name} | scored(mine) | apart(mine, rest, "difference"))
    return {"rows": rows, "total": scored(history.answers), "comparisons": judged(rows)}


# Journey


def journey(history: History, steps: Sequence[tuple[str, Sequence[str], str]] = (), since: date | None = None) -> Body:
    """Each stage and touchpoint, its change and its cost; the dearest reasons; the feelings.

    `steps` are those of the operator with their touchpoints and owner; a version of the journey began on `since`.
    """
    now, then = history.answers, history.before.answers
    rows = []
    for stage in STAGES:
        inside = by((one for one in now if one.values["stage"] == stage), lambda one: one.touchpoint)
        places = ["", *sorted(inside, key=lambda name: (-len(inside[name]), name))]
        rows += [{"stage": stage, "touchpoint": name} | placed(now, then, at(stage, name)) for name in places]
    total = scored(now) | apart(now, then, "change")
    own = [
        {"step": name, "touchpoints": list(touchpoints), "owner": owner} | stepped(now, then, touchpoints)
        for name, touchpoints, owner in steps
    ]
    versions = list(versioned(history, steps, since)) if since else []
    inner = [step for version in versions for step in version["steps"]]
    return {
        "rows": rows,
        "total": total,
        "comparisons": judged([*rows, *own, *versions, *inner, total]),
        "pains": pains(now),
        "emotions": emotions(now),
        "steps": own,
        "versions": versions,
    }


def at(stage: str, touchpoint: str) -> Callable[[Fact], bool]:
    return lambda one: one.values["stage"] == stage and touchpoint in {"", one.touchpoint}


def placed(now: Sequence[Fact], then: Sequence[Fact], here: Callable[[Fact], bool]) -> Body:
    mine, earlier = [one for one in now if here(one)], [one for one in then if here(one)]
    cost = (100 * len(mine) - worth(mine)) / len(now) if mine else None
    return {"share": share(len(mine), len(now)), "cost": cost} | scored(mine) | apart(mine, earlier, "change")


def stepped(now: Sequence[Fact], then: Sequence[Fact], touchpoints: Sequence[str]) -> Body:
    found = placed(now, then, lambda one: one.touchpoint in touchpoints)
    return {name: value for name, value in found.items() if name != "cost"}


def versioned(history: History, steps: Sequence[tuple[str, Sequence[str], str]], since: date) -> Iterator[Body]:
    """The journey before that day and from it on, each compared with the one before."""
    earlier: list[Fact] = []
    for name, first, last in (("", history.first, since - DAY), ("New checkout", since, history.last)):
        mine = between(history, first, last)
        parts = [
            {"step": step} | only(("n", "score", "low", "high", "few", "change", "p"), stepped(mine, earlier, places))
            for step, places, _ in steps
        ]
        about = {"version": name, "first": str(first), "last": str(last), "steps": parts}
        yield about | scored(mine) | apart(mine, earlier, "change")
        earlier = mine


def pains(answers: Sequence[Fact]) -> list[Body]:
    """The points to 100 that are missing at each touchpoint for each reason; from the 21st on together."""
    cells = by(answers, lambda one: (one.values["stage"], one.touchpoint, one.reason))
    costs = {place: (100 * len(rows) - worth(rows)) / len(answers) for place, rows in cells.items()}
    order = sorted((place for place in costs if costs[place]), key=lambda place: (-costs[place], place))
    rest = order[MOST_PAINS:]
    found = [(place, len(cells[place]), costs[place]) for place in order[:MOST_PAINS]]
    if rest:
        merged = sum(len(cells[place]) for place in rest), sum(costs[place] for place in rest)
        found.append((("other", "other", "other"), *merged))
    return [
        dict(zip(("stage", "touchpoint", "reason"), place, strict=True))
        | {"emotion": EMOTIONS[place[2]][1], "n": n, "cost": cost}
        for place, n, cost in found
    ]


def emotions(answers: Sequence[Fact]) -> list[Body]:
    """How many named each reason, with the word for those who are content with it, and for those who are not."""
    stages = Counter(one.values["stage"] for one in answers)
    told = by(
        (one for one in answers if one.reason != "none"),
        lambda one: (one.values["stage"], one.reason, ("promoter", "passive", "detractor").index(one.standing)),
    )
    words = {place: (EMOTIONS[place[1]][0], "indifferent", EMOTIONS[place[1]][1])[place[2]] for place in told}
    return [
        {
            "stage": place[0],
            "reason": place[1],
            "category": ("promoter", "passive", "detractor")[place[2]],
            "emotion": words[place],
            "n": len(told[place]),
            "share": len(told[place]) / stages[place[0]],
        }
        for place in sorted(told, key=lambda place: (-len(told[place]), place))
    ]


# Drivers


def drivers(history: History) -> Body:
    """Each reason with what it adds to the score; the reasons of billing systems; what the score goes with."""
    answers = history.answers
    whole, n = worth(answers), len(answers)
    reasons = by(answers, lambda one: one.reason)
    rows = [
        {"reason": name, "share": len(mine) / n, "contribution": worth(mine) / n}
        | {"pull": worth(mine) / n - whole / n * len(mine) / n}
        | scored(mine)
        for name, mine in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    ends = Counter(one.reported for one in history.chosen if one.reported and history.holds(one.day))
    reported = [{"reason": name, "n": n, "share": n / ends.total()} for name, n in ends.most_common()]
    return {"rows": rows, "total": scored(answers), "reported": reported} | (
        {} if history.where else {"attributes": attributes(answers)}
    )


def attributes(answers: Sequence[Fact]) -> Body:
    """What each attribute adds to R2 of a linear model, over all orders (Lindeman, Merenda and Gold 1980)."""
    groups = columns(answers)
    wide = sum(map(len, groups.values()))
    if not wide or len(answers) < max(FEW, 10 * wide):
        return {"rows": None}
    names, n = list(groups), len(answers)
    subsets = [some for size in range(len(names) + 1) for some in combinations(names, size)]
    explained = {some: r2(answers, groups, some) for some in subsets}
    rows = []
    for name in names:
        part = 0.0
        for some in (some for some in subsets if name not in some):
            more = tuple(other for other in names if other in {*some, name})
            orders = factorial(len(some)) * factorial(len(names) - len(some) - 1)
            part += (explained[more] - explained[some]) * orders / factorial(len(names))
        rows.append({"dimension": name, "share": part, "by_chance": len(groups[name]) / (n - 1)})
    return {"rows": sorted(rows, key=lambda row: -row["share"]), "n": n, "r2": explained[tuple(names)]}


def columns(answers: Sequence[Fact]) -> dict[str, list[str]]:
    """The values of each attribute that are told apart: five at most, and never all, those with most answers."""
    found = {}
    for dimension in DIMENSIONS:
        counts = Counter(one.values[dimension] for one in answers)
        order = sorted(counts, key=lambda value: (-counts[value], value))
        if dimension not in {"reason", "stage"} and len(order) > 1:
            found[dimension] = order[:-1][:5]
    return found


def r2(answers: Sequence[Fact], groups: dict[str, list[str]], some: Sequence[str]) -> float:
    """The share of the differences between answers, in points, that goes with these attributes: least squares."""
    points = np.array([worth([one]) for one in answers], dtype=float)
    design = [[1.0, *(float(one.values[name] == value) for name in some for value in groups[name])] for one in answers]
    fitted = np.array(design) @ np.linalg.lstsq(np.array(design), points, rcond=None)[0]
    return float(1 - ((points - fitted) ** 2).sum() / ((points - points.mean()) ** 2).sum())


# Coverage


def coverage(history: History) -> Body:
    """The facts of these days on their way to an answer, whenever that came; and who answers."""
    facts = [one for one in history.chosen if history.holds(one.day)]
    asked = [one for one in facts if one.sent]
    replied = [one for one in asked if one.rating is not None]
    skips = Counter(one.skipped for one in facts if not one.sent and one.skipped)
    assert skips.keys() <= {"not_asked", "cooldown"}, "of others it has to be said where they are left out"
    eligible = len(facts) - skips["not_asked"]
    counts = (len(facts), eligible, eligible - skips["cooldown"], len(asked), len(asked), len(replied), len(replied))
    steps = ("facts", "eligible", "scheduled", "sent", "delivered", "opened", "answered")
    rows = [{"step": name, "count": n, "share": n / len(facts)} for name, n in zip(steps, counts, strict=True)]
    found = {
        "rows": rows,
        "skips": [{"reason": reason, "count": n} for reason, n in skips.most_common()],
        "waiting": len(facts) - len(asked) - skips.total(),
    }
    if history.where:
        return found | {"answered_by": None, "weighted": None}
    answered_by = [row for dimension in sorted(DIMENSIONS) if dimension != "reason" for row in rates(asked, dimension)]
    return found | {
        "answered_by": answered_by,
        "comparisons": judged(answered_by),
        "plain": scored(replied),
        "weighted": weighted(asked, replied),
    }


def rates(asked: Sequence[Fact], dimension: str) -> Iterator[Body]:
    """The response rate of each value of a dimension against that of all others."""
    replied = sum(one.rating is not None for one in asked)
    parts = by(asked, lambda one: one.values[dimension])
    for name, mine in sorted(parts.items(), key=lambda item: (-len(item[1]), item[0])):
        n, rest = sum(one.rating is not None for one in mine), len(asked) - len(mine)
        low, high = wilson(n, len(mine))
        few = min(len(mine), rest) < FEW
        yield {
            "dimension": dimension,
            "value": name,
            "invited": len(mine),
            "answered": n,
            "share_of_invited": len(mine) / len(asked),
            "share_of_answered": share(n, replied),
            "rate": n / len(mine),
            "low": low,
            "high": high,
            "difference": n / len(mine) - (replied - n) / rest if rest else None,
            "p": None if few else chance_of_shares((n, len(mine)), (replied - n, rest)),
        }


def weighted(asked: Sequence[Fact], replied: Sequence[Fact]) -> Body:
    """The score if those who answered were like those asked: raked by three dimensions, person by person."""
    strata = ("touchpoint", "plan", "country")
    cells = Counter(tuple(one.values[name] for name in strata) for one in replied)
    everywhere = {tuple(one.values[name] for name in strata) for one in asked}
    assert len(replied) >= LEAST
    assert min(cells[cell] for cell in everywhere) < 20, "else it is weighted cell by cell"
    alone = {name: {v for v, n in Counter(o.values[name] for o in replied).items() if n >= 20} for name in strata}

    def named(one: Fact, name: str) -> str:
        return one.values[name] if one.values[name] in alone[name] else "all others"

    wanted = {name: Counter(named(one, name) for one in asked) for name in strata}
    heard = {name: {named(one, name) for one in replied} for name in strata}
    weights = np.ones(len(replied))
    for _ in range(500):
        for name in strata:
            reached = sum(wanted[name][value] for value in heard[name])
            for value in heard[name]:
                mine = np.array([named(one, name) == value for one in replied])
                weights[mine] *= wanted[name][value] / reached * weights.sum() / weights[mine].sum()
    weights = weights / weights.mean()
    trimmed = int((weights > 5).sum())
    weights = np.minimum(weights, 5)
    kinds: Any = np.array([one.standing for one in replied])
    n_eff = float(weights.sum() ** 2 / (weights**2).sum())
    liked, disliked = (
        n_eff * float(weights[kinds == kind].sum() / weights.sum()) for kind in ("promoter", "detractor")
    )
    low, high = interval(liked, disliked, n_eff)
    unheard = max(sum(n for value, n in wanted[name].items() if value not in heard[name]) for name in strata)
    found = {"score": 100 * (liked - disliked) / n_eff, "low": low, "high": high, "n_eff": n_eff}
    return found | {"by": "raking", "strata": list(strata), "trimmed": trimmed, "unheard": unheard}
