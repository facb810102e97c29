"""Which texts every language must hold, and what each may speak of: mistakes are found before anything is deployed."""

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

from afterbill.domain.billing import Touchpoint
from afterbill.domain.hints import unknown
from afterbill.domain.wording import VARYING

NAMES = frozenset({"company", "product", "service", "object"})
"""Placeholders that any text may use."""

STAGES = ("awareness", "consideration", "purchase", "support", "loyalty")
"""Of the customer journey, as surveys.toml spells them."""

_WITH_VALUES = {
    "mail_greeting_name": {"name"},
    "mail_intro": {"occasion"},
    "mail_why": {"occasion"},
    "rating_of_ten": {"rating"},
    "reminder_intro": {"occasion"},
    "survey_recorded": {"rating"},
    "survey_unsent": {"rating"},
}
_PLAIN = """
subject question scale_low scale_high
mail_preheader mail_greeting mail_hint mail_hint_text mail_closing mail_objection mail_unsubscribe
reminder_subject privacy
survey_comment survey_optional survey_contact survey_send survey_change
survey_error survey_no_rating survey_long_comment survey_unreadable
thanks_title thanks_text thanks_rating thanks_comment thanks_contact thanks_change
unsubscribe_title unsubscribe_text unsubscribe_confirm unsubscribed_title unsubscribed_text
closed_title closed_text not_found_title not_found_text too_large_title too_large_text
method_not_allowed_title method_not_allowed_text unavailable_title unavailable_text
"""

REQUIRED: Mapping[str, frozenset[str]] = {
    **{key: frozenset[str]() for key in _PLAIN.split()},
    **{f"occasion_{touchpoint}": frozenset[str]() for touchpoint in Touchpoint},
    **{key: frozenset(values) for key, values in _WITH_VALUES.items()},
}
"""Every text there must be, with the placeholders it may use beside NAMES."""

TEXTS: Mapping[str, frozenset[str]] = {
    **REQUIRED,
    **{f"{key}_{part}": REQUIRED[key] for key in sorted(VARYING) for part in (*Touchpoint, *STAGES)},
}
"""The same with every text there may be: those that vary, for each touchpoint and stage."""

_ABOUT = {"language": str, "read_by_native_speaker": bool}


def catalog_problems(place: str, file: Mapping[str, Any]) -> Iterator[str]:
    """What must be mended in one language's file, by key; nothing when it is complete."""
    yield from (
        f"{place}: {unknown(key, ('catalog', 'texts'))}; texts stand under [texts]"
        for key in file
        if key not in {"catalog", "texts"}
    )
    about, texts = file.get("catalog"), file.get("texts")
    if not isinstance(about, Mapping) or not isinstance(texts, Mapping):
        yield f"{place}: must hold the tables [catalog] and [texts]"
        return
    yield from (f"{place}: catalog: {unknown(key, _ABOUT)}" for key in about if key not in _ABOUT)
    for key, kind in _ABOUT.items():
        if not isinstance(about.get(key), kind):
            yield f"{place}: catalog.{key} must be " + ("true or false" if kind is bool else "a text")
    yield from (f"{place}: {key} is missing" for key in REQUIRED if key not in texts)
    for key, text in texts.items():
        yield from (f"{place}: {problem}" for problem in _text_problems(key, text))


def _text_problems(key: str, text: object) -> Iterator[str]:
    if key not in TEXTS:
        yield f"{unknown(key, TEXTS)}: no mail and no page says it"
    elif not isinstance(text, str):
        yield f"{key} must be a text in quotes, not {text!r}"
    elif not text.strip():
        yield f"{key} is empty"
    elif len(text.splitlines()) > 1 or text != text.strip():
        yield f"{key} must be one line without blanks around it"
    else:
        yield from (f"{key}: {problem}" for problem in placeholder_problems(text, TEXTS[key] | NAMES))


def placeholder_problems(text: str, allowed: frozenset[str]) -> Iterator[str]:
    """What in braces cannot be filled in."""
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        yield f"{error}; a brace that is meant as one is written twice"
        return
    for _, name, form, conversion in parsed:
        if name is None:
            continue
        if name not in allowed:
            known = ", ".join(f"{{{one}}}" for one in sorted(allowed))
            yield f"the placeholder {{{name}}} is unknown here; there are {known}"
        elif form or conversion:
            yield f"the placeholder {{{name}}} must stand alone in its braces"
