"""Health: whether everything works, and what needs somebody; read from what the scheduled check left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterbill_console.deps import ConsoleDeps
from afterbill_console.health import words
from afterbill_console.health.document import EVERY, OLD, PLACE
from afterbill_console.health.webhooks import SILENCE
from afterbill_console.visit import Content, Shown, Visit

DOCS: Mapping[str, str] = {
    "alarms": "docs/operations.md#alarms",
    "alarm mail": "docs/operations.md#alarms",
    "queues": "docs/operations.md#dead-letters",
    "queue ages": "docs/operations.md#alarms",
    "webhooks": "docs/sources.md#what-came-last",
    "legal basis": "docs/legal-basis.md",
    "text messages": "docs/sms.md",
    "ledger": "docs/audit.md#after-a-restore",
    **dict.fromkeys(("identity", "signature", "configuration set", "mail events", "SES account"), "docs/mail.md"),
}
"""The page of the manual for each check, by its name; that of the doctor for any other."""
_TURNS = 3
_SLOWEST: Mapping[str, timedelta] = {
    "archive_facts": timedelta(hours=2),
    "apply_retention": timedelta(hours=2),
    "run_campaigns": timedelta(hours=1),
}
"""The time between two runs of a step at its slowest rate; of all others half an hour."""
_HALF = timedelta(minutes=30)
_NEARLY = 0.8
_LEVELS = {"fail": "bad", "warn": "warn", "unknown": "warn"}
_ORDER = tuple(_LEVELS)
_SHARES = frozenset({"rate", "most"})


@dataclass(frozen=True, slots=True)
class Need:
    """Something that wants a person: in the reader's words, and in the doctor's."""

    verdict: str
    level: str
    title: str
    text: str
    todo: str
    detail: str
    remedy: str
    docs: str


def show(visit: Visit, deps: ConsoleDeps) -> Shown:
    """Return the page: one read beside the session."""
    document = deps.stack.documents.load(PLACE)
    if document is None:
        return Content("health_missing.html", {"minutes": int(EVERY.total_seconds()) // 60})
    needs = [_need(finding, visit) for finding in _pressing(document["findings"])]
    age = visit.now - datetime.fromisoformat(document["looked_at"])
    return Content(
        "health.html",
        {
            "document": document,
            "words": words,
            "headline": _headline(document, needs, visit, old=age > OLD),
            "old": age > OLD,
            "minutes": int(age.total_seconds()) // 60,
            "needs": needs,
            "alarms": document["alarms"] or [],
            "fine": _fine(document["findings"], visit),
            "sources": [_source(row, visit) for row in document["sources"]],
            "quota": _quota(document["mail"], visit),
            "queues": _queues(document["queues"] or [], visit),
            "steps": [_step(row, document["looked_at"]) for row in document["steps"] or []],
            "missing": ", ".join(visit.t.maybe(f"health.part_{slug(one)}", one) for one in sorted(document["missing"])),
        },
    )


def _pressing(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what is not as it should be, the worst first; alarms have a list of their own."""
    found = [one for one in findings if one["verdict"] in _LEVELS and one["code"] != "alarm"]
    return sorted(found, key=lambda one: _ORDER.index(one["verdict"]))


def _need(finding: Mapping[str, Any], visit: Visit) -> Need:
    t, check, code = visit.t, finding["check"], finding["code"]
    values = {name: _written(name, value, visit) for name, value in finding["values"].items()}
    known = bool(code) and t.maybe(f"health.do_{code}", "") != ""
    return Need(
        finding["verdict"],
        _LEVELS[finding["verdict"]],
        t.maybe(f"health.check_{slug(check)}", check),
        t(f"health.found_{code}", **values) if known else finding["text"],
        t(f"health.do_{code}", **values) if known else "",
        finding["text"],
        finding["remedy"],
        DOCS.get(check, "docs/doctor.md"),
    )


def _written(name: str, value: object, visit: Visit) -> object:
    """Return a value of a finding as a sentence has it; `n` stays a number, which chooses the form of the sentence."""
    if name == "queue":
        return words.queue(str(value), visit.t)
    if name == "refusal":
        return visit.t.maybe(f"health.refusal_{value}", str(value))
    if name == "n" or not isinstance(value, int | float):
        return value
    return visit.numbers.share(value, 2) if name in _SHARES and value < 1 else visit.numbers.count(value)


def slug(check: str) -> str:
    """Return the name of a check as keys of texts have it."""
    return check.lower().replace(" ", "_")


def _headline(document: Mapping[str, Any], needs: Sequence[Need], visit: Visit, *, old: bool) -> dict[str, str]:
    """Return the traffic light in words."""
    alarms = len(document["alarms"] or ())
    pressing = alarms + sum(need.verdict != "unknown" for need in needs)
    unknown = sum(need.verdict == "unknown" for need in needs) + len(document["missing"])
    if old:
        return {"level": "warn", "text": visit.t("health.headline_old")}
    if pressing:
        bad = alarms or any(need.level == "bad" for need in needs)
        return {"level": "bad" if bad else "warn", "text": visit.t("health.headline_needs", n=pressing)}
    if unknown:
        return {"level": "warn", "text": visit.t("health.headline_unknown", n=unknown)}
    return {"level": "good", "text": visit.t("health.headline_fine")}


def _fine(findings: Sequence[Mapping[str, Any]], visit: Visit) -> list[str]:
    """Return the names of the checks that found nothing wrong."""
    wrong = {one["check"] for one in findings if one["verdict"] in _LEVELS}
    names = dict.fromkeys(one["check"] for one in findings if one["check"] not in wrong)
    return [visit.t.maybe(f"health.check_{slug(name)}", name) for name in names]


def _source(row: Mapping[str, Any], visit: Visit) -> dict[str, Any]:
    """Return a row of the table of sources, with its state in a word."""
    accepted, refused = (
        datetime.fromisoformat(row[name]) if row.get(name) else None for name in ("accepted_at", "refused_at")
    )
    refusal = row.get("refusal", "")
    told = visit.t.maybe(f"health.refusal_{refusal}", refusal)
    state = _state(row, accepted, refused, visit.now)
    return {"accepted_at": None, "refused_at": None, **row, "refused_because": told, "state": state}


def _state(row: Mapping[str, Any], accepted: datetime | None, refused: datetime | None, now: datetime) -> str:
    if row["polled"]:
        return "polled"
    if refused and (accepted is None or refused > accepted):
        return "refused"
    if accepted is None:
        return "never"
    return "silent" if now - accepted > SILENCE else "heard"


def _quota(mail: Mapping[str, Any] | None, visit: Visit) -> dict[str, Any] | None:
    """Return the use of the quota of SES; its share is None where there is no limit."""
    if mail is None:
        return None
    share = mail["sent"] / mail["day"] if mail["day"] else None
    level = "good" if share is None or share < _NEARLY else "warn" if share < 1 else "bad"
    return {
        "sent": visit.numbers.count(mail["sent"]),
        "day": visit.numbers.count(mail["day"]) if mail["day"] else "",
        "rate": visit.numbers.count(mail["rate"]),
        "share": share,
        "level": level,
        "sandbox": mail["sandbox"],
    }


def _queues(queues: Sequence[Mapping[str, Any]], visit: Visit) -> list[dict[str, Any]]:
    """Return the queues in which something lies, dead letters first."""
    filled = sorted((one for one in queues if one["waiting"]), key=lambda one: not one["dead"])
    return [{**one, "age": _age(one["oldest_seconds"], visit)} for one in filled]


def _age(seconds: float | None, visit: Visit) -> str:
    if seconds is None:
        return ""
    for unit, length in (("days", 86400), ("hours", 3600)):
        if seconds >= length:
            return visit.t(f"health.{unit}", n=int(seconds // length))
    return visit.t("health.minutes", n=max(1, int(seconds // 60)))


def _step(row: Mapping[str, Any], looked_at: str) -> dict[str, Any]:
    """Return a step with its last run; late after three turns of its slowest rate."""
    at = row["finished_at"]
    longest = _TURNS * _SLOWEST.get(row["name"], _HALF)
    late = at is None or datetime.fromisoformat(looked_at) - datetime.fromisoformat(at) > longest
    return {**row, "late": late}
