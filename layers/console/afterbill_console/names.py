"""Names of what reports tell apart, in the words of a language: dimensions, their values, categories."""

from collections.abc import Mapping

from babel import Locale, UnknownLocaleError

from afterbill_actions.texts import Texts

BOTH = " + "
"""Joins two dimensions, and two values, that are compared together."""

UNNAMED = ("unknown", "none", "other")
"""Values that stand for no value; `reason` has a word of its own for two of them."""


def scopes_of(name: str, text: str) -> list[tuple[str, str]]:
    """Return the one or two dimensions that are named, each with its value; none where they cannot be told apart."""
    if BOTH not in name:
        return [(name, text)]
    names, values = name.split(BOTH), text.split(BOTH)
    return list(zip(names, values, strict=True)) if len(names) == len(values) else []


def dimension(t: Texts, name: str) -> str:
    """Return the name of a dimension, or of two that are compared together; one of the operator's own as it stands."""
    return BOTH.join(t.maybe(f"words.dimension_{part}", part.replace("_", " ")) for part in name.split(BOTH))


def value(t: Texts, name: str, text: str) -> str:
    """Return the name of a value of this dimension, or of two values together."""
    return BOTH.join(_one(t, *scope) for scope in scopes_of(name, text)) or text


def what(t: Texts, name: str, text: str) -> str:
    """Return a value with its dimension where the value alone would say too little, as in a title."""
    alone = name in {"touchpoint", "stage", "reason", "product"} and text not in UNNAMED
    return value(t, name, text) if alone else f"{dimension(t, name)} {value(t, name, text)}"


def category(t: Texts, name: str) -> str:
    """Return the name of a category of any question, in the plural."""
    return t(f"words.category_{name}")


def why(t: Texts, row: Mapping[str, object]) -> str:
    """Return why a row does not say something; empty where it says all."""
    return t.maybe(f"words.why_{row['why']}", str(row.get("because", ""))) if row.get("why") else ""


def _one(t: Texts, name: str, text: str) -> str:
    if (word := t.maybe(f"words.{name}_{text}", "")) or (text in UNNAMED and (word := t(f"words.value_{text}"))):
        return word
    if name == "country":
        return str(Locale.parse(t.language).territories.get(text, text))
    return _language(t, text) if name == "locale" else text


def _language(t: Texts, text: str) -> str:
    try:
        return Locale.parse(text.replace("-", "_")).get_display_name(t.language) or text
    except (ValueError, UnknownLocaleError):
        return text
