"""Each report as people read it; what has no table of its own here is shown as it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from afterbill.model.plain_text import one_line
from afterbill_cli.reports.sections import (
    NOTHING,
    SCORE,
    Row,
    difference,
    interval,
    money,
    notes,
    percent,
    plain,
    points,
    score,
    table,
    text,
)

_CHANGE, _DIFFERENCE = difference("change"), difference("difference")
_SHOWN_DAYS = frozenset({0, 30, 90, 180, 365, 730})
"""Days after an answer that a person reads, with the last one; the other forms have all of them."""

Lines = Iterator[str]


def as_text(document: Row, now: datetime) -> str:
    """Return the whole report: what it is about, its tables, its notes."""
    body = list(_OF[document["report"]](document))
    if not body:
        body = ["Nothing to show.", ""]
    return "\n".join([_title(document), "", *body, *notes(document, now)])


def _title(document: Row) -> str:
    window, days = document["window"], f"{document['first']} to {document['last']}"
    where = [f"{name} {one_line(value)}" for name, value in document["where"].items()]
    named = [] if window == days.replace(" to ", "..") else [window]
    return ", ".join([f"{document['report']} ({document['question']})", *named, days, *where])


def _trend(document: Row) -> Lines:
    columns = (
        text("value", document.get("by", "day")),
        *SCORE,
        _CHANGE,
        text("sent"),
        percent("response_rate", "rate"),
    )
    yield from table("", document["rows"], columns)
    yield from _total(document, _CHANGE)


def _segments(document: Row) -> Lines:
    yield from table("", document["rows"], (text("dimension"), text("value"), *SCORE, _DIFFERENCE))
    yield from _total(document)


def _products(document: Row) -> Lines:
    yield from table("", document["rows"], (text("value", "product"), *SCORE, _DIFFERENCE))
    yield from _total(document)


def _drivers(document: Row) -> Lines:
    columns = (text("reason"), percent("share"), *SCORE, points("contribution"), points("pull"))
    yield from table("", document["rows"], columns)
    yield from _total(document)
    yield from table("Reported by billing systems", document.get("reported") or (), _COUNTED)
    attributes = document.get("attributes") or {}
    rows = attributes.get("rows") or ()
    yield from table("What the score goes with", rows, (text("dimension"), percent("share"), percent("by_chance")))
    if rows and attributes.get("note"):
        yield from (attributes["note"], "")


_COUNTED = (text("reason"), text("n"), percent("share"))


def _journey(document: Row) -> Lines:
    place = ("stage", lambda row: f"  {plain(row['touchpoint'])}" if row.get("touchpoint") else plain(row["stage"]))
    yield from table("", document["rows"], (place, percent("share"), *SCORE, points("cost"), _CHANGE))
    yield from _total(document, _CHANGE)
    pains = (text("stage"), text("touchpoint"), text("reason"), text("emotion"), text("n"), points("cost"))
    yield from table("Pain points: what they cost in points", document.get("pains") or (), pains)
    feelings = (text("stage"), text("reason"), text("category"), text("emotion"), text("n"), percent("share"))
    yield from table("Reasons as emotions", document.get("emotions") or (), feelings)
    yield from table("Your steps", document.get("steps") or (), (text("step"), text("owner"), *SCORE, _CHANGE))
    for step in document.get("steps") or ():
        yield from table(f"Notes on {one_line(step['step'])}", step.get("notes") or (), _as_they_are(step, "notes"))
        measures = step.get("measures") or ()
        yield from table(f"Measures for {one_line(step['step'])}", measures, _as_they_are(step, "measures"))
    versions = (text("version"), text("first"), text("last"), *SCORE, _CHANGE)
    yield from table("Versions", document.get("versions") or (), versions)


def _as_they_are(step: Row, name: str) -> tuple[Any, ...]:
    return tuple(text(column) for column in dict.fromkeys(key for row in step.get(name) or () for key in row))


def _billing(document: Row) -> Lines:
    def reasons(row: Row) -> str:
        return ", ".join(f"{plain(one['reason'])} {one['n']}" for one in row.get("reasons") or ()) or NOTHING

    def days(row: Row) -> str:
        until = row.get("until_paid") or {}
        return f"{plain(until['median_days'])} ({until['paid']} of {until['failed']} paid)" if until else NOTHING

    columns = (text("step"), text("dimension"), text("value"), *SCORE, ("days until paid", days), ("reasons", reasons))
    yield from table("", document["rows"], columns)


def _revenue(document: Row) -> Lines:
    currency = str(document.get("currency") or "")
    weighted = document.get("weighted") or {}
    alone = weighted.get("largest_share")
    told = f"{score(weighted)}, {interval(weighted)}" if weighted.get("score") is not None else NOTHING
    yield f"Score weighted by recurring revenue: {told}"
    if alone is not None:
        yield f"  as good as {weighted['n_eff']:.0f} equal customers; the largest account has {100 * alone:.1f} %"
    if weighted.get("because"):
        yield f"  {one_line(weighted['because'])}"
    yield ""
    columns = (
        *(text("category"), text("customers"), percent("share"), money("recurring_minor", "per month", currency)),
        *(money("average_minor", "average", currency), money("paid_minor", "paid so far", currency)),
    )
    yield from table("", document["rows"], columns)
    if risk := document.get("at_risk"):
        yield from table("At risk", [risk], (text("customers"), money("recurring_minor", "per month", currency)))
    over_time = (text("month"), *columns[:2], *columns[3:])
    yield from table("Over time", document.get("over_time") or (), over_time)
    left = (text("currency"), text("customers"), money("minor", "amount"))
    yield from table("In no sum, for want of a rate", document.get("without_rate") or (), left)


def _outcomes(document: Row) -> Lines:
    columns = (
        *(text("category"), text("day"), text("at_risk"), percent("survival")),
        ("95 % interval", lambda row: _shares(row.get("low"), row.get("high"))),
    )
    parts = document.get("outcomes") or {document.get("outcome", "retention"): document}
    for name, part in parts.items():
        shown = _landmarks(part.get("rows") or ())
        yield from table(name.replace("_", " "), shown, columns)
        if shown:
            yield from (_logrank(part.get("logrank") or {}), "")


def _landmarks(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of days that a person reads, and the last one of each category."""
    last = {row["category"]: row["day"] for row in rows}
    return [row for row in rows if row["day"] in _SHOWN_DAYS or row["day"] == last[row["category"]]]


def _shares(low: float | None, high: float | None) -> str:
    return NOTHING if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f} %"


def _logrank(found: Row) -> str:
    if found.get("chi2") is None:
        return one_line(str(found.get("because") or "The categories cannot be compared."))
    few = "too few to tell" if found.get("few") else "no real difference"
    verdict = "real *" if found.get("real") else few
    return f"Log-rank: chi2 {found['chi2']:.2f}, p {found['p']:.3g}: {verdict}"


def _coverage(document: Row) -> Lines:
    yield from table("", document["rows"], (text("step"), text("count"), percent("share")))
    yield from table("Not asked", document.get("skips") or (), (text("reason"), text("count")))
    rates = (text("dimension"), text("value"), text("invited"), text("answered"), percent("rate"), _verdict())
    yield from table("Answered of those invited", document.get("answered_by") or (), rates)
    named = {"plain": "as they answered", "weighted": "as if all had answered alike"}
    scores = [{"": label, **document[name]} for name, label in named.items() if document.get(name)]
    yield from table("Score", scores, (text("", "score"), ("", score), ("95 % interval", interval)))


def _verdict() -> tuple[str, Callable[[Row], str]]:
    heading, cell = difference("difference")
    return heading, lambda row: cell({**row, "difference": 100 * row["difference"]} if row.get("difference") else row)


def _changes(document: Row) -> Lines:
    columns = (text("from"), text("to"), text("n"), money("recurring_minor", "per month"))
    yield from table("Since the window before", document["rows"], columns)
    yield from table("Within the window", document.get("within") or (), columns)
    for name, part in (document.get("candidates") or {}).items():
        yield f"{name.capitalize()} candidates: {part['n']}"
        yield from (f"  {one_line(customer)}" for customer in part.get("customers") or ())
    yield ""


def _overview(document: Row) -> Lines:
    yield from _total(document, _CHANGE, percent("response_rate", "rate"))
    periods = (text("value", str(document.get("by") or "day")), *SCORE)
    yield from table("", document["rows"], periods)
    ratings = [{"rating": rating, "answers": n} for rating, n in enumerate(document.get("ratings") or ())]
    yield from table("Answers by rating", ratings, (text("rating"), text("answers")))
    steps = (document.get("funnel") or {}).get("rows") or ()
    yield from table("From facts to answers", steps, (text("step"), text("count"), percent("share")))
    for name, place, column in (("changes", (), "change"), ("differences", (text("dimension"),), "difference")):
        rows = (document.get(name) or {}).get("rows") or ()
        yield from table(f"Real {name}", rows, (*place, text("value"), *SCORE, points(column)))
    if risk := (document.get("revenue") or {}).get("at_risk"):
        amount = money("recurring_minor", "per month", risk["currency"])
        yield from table("Revenue at risk", [risk], (text("customers"), amount, text("without_amount")))


def _total(document: Row, *more: Any) -> Lines:  # noqa: ANN401  # columns
    total = document.get("total")
    yield from table("", [total] if total else (), (("all", lambda _: "all"), *SCORE, *more))


_OF: Mapping[str, Callable[[Row], Lines]] = {
    "trend": _trend,
    "segments": _segments,
    "journey": _journey,
    "drivers": _drivers,
    "billing": _billing,
    "products": _products,
    "revenue": _revenue,
    "outcomes": _outcomes,
    "coverage": _coverage,
    "changes": _changes,
    "overview": _overview,
}
