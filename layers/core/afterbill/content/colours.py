"""Readable colours: contrast as WCAG measures it."""

import re

SURFACE = "#ffffff"
SURFACE_DARK = "#1d2126"
"""The backgrounds of mails and pages, in light and in dark mode."""

READABLE = 4.5
"""Least contrast between text and surface: WCAG 2.2, success criterion 1.4.3, level AA."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_DARK = 0.04045  # below it sRGB is linear (WCAG 2.2, definition of relative luminance)


def contrast(first: str, second: str) -> float:
    """Return the contrast of two `#rrggbb` colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(colour: str) -> str:
    """Return black or white, whichever is easier to read on `colour`."""
    return max("#ffffff", "#000000", key=lambda ink: contrast(ink, colour))


def colour_problem(colour: str, surface: str) -> str | None:
    """Return why text in `colour` cannot be read on `surface`; None when it can."""
    if not _COLOUR.fullmatch(colour):
        from afterbill.model.check_messages import shown  # noqa: PLC0415  # only mistakes pay for it

        return f"must be a colour such as #0f5f6b, not {shown(colour)}"
    ratio = contrast(colour, surface)
    return f"has a contrast of {ratio:.1f} to {surface}, at least {READABLE} is needed" if ratio < READABLE else None


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [value / 12.92 if value <= _DARK else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
