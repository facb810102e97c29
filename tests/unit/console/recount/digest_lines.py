"""The lines that a digest has to show of what a recount found, in its text and in its HTML."""

from collections.abc import Collection, Iterator, Sequence

from tests.unit.console.recount.facts import Body, Fact, History
from tests.unit.console.recount.scores import journey, trend
from tests.unit.console.recount.shown import Line
from tests.unit.console.recount.written import change, count, day, many, month, score, share, short_day, value


def digest(history: History, cadence: str, unread: Collection[str], *, html: bool) -> Iterator[Line]:
    """The figures of a digest up to its comments; `unread` are customers whose words may not be used."""
    total, before = trend(history)["total"], trend(history.before)["total"]
    if html:
        yield (many(total["n"]), f"{count(total['sent'])} surveys")
    yield (f"Your {cadence}", days(history, cadence))
    yield from _score(total, html=html)
    for name, write, key in (("Surveys sent", count, "sent"), ("Answers", count, "n")):
        yield (name, write(total[key]), write(before[key]))
    yield ("Response rate", share(total["response_rate"]), share(before["response_rate"]))
    yield ("Answers with a comment", *(share(commented(some.answers, unread)) for some in (history, history.before)))
    yield from _touchpoints(journey(history))


def subject(history: History, cadence: str) -> Line:
    total = trend(history)["total"]
    if total["score"] is None:
        return (many(total["n"]), days(history, cadence))
    return ("Score", score(total["score"]), changed(total), days(history, cadence))


def days(history: History, cadence: str) -> str:
    first, last = str(history.first), str(history.last)
    if cadence == "month":
        return month(first)
    return day(last) if cadence == "day" else f"{short_day(first)} – {short_day(last)} {history.last.year}"


def changed(row: Body) -> str:
    if row["change"] is None:
        return ""
    return f"{change(row['change'])}, {'a' if row['real'] else 'no'} real change"


def interval(row: Body) -> str:
    return f"{score(row['low'])} to {score(row['high'])}, {many(row['n'])} answers"


def commented(answers: Sequence[Fact], unread: Collection[str]) -> float | None:
    """The share of the answers that may be read which have words."""
    read = [one for one in answers if one.customer not in unread]
    return sum(bool(one.comment.strip()) for one in read) / len(read) if read else None


def _score(total: Body, *, html: bool) -> Iterator[Line]:
    if total["score"] is None:
        yield ("" if html else "Net Promoter Score", f"{many(total['n'])} answers are too few")
        return
    if html:
        yield (score(total["score"]),)
        yield ("", changed(total))
    else:
        yield ("Net Promoter Score", score(total["score"]), changed(total))
    yield ("95 % interval", interval(total))


def _touchpoints(said: Body) -> Iterator[Line]:
    rows = [row for row in said["rows"] if row["touchpoint"] and row["score"] is not None]
    for row in sorted((row for row in rows if row["real"]), key=lambda row: row["change"]):
        told = f"score {score(row['score'])}, a real change of {change(row['change'])}"
        yield ("", value("touchpoint", row["touchpoint"]), told, interval(row))
    if len(rows) > 1:
        lowest = min(rows, key=lambda row: row["score"])
        name = f"Lowest touchpoint: {value('touchpoint', lowest['touchpoint'])}"
        yield (name, score(lowest["score"]), interval(lowest))
