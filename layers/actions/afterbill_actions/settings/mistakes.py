"""The mistakes of actions.toml, in the words and with the lines of those of surveys.toml."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from afterbill.model.suggestions import did_you_mean, nearest
from afterbill.settings.surveys.fitting import MISFIT
from afterbill.settings.surveys.mistakes import UNKNOWN
from afterbill.settings.surveys.mistakes import mistakes as worded
from afterbill_actions.settings.tables import KEYS

Place = tuple[int | str, ...]

_NAMED = frozenset({"connections", "workflows"})
"""The tables that hold tables of their own, each under a name."""


def misfit(place: Place, what: str) -> ErrorDetails:
    """Return a mistake in our own words."""
    return ErrorDetails(type=MISFIT, loc=place, msg=what, input=None)


def mistakes(found: Iterable[ErrorDetails], tables: Mapping[str, Any], name: str, text: str) -> list[str]:
    """Return a line for each mistake, by its key; `name` is the file's, `text` its content."""
    return worded([_said(each, tables) for each in found], tables, name, text)


def unknown_keys(names: Iterable[str], known: Collection[str], place: Place) -> Iterator[ErrorDetails]:
    """Yield a mistake for each name that is not known at a place."""
    yield from (misfit((*place, one), did_you_mean(one, known, _all(known))) for one in names if one not in known)


def _all(known: Collection[str]) -> str:
    return f"; there are: {', '.join(sorted(known))}" if known else "; there are no further keys"


def _said(error: ErrorDetails, tables: Mapping[str, Any]) -> ErrorDetails:
    place = tuple(part for part in error["loc"] if part != "[key]")
    if len(place) == 2 and place[0] in _NAMED and place[1] in KEYS[str(place[0])]:  # noqa: PLR2004  # table and key
        return misfit(place, f"must stand under a name of its own, as in [{place[0]}.NAME]")
    if error["type"] == UNKNOWN:
        return misfit(place, did_you_mean(str(place[-1]), KEYS[_table(place[:-1])]))
    if error["type"] == "missing" and (misspelt := _near(place, tables)):
        return misfit((*place[:-1], misspelt), f'"{misspelt}" is unknown; did you mean "{place[-1]}"?')
    return error


def _near(place: Place, tables: Mapping[str, Any]) -> str:
    """Return the key that stands where one is missing, and is spelled nearly like it; empty where none is."""
    table: Any = tables
    for part in place[:-1]:
        table = table[part]
    return nearest(str(place[-1]), table.keys() - KEYS[_table(place[:-1])])


def _table(place: Place) -> str:
    """Return the name of a table in KEYS by its place in the file."""
    names = [part for part in place if isinstance(part, str)]
    return ".".join([*names[:1], *(names[2:] if names and names[0] in _NAMED else names[1:])])
