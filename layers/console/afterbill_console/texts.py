"""Texts of the console in the languages of operators; a file for each part of it."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from afterbill.runtime.http import Request

LANGUAGES = ("en", "de")
FOLDER = Path(__file__).with_name("locales")


class Texts:
    """The texts of one language: `texts("overview.title", n=5)`.

    Of a text with two forms, `key_one` and `key_other`, the number `n` chooses.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = catalog(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text with its values; KeyError where there is none, or a value is missing."""
        if key not in self._texts:
            key = f"{key}_{'one' if values.get('n') == 1 else 'other'}"
        return self._texts[key].format_map(values)

    def maybe(self, key: str, default: str) -> str:
        """Return the text, or the default: for names that an operator may choose, as of a plan."""
        return self._texts.get(key, default)


@lru_cache
def catalog(language: str) -> Mapping[str, str]:
    """Return all texts of a language by their keys, `<file>.<name>`."""
    found: dict[str, str] = {}
    for file in sorted((FOLDER / language).glob("*.toml")):
        found |= {f"{file.stem}.{name}": text for name, text in tomllib.loads(file.read_text("utf-8")).items()}
    return found


@lru_cache
def texts(language: str) -> Texts:
    """Return the texts of a language, of English where it is none of ours."""
    return Texts(language if language in LANGUAGES else LANGUAGES[0])


def language_in(request: Request) -> str:
    """Return the language of ours that a browser asks for first; English where it asks for none of them."""
    wanted = request.headers.get("accept-language", "").lower()
    return min(LANGUAGES, key=lambda name: wanted.find(name) if name in wanted else len(wanted) + 1)
