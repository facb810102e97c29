"""The texts a customer reads: the choice of a language, and of the text for one touchpoint."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from string import Formatter

from afterbill.content.bidi import direction, isolated
from afterbill.content.brand import Brand
from afterbill.model.locales import tag_of
from afterbill.model.questions import Question, scale_of

Catalog = Mapping[str, str]
"""The texts of one language by key, with named placeholders such as `{product}`."""

Endings = tuple[str, ...]
"""Endings of keys, the most specific first: `_csat_renewed`, `_csat`, `_renewed`, nothing."""

VARYING = frozenset(
    {
        "subject",
        "question",
        "scale_low",
        "scale_high",
        "mail_preheader",
        "mail_intro",
        "reminder_subject",
        "reminder_intro",
        "survey_comment",
        "followup_promoter",
        "followup_passive",
        "followup_detractor",
        "thanks_text",
    }
)
"""Keys a catalog may hold once more for a touchpoint or a stage: `question_support_resolved`, `question_loyalty`.

And for a question other than the recommendation: `subject_csat`, `subject_csat_support_resolved`.
"""

ASKING = frozenset({"question", "scale_low", "scale_high"})
"""Keys of texts about recommending: every other question has its own, `question_csat`, and never borrows these."""


class Wording:
    """The texts of one language for one question at one touchpoint, the names filled in: `wording("question")`.

    `endings` are those a key may have, the most specific first; `asking` those of the keys in ASKING.
    """

    __slots__ = ("_asking", "_endings", "_names", "_patterns", "_ready", "catalog", "direction", "language")

    def __init__(
        self, language: str, catalog: Catalog, names: Mapping[str, str], endings: Endings, asking: Endings
    ) -> None:
        self.language = language
        self.direction = direction(language)
        self.catalog = catalog
        self._names = {name: isolated(value, self.direction) for name, value in names.items()}
        self._endings, self._asking = endings, asking
        self._ready: dict[str, str] = {}
        self._patterns: dict[str, str] = {}

    def __call__(self, key: str, **values: object) -> str:
        """Return the most specific text of `key`; KeyError where the key or a value is missing."""
        ready = self._ready.get(key)
        if ready is not None:
            return ready
        if key not in self._patterns:
            self._learn(key)
            return self(key, **values)
        return self._patterns[key].format_map(values)

    def _learn(self, key: str) -> None:
        """Fill in, once, the names that are the same for every customer."""
        pieces, wants = [], False
        for literal, name, _, _ in Formatter().parse(self._text(key)):
            value = "" if name is None else self._names.get(name)
            wants = wants or value is None
            pieces += [_escaped(literal), f"{{{name}}}" if value is None else _escaped(value)]
        pattern = "".join(pieces)
        if wants:
            self._patterns[key] = pattern
        else:
            self._ready[key] = pattern.format()

    def _text(self, key: str) -> str:
        endings = self._asking if key in ASKING else self._endings if key in VARYING else ("",)
        for ending in endings[:-1]:
            if (text := self.catalog.get(key + ending)) is not None:
                return text
        return self.catalog[key + endings[-1]]


class Words:
    """The texts of a brand; the parts that do not depend on the customer are prepared once."""

    def __init__(self, brand: Brand, catalogs: Mapping[str, Catalog]) -> None:
        self._brand, self._catalogs = brand, catalogs
        self._choose = lru_cache(1024)(lambda wanted: choose_locale(wanted, catalogs, brand.default_locale))
        self._prepared: dict[tuple[str, str, str, str], Wording] = {}

    def __call__(
        self, wanted: str | None, touchpoint: str = "", stage: str = "", question: str = Question.NPS
    ) -> Wording:
        """Return the texts in the language nearest to `wanted`, else in the brand's default."""
        language = self._choose(wanted)
        context = (language, touchpoint, stage, question)
        if context not in self._prepared:
            scale = scale_of(question)
            names = {
                **self._brand.names,
                "object": self._brand.voice(touchpoint).object,
                "lowest": str(scale.lowest),
                "highest": str(scale.highest),
            }
            self._prepared[context] = Wording(language, self._catalogs[language], names, *_endings(*context[1:]))
        return self._prepared[context]


def _endings(touchpoint: str, stage: str, question: str) -> tuple[Endings, Endings]:
    """Return the endings of the keys that vary, and those of the keys in ASKING."""
    places = tuple(f"_{place}" for place in (touchpoint, stage) if place)
    if question == Question.NPS:
        return (*places, ""), (*places, "")
    own = (*(f"_{question}{place}" for place in places), f"_{question}")
    return (*own, *places, ""), own


def choose_locale(wanted: str | None, available: Iterable[str], default: str) -> str:
    """Return the available language nearest to a tag such as `de-AT`, `de_CH` or `DE`; `default` if none is near."""
    return _match(wanted or "", available) or default


def negotiate_locale(accept_language: str | None, available: Iterable[str], default: str) -> str:
    """Return the available language that a browser's Accept-Language header prefers (RFC 9110, section 12.5.4)."""
    ranges = (item.partition(";") for item in (accept_language or "").split(","))
    preferred = sorted(((_weight(parameters), tag) for tag, _, parameters in ranges), key=lambda pair: -pair[0])
    matches = (_match(tag, available) for weight, tag in preferred if weight > 0)
    return next((match for match in matches if match), default)


def _match(wanted: str, available: Iterable[str]) -> str | None:
    tag = tag_of(wanted).lower()
    locales = {tag_of(locale).lower(): locale for locale in available}
    return locales.get(tag) or locales.get(tag.partition("-")[0])


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
