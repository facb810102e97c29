"""Writing TOML, which the standard library can only read."""

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(table: Mapping[str, Any], name: str = "") -> str:
    """Return a table as TOML, with a section for every table in it; `name` is that of its own section.

    Reading the text gives the same table. Comments are lost, and tables in lists stand in one line.
    """
    sections = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines = [f"{_key(key)} = {toml_value(value)}\n" for key, value in table.items() if key not in sections]
    head = f"[{name}]\n" if name and (lines or not sections) else ""
    inside = (toml_text(value, f"{name}.{_key(key)}" if name else _key(key)) for key, value in sections.items())
    return "\n".join(part for part in (head + "".join(lines), *inside) if part)


def toml_value(value: object) -> str:
    """Return one value as TOML writes it behind the equals sign."""
    match value:
        case bool() | int() | float():
            return json.dumps(value)
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return f"[{', '.join(map(toml_value, value))}]"
        case Mapping():
            return f"{{ {', '.join(f'{_key(key)} = {toml_value(inside)}' for key, inside in value.items())} }}"
        case _:  # days and times, which both write alike
            return str(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else toml_value(key)
