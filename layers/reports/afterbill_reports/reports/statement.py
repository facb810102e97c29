"""Named parameters in the SQL of reports, and the places that engines want instead of the names."""

import re
from collections.abc import Mapping
from datetime import date

Parameter = str | int | date

_PARTS = re.compile(r"'(?:[^']|'')*'|--[^\n]*|::|:(?P<name>[a-z_][a-z0-9_]*)")
"""A text in quotes, a comment or a cast, which stay as they are; or a name."""


def positional(sql: str, parameters: Mapping[str, Parameter]) -> tuple[str, list[Parameter]]:
    """Return the statement with `?` in place of each `:name`, and the values in the order of the places.

    No value becomes a part of the text. KeyError for a name without a value; values without a name are left out.
    """
    values: list[Parameter] = []

    def place(part: re.Match[str]) -> str:
        name = part["name"]
        if name is None:
            return part[0]
        values.append(parameters[name])
        return "?"

    return _PARTS.sub(place, sql), values
