"""Single values of surveys.toml: their grammar, and the message for one that cannot be read."""

import re
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo

from afterbill.connectors import registry
from afterbill.connectors._kit.consent import KEYS
from afterbill.connectors._kit.neutral import LESSONS, PATHS
from afterbill.content.catalog import STAGES
from afterbill.insight.reports.asked import OWN
from afterbill.model.addresses import mailbox
from afterbill.model.billing import Touchpoint
from afterbill.model.channels import SENDING_CHANNELS, Channel
from afterbill.model.check_messages import shown
from afterbill.model.segments import DIMENSIONS, REMOVED
from afterbill.model.suggestions import did_you_mean
from afterbill.outreach import sending_window
from afterbill.settings.almanac import load_almanac
from afterbill.settings.config import UNITS, written

_MEANINGS = (*Touchpoint, *LESSONS)
_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_PRICE = re.compile(r"[0-9]{1,2}\.[0-9]{2,5}")
_LONGEST = timedelta(days=3650)
_DURATION = re.compile(r"(\d{1,6})([smhd])")
_ADDRESS = re.compile(
    r"(?:https://[a-z0-9.-]+|http://(?:127\.0\.0\.1|localhost))(?::\d{1,5})?(?:/[\w.~-]+)*/?", re.ASCII | re.IGNORECASE
)
_ORIGIN = re.compile(r"(?:https://[a-z0-9.-]+|http://(?:127\.0\.0\.1|localhost))(?::\d{1,5})?", re.ASCII)
_ATTRIBUTES = "data.attributes."
_CURRENCY = re.compile(r"[A-Z]{3}|presentment")
_ISO_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST_LINE = 200
_TAKEN = frozenset({*OWN, *DIMENSIONS, "account", "question", REMOVED})


class Table(BaseModel):
    """A table: no key may be unknown, no value is guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def name(text: object) -> str:
    """A name that the operator gives: of a source, a window, a reason."""
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        message = f'must be a name of 1 to 40 signs out of a to z, 0 to 9, "_" and "-", not {shown(text)}'
        raise ValueError(message)
    return text


def price(text: object) -> str:
    """US dollars, as AWS states them."""
    if not isinstance(text, str) or not _PRICE.fullmatch(text):
        message = f'must be US dollars in quotes, with two to five decimals, such as "0.10", not {shown(text)}'
        raise ValueError(message)
    return text


def duration(text: object) -> timedelta:
    """`20s`, `90m`, `48h` or `3d`."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    span = timedelta(seconds=UNITS[match[2]] * int(match[1])) if match else None
    if span is None or span > _LONGEST:
        message = f'must be a duration such as "20s", "90m", "48h" or "3d", ten years at most, not {shown(text)}'
        raise ValueError(message)
    return span


def within(least: timedelta, most: timedelta = _LONGEST) -> AfterValidator:
    """Return the check that a duration lies between these two, both allowed."""

    def check(span: timedelta) -> timedelta:
        if not least <= span <= most:
            message = f"must be from {written(least)} to {written(most)}, not {written(span)}"
            raise ValueError(message)
        return span

    return AfterValidator(check)


def _whole_days(span: timedelta) -> timedelta:
    if span % timedelta(days=1):
        message = f'must be whole days, such as "{span.days + 1}d", not {written(span)}'
        raise ValueError(message)
    return span


whole_days = AfterValidator(_whole_days)
"""The check that a duration has no hours: what is stored counts periods in days."""


def zone_name(text: object) -> str:
    """An IANA name."""
    try:
        return ZoneInfo(str(text)).key
    except (KeyError, ValueError, OSError) as error:
        message = f'must be a time zone such as "Europe/Berlin", not {shown(text)}'
        raise ValueError(message) from error


def provider(text: object) -> str:
    """The name of a provider there is."""
    return choose(text, registry.PROVIDERS)


def meaning(text: object) -> str:
    """The meaning of a foreign type: a touchpoint, or what only changes a customer or a subscription."""
    return choose(text, _MEANINGS)


def field(text: object) -> str:
    """The target of a field map: a path of the neutral body, or an attribute of a legal basis."""
    if not isinstance(text, str) or (not text.startswith(_ATTRIBUTES) and text not in {*PATHS, *KEYS}):
        raise ValueError(did_you_mean(str(text), {*PATHS, *KEYS}))
    return text


def path(text: object) -> str:
    """A path into a foreign body: names, and numbers of places in lists, with dots between."""
    if not isinstance(text, str) or not all(text.split(".")):
        message = f'must be a path such as "payload.owner.mail", not {shown(text)}'
        raise ValueError(message)
    return text


def address(text: object) -> str:
    """The address of requests: one that cannot mean another one to somebody else."""
    if not isinstance(text, str) or (text and not _ADDRESS.fullmatch(text)) or ".." in text:
        rule = "must be an https:// address without user, query and fragment (http:// on 127.0.0.1 only)"
        message = f"{rule}, not {shown(text)}"
        raise ValueError(message)
    return text


def mail_address(text: object) -> str:
    """A mail address, in its one spelling."""
    from afterbill.adapters.addresses import address_fault  # noqa: PLC0415  # few files name one

    fault = address_fault(text) if isinstance(text, str) else "it must be a text in quotes"
    if fault:
        message = f'must be a mail address such as "you@example.com", not {shown(text)}: {fault}'
        raise ValueError(message)
    return mailbox(str(text))


def word(text: object) -> str:
    """An id or a name that a provider uses."""
    if not isinstance(text, str) or not text.isprintable() or " " in text:
        message = f"must be copied from the provider as one word, not {shown(text)}"
        raise ValueError(message)
    return text


def currency_code(text: object) -> str:
    """The currency of amounts that name none; a shop can also say that the customer's own counts."""
    if not isinstance(text, str) or not _CURRENCY.fullmatch(text):
        message = f'must be an ISO 4217 code such as "EUR", or "presentment", not {shown(text)}'
        raise ValueError(message)
    return text


def own_currency(text: object) -> str:
    """The currency in which amounts are added up, or one that is converted into it."""
    if not isinstance(text, str) or not _ISO_CURRENCY.fullmatch(text):
        message = f'must be an ISO 4217 code such as "EUR", not {shown(text)}'
        raise ValueError(message)
    return text


def text_line(text: object) -> str:
    """Words of the operator's own, on one line."""
    if not isinstance(text, str) or not text.strip() or not text.isprintable() or len(text) > _LONGEST_LINE:
        message = f"must be a text of 1 to {_LONGEST_LINE} characters on one line, not {shown(text)}"
        raise ValueError(message)
    return text


def segment_name(text: object) -> str:
    """The name of a declared dimension, which no other dimension has."""
    if name(text) in _TAKEN:
        message = f"is taken by a dimension that is always there: choose another name for {shown(text)}"
        raise ValueError(message)
    return str(text)


def pair(names: object) -> tuple[str, str]:
    """Two dimensions."""
    if not isinstance(names, list) or len(names) != 2 or names[0] == names[1]:  # noqa: PLR2004  # a pair
        message = f'must be two dimensions such as ["plan", "country"], not {shown(names)}'
        raise ValueError(message)
    return str(names[0]), str(names[1])


def several_tables(value: object, info: ValidationInfo) -> object:
    """Tables in double brackets, one for each."""
    if isinstance(value, list):
        return value
    message = f"must be written in double brackets, [[...{info.field_name}]], once for each"
    raise ValueError(message)


def country(text: object) -> str:
    """A country by its code; one that does not exist would silently never apply."""
    if not isinstance(text, str) or text not in load_almanac().zones:
        message = f'must be the ISO 3166 code of a country such as "DE" or "GB", not {shown(text)}'
        raise ValueError(message)
    return text


def days(texts: object) -> frozenset[int]:
    """A list of weekdays."""
    return sending_window.parse_days(_words(texts, '["mon", "tue"]'))


def hours(texts: object) -> tuple[tuple[int, int], ...]:
    """A list of stretches of the local day."""
    return sending_window.parse_hours(_words(texts, '["09:00-12:00", "13:00-17:30"]'))


def _words(texts: object, example: str) -> list[str]:
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        message = f"must be a list such as {example}, not {shown(texts)}"
        raise ValueError(message)
    return texts


def network(text: object) -> str:
    """A network in CIDR notation."""
    try:
        return str(ip_network(str(text)))
    except ValueError as error:
        message = f'must be a network such as "192.0.2.0/24" or "2001:db8::/32", not {shown(text)}'
        raise ValueError(message) from error


def origin(text: object) -> str:
    """The origin of pages, spelled as browsers spell it: they leave the usual port out."""
    if not isinstance(text, str) or not _ORIGIN.fullmatch(text) or text.endswith((":443", ":80")):
        message = (
            'must be scheme and host such as "https://app.example.com", in small letters, without a path, '
            f"the usual port or a wildcard (http:// on localhost only), not {shown(text)}"
        )
        raise ValueError(message)
    return text


def channel_list(names: object) -> tuple[Channel, ...]:
    """The ways to ask, in order, each once."""
    chosen = tuple(Channel(choose(name, SENDING_CHANNELS)) for name in _words(names, '["mail"]'))
    if not chosen or len(set(chosen)) < len(chosen):
        message = f'must name each way to ask once, such as ["in_app", "mail"], not {shown(names)}'
        raise ValueError(message)
    return chosen


def choose(text: object, allowed: Iterable[str]) -> str:
    """Return the name if it is one of these; otherwise suggest the nearest, or tell all where none is near."""
    names = list(allowed)
    if text not in names:
        raise ValueError(_unknown(text, names))
    return str(text)


def _unknown(text: object, names: list[str]) -> str:
    if not isinstance(text, str):
        return f"must be one of {', '.join(names)}, not {shown(text)}"
    return did_you_mean(text, names, f"; there are: {', '.join(names)}")


Duration = Annotated[timedelta, BeforeValidator(duration)]

Stage = Annotated[str, BeforeValidator(lambda text: choose(text, STAGES))]
Line = Annotated[str, BeforeValidator(text_line)]
Name = Annotated[str, BeforeValidator(name)]
TouchpointName = Annotated[Touchpoint, BeforeValidator(lambda text: Touchpoint(choose(text, Touchpoint)))]
