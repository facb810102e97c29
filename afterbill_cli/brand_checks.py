"""Mistakes in brand.toml, in the languages and in an operator's own templates: all of them at once."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from afterbill.content.brand import Brand, brand_of
from afterbill.content.catalog import REASON, catalog_problems
from afterbill.model.errors import ConfigurationError
from afterbill.model.suggestions import hint
from afterbill.settings.config import INFORMAL, SURVEYS, read_toml
from afterbill_cli.template_checks import template_problems

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


def word_problems(folder: Path) -> Iterator[str]:
    """Every mistake in a configuration folder that would show in mails and pages, by file and key."""
    files = sorted((folder / "locales").glob("*.toml"))
    try:
        yield from _language_problems(brand_of(read_toml(folder / "brand.toml")), {path.stem for path in files})
    except ConfigurationError as error:
        yield from str(error).splitlines()
    for path in files:
        yield from _file_problems(path)
    yield from _reason_problems(folder, files)
    yield from template_problems(folder / "templates")


def _language_problems(brand: Brand, languages: set[str]) -> Iterator[str]:
    if (default := brand.default_locale) not in languages:
        spoken = (language for language in languages if not language.endswith(INFORMAL))
        missing = f"there is no locales/{default}.toml{hint(default, spoken)}"
        yield f'brand.toml: default_locale is "{default}", but {missing}'
    for language in brand.informal:
        for stem in (language, f"{language}{INFORMAL}"):
            if stem not in languages:
                yield f'brand.toml: informal says "{language}", but there is no locales/{stem}.toml'


def _reason_problems(folder: Path, files: list[Path]) -> Iterator[str]:
    """Yield reasons of surveys.toml for which a language has no text; unreadable files are reported elsewhere."""
    with suppress(ConfigurationError, AttributeError, TypeError):
        tables = read_toml(folder / SURVEYS)
        rules = [tables.get("defaults", {}), *tables.get("touchpoints", {}).values()]
        offered = dict.fromkeys(str(one) for rule in rules for one in rule.get("reasons", ()))
        texts = {path.stem: read_toml(path).get("texts", {}) for path in files}
        known = {key.removeprefix(REASON) for each in texts.values() for key in each if key.startswith(REASON)}
        for reason in offered:
            if without := [language for language, each in texts.items() if f"{REASON}{reason}" not in each]:
                yield (
                    f'surveys.toml: reasons: "{reason}" has no text {REASON}{reason} in locales/ of '
                    f"{', '.join(without)}{hint(reason, known - {reason})}"
                )


def _file_problems(path: Path) -> Iterator[str]:
    place = f"locales/{path.name}"
    if not _LANGUAGE.fullmatch(path.stem.removesuffix(INFORMAL)):
        yield f"{place}: a language's file is named by its tag, such as de.toml or pt-BR.toml"
    try:
        yield from catalog_problems(place, read_toml(path))
    except ConfigurationError as error:
        yield f"locales/{error}"
