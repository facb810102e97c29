"""Our words for what a check of values finds: no word of a library, no pattern, and values as people write them."""

from collections.abc import Mapping
from datetime import date, datetime, time

_LONGEST = 80
"""Characters of a value that are shown."""

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "string_type": "must be a text",
    "string_unicode": "must be a text of whole characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "date_type": "must be a day such as 2027-01-31, without quotes",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    **dict.fromkeys(("tuple_type", "list_type", "frozen_set_type"), "must be a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "must be an object"),
}


def in_words(kind: str, context: Mapping[str, object], message: str) -> str:
    """Return what is wrong by the kind of the error and its limits; `message` itself where it is our own already."""
    words = _WORDS.get(kind)
    if words is None:
        return message.removeprefix("Value error, ")
    limits = {
        name: f"{value:g}" if isinstance(value, float) else shown(value)
        for name, value in context.items()
        if name != "expected"
    }
    expected = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    return words.format(expected=expected, **limits)


def no_table(place: str, value: object) -> str:
    """Return what is wrong with a value where a table must stand; `place` is its path, `sources.shop`."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return f"must be written [{place}], in single brackets"
    return f"must be a table, not {shown(value)}"


def shown(value: object) -> str:
    """Return a value as a configuration file writes it: `"pro"`, `true`, `2027-01-31`; long ones are cut."""
    match value:
        case bool():
            text = str(value).lower()
        case str():
            text = f'"{value}"'
        case float():
            text = f"{value:.1f}" if value.is_integer() else f"{value:g}"
        case datetime() | date() | time():
            text = value.isoformat()
        case list() | tuple():
            text = f"[{', '.join(map(shown, value))}]"
        case Mapping():
            text = "a table"
        case _:
            text = str(value)
    return on_one_line(text)


def on_one_line(text: str) -> str:
    """Return a text that somebody made up, fit for one line of a message: nothing unprintable, and long ones cut."""
    text = "".join(char if char.isprintable() else "�" for char in text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
