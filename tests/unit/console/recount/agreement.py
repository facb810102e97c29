"""The figures of a document against those of a recount: each key, each row, each number to the last digit it has."""

from collections.abc import Iterator
from typing import Any

WORDS = frozenset({"why", "because", "note", "parts"})
"""Keys of sentences, and of moments at which parts were computed."""

HEAD = frozenset({"report", "window", "first", "last", "question", "where", "computed_at"})
"""Keys of a document that say what was asked for."""

TOLERANCE = 2e-6
"""Documents have six decimals; parts that sum to a whole are rounded together."""


def differing(found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    """Yield where the figures of a report differ from a recount, a figure that only one of them has too."""
    yield from _differing({name: value for name, value in found.items() if name not in HEAD}, wanted, "")


def _differing(found: Any, wanted: Any, place: str) -> Iterator[str]:
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in sorted({*found, *wanted} - WORDS):
            if name in found and name in wanted:
                yield from _differing(found[name], wanted[name], f"{place}.{name}")
            else:
                yield f"{place}.{name} only in the {'report' if name in found else 'recount'}"
    elif isinstance(found, list) and isinstance(wanted, list):
        if len(found) != len(wanted):
            yield f"{place}: {len(found)} in the report, {len(wanted)} in the recount"
        for number, (one, other) in enumerate(zip(found, wanted, strict=False)):
            yield from _differing(one, other, f"{place}[{number}]")
    elif not _same(found, wanted):
        yield f"{place}: {found!r} in the report, {wanted!r} in the recount"


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, float) and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return abs(found - wanted) <= TOLERANCE
    return type(found) is type(wanted) and bool(found == wanted)
