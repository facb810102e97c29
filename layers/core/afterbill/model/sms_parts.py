"""The number of parts of a text message (3GPP TS 23.038 and TS 23.040): each part is paid for."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Each of these takes two places."""

_GSM = (160, 153)
_UCS2 = (70, 67)
"""Places in a message that is one part, and in each part of a longer one: a header takes the rest."""

_PLAINER = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2013": "-",
        "\u2026": "...",
        "\u2068": "",
        "\u2069": "",
    }
)


def plain(text: str) -> str:
    """Return a text without fine typography, a single character of which would halve the room of the message."""
    return text.translate(_PLAINER)


def parts(text: str) -> int:
    """Return the number of parts, in the 7-bit alphabet where that has every character, else in UCS-2."""
    if _BASIC.issuperset(set(text) - _EXTENDED):
        widths = [2 if character in _EXTENDED else 1 for character in text]
        return _filled(widths, _GSM)
    return _filled([2 if ord(character) > 0xFFFF else 1 for character in text], _UCS2)  # noqa: PLR2004  # two UTF-16 units


def _filled(widths: list[int], room: tuple[int, int]) -> int:
    """A character is never torn apart: one of two places that does not fit begins the next part."""
    alone, shared = room
    if sum(widths) <= alone:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > shared:
            count, used = count + 1, 0
        used += width
    return count
