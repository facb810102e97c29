"""JSON lines: one object per line, under the same names as the columns of a CSV file."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from afterbill.model.errors import AfterbillError
from afterbill_cli.importing.fields import ATTRIBUTES, EMAIL, no_email
from afterbill_cli.importing.problems import Problem, shown
from afterbill_cli.importing.records import Layout, Record, Rows

_ONE_OBJECT = 'Write one object per line, such as {"email": "ada@example.com"}'
_UNASKED = ("is a key nobody asked for", "Remove it, or leave out --strict")


def read(lines: Iterator[str], layout: Layout) -> Rows:
    """The objects of the file; an error where it holds one long list."""
    rows = Rows(iter(()))
    rows.records = _records(lines, layout, rows)
    return rows


def _records(lines: Iterator[str], layout: Layout, rows: Rows) -> Iterator[Record]:
    number = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if number == 1 and line.lstrip().startswith("["):
            command = f"jq -c '.[]' {layout.path} > {layout.path.stem}.jsonl"
            raise AfterbillError(f"{layout.path} is one list. {_ONE_OBJECT}; this does it: {command}")
        yield _record(number, line, layout, rows)
    if not number:
        raise AfterbillError(f"{layout.path} is empty: it needs an object per customer")


def _record(number: int, line: str, layout: Layout, rows: Rows) -> Record:
    try:
        found = json.loads(
            line, parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=_unambiguous
        )
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        return Record(number, problems=(Problem(number, "", f"no JSON: {reason}", _ONE_OBJECT),))
    if not isinstance(found, dict):
        return Record(number, problems=(Problem(number, "", f"{shown(line.strip())} is no object", _ONE_OBJECT),))
    said: dict[str, str] = {}
    problems: list[Problem] = []
    for key, value in _flat(found):
        name, text = layout.fields.field_of(key), _text(value)
        if name and text is None:
            problems.append(Problem(number, key, "is no text and no number", "Write it as text"))
        elif name and text:
            said[name] = text
        elif name is None:
            rows.ignore(key)
            problems += [Problem(number, key[:64], *_UNASKED)] if layout.strict else []
    if EMAIL not in (layout.fields.field_of(key) for key in found):
        problems.append(Problem(number, EMAIL, no_email(found), "Every customer needs one"))
    return Record(number, said, tuple(problems))


def _flat(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """`{"attributes": {"seats": 3}}` says the same as `{"attributes.seats": 3}`."""
    for key, value in found.items():
        if f"{key}." == ATTRIBUTES and isinstance(value, dict):
            yield from ((f"{ATTRIBUTES}{name}", one) for name, one in value.items())
        else:
            yield key, value


def _text(value: object) -> str | None:
    """Numbers come as they are written; nothing is an empty text; None is what cannot be one."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | None):
        return (value or "").strip()
    return None


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
