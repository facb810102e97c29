"""The journey: at which stage and touchpoint it hurts, for which reasons, and how many points of the score it costs."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from afterbill.insight.nps import Tally
from afterbill.insight.periods import Window
from afterbill.insight.reports.asked import EVERYTHING, Asked, Body, Engine, ReportRules, Scope
from afterbill.insight.tally import NONE, OTHER
from afterbill.model.questions import SCALES, Category, Question
from afterbill_reports.reports import sql
from afterbill_reports.reports.emotions import emotion
from afterbill_reports.reports.journey_plan import Step, Version, journey_plan
from afterbill_reports.reports.rows import changed, judged, share, tally_of, total
from afterbill_reports.statistics.decomposition import costs, rounded

STAGES = ("awareness", "consideration", "purchase", "support", "loyalty")
"""The stages in the order in which customers come to them; all have a row, with or without answers."""

MOST_PAINS = 20
"""Pain points that are listed by name; those that cost less are taken together as the last one."""

KEYS = ("stage", "touchpoint", "reason")
BY = tuple(name for name in sql.COLUMNS if name not in KEYS)

CELLS = f"""{sql.FACTS}
SELECT {sql.scopes(BY)}, stage, touchpoint, reason, {sql.COUNTS}
FROM answers {sql.grouped(*KEYS, by=BY)}
"""  # noqa: S608  # nothing but constants

STATEMENTS = (CELLS,)


class Place(NamedTuple):
    """The place in the journey at which an answer was given, and the reason that was chosen."""

    stage: str
    touchpoint: str
    reason: str


Cells = Mapping[Place, Tally]


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return each stage and each touchpoint with its score, its share and the points that it costs.

    Costs sum to 100 - score, by stage, by touchpoint and over the `pains`. Changes are from the window before.
    `steps` and `versions` are those of the operator's journey.
    """
    plan = journey_plan(rules.journey, rules.stages)
    now = _read(engine, asked, rules, asked.window)
    before = _read(engine, asked, rules, asked.before)
    versions = [
        (version, window, _read(engine, asked, rules, window))
        for version in plan.versions
        if (window := within(version, asked.window))
    ]
    counts = {scope: total(cells.values()).n for scope, cells in now.items()}
    steps = plan.steps if rules.journey.get("steps") else ()
    return {
        scope: _body(
            asked.question,
            now.get(scope, {}),
            before.get(scope, {}),
            steps,
            [(version, window, cells.get(scope, {})) for version, window, cells in versions],
        )
        for scope in sql.stored(counts, asked)
    }


def within(version: Version, window: Window) -> Window | None:
    """Return the days of the window in which the version held; None where there are none."""
    first, last = max(version.first or date.min, window.first), min(version.last or date.max, window.last)
    return Window(version.name, first, last) if first <= last else None


def _read(engine: Engine, asked: Asked, rules: ReportRules, window: Window) -> Mapping[Scope, Cells]:
    """Return the cells of every scope; those of a stage, a touchpoint or a reason are some of all cells."""
    found: dict[Scope, dict[Place, Tally]] = defaultdict(dict)
    rows = engine.rows(CELLS, sql.parameters(asked, rules, window))
    for scope, (stage, touchpoint, reason, *counts) in sql.by_scope(rows, rules, BY):
        place, tally = Place(stage, touchpoint, reason), tally_of(counts)
        found[scope][place] = tally
        if scope == EVERYTHING:
            for own in zip(KEYS, place, strict=True):
                found[own][place] = tally
    return found


def _body(
    question: Question,
    now: Cells,
    before: Cells,
    steps: Sequence[Step],
    versions: Sequence[tuple[Version, Window, Cells]],
) -> Body:
    rows = _places(question, now, before)
    own_steps = [_step(question, step, now, before) for step in steps]
    compared = _versions(question, steps, versions)
    whole = changed(question, total(now.values()), total(before.values()))
    families = [*rows, *own_steps, *compared, *(step for version in compared for step in version["steps"]), whole]
    return {
        "rows": rows,
        "total": whole,
        "comparisons": judged(families),
        "pains": _pains(question, now),
        "emotions": _emotions(question, now),
        "steps": own_steps,
        "versions": compared,
    }


def _places(question: Question, now: Cells, before: Cells) -> list[dict[str, Any]]:
    """Return a row for each stage, followed by those of its touchpoints, those with most answers first."""
    stages, earlier = (_summed(cells, lambda place: (place.stage, "")) for cells in (now, before))
    touchpoints = _summed(now, lambda place: (place.stage, place.touchpoint))
    earlier |= _summed(before, lambda place: (place.stage, place.touchpoint))
    points = {**rounded(costs(question, stages)), **rounded(costs(question, touchpoints))}
    everything = stages | touchpoints
    n = total(stages.values()).n
    names = (*STAGES, *sorted({stage for stage, _ in stages} - set(STAGES)))
    inside = sorted(touchpoints, key=lambda key: (-touchpoints[key].n, key))
    order = [key for name in names for key in ((name, ""), *(one for one in inside if one[0] == name))]
    return [
        {
            "stage": key[0],
            "touchpoint": key[1],
            "share": share(everything.get(key, Tally()).n, n),
            "cost": points.get(key),
            **changed(question, everything.get(key, Tally()), earlier.get(key, Tally())),
        }
        for key in order
    ]


def _step(question: Question, step: Step, now: Cells, before: Cells) -> dict[str, Any]:
    tally = _of_step(step, now)
    return {
        "step": step.name,
        "touchpoints": list(step.touchpoints),
        "owner": step.owner,
        "share": share(tally.n, total(now.values()).n),
        **changed(question, tally, _of_step(step, before)),
        "notes": [{**asdict(note), "on": str(note.on or "")} for note in step.notes],
        "measures": [{**asdict(measure), "due": str(measure.due or "")} for measure in step.measures],
    }


def _versions(
    question: Question, steps: Sequence[Step], versions: Sequence[tuple[Version, Window, Cells]]
) -> list[dict[str, Any]]:
    """Return each version of the journey within the window, compared with the one before, in all and by step."""
    nothing: Cells = {}
    pairs = pairwise([nothing, *(cells for _, _, cells in versions)])
    return [
        {
            "version": version.name,
            "first": str(window.first),
            "last": str(window.last),
            **changed(question, total(cells.values()), total(before.values())),
            "steps": [
                {"step": step.name, **changed(question, _of_step(step, cells), _of_step(step, before))}
                for step in steps
            ],
        }
        for (version, window, _), (before, cells) in zip(versions, pairs, strict=True)
    ]


def _of_step(step: Step, cells: Cells) -> Tally:
    return total(tally for place, tally in cells.items() if place.touchpoint in step.touchpoints)


def _pains(question: Question, now: Cells) -> list[dict[str, Any]]:
    """Return what costs points, the dearest first; favourable answers cost nothing."""
    exact = {place: points for place, points in costs(question, now).items() if points}
    order = sorted(exact, key=lambda place: (-exact[place], place))
    last = Place(OTHER, OTHER, OTHER)
    merged = {place: exact[place] for place in order[:MOST_PAINS]}
    if rest := order[MOST_PAINS:]:
        merged[last] = sum((exact[place] for place in rest), start=0 * exact[rest[0]])
    numbers = {place: now[place].n for place in merged if place != last} | {last: sum(now[place].n for place in rest)}
    return [
        {
            **place._asdict(),
            "emotion": emotion(place.reason, Category.DETRACTOR),
            "n": numbers[place],
            "cost": cost,
        }
        for place, cost in rounded(merged).items()
    ]


def _emotions(question: Question, now: Cells) -> list[dict[str, Any]]:
    """Return how often each reason was chosen, with its word for those who were content and those who were not."""
    scale = SCALES[question]
    stages = {stage: tally.n for stage, tally in _summed(now, lambda place: place.stage).items()}
    rows = []
    for (stage, reason), tally in sorted(_summed(now, lambda place: (place.stage, place.reason)).items()):
        good, bad = tally.favourable(scale), tally.unfavourable(scale)
        counted = {Category.PROMOTER: good, Category.PASSIVE: tally.n - good - bad, Category.DETRACTOR: bad}
        rows += [
            {
                "stage": stage,
                "reason": reason,
                "category": category.value,
                "emotion": emotion(reason, category),
                "n": n,
                "share": share(n, stages[stage]),
            }
            for category, n in counted.items()
            if n and reason != NONE
        ]
    return sorted(rows, key=lambda row: -row["n"])


def _summed(cells: Cells, key: Callable[[Place], Any]) -> dict[Any, Tally]:
    found: dict[Any, list[Tally]] = defaultdict(list)
    for place, tally in cells.items():
        found[key(place)].append(tally)
    return {name: total(tallies) for name, tallies in found.items()}
