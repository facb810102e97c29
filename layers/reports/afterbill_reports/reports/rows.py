"""The rows of reports: a score with its interval, a difference that is real or not, and why something is not said."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from afterbill.insight.measures import measures, p_value, score
from afterbill.insight.nps import Tally
from afterbill.insight.reports.asked import FEW, LEAST
from afterbill.model.questions import Question
from afterbill_reports.statistics.decomposition import PLACES
from afterbill_reports.statistics.multiplicity import LEVEL, adjusted


class Why(StrEnum):
    """The reason why a value is null."""

    NO_ANSWERS = "no_answers"
    FEW_ANSWERS = "few_answers"
    NOTHING_BEFORE = "nothing_before"
    NOTHING_ELSE = "nothing_else"
    FEW_TO_COMPARE = "few_to_compare"
    FEW_FOR_ATTRIBUTES = "few_for_attributes"
    ON_DEMAND = "on_demand"
    NO_WEIGHTS = "no_weights"
    NO_AMOUNTS = "no_amounts"
    NO_RATE = "no_rate"
    ONE_CATEGORY = "one_category"
    NOTHING_HAPPENED = "nothing_happened"
    NOTHING_FAILED = "nothing_failed"
    MOST_UNPAID = "most_unpaid"
    NOBODY_TWICE = "nobody_twice"
    NOBODY_KNOWN = "nobody_known"
    MERGED = "merged"


BECAUSE: Mapping[Why, str] = {
    Why.NO_ANSWERS: "Nobody answered in these days.",
    Why.FEW_ANSWERS: f"Fewer than {LEAST} answers: one more would turn the score around.",
    Why.NOTHING_BEFORE: "There is no score before to compare with.",
    Why.NOTHING_ELSE: "There are no other answers to compare with, or too few for a score.",
    Why.FEW_TO_COMPARE: f"Fewer than {FEW} answers on one side: nothing is called real.",
    Why.FEW_FOR_ATTRIBUTES: "Fewer than 10 answers for each value that is told apart.",
    Why.ON_DEMAND: "This is computed for everything and when it is asked for with a filter.",
    Why.NO_WEIGHTS: "Too few answers to weigh them.",
    Why.NO_AMOUNTS: "No recurring amount is known of those who answered, or none but 0.",
    Why.NO_RATE: "[revenue] has no rate of this currency for the last day: its amounts are in no sum.",
    Why.ONE_CATEGORY: "All who can be followed are of one category: there is nothing to compare.",
    Why.NOTHING_HAPPENED: "This happened to nobody who can be followed.",
    Why.NOTHING_FAILED: "No payment failed in these days.",
    Why.MOST_UNPAID: "Fewer than half of the failed payments have been made up for.",
    Why.NOBODY_TWICE: "Nobody whom we know answered in both windows.",
    Why.NOBODY_KNOWN: "Of none of those who answered in these days is it known who they are.",
    Why.MERGED: "Products that are not shown by name: an answer counts once for each.",
}


_NONE = Tally().ratings


def unsaid(why: Why) -> dict[str, str]:
    """Return `why`, the code, and `because`, the sentence."""
    return {"why": why.value, "because": BECAUSE[why]}


def figure(number: float | None) -> float | None:
    """Return a figure as documents hold it; there is no minus zero."""
    return None if number is None else round(number, PLACES) + 0.0


def scored(question: Question, tally: Tally) -> dict[str, Any]:
    """Return `n`, `score`, `low`, `high` and `few`; below LEAST no score, and why."""
    if tally.n < LEAST:
        why = Why.FEW_ANSWERS if tally.n else Why.NO_ANSWERS
        return {"n": tally.n, "score": None, "low": None, "high": None, "few": True, **unsaid(why)}
    found = measures(question, tally)
    plain = {"score": figure(found.score), "low": figure(found.low), "high": figure(found.high)}
    mean = {} if found.mean is None else {"mean": figure(found.mean)}
    return {"n": tally.n, **plain, **mean, "few": tally.n < FEW}


def apart(question: Question, tally: Tally, other: Tally, absent: Why, name: str) -> dict[str, Any]:
    """Return how far the score is from another, under `name`, and the `p` of that.

    Both need LEAST answers, or the difference is null because of `absent`, and FEW for a p.
    """
    fewest = min(tally.n, other.n)
    if fewest < LEAST:
        return {name: None, "p": None, **(unsaid(absent) if tally.n >= LEAST else {})}
    change = (score(question, tally) or 0) - (score(question, other) or 0)
    if fewest < FEW:
        return {name: figure(change), "p": None, **unsaid(Why.FEW_TO_COMPARE)}
    return {name: figure(change), "p": p_value(question, tally, other)}


def changed(question: Question, tally: Tally, before: Tally) -> dict[str, Any]:
    """Return the score of a tally and its change from the one before."""
    return {**scored(question, tally), **apart(question, tally, before, Why.NOTHING_BEFORE, "change")}


def judged(rows: Iterable[dict[str, Any]]) -> int:
    """Say of every row with a `p` if it is `real`, all of them taken together; return how many were compared.

    `q` is the adjusted p of Benjamini and Hochberg.
    """
    listed = list(rows)
    for row, q in zip(listed, adjusted([row["p"] for row in listed]), strict=True):
        row |= {"q": q, "real": q is not None and q <= LEVEL}
    return sum(row["p"] is not None for row in listed)


def tally_of(counts: Sequence[int]) -> Tally:
    """Return the tally of `sql.COUNTS`."""
    return Tally(tuple(counts[:11]))


def total(tallies: Iterable[Tally]) -> Tally:
    """Return all answers of them in one tally."""
    return Tally(tuple(map(sum, zip(*(tally.ratings for tally in tallies), _NONE, strict=True))))


def share(part: int, whole: int) -> float | None:
    """Return a share from 0 to 1; None of nothing."""
    return figure(part / whole) if whole else None
