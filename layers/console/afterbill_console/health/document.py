"""The document in which the scheduled check leaves what it found; the page of health reads it, and looks at nothing.

It holds no person: codes, names of the template and of sources, counts and moments.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from afterbill.model.errors import AfterbillError
from afterbill_console.health.findings import Finding, Verdict, unknown
from afterbill_console.health.webhooks import LastWebhooks, merged

PLACE = "console/health.json"
"""Its key in the archive's bucket."""
EVERY = timedelta(minutes=15)
OLD = timedelta(minutes=45)
"""The age from which the page says that nobody has looked for a while: three turns of the check."""

MOST = 200
"""Entries of each list."""
LONGEST = 400
"""Characters of a sentence."""
_FIRST = timedelta(days=7)
_OVERLAP = timedelta(minutes=5)
"""Read again before the last look: a line may come into the log late."""

Found = TypeVar("Found")


@dataclass
class Look:
    """A look at a stack, part by part: a part that fails costs itself alone.

    `begin` is called before each part and gives it its time; without `goes_on` nothing more is looked at.
    """

    begin: Callable[[], None]
    goes_on: Callable[[], bool]
    missing: dict[str, str] = field(default_factory=dict)
    """The parts that could not be looked at, each with the reason."""

    def at(self, name: str, part: Callable[[], Found]) -> Found | None:
        """Return what a part finds; None where it fails, or no time is left for it."""
        if not self.goes_on():
            self.missing[name] = "no time was left"
            return None
        self.begin()
        try:
            found = part()
        except AfterbillError as error:
            self.missing[name] = cut(str(error))
        except Exception as error:  # noqa: BLE001  # whatever an API answers, the other parts go on
            # Its text may hold anything; who wants it finds it in the log.
            self.missing[name] = type(error).__name__
        else:
            self.missing.pop(name, None)
            return found
        return None


def told(check: str, findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the findings of a check as the document has them."""
    return [
        {
            "check": check,
            "verdict": finding.verdict.value,
            "code": finding.code,
            "values": dict(finding.values),
            "text": cut(finding.text),
            "remedy": cut(finding.remedy),
        }
        for finding in findings
    ]


def not_looked(check: str, why: str) -> list[dict[str, Any]]:
    """Return the finding of a check that nobody could make."""
    return told(check, [unknown(why, "the next check looks again; else look into its log", "not_looked")])


def counts(findings: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count findings by verdict."""
    found = [finding["verdict"] for finding in findings]
    return {verdict.value: found.count(verdict.value) for verdict in Verdict}


def steps_since(before: Mapping[str, Any] | None, now: datetime) -> tuple[timedelta, ...]:
    """Return how far back logs are read: to the last look that saw them, else a week in three steps."""
    seen_at = (before or {}).get("sources_seen_at")
    if seen_at is None or now - datetime.fromisoformat(seen_at) >= _FIRST:
        return timedelta(hours=1), timedelta(days=1), _FIRST
    return (now - datetime.fromisoformat(seen_at) + _OVERLAP,)


def known(before: Mapping[str, Any] | None, last: Mapping[str, LastWebhooks]) -> dict[str, LastWebhooks]:
    """Return what came last of each source, with what earlier looks saw."""
    rows = {row["name"]: row for row in (before or {}).get("sources", ()) if not row["polled"]}
    return {name: merged(_heard(rows[name]), one) if name in rows else one for name, one in last.items()}


def source_row(name: str, provider: str, last: LastWebhooks | None) -> dict[str, Any]:
    """Return the row of a source; `last` None: it is polled, and sends nothing."""
    row = {"name": name, "provider": provider, "polled": last is None}
    if last is None:
        return row
    times = {"accepted_at": last.accepted_at, "refused_at": last.refused_at, "since": last.since}
    return {**row, **{key: iso(at) for key, at in times.items()}, "refusal": last.refusal}


def _heard(row: Mapping[str, Any]) -> LastWebhooks:
    accepted, refused = (datetime.fromisoformat(row[name]) if row.get(name) else None for name in _TIMES)
    return LastWebhooks(datetime.fromisoformat(row["since"]), accepted, refused, row.get("refusal", ""))


_TIMES = ("accepted_at", "refused_at")


def iso(at: datetime | None) -> str | None:
    """Return a moment as the document writes it."""
    return at.isoformat(timespec="seconds") if at else None


def cut(text: str) -> str:
    """Return a sentence of bounded length on one line."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
