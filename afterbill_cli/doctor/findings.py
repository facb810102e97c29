"""Findings of checks, and their verdicts."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from afterbill.model.errors import AfterbillError


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
    """`found` describes the state; `remedy` is a command or a place in a console."""

    verdict: Verdict
    text: str
    remedy: str = ""


Findings = Iterator[Finding]


def ok(text: str) -> Finding:
    """Return a finding for something that works."""
    return Finding(Verdict.OK, text)


def warn(text: str, remedy: str) -> Finding:
    """Return a finding for something that works less well than it should."""
    return Finding(Verdict.WARN, text, remedy)


def fail(text: str, remedy: str) -> Finding:
    """Return a finding for something that does not work."""
    return Finding(Verdict.FAIL, text, remedy)


def skipped(text: str) -> Finding:
    """Return a finding where there is nothing to look at, or nobody was to look."""
    return Finding(Verdict.SKIPPED, text)


def unknown(text: str, remedy: str = "") -> Finding:
    """Return a finding for something that could not be determined."""
    return Finding(Verdict.UNKNOWN, text, remedy)
