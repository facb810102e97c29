"""The lines that the pages of reasons and of coverage have to show of what a recount found."""

from collections.abc import Iterator

from tests.unit.console.recount.facts import Body
from tests.unit.console.recount.score_pages import charted, compact, ranked, rate_of, standing, steps
from tests.unit.console.recount.shown import Line
from tests.unit.console.recount.written import change, count, decimal, dimension, score, share, span, value, what, words


def drivers(said: Body, asked: Body) -> Iterator[Line]:
    total = said["total"]
    yield from standing(total, rate_of(asked))
    named = [row for row in said["rows"] if row["reason"] != "none"]
    heaviest = max(named, key=lambda row: abs(row["contribution"]))
    yield (value("reason", heaviest["reason"]), decimal(abs(heaviest["contribution"])))
    for row in sorted(said["rows"], key=lambda row: -row["contribution"]):
        points = decimal(row["contribution"])
        yield (value("reason", row["reason"]), points if row["contribution"] <= 0 else f"+{points}", count(row["n"]))
    for row in said["rows"]:
        parts = (decimal(row["contribution"], 2), decimal(row["pull"], 2))
        yield (value("reason", row["reason"]), count(row["n"]), share(row["share"]), *compact(row), *parts)
    whole = (count(total["n"]), share(1), *compact(total), decimal(total["score"], 2), decimal(0, 2))
    yield ("All together", *whole)
    yield from _goes_with(said.get("attributes", {"rows": None}))
    if said["reported"]:
        yield from _reported(said["reported"])


def _goes_with(attributes: Body) -> Iterator[Line]:
    if not attributes["rows"]:
        return
    first = attributes["rows"][0]
    if first["share"] > first["by_chance"]:
        yield ("The score goes with one attribute most", share(first["share"], 1))
    for row in attributes["rows"]:
        yield (dimension(row["dimension"]), share(row["share"], 1), share(row["by_chance"], 1))
    yield ("All of them together", share(attributes["r2"], 1), count(attributes["n"]))


def _reported(rows: list[Body]) -> Iterator[Line]:
    yield (value("reason", rows[0]["reason"]), share(rows[0]["share"]))
    for row in rows:
        yield (value("reason", row["reason"]), share(row["share"]), count(row["n"]))


def coverage(said: Body) -> Iterator[Line]:
    counts = {row["step"]: row["count"] for row in said["rows"]}
    yield (share(counts["answered"] / counts["sent"]), count(counts["sent"]))
    yield from steps(said["rows"])
    if said["waiting"]:
        yield ("These are the events", count(said["waiting"]))
    everything = sum(skip["count"] for skip in said["skips"])
    for place, skip in enumerate(said["skips"]):
        name, part = words()[f"skip_{skip['reason']}"], share(skip["count"] / everything)
        if not place:
            yield (f"Most that was left out: {name}", part)
        yield (name, count(skip["count"]), part)
    if said["weighted"]:
        yield from _weighted(said["plain"], said["weighted"])
        yield from _answered_by(said)


def _weighted(plain: Body, weighted: Body) -> Iterator[Line]:
    scores = (score(weighted["score"]), score(plain["score"]))
    yield ("", *dict.fromkeys(scores))
    yield charted("Score as answered", plain)
    row = weighted | {"n": plain["n"]}
    yield ("Weighted like those asked", count(weighted["n_eff"]), *charted("", row)[1:])
    trimmed, unheard = weighted["trimmed"], weighted["unheard"]
    doubts = (count(trimmed) if trimmed > 1 else "", count(unheard) if unheard else "")
    yield ("Weighted by", count(plain["n"]), *doubts)


def _answered_by(said: Body) -> Iterator[Line]:
    rows = ranked(said["answered_by"], "invited")
    if real := [row for row in rows if row["real"]]:
        rest = real[0]["rate"] - real[0]["difference"]
        yield (what(real[0]["dimension"], real[0]["value"]), share(real[0]["rate"]), share(rest))
    yield ("", count(said["comparisons"]))
    for row in rows[:40]:
        counts = (count(row["invited"]), count(row["answered"]), share(row["rate"]), span(row, share))
        shares = (share(row["share_of_invited"]), share(row["share_of_answered"]))
        yield (f"{value(row['dimension'], row['value'])} {dimension(row['dimension'])}", *counts, _apart(row), *shares)


def _apart(row: Body) -> str:
    if row["p"] is None:
        return ""
    return f"{change(100 * row['difference'])} {'real' if row['real'] else 'no real'} difference"
