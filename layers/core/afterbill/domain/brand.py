"""Who speaks to the customer, and in which words: a brand, its catalogues of texts, the choice of a language."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter

from afterbill.domain.errors import ConfigurationError

Catalog = Mapping[str, str]
"""The texts of one language by key, with named placeholders such as `{product}`."""

SURFACE = "#ffffff"
SURFACE_DARK = "#1d2126"
"""What mails and pages are written on, in light and in dark mode."""

READABLE = 4.5
"""Least contrast between text and surface: WCAG 2.2, success criterion 1.4.3, level AA."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_DARK = 0.04045  # below it sRGB is linear (WCAG 2.2, definition of relative luminance)
_NAMES = ("company", "product", "sender_name")


@dataclass(frozen=True, slots=True)
class Brand:
    """How mails and pages introduce themselves; ConfigurationError names a setting that cannot be used.

    `company` sends, `product` is what the question asks about; colours are `#rrggbb`, `imprint` may have several lines.
    """

    company: str
    product: str
    sender_name: str
    default_locale: str
    imprint: str
    accent: str = "#0f5f6b"
    accent_dark: str = "#86d4de"
    privacy_url: str = ""
    reply_to: str = ""

    def __post_init__(self) -> None:
        for key in _NAMES:
            if not getattr(self, key).strip():
                raise ConfigurationError(f"brand.toml: {key} is empty")
        for key in (*_NAMES, "reply_to"):
            if set("\r\n") & set(getattr(self, key)):
                raise ConfigurationError(f"brand.toml: {key} must be one line")
        if self.privacy_url and not self.privacy_url.startswith("https://"):
            raise ConfigurationError("brand.toml: privacy_url must start with https://")
        _require_readable("accent", self.accent, SURFACE)
        _require_readable("accent_dark", self.accent_dark, SURFACE_DARK)


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one language with the brand's names filled in: `wording("question")`."""

    locale: str
    brand: Brand
    catalog: Catalog

    def __call__(self, key: str, **values: object) -> str:
        """The text under `key`; a key or a value that is missing is a KeyError."""
        return self.catalog[key].format(company=self.brand.company, product=self.brand.product, **values)


def wording(brand: Brand, catalogs: Mapping[str, Catalog], wanted: str | None) -> Wording:
    """The words for somebody who asked for the language `wanted`, else those of the brand's default."""
    locale = choose_locale(wanted, catalogs, brand.default_locale)
    return Wording(locale, brand, catalogs[locale])


def choose_locale(wanted: str | None, available: Iterable[str], default: str) -> str:
    """The available language nearest to a tag such as `de-AT`, `de_CH` or `DE`; anything else is `default`."""
    return _match(wanted or "", available) or default


def negotiate_locale(accept_language: str | None, available: Iterable[str], default: str) -> str:
    """The available language a browser prefers, by its Accept-Language header (RFC 9110, section 12.5.4)."""
    ranges = (item.partition(";") for item in (accept_language or "").split(","))
    preferred = sorted(((_weight(parameters), tag) for tag, _, parameters in ranges), key=lambda pair: -pair[0])
    matches = (_match(tag, available) for weight, tag in preferred if weight > 0)
    return next((match for match in matches if match), default)


def catalog_problems(catalogs: Mapping[str, Catalog], default_locale: str) -> list[str]:
    """What an operator must mend before these texts can be used; empty when nothing is wrong."""
    if default_locale not in catalogs:
        return [f"brand.toml: default_locale is {default_locale!r}, but there is no locales/{default_locale}.toml"]
    reference = catalogs[default_locale]
    problems = []
    for locale, catalog in sorted(catalogs.items()):
        place = f"locales/{locale}.toml"
        problems += [f"{place}: {key} is missing" for key in sorted(reference.keys() - catalog.keys())]
        problems += [f"{place}: {key} is not used" for key in sorted(catalog.keys() - reference.keys())]
        for key in sorted(reference.keys() & catalog.keys()):
            if (found := placeholders(catalog[key])) != (expected := placeholders(reference[key])):
                problems.append(f"{place}: {key} has the placeholders {found}, expected {expected}")
    return problems


def placeholders(text: str) -> list[str]:
    """The names in braces that `text` wants filled in, each once; a text that cannot be read has the one name `?`."""
    try:
        return sorted({name for _, name, _, _ in Formatter().parse(text) if name is not None})
    except ValueError:
        return ["?"]


def contrast(first: str, second: str) -> float:
    """How far two `#rrggbb` colours stand apart, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever is easier to read on `colour`."""
    return max("#ffffff", "#000000", key=lambda ink: contrast(ink, colour))


def _match(wanted: str, available: Iterable[str]) -> str | None:
    tag = wanted.strip().partition(".")[0].replace("_", "-").lower()  # `de_DE.UTF-8` is a locale of POSIX
    known = {locale.replace("_", "-").lower(): locale for locale in available}
    return known.get(tag) or known.get(tag.partition("-")[0])


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [value / 12.92 if value <= _DARK else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _require_readable(key: str, colour: str, surface: str) -> None:
    if not _COLOUR.fullmatch(colour):
        raise ConfigurationError(f"brand.toml: {key} must be a colour such as #0f5f6b, not {colour!r}")
    if (found := contrast(colour, surface)) < READABLE:
        raise ConfigurationError(
            f"brand.toml: {key} has a contrast of {found:.1f} to {surface}, at least {READABLE} is needed"
        )
