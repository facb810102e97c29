"""What came of an action: one of these values, never an exception."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Done:
    """It stands there now, whoever wrote it; `record` is what Written keeps of it.

    After an UNDO `record` is what remains there, crossed out; empty where nothing does.
    """

    record: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GoesOn:
    """A part is written; the same action goes on with the next calls, and starts from `record`."""

    record: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Later:
    """The system did not answer usefully, or asks to wait for `after`; the entry is tried again.

    `everybody` waits where the system limits or refuses all calls alike (429, overload).
    """

    reason: str
    after: timedelta | None = None
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may have been written, and nobody can look it up: it is never tried again by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The system will never take this (a field that does not exist, a text it does not like): parked, and told."""

    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The system refuses our credentials or lacks a scope: the connection waits until somebody connects again."""

    reason: str


class TaskKind(StrEnum):
    """The kinds of tasks that actions leave to a person."""

    RECORD_MISSING = "record_missing"
    RECORD_AMBIGUOUS = "record_ambiguous"
    NOT_PERMITTED = "not_permitted"
    ACTION_REFUSED = "action_refused"
    ACTION_UNCLEAR = "action_unclear"
    ERASE_BY_HAND = "erase_by_hand"
    WORKFLOW_LOOP = "workflow_loop"


@dataclass(frozen=True, slots=True)
class NeedsPerson:
    """Something a workflow cannot do: it becomes a task with its reason. `details` are short texts, no address."""

    kind: TaskKind
    reason: str
    details: Mapping[str, str] = field(default_factory=dict)


Outcome: TypeAlias = Done | GoesOn | Later | Unclear | Refused | Denied | NeedsPerson
