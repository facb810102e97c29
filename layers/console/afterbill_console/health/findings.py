"""Findings of checks, and their verdicts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from afterbill.model.errors import AfterbillError

Value = str | int | float
"""A value that a sentence about a finding has in it."""


class Verdict(StrEnum):
    """The result of a check: `skipped` counts for nothing, `unknown` for not healthy."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class SkippedError(AfterbillError):
    """The operator asked not to look."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`found` describes the state; `remedy` is a command or a place in a console.

    `code` names the same in one word, with its `values`, so that the console says it in the language of its reader.
    """

    verdict: Verdict
    text: str
    remedy: str = ""
    code: str = field(default="", compare=False)
    values: Mapping[str, Value] = field(default_factory=dict, compare=False)


Findings = Iterator[Finding]


def ok(text: str) -> Finding:
    """Return a finding for something that works."""
    return Finding(Verdict.OK, text)


def warn(text: str, remedy: str, code: str = "", **values: Value) -> Finding:
    """Return a finding for something that works less well than it should."""
    return Finding(Verdict.WARN, text, remedy, code, values)


def fail(text: str, remedy: str, code: str = "", **values: Value) -> Finding:
    """Return a finding for something that does not work."""
    return Finding(Verdict.FAIL, text, remedy, code, values)


def skipped(text: str) -> Finding:
    """Return a finding where there is nothing to look at, or nobody was to look."""
    return Finding(Verdict.SKIPPED, text)


def unknown(text: str, remedy: str = "", code: str = "", **values: Value) -> Finding:
    """Return a finding for something that could not be determined."""
    return Finding(Verdict.UNKNOWN, text, remedy, code, values)
