"""The journey: five stages with their touchpoints, what people feel there, what costs most, and what is planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afterbill_console.behind import answers_of
from afterbill_console.beside import Rates, Row, body, lowest, rates, refresh
from afterbill_console.charts import Chart, bars, intervals
from afterbill_console.charts.ribbon import Stop, Stretch, ribbon
from afterbill_console.deps import ConsoleDeps
from afterbill_console.figures import figures
from afterbill_console.links import answers_link
from afterbill_console.names import value
from afterbill_console.visit import Content, Shown, Visit

MOST_PAINS, MOST_EMOTIONS, MOST_NOTES = 12, 5, 5
"""Lengths of the lists of pain points of a page, of the emotions of a stage, and of the notes of a step."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stage or a touchpoint; `within` leads to this page for it alone, `answers` to its answers."""

    name: str
    row: Row
    rate: float | None
    within: str
    answers: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: its touchpoints, what people feel there, and, where nobody answered, who could be asked."""

    place: Place
    touchpoints: Sequence[Place] = ()
    emotions: Sequence[Row] = ()
    invited: int = 0
    possible: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the operator's own journey; `late` are measures whose day is over."""

    row: Row
    touchpoints: Sequence[str]
    notes: Sequence[Row] = field(default=())
    left_out: int = 0
    late: frozenset[str] = frozenset()


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page."""
    report = figures(visit, deps, "journey")
    beside = rates(visit, deps, report)
    said = body(report)
    stages = _stages(visit, deps, said, beside) if said else []
    return Content(
        "journey.html",
        {
            "report": report,
            "said": said,
            "rate": beside.all,
            "asked_known": beside.known,
            "stages": stages,
            "ribbon": _ribbon(visit, stages) if said and said["total"]["n"] else None,
            "pains": _pains(visit, said) if said and said["pains"] else None,
            "steps": [_step(visit, row) for row in said["steps"]] if said else [],
            "versions": _versions(visit, said["versions"]) if said else None,
        },
        refresh=refresh(report),
    )


def _stages(visit: Visit, deps: ConsoleDeps, said: Row, beside: Rates) -> list[Stage]:
    names = [row["stage"] for row in said["rows"] if not row["touchpoint"]]
    return [
        Stage(
            _place(
                visit,
                "stage",
                name,
                next(row for row in said["rows"] if _is(row, name) and not row["touchpoint"]),
                beside,
            ),
            [
                _place(visit, "touchpoint", row["touchpoint"], row, beside)
                for row in said["rows"]
                if _is(row, name) and row["touchpoint"]
            ],
            [one for one in said["emotions"] if _is(one, name)][:MOST_EMOTIONS],
            beside.invited("stage", name),
            [value(visit.t, "touchpoint", one) for one in deps.rules.stages.get(name, ())],
        )
        for name in names
    ]


def _is(row: Row, stage: str) -> bool:
    return bool(row["stage"] == stage)


def _place(visit: Visit, dimension: str, name: str, row: Row, beside: Rates) -> Place:
    within = visit.filters.within(dimension, name).link("/app/journey")
    return Place(
        value(visit.t, dimension, name), row, beside.of(dimension, name), within, answers_of(visit, dimension, name)
    )


def _ribbon(visit: Visit, stages: Sequence[Stage]) -> Chart:
    scored = [stage for stage in stages if stage.place.row["score"] is not None]
    title = visit.t("journey.finding_none")
    if scored:
        worst = max(scored, key=lambda stage: stage.place.row["cost"] or 0)
        cost = worst.place.row["cost"] or 0
        title = visit.t(
            "journey.finding", stage=worst.place.name, points=visit.numbers.decimal(cost, 0), **_short_of(visit, stages)
        )
    stretches = [Stretch(_stop(stage.place), [_stop(one) for one in stage.touchpoints]) for stage in stages]
    return ribbon(stretches, title, visit.t, visit.numbers, lowest=lowest(visit))


def _short_of(visit: Visit, stages: Sequence[Stage]) -> Mapping[str, str]:
    return {"all": visit.numbers.decimal(sum(stage.place.row["cost"] or 0 for stage in stages), 0)}


def _stop(place: Place) -> Stop:
    row = place.row
    return Stop(
        place.name,
        row["n"],
        row["share"] or 0.0,
        row["score"],
        row["low"],
        row["high"],
        row["few"],
        place.answers or place.within,
    )


def _pains(visit: Visit, said: Row) -> Chart:
    """Return what costs points, the dearest first, as parts of all that is missing to 100, with their answers."""
    listed = [one for one in said["pains"] if one["touchpoint"] != "other"][:MOST_PAINS]
    whole = sum(one["cost"] for one in said["pains"])
    rest = whole - sum(one["cost"] for one in listed)
    shares = [
        bars.Share(
            f"{value(visit.t, 'touchpoint', one['touchpoint'])}: {value(visit.t, 'reason', one['reason'])}",
            one["cost"] / whole,
            visit.t(
                "journey.pain",
                points=visit.numbers.decimal(one["cost"]),
                n=one["n"],
                count=visit.numbers.count(one["n"]),
            ),
            _behind_pain(visit, one),
        )
        for one in listed
    ]
    if rest > 0.05:  # noqa: PLR2004  # what would be written as 0.0
        points = visit.t("journey.points", points=visit.numbers.decimal(rest))
        shares.append(bars.Share(visit.t("journey.pain_rest"), rest / whole, points))
    dearest = listed[0]
    title = visit.t(
        "journey.finding_pain",
        touchpoint=value(visit.t, "touchpoint", dearest["touchpoint"]),
        reason=value(visit.t, "reason", dearest["reason"]),
        points=visit.numbers.decimal(dearest["cost"]),
    )
    return bars.shares(shares, title, visit.t, visit.numbers)


def _behind_pain(visit: Visit, one: Row) -> str | None:
    return answers_link(visit, touchpoint=one["touchpoint"], reason=one["reason"])


def _step(visit: Visit, row: Row) -> Step:
    late = {one["text"] for one in row["measures"] if one["due"] and one["due"] < str(visit.today)}
    touchpoints = [value(visit.t, "touchpoint", name) for name in row["touchpoints"]]
    notes = sorted(row["notes"], key=lambda note: str(note["on"]), reverse=True)
    return Step(row, touchpoints, notes[:MOST_NOTES], max(0, len(notes) - MOST_NOTES), frozenset(late))


def _versions(visit: Visit, versions: Sequence[Row]) -> Mapping[str, Any] | None:
    """Return the versions of the journey beside each other: a chart of all, and a row for each step."""
    if not versions:
        return None
    named = [(one, one["version"] or visit.t("journey.version_first")) for one in versions]
    last = versions[-1]
    title = visit.t("journey.finding_version_none")
    if last["real"]:
        rose = "up" if last["change"] > 0 else "down"
        points = int(float(abs(last["change"])) + 0.5)
        title = visit.t(
            f"journey.finding_version_{rose}", version=named[-1][1], n=points, points=visit.numbers.score(points)
        )
    rows = [
        intervals.Interval(
            name, one["n"], one["score"], one["low"], one["high"], one["real"], one["few"], note=_days(visit, one)
        )
        for one, name in named
    ]
    steps = [step["step"] for step in last["steps"]]
    return {
        "chart": intervals.intervals(rows, title, visit.t, visit.numbers, lowest=lowest(visit)),
        "names": [(name, _days(visit, one)) for one, name in named],
        "steps": [(step, [one["steps"][place] for one in versions]) for place, step in enumerate(steps)],
    }


def _days(visit: Visit, one: Row) -> str:
    return visit.t("journey.days", first=visit.numbers.day(one["first"]), last=visit.numbers.day(one["last"]))
