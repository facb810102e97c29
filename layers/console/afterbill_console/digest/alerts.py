"""Alerts from reports: what fell, what went silent, and who answers no more; nothing that is not called real."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from afterbill.insight.proportions import difference
from afterbill_console.digest.state import Heard
from afterbill_console.preferences import Alert

Document = Mapping[str, Any]

QUIET = timedelta(days=7)
"""The time in which the same thing is not told again."""
FEWEST_SENT = 30
"""Surveys from which on it says something that nobody answered, or that fewer did."""
LEAST_SILENCE = timedelta(days=2)
USUAL_SILENCE = timedelta(days=7)
"""The silence from which a source is told whose rhythm is not known."""
_TIMES_ITS_RHYTHM = 2
_LEARNT = timedelta(days=28)
"""The time after which the rhythm of a source is known."""
_RIPE = 3
"""Days in which most people who will answer have done so: newer surveys are left out of a comparison."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. Its `id` is that of the same thing at any time; `facts` are figures, and no person."""

    alert: Alert
    id: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def claim(self) -> str:
        """The name of the claim of it."""
        return f"ALERT#{self.alert}#{self.id}"


def drops(trend: Document | None, journey: Document | None) -> Iterator[Notice]:
    """Yield what really fell against the days before: everything together, and each touchpoint."""
    total = (trend or {}).get("total")
    rows = [("", total)] if total else []
    rows += [(row["touchpoint"], row) for row in (journey or {}).get("rows", ()) if row.get("touchpoint")]
    for touchpoint, row in rows:
        if row["real"] and row["change"] < 0:
            yield Notice(Alert.DROP, touchpoint or "all", {**row, "touchpoint": touchpoint})


def unanswered(trend: Document | None) -> Iterator[Notice]:
    """Yield a notice where surveys went out in the days of the trend, and nobody answered any."""
    total = (trend or {}).get("total")
    if trend and total and total["sent"] >= FEWEST_SENT and not total["n"]:
        yield Notice(Alert.SILENCE, "answers", {"sent": total["sent"], "first": trend["first"], "last": trend["last"]})


def heard(before: Mapping[str, Heard], health: Document | None, now: datetime) -> dict[str, Heard]:
    """Return the sources that ever sent anything, with what was known of their rhythm.

    `health` is the finding that the console stores about its own stack; without it nothing is known anew.
    """
    if health is None:
        return dict(before)
    last = {row["name"]: row["accepted_at"] for row in health.get("sources", ()) if row.get("accepted_at")}
    return {name: _heard(before.get(name), datetime.fromisoformat(at), now) for name, at in last.items()}


def _heard(before: Heard | None, last_at: datetime, now: datetime) -> Heard:
    if before is None:
        return Heard(now, last_at)
    return Heard(before.since, last_at, min(max(before.longest, last_at - before.last_at), USUAL_SILENCE))


def silent_sources(sources: Mapping[str, Heard], now: datetime) -> Iterator[Notice]:
    """Yield each source whose last event is older than its rhythm explains: twice its longest silence so far."""
    for name, one in sources.items():
        known = now - one.since >= _LEARNT
        usual = max(_TIMES_ITS_RHYTHM * one.longest, LEAST_SILENCE) if known else USUAL_SILENCE
        if now - one.last_at > usual:
            yield Notice(Alert.SILENCE, f"source#{name}", {"source": name, "last_at": one.last_at.isoformat()})


def fewer_answers(trend: Document | None) -> Iterator[Notice]:
    """Yield a notice where really fewer of the surveys of the later half of days were answered than of the earlier.

    Surveys of the newest days are left out: most of their answers are still to come.
    """
    rows = list((trend or {}).get("rows", ()))
    ripe = rows[:-_RIPE]
    half = len(ripe) // 2
    earlier, later = _answered(ripe[-2 * half : -half]), _answered(ripe[-half:])
    if half and min(earlier[1], later[1]) >= FEWEST_SENT and difference(later, earlier)[1] < 0:
        shares = {"rate": later[0] / later[1], "before": earlier[0] / earlier[1], "sent": later[1], "days": half}
        yield Notice(Alert.RESPONSE_RATE, "all", shares)


def _answered(rows: list[Document]) -> tuple[int, int]:
    """Return how many surveys of these days were answered, and how many were sent."""
    answered = sum(round(row["sent"] * (row["response_rate"] or 0)) for row in rows)
    return answered, sum(row["sent"] for row in rows)
