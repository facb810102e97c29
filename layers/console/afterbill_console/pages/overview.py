"""The overview: how it stands, what really changed, and what just came in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from afterbill.insight.periods import month_after
from afterbill.model.errors import UnreadableError
from afterbill.model.questions import SCALES, Category, Question
from afterbill_console.behind import answers_of
from afterbill_console.beside import body, refresh
from afterbill_console.charts import Chart
from afterbill_console.charts.bars import Share
from afterbill_console.charts.distribution import NET, OTHER, distribution
from afterbill_console.charts.funnel import funnel
from afterbill_console.charts.scores import NET as LOWEST_NET
from afterbill_console.charts.scores import SHARE as LOWEST_SHARE
from afterbill_console.charts.trend import TrendPoint, trend
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import Figures, figures
from afterbill_console.links import answers_link
from afterbill_console.names import value, what
from afterbill_console.roles import Right
from afterbill_console.shorten import shortened
from afterbill_console.visit import Content, Shown, Visit

MOST_NEWEST, LONGEST_COMMENT = 5, 240
MOST_SHOWN = 6
"""Real changes that stand on the page; the pages behind have the others."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Newest:
    """One of the newest answers: without the person who gave it."""

    id: str
    rating: int
    category: Category
    touchpoint: str
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Real:
    """A real change or difference: of what, by how much, and its answers."""

    name: str
    row: Row
    by: float
    kind: str
    answers: str | None


@dataclass(frozen=True, slots=True)
class Band:
    """The answers of one category: their share, and the way to them."""

    category: str
    name: str
    rating: str
    count: int
    share: float
    answers: str | None


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page: beside the session it reads one document and, for those who may see them, the newest answers."""
    report = figures(visit, deps, "overview")
    said = body(report)
    if said is None:
        return Content("overview.html", {"report": report, "said": None}, refresh=refresh(report))
    return Content(
        "overview.html",
        {
            "report": report,
            "said": said,
            "total": said["total"],
            "chart": _trend(visit, said),
            "distribution": _distribution(visit, said),
            "bands": _bands(visit, said),
            "funnel": _funnel(visit, said),
            "skips": _skips(said),
            "real": _real(visit, said)[:MOST_SHOWN],
            "real_more": max(0, sum(_found(said).values()) - MOST_SHOWN),
            "found": " · ".join(
                visit.t(f"overview.real_{name}", n=n, count=visit.numbers.count(n))
                for name, n in _found(said).items()
                if n
            ),
            "comparisons": sum((said[name] or {}).get("comparisons", 0) for name in ("changes", "differences")),
            "revenue": said["revenue"],
            "revenue_at": _older(said),
            "newest": _newest(visit, deps, report, said),
            "highest": SCALES[visit.filters.question].highest,
            "answers": answers_link(visit),
            "unhappy": answers_link(visit, _ratings(visit.filters.question, Category.DETRACTOR)),
        },
    )


def _net(visit: Visit) -> bool:
    return visit.filters.question is Question.NPS


def _trend(visit: Visit, said: Row) -> Chart:
    points = [
        TrendPoint(
            label=_label(visit, said["by"], row["value"]),
            n=row["n"],
            score=row["score"],
            low=row["low"],
            high=row["high"],
            real=row["real"],
            few=row["few"],
            link=_answers_of_days(visit, row),
        )
        for row in said["rows"]
    ]
    lowest = LOWEST_NET if _net(visit) else LOWEST_SHARE
    return trend(points, _finding(visit, said), visit.t, visit.numbers, lowest=lowest)


def _label(visit: Visit, by: str, day: str) -> str:
    return visit.numbers.short_month(day) if by == "month" else visit.numbers.short_day(day)


def _answers_of_days(visit: Visit, row: Row) -> str | None:
    last = date.fromisoformat(row["value"]) + timedelta(days=row["days"] - 1)
    return answers_link(visit, **{"from": row["value"], "to": last.isoformat()}) if row["n"] else None


def _finding(visit: Visit, said: Row) -> str:
    """Return the title of the trend: whether the score changed, against the days that it is compared with."""
    t, total = visit.t, said["total"]
    change = total["change"]
    if total["score"] is None:
        return t("overview.finding_no_score")
    if change is None or total["p"] is None:
        return t("overview.finding_nothing_before")
    days = visit.numbers.days(said["before"]["first"], said["before"]["last"])
    if not total["real"]:
        return t("overview.finding_same", days=days)
    return t(
        f"overview.finding_{'up' if change > 0 else 'down'}",
        n=abs(round(change)),
        by=visit.numbers.score(abs(change)),
        days=days,
    )


def _distribution(visit: Visit, said: Row) -> Chart | None:
    if not said["ratings"] or not sum(said["ratings"]):
        return None
    bands = {band.category: visit.numbers.share(band.share) for band in _bands(visit, said)}
    high, _, low = bands.values()
    name = "net" if _net(visit) else "share"
    score = visit.numbers.score(said["total"]["score"])
    title = visit.t(f"overview.distribution_{name}", high=high, low=low, score=score)
    scale = SCALES[visit.filters.question]
    return distribution(said["ratings"], title, visit.t, visit.numbers, scale=scale)


def _bands(visit: Visit, said: Row) -> list[Band]:
    """Return the three groups, promoters first, of the answers of the window."""
    question, ratings = visit.filters.question, said["ratings"] or []
    scale, n = SCALES[question], sum(ratings)
    found = []
    for category in Category if n else ():
        own = [rating for rating in scale.ratings if scale.category(rating) is category]
        name = category.value if scale == NET else OTHER[category]
        count = sum(ratings[rating] for rating in own)
        spelled = _ratings(question, category)
        link = answers_link(visit, spelled) if count else None
        found.append(Band(category.value, visit.t(f"words.category_{name}"), spelled, count, count / n, link))
    return found


def _ratings(question: Question, category: Category) -> str:
    """Return the ratings of a category as the feed takes them: `0-6`."""
    own = [rating for rating in SCALES[question].ratings if SCALES[question].category(rating) is category]
    return f"{own[0]}-{own[-1]}" if len(own) > 1 else str(own[0])


def _funnel(visit: Visit, said: Row) -> Chart | None:
    if not said["funnel"] or not said["funnel"]["rows"][0]["count"]:
        return None
    t, numbers = visit.t, visit.numbers
    steps = {row["step"]: row for row in said["funnel"]["rows"]}
    rows = [
        Share(
            t(f"words.step_{name}"),
            row["share"],
            t("overview.step", count=numbers.count(row["count"]), share=numbers.share(row["share"])),
        )
        for name, row in steps.items()
    ]
    sent, answered = steps["sent"]["count"], steps["answered"]["count"]
    rate = numbers.share(answered / sent if sent else None)
    title = t("overview.funnel", n=sent, sent=numbers.count(sent), answered=numbers.count(answered), rate=rate)
    return funnel(rows, title, t, numbers)


def _skips(said: Row) -> Sequence[Row]:
    """Return the most frequent reasons for not asking."""
    skips: Sequence[Row] = (said["funnel"] or {}).get("skips", [])
    return skips[:3]


def _found(said: Row) -> Mapping[str, int]:
    """Return how many real changes and differences there are, listed or not."""
    parts = {name: said[name] for name in ("changes", "differences")}
    found = {name: len(part["rows"]) + part["more"] if part else 0 for name, part in parts.items()}
    return {**found, "changes": found["changes"] + said["total"]["real"]}


def _real(visit: Visit, said: Row) -> list[Real]:
    """Return what really changed, of the window and then the newest, and what really differs, the clearest first."""
    total = said["total"]
    days = visit.numbers.days(visit.filters.window.first, visit.filters.window.last)
    whole = [Real(days, total, total["change"], "change", answers_link(visit))] if total["real"] else []
    changes = [
        Real(_period(visit, said["by"], row), row, row["change"], "change", _answers_of_days(visit, row))
        for row in reversed((said["changes"] or {}).get("rows", []))
    ]
    differences = [
        Real(
            what(visit.t, row["dimension"], row["value"]),
            row,
            row["difference"],
            "difference",
            answers_of(visit, row["dimension"], row["value"]),
        )
        for row in (said["differences"] or {}).get("rows", [])
    ]
    return whole + changes + differences


def _period(visit: Visit, by: str, row: Row) -> str:
    day = date.fromisoformat(row["value"])
    if by == "month" and day.day == 1 and row["days"] == (month_after(day) - day).days:
        return visit.numbers.month(day)
    return visit.numbers.days(day, day + timedelta(days=row["days"] - 1))


def _older(said: Row) -> str | None:
    """Return when the revenue was computed, where that was before the rest: at night, and not every hour."""
    at = said.get("parts", {}).get("revenue")
    return at if at and at < said["computed_at"] else None


def _newest(visit: Visit, deps: ConsoleDeps, report: Figures, said: Row) -> list[Newest] | None:
    """Return the newest answers in one read; None where they are not for this operator, or would be a fourth read.

    A document that was computed for this filter was looked for at its usual place first.
    """
    asked = visit.filters.request("overview", deps.rules)
    second = bool(asked.stored_place) and "parts" not in report.document
    if not visit.may(Right.COMMENTS) or second:
        return None
    ids = said["newest"]
    part = deps.people.answers.read(ids) if ids else None
    found = (part.answers.get(id_) for id_ in ids) if part else ()
    shown = []
    for one in found:
        if one is None or isinstance(one, UnreadableError) or one.response.answer is None:
            continue
        response, answer = one.response, one.response.answer
        if part and response.customer_id in part.restricted:
            continue
        category = SCALES[visit.filters.question].category(answer.rating)
        touchpoint = value(visit.t, "touchpoint", str(response.touchpoint))
        comment = shortened(answer.comment, LONGEST_COMMENT)
        at = response.answered_at or visit.now
        shown.append(Newest(response.id, answer.rating, category, touchpoint, comment, at))
    return shown[:MOST_NEWEST]
