"""AWS calls per invocation and write units per survey, counted while one travels through the real handlers."""

from collections import Counter
from collections.abc import Sequence

from benchmarks.acting import travel_acting
from benchmarks.archiving import ARCHIVING, SURVEYS_A_DAY, marks_a_day
from benchmarks.journey import Stage, Way, travel
from benchmarks.table import Row

_MOST_CALLS = {
    "receive": 1,
    "capture": 4,
    "send": 8,
    "page": 1,
    "tap": 1,
    "answer": 1,
    "event answered": 4,
    "action looked at": 6,
    "action drained": 14,
}
"""Of the calls of send three are made once a minute: for the halt, the gates, and the ledger of restored tables."""
_MOST_UNITS = 20
"""Whichever way a survey is answered (docs/adr/0033)."""
_MOST_ARCHIVED = 2
"""The budget of the design on top: one unit in the index, and a share of marks."""
_SECRET = "GetSecretValue"  # noqa: S105  # an operation; asked once in five minutes, not once per invocation
_MARKS, _EVENTS = "change", "event"
_MOST_OF_EVENTS, _MOST_OF_AN_ACTION = 1, 4
"""Write units of an answer that no workflow acts on, beside its own; and of each action, beside the drain's lease."""


def rows() -> list[Row]:
    """Calls by stage, then units by way to the answer, of a customer known before and of one never seen."""
    ways, stranger = {way: travel(known=True, way=way) for way in Way}, travel(known=False)
    known, left = ways[Way.OPENED], ways[Way.LEFT]
    told, *acted = travel_acting()
    return [
        *(_calls(stage) for stage in ways[Way.TAPPED] if not stage.name.startswith(_MARKS)),
        *(_units(f"write units of a survey {way}", _own(ways[way]), _MOST_UNITS) for way in Way),
        _units("same as the first, customer never seen before", _own(stranger), None),
        Row("write units of the archive for a survey", _archived(known), "WRU", _MOST_ARCHIVED, ARCHIVING),
        _units("marks of its days, alone in their batch", _marks(known), None),
        _units("same, with the marks of its review", _marks(left), None),
        _units("write units of an answer that fires nothing, more", _events(known), _MOST_OF_EVENTS),
        _units("the same of an answer that fires", [told], _MOST_OF_EVENTS),
        *map(_calls, acted),
        _action(acted),
        Row("of its drain, however many actions", sum(stage.leases for stage in acted), "WRU", None, "the lease"),
    ]


def _action(stages: Sequence[Stage]) -> Row:
    listed = ", ".join(f"{stage.name} {stage.units - stage.leases}" for stage in stages)
    own = sum(stage.units - stage.leases for stage in stages)
    return Row("write units of one action", own, "WRU", _MOST_OF_AN_ACTION, listed)


def _calls(stage: Stage) -> Row:
    asked = Counter({name: number for name, number in stage.calls.items() if name != _SECRET})
    listed = ", ".join(f"{number} {name}" for name, number in sorted(asked.items()))
    return Row(f"AWS calls of {stage.name}", asked.total(), "calls", _MOST_CALLS.get(stage.name), listed)


def _units(what: str, stages: Sequence[Stage], budget: int | None) -> Row:
    listed = ", ".join(f"{stage.name} {stage.units}" for stage in stages if stage.units)
    return Row(what, sum(stage.units for stage in stages), "WRU", budget, listed)


def _archived(stages: Sequence[Stage]) -> float:
    """Its index as counted, and its share of the marks of a day."""
    return sum(stage.archived for stage in _own(stages)) + marks_a_day() / SURVEYS_A_DAY


def _own(stages: Sequence[Stage]) -> list[Stage]:
    return [stage for stage in stages if not stage.name.startswith((_MARKS, _EVENTS))]


def _events(stages: Sequence[Stage]) -> list[Stage]:
    return [stage for stage in stages if stage.name.startswith(_EVENTS)]


def _marks(stages: Sequence[Stage]) -> list[Stage]:
    return [stage for stage in stages if stage.name.startswith(_MARKS)]
