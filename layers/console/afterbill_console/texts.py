"""Texts of the console in the languages of operators; a file for each part of it."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from afterbill.runtime.http import Request
from afterbill_actions.texts import FOLDER as SHARED
from afterbill_actions.texts import LANGUAGES, Texts, read_catalog

FOLDERS = (SHARED, Path(__file__).with_name("locales"))
"""Words that messages to other systems say too lie with the actions."""


@lru_cache
def catalog(language: str) -> Mapping[str, str]:
    """Return all texts of a language by their keys, `<file>.<name>`."""
    return read_catalog(language, FOLDERS)


@lru_cache
def texts(language: str) -> Texts:
    """Return the texts of a language, of English where it is none of ours."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    return Texts(known, catalog(known))


def language_in(request: Request) -> str:
    """Return the language of ours that a browser asks for first; English where it asks for none of them."""
    wanted = request.headers.get("accept-language", "").lower()
    return min(LANGUAGES, key=lambda name: wanted.find(name) if name in wanted else len(wanted) + 1)
