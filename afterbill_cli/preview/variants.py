"""A configuration folder, once for each language it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from afterbill.content.brand import Brand, brand_of
from afterbill.content.wording import VARYING, Catalog
from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError
from afterbill.model.questions import Question
from afterbill.model.suggestions import did_you_mean
from afterbill.outreach.policy import Rule
from afterbill.settings.config import INFORMAL, SURVEYS, Catalogs, read_toml
from afterbill.settings.surveys import load_policy


@dataclass(frozen=True, slots=True)
class Variant:
    """A brand that speaks one language.

    `name` is that of the language's file (`de-informal`), `locale` its tag (`de`), `stages` what surveys.toml calls the
    stage of each touchpoint, `reasons` the choices it offers there.
    """

    name: str
    locale: str
    brand: Brand
    catalogs: Mapping[str, Catalog]
    stages: Mapping[Touchpoint, str]
    templates: Path
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def has_own_words(self, touchpoint: Touchpoint, prefix: str = "", question: Question = Question.NPS) -> bool:
        """True when a text whose key starts with `prefix` has a variant for this touchpoint and question."""
        ending = touchpoint if question is Question.NPS else f"{question}_{touchpoint}"
        keys = (key for key in VARYING if key.startswith(prefix))
        return any(f"{key}_{ending}" in self.catalogs[self.locale] for key in keys)


def variants(folder: Path, languages: tuple[str, ...] = ()) -> list[Variant]:
    """One per file in `locales`, or only `languages`; ConfigurationError names what is wrong in the folder."""
    brand = brand_of(read_toml(folder / "brand.toml"))
    rules = load_policy(folder / SURVEYS).rules
    names = sorted(path.stem for path in (folder / "locales").glob("*.toml"))
    if missing := [one for one in languages if one not in names]:
        raise ConfigurationError(f"locales: {did_you_mean(missing[0], names)}")
    return [_variant(name, folder, brand, rules) for name in languages or names]


def _variant(name: str, folder: Path, brand: Brand, rules: Mapping[Touchpoint, Rule]) -> Variant:
    locale = name.removesuffix(INFORMAL)
    catalogs = Catalogs(folder / "locales", [locale] if name.endswith(INFORMAL) else [])
    stages = {touchpoint: rule.stage for touchpoint, rule in rules.items()}
    reasons = {str(touchpoint): rule.reasons for touchpoint, rule in rules.items()}
    return Variant(name, locale, brand, catalogs, stages, folder / "templates", reasons)
