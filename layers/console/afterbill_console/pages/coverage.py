"""Coverage: from facts to answers, who is silent, and the score as it would be if everybody had answered alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from afterbill_console.behind import answers_of
from afterbill_console.beside import Row, body, lowest, refresh
from afterbill_console.charts import Chart, bars, funnel, intervals
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures
from afterbill_console.links import answers_link
from afterbill_console.names import dimension, value, what, why
from afterbill_console.pages.segments import ranked
from afterbill_console.visit import Content, Shown, Visit

MOST_SHOWN = 40
"""Rows of the table of who answered."""


@dataclass(frozen=True, slots=True)
class Line:
    """A value, how many of it were asked, and how many answered; `within` leads to this page for it alone."""

    row: Row
    dimension: str
    value: str
    within: str
    answers: str | None


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page."""
    report = figures(visit, deps, "coverage")
    said = body(report)
    answered_by = ranked([{**row, "n": row["invited"]} for row in (said or {}).get("answered_by") or ()])
    facts = said["rows"][0]["count"] if said else 0
    return Content(
        "coverage.html",
        {
            "report": report,
            "said": said,
            "facts": facts,
            "funnel": _funnel(visit, said) if said and facts else None,
            "skips": _skips(visit, said) if said and said["skips"] else None,
            "finding": _silent(visit, answered_by),
            "lines": [_line(visit, row) for row in answered_by[:MOST_SHOWN]],
            "left_out": max(0, len(answered_by) - MOST_SHOWN),
            "why": why(visit.t, said.get("weighted") or said) or visit.t("words.why_no_weights") if said else "",
            "scores": _scores(visit, said) if said and "plain" in said else None,
        },
        refresh=refresh(report),
    )


def _funnel(visit: Visit, said: Row) -> Chart:
    steps = [
        bars.Share(
            visit.t(f"words.step_{row['step']}"),
            row["share"],
            f"{visit.numbers.count(row['count'])} · {visit.numbers.share(row['share'])}",
            answers_link(visit) if row["step"] == "answered" else None,
        )
        for row in said["rows"]
    ]
    counted = {row["step"]: row["count"] for row in said["rows"]}
    title = visit.t("coverage.finding_nobody_asked")
    if counted["sent"]:
        rate = visit.numbers.share(counted["answered"] / counted["sent"])
        title = visit.t("coverage.finding", n=counted["sent"], sent=visit.numbers.count(counted["sent"]), rate=rate)
    return funnel.funnel(steps, title, visit.t, visit.numbers)


def _skips(visit: Visit, said: Row) -> Chart:
    everything = sum(one["count"] for one in said["skips"])
    named = [(visit.t.maybe(f"words.skip_{one['reason']}", one["reason"]), one["count"]) for one in said["skips"]]
    shares = [
        bars.Share(name, n / everything, f"{visit.numbers.count(n)} · {visit.numbers.share(n / everything)}")
        for name, n in named
    ]
    title = visit.t("coverage.finding_skip", reason=named[0][0], share=visit.numbers.share(named[0][1] / everything))
    return bars.shares(shares, title, visit.t, visit.numbers)


def _silent(visit: Visit, rows: Sequence[Row]) -> str:
    """Return who really answers less, or more, than the rest."""
    real = next((row for row in rows if row["real"]), None)
    if real is None:
        return visit.t("coverage.finding_alike")
    direction = "more" if real["difference"] > 0 else "less"
    return visit.t(
        f"coverage.finding_{direction}",
        what=what(visit.t, real["dimension"], real["value"]),
        rate=visit.numbers.share(real["rate"]),
        rest=visit.numbers.share(real["rate"] - real["difference"]),
    )


def _line(visit: Visit, row: Row) -> Line:
    name, text = row["dimension"], row["value"]
    within = visit.filters.within(name, text).link("/app/coverage")
    return Line(row, dimension(visit.t, name), value(visit.t, name, text), within, answers_of(visit, name, text))


def _scores(visit: Visit, said: Row) -> Chart | None:
    """Return the weighted score beside the plain one; None where one of them cannot be said."""
    plain, weighted = said["plain"], said["weighted"]
    if plain["score"] is None or weighted["score"] is None:
        return None
    n_eff = visit.t("coverage.n_eff", n=visit.numbers.count(weighted["n_eff"]))
    rows = [
        _interval(visit.t("coverage.plain"), plain, plain["n"], few=plain["few"]),
        _interval(visit.t("coverage.weighted"), weighted, plain["n"], few=plain["few"], note=n_eff),
    ]
    scores = {"plain": visit.numbers.score(plain["score"]), "weighted": visit.numbers.score(weighted["score"])}
    same = "same" if scores["plain"] == scores["weighted"] else "apart"
    return intervals.intervals(
        rows, visit.t(f"coverage.finding_{same}", **scores), visit.t, visit.numbers, lowest=lowest(visit)
    )


def _interval(label: str, row: Row, n: int, *, few: bool, note: str = "") -> intervals.Interval:
    return intervals.Interval(label, n, row["score"], row["low"], row["high"], real=False, few=few, note=note)
