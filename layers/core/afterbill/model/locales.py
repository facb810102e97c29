"""The language somebody is likely to read, where only the country is known."""

from collections.abc import Mapping

_REGION_LENGTHS = (2, 3)


def locale_of(locale: str | None, country: str | None, languages: Mapping[str, str]) -> str:
    """The tag to speak and to write amounts in: `de` in `CH` is `de-CH`, nothing in `CH` too, `en-US` stays `en-US`.

    `languages` tells what most people of a country read. Empty when nothing tells; a language without a catalog is the
    caller's to replace.
    """
    region = (country or "").strip().upper()
    region = region if len(region) == _REGION_LENGTHS[0] and region.isascii() and region.isalpha() else ""
    language, *rest = tag_of(locale or languages.get(region, "")).split("-")
    if not language or any(len(part) in _REGION_LENGTHS for part in rest):
        return (locale or "").strip()
    return "-".join(part for part in (language, *rest, region) if part)


def tag_of(locale: str) -> str:
    """A language tag in one spelling: `de_CH.UTF-8` and `DE-ch` are `de-ch`."""
    return locale.strip().partition(".")[0].replace("_", "-").lower()
