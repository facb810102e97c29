"""Language tags: one spelling for them, and the language somebody is likely to read."""

from collections.abc import Mapping

_COUNTRY = 2
_REGION_LENGTHS = (_COUNTRY, 3)
"""Letters of a country (ISO 3166), digits of a region (UN M.49)."""


def locale_of(locale: str | None, country: str | None, languages: Mapping[str, str]) -> str:
    """Return the tag for texts and amounts: `de` in `CH` is `de-CH`, nothing in `CH` too, `en-US` stays `en-US`.

    `languages` maps a country to the language most of its people read. Empty when neither is known. The caller
    replaces a language that has no catalog.
    """
    region = (country or "").strip().upper()
    region = region if len(region) == _COUNTRY and region.isascii() and region.isalpha() else ""
    language, *rest = tag_of(locale or languages.get(region, "")).lower().split("-")
    if not language or any(len(part) in _REGION_LENGTHS for part in rest):
        return (locale or "").strip()
    return "-".join(part for part in (language, *rest, region) if part)


def tag_of(locale: str) -> str:
    """Return a language tag in one spelling: `de_CH.UTF-8` and `DE-ch` are `de-CH`.

    Parts other than the language and a country of two letters keep their case, so compare tags in lower case.
    """
    language, *rest = locale.strip().partition(".")[0].replace("_", "-").split("-")
    return "-".join([language.lower(), *(part.upper() if len(part) == _COUNTRY else part for part in rest)])
