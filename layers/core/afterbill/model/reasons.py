"""The reason that somebody gives for what they do about a person: kept for years, so it names nobody."""

import re

LONGEST_WHY = 300
"""Characters of a reason that is kept."""
_NAMES_SOMEBODY = re.compile(r"\S@\S|\+?\d(?:[\s().-]*\d){6,}")
"""A mail address, or a number as long as those of phones."""

_OF_A_YEAR = re.compile(r"\b20\d\d-\d{1,4}(?:-\d\d)?\b")
"""A day, or the number of a letter of a year, which are as long as numbers of phones."""


def stated_why(text: str) -> str:
    """Return a reason on one line; ValueError where it is too long, or names an address or a number."""
    reason = " ".join(text.split())
    if len(reason) > LONGEST_WHY or not reason.isprintable():
        message = f'takes at most {LONGEST_WHY} characters, as in "asked by phone"'
        raise ValueError(message)
    if _NAMES_SOMEBODY.search(_OF_A_YEAR.sub("", reason)):
        raise ValueError("is stored: name no address and no number in it")
    return reason
