"""The mistakes of surveys.toml: file, key and line, what is wrong, and what is allowed instead."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import reduce
from typing import Any

from pydantic_core import ErrorDetails

from afterbill.model.check_messages import in_words, no_table, on_one_line, shown
from afterbill.model.suggestions import did_you_mean, nearest
from afterbill.settings.surveys.fitting import MISFIT, TOGETHER, UNFIT
from afterbill.settings.surveys.tables import KEYS, NAMED

UNKNOWN = "extra_forbidden"
"""The type of a mistake in the name of a key or a table."""

_SAYS_ALL = frozenset({"missing", "value_error", UNFIT, MISFIT})
"""Kinds whose message names the value, if that helps, or that have none."""

_NO_TABLE = frozenset({"dict_type", "model_type", "model_attributes_type"})
_HEADER = re.compile(r"\s*\[{1,2}([^\[\]]+)\]{1,2}")
_KEY = re.compile(r"\s*([\w.\"' -]+?)\s*=")
_PART = re.compile(r"\"[^\"]*\"|'[^']*'|[^.\"'\s]+")

Lines = Mapping[tuple[str, ...], int]
"""The line of each table and key of a file, by its path."""


def mistakes(errors: Iterable[ErrorDetails], tables: Mapping[str, Any], name: str, text: str) -> list[str]:
    """Return a line for each mistake; one in [defaults] is named once, and what is no table has no other.

    `name` is the file's, `text` its content, as far as it is known: then each mistake tells its line.
    """
    lines = _lines(text)
    placed = [(_place(each["type"], each["loc"], tables), each) for each in errors]
    no_tables = {place for place, each in placed if each["type"] in _NO_TABLE}
    found = set()
    for place, each in placed:
        if each["type"] not in _NO_TABLE and any(place[:end] in no_tables for end in range(1, len(place) + 1)):
            continue
        what = ": ".join(filter(None, [_dotted(place), _message(each, place)]))
        line = next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), None)
        found.add(f"{name}: {what}" + (f" (line {line})" if line else ""))
    return sorted(found)


def respelled(errors: Iterable[ErrorDetails], tables: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the tables with each misspelt name as it was meant; None where nothing is known to be misspelt."""
    spelled, changed = deepcopy(dict(tables)), False
    for each in errors:
        *folders, key = _place(each["type"], each["loc"], tables)
        if each["type"] != UNKNOWN or not (meant := _meant((*folders, key), each["input"])):
            continue
        table, changed = reduce(_inside, folders, spelled), True
        if key in table:  # else it stands in [defaults], and another touchpoint has brought it here
            table.setdefault(meant, table.pop(key))
    return spelled if changed else None


def _inside(holder: Any, key: str) -> Any:  # noqa: ANN401  # tables and lists of a file
    return holder[int(key) if isinstance(holder, list) else key]


def _message(error: ErrorDetails, place: tuple[str, ...]) -> str:
    kind = error["type"]
    if kind == UNKNOWN:
        return _unknown(place, error["input"])
    if kind in _NO_TABLE:
        return _no_table(place, error["input"])
    message = in_words(kind, error.get("ctx", {}), error["msg"])
    return message if kind in _SAYS_ALL else f"{message}, not {shown(error['input'])}"


def _no_table(place: tuple[str, ...], value: object) -> str:
    table, *names = place
    if table in NAMED and names and names[0] in KEYS[table]:
        or_all = ", or under [defaults]" if table == "touchpoints" else ""
        return f"must stand under a name of its own, as in [{table}.NAME]{or_all}"
    return no_table(".".join(place), value)


def _unknown(place: tuple[str, ...], value: object) -> str:
    """Say which key of this table was meant, or to which table the key belongs."""
    key = place[-1]
    if others := _elsewhere(place, value):
        return f'"{key}" is unknown here: it stands {" or ".join(others)}'
    return did_you_mean(key, _names(place, value))


def _meant(place: tuple[str, ...], value: object) -> str:
    return "" if _elsewhere(place, value) else nearest(place[-1], _names(place, value))


def _names(place: tuple[str, ...], value: object) -> Iterable[str]:
    """Return the names there are at this place: for a table in the file itself those of tables alone."""
    if len(place) > 1:
        return KEYS.get(".".join(part for part in place[:-1] if not part.isdigit()), KEYS[place[0]])
    return KEYS.keys() - {""} if isinstance(value, dict | list) else KEYS[""]


def _elsewhere(place: tuple[str, ...], value: object) -> list[str]:
    """Return where a key of this name stands; nowhere if the name of a table is near."""
    key, is_table = place[-1], isinstance(value, dict | list)
    if len(place) == 1 and is_table and nearest(key, _names(place, value)):
        return []
    under = [
        f"[{table}]" for table, keys in KEYS.items() if key in keys and "." not in table and table not in {"", place[0]}
    ]
    top = key in KEYS[""] and is_table is (key in KEYS)
    return ["at the top of the file"] * top + [f"under {' or '.join(under)}"] * bool(under)


def _place(kind: str, loc: tuple[int | str, ...], tables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the key to change: one under [defaults] where the touchpoint itself says nothing of the kind."""
    place = tuple(str(part) for part in loc if part != "[key]")
    if len(place) < 3 or place[0] != "touchpoints":  # noqa: PLR2004  # table, touchpoint, key
        return place
    own = tables.get("touchpoints", {}).get(place[1], {})
    decided_by = TOGETHER[place[2]] if kind == UNFIT else {place[2]}
    if own.keys() & decided_by:
        return place
    return ("defaults", *place[2:]) if "defaults" in tables or kind != "missing" else ("defaults",)


def _lines(text: str) -> Lines:
    """Return the lines of tables and keys; a table without a header has that of the first one within it."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    entries = Counter[tuple[str, ...]]()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            place = table = _path(header[1])
            if line.strip().startswith("[["):
                place = table = (*place, str(entries[place]))
                entries[place[:-1]] += 1
        elif key := _KEY.match(line):
            place = (*table, *_path(key[1]))
        else:
            continue
        lines[place] = number
        for end in range(1, len(place)):
            lines.setdefault(place[:end], number)
    return lines


def _dotted(place: Iterable[str]) -> str:
    return on_one_line(".".join(f'"{part}"' if "." in part else part for part in place))


def _path(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
