"""The journey as the operator sees it: [journey] of surveys.toml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Note:
    """A finding about a step, from where (an interview, a ticket), and when."""

    text: str
    source: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A plan for a step, by whom, and until when."""

    text: str
    owner: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the journey: the answers of its touchpoints are its answers. No touchpoint is in two steps."""

    name: str
    touchpoints: tuple[str, ...]
    owner: str = ""
    notes: tuple[Note, ...] = ()
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """The journey as it was from `first` to `last`, both included; None where it has no beginning or no end."""

    name: str
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class JourneyPlan:
    """The steps in the order in which customers take them, and the versions from the oldest on.

    The first version is the journey before any other, and has no name. There are none without a change.
    """

    steps: tuple[Step, ...]
    versions: tuple[Version, ...] = ()


def journey_plan(table: Mapping[str, Any], stages: Mapping[str, Sequence[str]]) -> JourneyPlan:
    """Return the plan of `ReportRules.journey` and `.stages`; without steps of its own it has one for each stage.

    A step with a `stage` has those of its touchpoints that no other step names.
    """
    listed = table.get("steps") or [{"name": stage, "stage": stage} for stage in stages]
    named = {name for step in listed for name in step.get("touchpoints", ())}
    steps = (
        _step(step, [name for name in stages.get(step.get("stage", ""), ()) if name not in named]) for step in listed
    )
    return JourneyPlan(tuple(steps), tuple(_versions(table.get("versions", ()))))


def _step(step: Mapping[str, Any], of_stage: Sequence[str]) -> Step:
    return Step(
        step["name"],
        (*of_stage, *step.get("touchpoints", ())),
        step.get("owner", ""),
        tuple(Note(note["text"], note.get("source", ""), note.get("date")) for note in step.get("notes", ())),
        tuple(Measure(**measure) for measure in step.get("measures", ())),
    )


def _versions(listed: Sequence[Mapping[str, Any]]) -> Sequence[Version]:
    changes = sorted(listed, key=lambda version: version["since"])
    if not changes:
        return ()
    names = ["", *(version["name"] for version in changes)]
    firsts = [None, *(version["since"] for version in changes)]
    lasts = [*(version["since"] - _DAY for version in changes), None]
    return [Version(*one) for one in zip(names, firsts, lasts, strict=True)]
