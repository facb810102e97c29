"""Texts that operators read, in their languages; a file for each part."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("en", "de")
FOLDER = Path(__file__).with_name("locales")


class Texts:
    """The texts of one language: `texts("overview.title", n=5)`.

    Of a text with two forms, `key_one` and `key_other`, the number `n` chooses.
    """

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text with its values; KeyError where there is none, or a value is missing."""
        if key not in self._texts:
            key = f"{key}_{'one' if values.get('n') == 1 else 'other'}"
        return self._texts[key].format_map(values)

    def maybe(self, key: str, default: str) -> str:
        """Return the text, or the default: for names that an operator may choose, as of a plan."""
        return self._texts.get(key, default)


def read_catalog(language: str, folders: Sequence[Path] = (FOLDER,)) -> dict[str, str]:
    """Return all texts of a language by their keys, `<file>.<name>`."""
    files = (file for folder in folders for file in sorted((folder / language).glob("*.toml")))
    return {
        f"{file.stem}.{name}": text for file in files for name, text in tomllib.loads(file.read_text("utf-8")).items()
    }


@lru_cache
def texts(language: str) -> Texts:
    """Return the texts of actions in a language, in English where it is none of ours."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    return Texts(known, read_catalog(known))
