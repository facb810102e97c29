"""The mistakes of surveys.toml: file, key and line, what is wrong, and what is allowed instead."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from afterbill.model.check_messages import in_words, on_one_line, shown
from afterbill.model.suggestions import did_you_mean
from afterbill.settings.surveys.fitting import TOGETHER, UNFIT
from afterbill.settings.surveys.tables import KEYS

_SAYS_ALL = frozenset({"missing", "value_error", UNFIT})
"""Kinds whose message names the value, if that helps, or that have none."""

_TABLES = frozenset({"dict_type", "model_type", "model_attributes_type"})
_HEADER = re.compile(r"\s*\[{1,2}([^\[\]]+)\]{1,2}")
_KEY = re.compile(r"\s*([\w.\"' -]+?)\s*=")
_PART = re.compile(r"\"[^\"]*\"|'[^']*'|[^.\"'\s]+")

Lines = Mapping[tuple[str, ...], int]
"""The line of each table and key of a file, by its path."""


def mistakes(error: ValidationError, tables: Mapping[str, Any], name: str, text: str) -> list[str]:
    """Return a line for each mistake; one in [defaults] is named once.

    `name` is the file's, `text` its content, as far as it is known: then each mistake tells its line.
    """
    lines = dict(_lines(text))
    found = set()
    for each in error.errors(include_url=False):
        place = _place(each["type"], each["loc"], tables)
        what = ": ".join(filter(None, [on_one_line(".".join(place)), _message(each, place)]))
        line = next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), None)
        found.add(f"{name}: {what}" + (f" (line {line})" if line else ""))
    return sorted(found)


def _message(error: Mapping[str, Any], place: tuple[str, ...]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown(place)
    message = "must be a table" if kind in _TABLES else in_words(kind, error.get("ctx", {}), error["msg"])
    return message if kind in _SAYS_ALL else f"{message}, not {shown(error['input'])}"


def _unknown(place: tuple[str, ...]) -> str:
    """Say which key of this table was meant, or to which table the key belongs."""
    key, table = place[-1], place[0] if len(place) > 1 else ""
    others = [f"[{other}]" for other, keys in KEYS.items() if key in keys and other]
    if key not in KEYS[table] and others:
        return f'"{key}" is unknown here: it stands under {" or ".join(others)}'
    return did_you_mean(key, KEYS[table])


def _place(kind: str, loc: tuple[int | str, ...], tables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the key to change: one under [defaults] where the touchpoint itself says nothing of the kind."""
    place = tuple(str(part) for part in loc if part != "[key]")
    if len(place) < 3 or place[0] != "touchpoints":  # noqa: PLR2004  # table, touchpoint, key
        return place
    own = tables.get("touchpoints", {}).get(place[1], {})
    decided_by = TOGETHER[place[2]] if kind == UNFIT else {place[2]}
    return place if own.keys() & decided_by else ("defaults", *place[2:])


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the path and the line of every table and key that stands on a line of its own."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _path(header[1])
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_path(key[1])), number


def _path(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
