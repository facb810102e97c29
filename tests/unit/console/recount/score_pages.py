"""The lines that the pages about scores have to show of what a recount found."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

from tests.unit.console.recount.facts import Body, History
from tests.unit.console.recount.shown import Line
from tests.unit.console.recount.written import (
    chance,
    change,
    count,
    day,
    days,
    decimal,
    dimension,
    group,
    many,
    money,
    month,
    score,
    share,
    short_day,
    span,
    value,
    what,
    words,
)


def beside(row: Body, rate: float | None = None) -> str:
    """What stands beside a score: answers, interval, response rate."""
    interval = "" if row["score"] is None else f"{score(row['low'])} {score(row['high'])}"
    return f"{count(row['n'])} answers {interval} {share(rate) if rate is not None else ''}"


def standing(row: Body, rate: float | None = None) -> Iterator[Line]:
    yield (score(row["score"]),)
    yield (count(row["n"]), beside(row, rate).partition(" ")[2])


def verdict(row: Body, name: str) -> str:
    """A difference or a change, and what is said of it; nothing where there is none."""
    if row[name] is None:
        return ""
    kind = "change" if name == "change" else "difference"
    if row["real"]:
        return f"{change(row[name])} real {kind}"
    return f"{change(row[name])} {'too few to tell' if row['p'] is None else f'no real {kind}'}"


def charted(name: str, row: Body, real: str | None = "difference") -> Line:
    """A row of the table beside a chart of scores."""
    said = () if real is None else (f"real {real}" if row.get("real") else f"no real {real}",)
    return (name, score(row["score"]), span(row), count(row["n"]), *said)


# Overview


def overview(history: History, said: Body, unused: Collection[str] = ()) -> Iterator[Line]:
    """The page that shows no answer of customers whose data is `unused`, because they asked for that."""
    total, before = said["total"], days(said["before"]["first"], said["before"]["last"])
    yield from standing(total, total["response_rate"])
    yield ("", verdict(total, "change"))
    yield ("Compared with", before)
    yield (count(total["sent"]),)
    yield (count(total["n"]),)
    yield from _trend(said, before)
    yield from _distribution(said)
    yield from _funnel(said)
    yield from _real(history, said)
    yield from _at_risk(said["revenue"]["at_risk"])
    newest = {one.id: one for one in history.answers if one.customer not in unused}
    for rating in [newest[id_].rating for id_ in said["newest"] if id_ in newest][:5]:
        yield (count(rating), "out of 10")


def _trend(said: Body, before: str) -> Iterator[Line]:
    total = said["total"]
    if total["real"]:
        yield ("The score", change(abs(total["change"])).removeprefix("+"), before)
    elif total["change"] is not None and total["p"] is not None:
        yield ("No real change compared with", before)
    for row in said["rows"]:
        first = row["value"]
        label = f"{date.fromisoformat(first):%b %Y}" if said["by"] == "month" else short_day(first)
        yield charted(label, row, "change")


def _distribution(said: Body) -> Iterator[Line]:
    ratings, n = said["ratings"], sum(said["ratings"])
    sizes = {"detractor": ratings[:7], "passive": ratings[7:9], "promoter": ratings[9:]}
    shares = {name: share(sum(part) / n) for name, part in sizes.items()}
    yield (shares["promoter"], shares["detractor"], score(said["total"]["score"]))
    for name, ends in (("detractor", "0 to 6"), ("passive", "7 to 8"), ("promoter", "9 to 10")):
        yield (group(name), ends, count(sum(sizes[name])), shares[name])
    for rating, given in enumerate(ratings):
        yield (str(rating), count(given), share(given / n))


def steps(rows: Sequence[Body]) -> Iterator[Line]:
    for row in rows:
        yield (words()[f"step_{row['step']}"], count(row["count"]), share(row["share"]))


def _funnel(said: Body) -> Iterator[Line]:
    counts = {row["step"]: row["count"] for row in said["funnel"]["rows"]}
    rate = share(counts["answered"] / counts["sent"])
    yield ("Of", count(counts["sent"]), count(counts["answered"]), rate)
    yield from steps(said["funnel"]["rows"])
    yield ("Most often not asked", *(count(skip["count"]) for skip in said["funnel"]["skips"][:3]))


def _real(history: History, said: Body) -> Iterator[Line]:
    parts = {name: said[name]["rows"] for name in ("changes", "differences")}
    numbers = (len(parts["changes"]) + said["total"]["real"], len(parts["differences"]))
    titles = zip(("change", "difference"), numbers, strict=True)
    yield (
        " · ".join(f"One real {kind}" if n == 1 else f"{n} real {kind}s" for kind, n in titles if n)
        or "No real change",
    )
    yield ("", many(said["changes"]["comparisons"] + said["differences"]["comparisons"]))
    whole = [(days(str(history.first), str(history.last)), said["total"], "change")] if said["total"]["real"] else []
    changed = [(_period(said["by"], row), row, "change") for row in reversed(parts["changes"])]
    differ = [(what(row["dimension"], row["value"]), row, "difference") for row in parts["differences"]]
    for name, row, kind in (whole + changed + differ)[:6]:
        yield (name, change(row[kind]))
        yield ("Score", score(row["score"]), beside(row))
    if (more := sum(numbers) - 6) > 0:
        yield ("", many(more))


def _period(by: str, row: Body) -> str:
    first = date.fromisoformat(row["value"])
    last = first + timedelta(days=row["days"] - 1)
    whole = by == "month" and first.day == 1 and (last + timedelta(days=1)).day == 1
    return month(row["value"]) if whole else days(str(first), str(last))


def _at_risk(risk: Body) -> Iterator[Line]:
    yield (money(risk["recurring_minor"]),)
    yield ("a month from", count(risk["customers"]))
    if risk["lost_customers"]:
        yield (count(risk["lost_customers"]), money(risk["lost_minor"]))
    if risk["without_amount"]:
        yield ("Of", count(risk["without_amount"]))


# Segments


def segments(said: Body, asked: Body) -> Iterator[Line]:
    """The page, with the response rates that coverage found in `asked`; there are none under a filter."""
    rates = rates_of(asked)
    yield from standing(said["total"], rate_of(asked))
    yield ("", many(said["comparisons"]) or "1")
    rows = ranked(said["rows"])
    real = [row for row in rows if row["real"]]
    yield (count(len(real)),)
    if len(real) == 1:
        yield ("is a real difference",)
    if real:
        yield (what(real[0]["dimension"], real[0]["value"]), change(abs(real[0]["difference"])).removeprefix("+"))
    for row in [row for row in rows if row["score"] is not None][:15]:
        yield charted(what(row["dimension"], row["value"]), row)
    for row in rows[:40]:
        place = (row["dimension"], row["value"])
        name = f"{value(*place)} {dimension(row['dimension'])}"
        rate = (share(rates.get(place)),) if rates else ()
        yield (name, *compact(row), count(row["n"]), *rate, verdict(row, "difference"), q_of(row))
    if len(rows) > 40:
        yield ("", count(len(rows) - 40))


def ranked(rows: Sequence[Body], n: str = "n") -> list[Body]:
    """Real differences first, then the largest."""
    return sorted(rows, key=lambda row: (not row["real"], -abs(row["difference"] or 0), -row[n]))


def compact(row: Body) -> tuple[str, ...]:
    return (score(row["score"]),) if row["score"] is None else (score(row["score"]), span(row))


def q_of(row: Body) -> str:
    return chance(row["q"])


def rates_of(asked: Body) -> dict[tuple[str, str], float]:
    return {(row["dimension"], row["value"]): row["rate"] for row in asked["answered_by"] or ()}


def rate_of(asked: Body) -> float | None:
    if asked["answered_by"] is None:
        return None
    counts = {row["step"]: row["count"] for row in asked["rows"]}
    return counts["answered"] / counts["sent"]


# Journey


def journey(said: Body, asked: Body) -> Iterator[Line]:
    rates = rates_of(asked)
    yield from standing(said["total"], rate_of(asked))
    yield ("", verdict(said["total"], "change"))
    stages = [row for row in said["rows"] if not row["touchpoint"]]
    scored = [row for row in stages if row["score"] is not None]
    if scored:
        worst = max(scored, key=lambda row: row["cost"])
        missing = sum(row["cost"] or 0 for row in stages)
        yield (value("stage", worst["stage"]), decimal(worst["cost"], 0), decimal(missing, 0), "100")
    for row in said["rows"]:
        yield (*charted(_place(row), row, None), share(row["share"]))
    for row in stages:
        yield from _stage(said, row, rates)
    yield from _pains(said["pains"])
    for row in said["steps"]:
        yield from _step(row)


def _place(row: Body) -> str:
    return value("touchpoint", row["touchpoint"]) if row["touchpoint"] else value("stage", row["stage"])


def _stage(said: Body, row: Body, rates: dict[tuple[str, str], float]) -> Iterator[Line]:
    if not row["n"]:
        return
    yield from standing(row, rates.get(("stage", row["stage"])))
    yield ("", verdict(row, "change"))
    yield ("Costs", decimal(row["cost"]), share(row["share"]))
    for one in said["rows"]:
        if one["stage"] == row["stage"] and one["touchpoint"]:
            rate = rates.get(("touchpoint", one["touchpoint"]))
            yield (_place(one), score(one["score"]), beside(one, rate), f"−{decimal(one['cost'])}")
    for one in [one for one in said["emotions"] if one["stage"] == row["stage"]][:5]:
        feeling = words()[f"emotion_{one['emotion'].replace(' ', '_')}"]
        yield (f"{feeling} {value('reason', one['reason'])}", count(one["n"]), share(one["share"]))


def _pains(pains: Sequence[Body]) -> Iterator[Line]:
    listed = [one for one in pains if one["touchpoint"] != "other"][:12]
    places = [(value("touchpoint", one["touchpoint"]), value("reason", one["reason"])) for one in listed]
    yield (", ".join(places[0]), decimal(listed[0]["cost"]))
    for one, place in zip(listed, places, strict=True):
        yield (": ".join(place), f"−{decimal(one['cost'])}", count(one["n"]))
    rest = sum(one["cost"] for one in pains) - sum(one["cost"] for one in listed)
    if rest > 0.05:
        yield ("Everything else", f"−{decimal(rest)}")


def _step(row: Body) -> Iterator[Line]:
    yield from standing(row)
    if row["score"] is not None:
        yield ("", verdict(row, "change"))


def versions(said: Body) -> Iterator[Line]:
    """The versions of the operator's journey beside each other, in all and by step."""
    rows, spans = said["versions"], [f"{day(one['first'])} to {day(one['last'])}" for one in said["versions"]]
    last = rows[-1]
    if last["real"]:
        yield (f"“{last['version']}”", change(abs(last["change"])).removeprefix("+"))
    for one, lasted in zip(rows, spans, strict=True):
        name = one["version"] or "Before"
        yield (name, lasted, *charted(name, one)[1:])
    yield ("Step", *spans)
    for cells in zip(*(one["steps"] for one in rows), strict=True):
        told = [f"{score(row['score'])} {beside(row)} {verdict(row, 'change')}" for row in cells]
        yield (cells[0]["step"], *told)
