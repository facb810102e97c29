"""Read a legal basis from where sellers keep it in a billing system: metadata, custom fields, notes of an order."""

from collections.abc import Mapping
from dataclasses import replace

from afterbill.connectors._kit.json import Json, records, text
from afterbill.model.billing import BillingEvent
from afterbill.model.consent import CONSENT_AT, CONSENT_TEXT, CONSENT_WITHDRAWN_AT, NOTICE_AT, moment_of, newest

KEYS: Mapping[str, str] = {
    CONSENT_AT: "survey_consent_at",
    CONSENT_TEXT: "survey_consent_text",
    CONSENT_WITHDRAWN_AT: "survey_consent_withdrawn_at",
    NOTICE_AT: "survey_notice_at",
}
"""Attribute of a customer -> key in the metadata of a billing system; `[sources.NAME.fields]` may name other keys."""

_LONGEST_WORDING = 500
_LONGEST_TIME = 64
_MOST_PAIRS = 200
"""Plugins write many pairs of their own into an order."""


def basis_attributes(metadata: object, names: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a legal basis in an object, or in a list of pairs of a name (or key) and a value.

    A time that cannot be read is left out, but a withdrawal is not; half a consent is left out, so that its time is
    never taken for that of another wording. A wording is one line of at most 500 characters.
    """
    content = pairs(metadata) if isinstance(metadata, list) else metadata
    if not isinstance(content, dict):
        return {}
    values = {ours: value for ours, key in KEYS.items() if (value := content.get(names.get(ours, key))) is not None}
    return checked(values) if values else {}


def checked(values: Mapping[str, object]) -> dict[str, str]:
    """Return the usable ones of these values, by attribute of a basis."""
    wording, consented = _wording(values.get(CONSENT_TEXT)), _time(values.get(CONSENT_AT))
    noticed, withdrawn = _time(values.get(NOTICE_AT)), _word(values.get(CONSENT_WITHDRAWN_AT))
    agreed = {CONSENT_AT: consented, CONSENT_TEXT: wording} if consented and wording else {}
    basis = {**agreed, CONSENT_WITHDRAWN_AT: withdrawn, NOTICE_AT: noticed}
    return {name: value for name, value in basis.items() if value}


def pairs(entries: object) -> dict[str, object]:
    """Turn a list of pairs of a name (or key) and a value into one object; of a name given twice the last counts."""
    listed = records(entries, _MOST_PAIRS)
    named = ((text(entry.get("name")) or text(entry.get("key")), entry.get("value")) for entry in listed)
    return {name: value for name, value in named if name}


def with_basis(
    event: BillingEvent, names: Mapping[str, str], *places: object, objected_at: object = None
) -> BillingEvent:
    """Return the event; its customer has the newest basis of these places and of the event itself.

    `objected_at` is when the customer objected to advertising, in any form the billing system has for it.
    A deleted customer gets no basis.
    """
    bases, customer = [found for place in places if (found := basis_attributes(place, names))], event.customer
    if objected_at:
        bases.append(checked({CONSENT_WITHDRAWN_AT: objected_at}))
    if not bases or customer.deleted:
        return event
    attributes = {**customer.attributes, **newest(customer.attributes, *bases)}
    return replace(event, customer=replace(customer, attributes=attributes))


def without_prefix(content: Json, prefix: str) -> dict[str, object]:
    """An object that holds custom fields among others, with and without the prefix that marks them."""
    bare = {key.removeprefix(prefix): value for key, value in content.items() if key.startswith(prefix)}
    return {**bare, **content}


def _time(value: object) -> str | None:
    word = _word(value)
    return word if word and moment_of(word) else None


def _word(value: object) -> str | None:
    """Return a time as text: Unix seconds may be a number, and true is a withdrawal at an unknown time."""
    if value is True:
        return "true"
    spelled = str(value) if type(value) is int else value
    return " ".join(spelled.split())[:_LONGEST_TIME] if isinstance(spelled, str) else None


def _wording(value: object) -> str | None:
    """One line without control characters; an ellipsis stands for what did not fit."""
    if not isinstance(value, str):
        return None
    line = " ".join("".join(char if char.isprintable() else " " for char in value).split())
    return line if len(line) <= _LONGEST_WORDING else f"{line[: _LONGEST_WORDING - 1]}…"
