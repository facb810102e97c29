"""Tallies and scores as items of the table, in both directions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode, encode
from afterbill.adapters.dynamodb.stored import reading, require
from afterbill.insight.nps import MAILS, NUMBERS, UNCONFIRMED, Comparison, Tally
from afterbill.insight.tally import Score, Tallies

_ENDS = (MAILS, UNCONFIRMED, NUMBERS)
"""The lengths of a stored tally: it ends before what no answer of it is."""


def tally_item(dimension: str, day: date, tallies: Tallies) -> dict[str, Any]:
    """All values of one dimension on one day; below 400 KB by the limits on values (insight/tally.py)."""
    counts = {value: _counts(tally) for value, tally in tallies.items()}
    return keys.tally(dimension, day) | {"tallies": {"M": counts}}


def tallies_of(item: Mapping[str, Any]) -> Tallies:
    """The tally of each value; UnreadableError where this version cannot read them: the day is to be recounted."""
    with reading(item):
        return {value: _tally(counts) for value, counts in item["tallies"]["M"].items()}


def _counts(tally: Tally) -> dict[str, Any]:
    """Numbers without names: the eleven ratings, then sent, answered, bounced, complained.

    Then the eleven of the unconfirmed and the two of the removed, as far as there are any.
    """
    numbers = tally.numbers
    end = next(end for end in _ENDS if not any(numbers[end:]))
    return {"L": [{"N": str(each)} for each in numbers[:end]]}


def _tally(counts: Mapping[str, Any]) -> Tally:
    """A list of another length is of another version: its numbers would be taken for others."""
    numbers = [int(each["N"]) for each in counts["L"]]
    require(len(numbers) in _ENDS, "a tally of another length")
    return Tally.of(numbers)


def score_item(row: Score) -> dict[str, Any]:
    """The counts a score follows from, and the score itself for readers of the table without this code."""
    measures = row.measures
    derived = {"score": measures.score, "low": measures.low, "high": measures.high, "mean": measures.mean}
    if row.comparison:
        derived["change"] = row.comparison.change
    numbers = {name: {"N": repr(value)} for name, value in derived.items() if value is not None}
    plain = {
        "n": row.tally.n,
        "unconfirmed": row.unconfirmed,
        "removed": row.removed,
        **measures.groups,
        "computed_at": row.computed_at.isoformat(),
    }
    if row.comparison:
        plain["significant"] = row.comparison.significant
    key = keys.score(row.dimension, row.window, row.value)
    return key | encode(plain) | numbers | {"counts": _counts(row.tally)}


def score_of(item: Mapping[str, Any]) -> Score:
    """The score an item holds; UnreadableError where this version cannot read it."""
    with reading(item):
        return _score_of(item)


def _score_of(item: Mapping[str, Any]) -> Score:
    plain = decode({name: item[name] for name in (keys.PK, keys.SK, "computed_at")})
    window, value = plain[keys.SK].split("#", 1)
    comparison = None
    if "change" in item:
        comparison = Comparison(float(item["change"]["N"]), item["significant"]["BOOL"])
    return Score(
        dimension=plain[keys.PK].removeprefix(keys.scores("")),
        value=value,
        window=window,
        tally=_tally(item["counts"]),
        comparison=comparison,
        computed_at=datetime.fromisoformat(plain["computed_at"]),
    )
