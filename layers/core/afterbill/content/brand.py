"""The brand that speaks to the customer: names, addresses, colours; every invalid setting is reported."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from afterbill.content.colours import SURFACE, SURFACE_DARK, colour_problem
from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError
from afterbill.model.suggestions import did_you_mean, nearest

FILE = "brand.toml"

OBJECTS = ("company", "product", "service")
"""The settings with the names of everything the question can ask about."""

_NAMES = ("company", "product", "sender_name")
_OVERRIDES = ("object", "sender_name", "sender_address", "reply_to", "review_url", "referral_url")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PAGE = re.compile(r"https://[^\s/\"'<>]+(?:/[^\s\"'<>]*)?")
_NOBODY = ("noreply", "donotreply", "dontreply")


class Voice(NamedTuple):
    """The sender at one touchpoint, and the `object` that is asked about; an empty `sender_address`: the stack's own.

    Promoters may write a review at `review_url`, and pass on a link to `referral_url`; empty: they are not asked to.
    """

    object: str
    sender_name: str
    sender_address: str
    reply_to: str
    review_url: str = ""
    referral_url: str = ""


@dataclass(frozen=True, slots=True)
class Brand:
    """The settings of brand.toml; ConfigurationError lists the invalid ones.

    `company` sends; `object` is the one of OBJECTS that the question asks about; colours are `#rrggbb`, `imprint` may
    have several lines. For languages in `informal` the catalog that says du is used. `touchpoints` maps touchpoints to
    the settings that differ there.
    """

    company: str
    product: str
    sender_name: str
    reply_to: str
    default_locale: str
    imprint: str
    privacy_url: str
    service: str = ""
    object: str = "product"
    informal: tuple[str, ...] = ()
    logo_url: str = ""
    review_url: str = ""
    referral_url: str = ""
    accent: str = "#0f5f6b"
    accent_dark: str = "#86d4de"
    touchpoints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if problems := list(_problems(self)):
            raise ConfigurationError("\n".join(problems))

    @property
    def names(self) -> Mapping[str, str]:
        """The names of everything the question can ask about."""
        return {"company": self.company, "product": self.product, "service": self.service.strip() or self.product}

    def voice(self, touchpoint: str) -> Voice:
        """Return the sender and the object at `touchpoint`; one without own settings has those of the brand."""
        own = self.touchpoints.get(touchpoint, {})
        return Voice(
            object=self.names[own.get("object", self.object)],
            sender_name=own.get("sender_name", self.sender_name),
            sender_address=own.get("sender_address", ""),
            reply_to=own.get("reply_to", self.reply_to),
            review_url=own.get("review_url", self.review_url),
            referral_url=own.get("referral_url", self.referral_url),
        )


def brand_of(settings: Mapping[str, Any]) -> Brand:
    """Return the brand of brand.toml; ConfigurationError lists every mistake by its key."""
    if problems := list(_shape_problems(settings)):
        raise ConfigurationError("\n".join(problems))
    return Brand(**{**settings, "informal": tuple(settings.get("informal", ()))})


def _shape_problems(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings that are unknown, missing or of the wrong type."""
    names = [setting.name for setting in fields(Brand)]
    unknown = [key for key in settings if key not in names]
    yield from (f"{FILE}: {did_you_mean(key, names)}" for key in unknown)
    there = {*settings, *(nearest(key, names) for key in unknown)}
    required = names[: names.index("service")]
    yield from (f"{FILE}: {key} is missing" for key in required if key not in there)
    for key in {*names} & settings.keys() - {"informal", "touchpoints"}:
        if not isinstance(settings[key], str):
            yield f"{FILE}: {key} must be a text in quotes, not {_shown(settings[key])}"
    informal = settings.get("informal", [])
    if not isinstance(informal, list) or not all(isinstance(language, str) for language in informal):
        yield f'{FILE}: informal must be a list of languages such as ["de"], not {_shown(informal)}'
    yield from _touchpoint_problems(settings.get("touchpoints", {}))


def _touchpoint_problems(tables: object) -> Iterator[str]:
    if not isinstance(tables, Mapping):
        yield f"{FILE}: touchpoints must hold one table each, such as [touchpoints.support_resolved]"
        return
    for touchpoint, table in tables.items():
        place = f"{FILE}: touchpoints.{touchpoint}"
        if touchpoint not in set(Touchpoint):
            yield f"{FILE}: touchpoints: {did_you_mean(touchpoint, Touchpoint)}"
        if not isinstance(table, Mapping):
            yield f"{place} {_no_table(f'touchpoints.{touchpoint}', table)}"
            continue
        for key, value in table.items():
            if key not in _OVERRIDES:
                yield f"{place}: {did_you_mean(key, _OVERRIDES)}"
            elif not isinstance(value, str):
                yield f"{place}.{key} must be a text in quotes, not {_shown(value)}"


def _problems(brand: Brand) -> Iterator[str]:
    for key in (*_NAMES, "imprint", "default_locale"):
        if not getattr(brand, key).strip():
            yield f"{FILE}: {key} is empty"
    voice = ("object", "sender_name", "reply_to", "review_url", "referral_url")
    yield from _voice_problems("", {key: getattr(brand, key) for key in voice})
    for touchpoint, own in brand.touchpoints.items():
        yield from _voice_problems(f"touchpoints.{touchpoint}.", own)
    for key in ("company", "product", "service"):
        if not _one_line(getattr(brand, key)):
            yield f"{FILE}: {key} must be one line"
    if not _PAGE.fullmatch(brand.privacy_url):
        url = _shown(brand.privacy_url)
        yield f"{FILE}: privacy_url must be the https:// address of your privacy notice, not {url}"
    if brand.logo_url and not _PAGE.fullmatch(brand.logo_url):
        yield f"{FILE}: logo_url must be the https:// address of a picture, not {_shown(brand.logo_url)}"
    for key, surface in (("accent", SURFACE), ("accent_dark", SURFACE_DARK)):
        if problem := colour_problem(getattr(brand, key), surface):
            yield f"{FILE}: {key} {problem}"


def _voice_problems(place: str, settings: Mapping[str, str]) -> Iterator[str]:
    if (chosen := settings.get("object")) is not None and chosen not in OBJECTS:
        yield f"{FILE}: {place}object must be one of {', '.join(OBJECTS)}, not {_shown(chosen)}"
    if (name := settings.get("sender_name")) is not None:
        if place and not name.strip():
            yield f"{FILE}: {place}sender_name is empty"
        if not _one_line(name):
            yield f"{FILE}: {place}sender_name must be one line"
    for key in ("sender_address", "reply_to"):
        if (address := settings.get(key)) is not None and not _ADDRESS.fullmatch(address):
            yield f"{FILE}: {place}{key} must be one address such as hello@example.com, not {_shown(address)}"
    for key in ("review_url", "referral_url"):
        if (url := settings.get(key)) and not _PAGE.fullmatch(url):
            yield f"{FILE}: {place}{key} must be the https:// address of a page, or empty, not {_shown(url)}"
    local = re.sub("[^a-z]", "", settings.get("reply_to", "").partition("@")[0].lower())
    if any(word in local for word in _NOBODY):
        yield f"{FILE}: {place}reply_to must reach a person, for people reply to surveys: enter a mailbox you read"


def _one_line(text: str) -> bool:
    return len(text.splitlines()) <= 1 and not text.endswith(("\n", "\r"))


def _no_table(place: str, value: object) -> str:
    from afterbill.model.check_messages import no_table  # noqa: PLC0415  # only mistakes pay for it

    return no_table(place, value)


def _shown(value: object) -> str:
    from afterbill.model.check_messages import shown  # noqa: PLC0415  # only mistakes pay for it

    return shown(value)
