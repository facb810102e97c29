"""Readers for JSON that others wrote: what is not as documented is None or empty, never an exception."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, tzinfo
from typing import TypeVar
from urllib.parse import parse_qsl

from afterbill.model.errors import PayloadError
from afterbill.model.exact_json import DECODER

T = TypeVar("T")
Json = Mapping[str, object]

_EMPTY: Json = {}
MOST_REASON = 64
"""Characters of a reason that a billing system reports; a longer one is no code."""

_MIDNIGHT, _NOON = time(), time(12)
_LONGEST = 255
_MOST_FIELDS = 50
_LARGEST = 10**15
_LARGEST_ID = 10**20
_NOT_PLAIN = frozenset(' <>()[]\\,;:"')
"""Characters that no plain address has: `x<a@example.com>` reaches the same mailbox under another hash."""
_YEARS = range(946_684_800, 4_102_444_800)
"""Unix seconds of the years 2000 to 2099: a time outside is no time of a billing event."""


def parse(body: bytes) -> Json:
    """The JSON object in these bytes; of a key given twice the last one counts, as in every provider's own library."""
    value = parse_any(body)
    if not isinstance(value, dict):
        raise PayloadError("The body is JSON, but not an object.")
    return value


def parse_any(body: bytes) -> object:
    """The JSON in these bytes, whatever it is."""
    try:
        written = body.decode().strip(" \t\n\r")
        value, end = DECODER.raw_decode(written)
    except (ValueError, RecursionError):
        raise PayloadError("The body is not JSON in UTF-8.") from None
    if end != len(written):
        raise PayloadError("The body is JSON with something behind it.")
    return value


def form(body: bytes) -> dict[str, str]:
    """The fields of a form in the order they came; of a repeated one the last counts, at its first place."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise PayloadError(f"The body is not a form in UTF-8 with at most {_MOST_FIELDS} fields.") from None


def section(value: object, *path: str) -> Json:
    """The object at this path, empty where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else _EMPTY


def records(value: object, most: int) -> list[Json]:
    """The first objects of a list, at most so many; whatever else stands in it is left out."""
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries[:most] if isinstance(entry, dict)]


def text(value: object, longest: int = _LONGEST) -> str | None:
    """A string with something in it, in one line; an overlong one or half a surrogate pair is not given."""
    if not isinstance(value, str):
        return None
    line = " ".join(value.split())
    if not 0 < len(line) <= longest:
        return None
    return line if line.isascii() or not any("\ud800" <= char <= "\udfff" for char in line) else None


def words(value: object) -> str:
    """The words of a customer, in lines, cleaned and bounded as comments are; empty for no text."""
    if not isinstance(value, str):
        return ""
    from afterbill.answers.parse_answer import clean_comment  # noqa: PLC0415  # receiving reads no words
    from afterbill.model.invitation import COMMENT_LENGTH  # noqa: PLC0415  # the same

    return clean_comment(value)[:COMMENT_LENGTH]


def reported(reason: object, comment: object = None) -> tuple[str, str]:
    """Why a subscription ends: a code of at most 64 characters and the customer's words, each empty if not given."""
    return text(reason, MOST_REASON) or "", words(comment)


def integer(value: object) -> int | None:
    """A whole number of fewer than 16 digits; true, false and 1.0 are not numbers here."""
    return value if type(value) is int and abs(value) < _LARGEST else None


def identifier(value: object) -> str | None:
    """An id: a string, a number, or the `id` of an object that stands where its id could (Stripe: expanded)."""
    if isinstance(value, dict):
        value = value.get("id")
    return str(value) if type(value) is int and abs(value) < _LARGEST_ID else text(value)


def identifiers(**found: object) -> dict[str, str]:
    """Kinds and ids of those that have one."""
    named = {kind: identifier(value) for kind, value in found.items()}
    return {kind: value for kind, value in named.items() if value}


def moment(value: object) -> datetime | None:
    """Unix seconds as an aware datetime."""
    stamp = integer(value)
    return None if stamp is None or stamp not in _YEARS else datetime.fromtimestamp(stamp, UTC)


def iso_moment(value: object, naive: tzinfo | None = UTC) -> datetime | None:
    """An ISO 8601 time as an aware datetime in UTC; one without `Z` or an offset is `naive`'s, or None without it."""
    spelled = text(value, 40)
    try:
        at = datetime.fromisoformat(spelled or "")
        at = at.replace(tzinfo=at.tzinfo or naive)
        if at.tzinfo is None:
            return None
        return at.astimezone(UTC) if moment(int(at.timestamp())) else None
    except (ValueError, OverflowError):
        return None


def day_moment(value: object, latest: datetime, zone: str = "") -> datetime | None:
    """Noon of a day in this zone (an IANA name, UTC without one), a time as it is; in either case never after `latest`.

    Systems that keep a day as a time write midnight, by the clock that they write or by the one of their zone.
    """
    place = _place(zone)
    at = iso_moment(value, naive=place)
    if not at:
        return None
    written, there = datetime.fromisoformat(str(text(value, 40))), at.astimezone(place)
    day = next((one.date() for one in (written, there) if one.time() == _MIDNIGHT), None)
    return min(datetime.combine(day, _NOON, place).astimezone(UTC) if day else at, latest)


def _place(zone: str) -> tzinfo:
    if not zone:
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # receiving reads no day

    return ZoneInfo(zone)


def needed(value: T | None, event: str, what: str) -> T:
    """The value; an error without it, which names the event (`Stripe event invoice.paid`) and what is missing."""
    if value is None:
        raise PayloadError(f"The {event} has no usable {what}.")
    return value


def full_name(first: object, last: object) -> str | None:
    """First and last name as one, or the one there is."""
    return text(" ".join(filter(None, (text(first), text(last)))))


def address(*values: object) -> str | None:
    """The first value that has the shape of one plain e-mail address."""
    for value in values:
        mail = text(value, 254)
        if mail and _NOT_PLAIN.isdisjoint(mail) and 0 < mail.find("@") == mail.rfind("@") < len(mail) - 1:
            return mail
    return None


_EU_CODES = {"UK": "GB", "EL": "GR"}


def country(*values: object) -> str | None:
    """The first ISO 3166 code of two letters, upper case; what the EU writes for two countries is put right."""
    first = next((code for value in values if (code := alpha_code(value, 2))), None)
    return _EU_CODES.get(first, first) if first else None


def alpha_code(value: object, count: int) -> str | None:
    """A code of exactly so many ASCII letters, upper case."""
    code = text(value, count)
    return code.upper() if code and len(code) == count and code.isascii() and code.isalpha() else None


def locale(value: object) -> str | None:
    """A language tag such as `de` or `pt-BR`; Stripe's `auto` leaves the choice to the browser and is none."""
    tag = text(value, 35)
    if not tag or tag == "auto" or not tag.isascii():
        return None
    return tag if tag.replace("-", "").replace("_", "").isalnum() else None
