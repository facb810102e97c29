"""What a check found."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands; only `fail` makes the command fail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`found` says what is the case, `remedy` what to do: a command, or a place in a console."""

    verdict: Verdict
    found: str
    remedy: str = ""


Findings = Iterator[Finding]


def ok(found: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, found)


def warn(found: str, remedy: str) -> Finding:
    """It works, and not as well as it should."""
    return Finding(Verdict.WARN, found, remedy)


def fail(found: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(Verdict.FAIL, found, remedy)


def unknown(found: str, remedy: str = "") -> Finding:
    """Nobody can say from here."""
    return Finding(Verdict.UNKNOWN, found, remedy)
