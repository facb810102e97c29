"""Filling the papers: a pure step from what a stack says to texts in Markdown, which fails where a value is missing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from afterbill.model.customer import MARGIN
from afterbill.model.invitation import TEST_RETENTION
from afterbill.model.privacy import KEPT_AFTER
from afterbill.model.short_links import GRACE
from afterbill.privacy import retention
from afterbill.settings.config import read_toml
from afterbill_cli.privacy.papers import words
from afterbill_cli.privacy.papers.facts import Facts
from afterbill_cli.privacy.papers.words import Language

HERE = Path(__file__).resolve().parent
KEPT = HERE / "kept.toml"
"""The table of stored data: what, where, for what, until when and how it ends; docs/data.md names the same stores."""

FIXED = {
    "test_surveys": TEST_RETENTION,
    "short_links": GRACE,
    "tasks": timedelta(days=90),
    "dead_letters": timedelta(days=14),
    "counts": timedelta(days=30),
    "margin": MARGIN,
    "names": retention.EVERY * retention.TURNS,
    "requests": KEPT_AFTER,
}
"""Lengths of time that no operator chooses."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper: the name of its template and file, and its title, in each language."""

    names: Mapping[Language, str]
    titles: Mapping[Language, str]


def _paper(german: tuple[str, str], english: tuple[str, str]) -> Paper:
    (name_de, title_de), (name_en, title_en) = german, english
    return Paper({Language.DE: name_de, Language.EN: name_en}, {Language.DE: title_de, Language.EN: title_en})


PAPERS: tuple[Paper, ...] = (
    _paper(
        ("verarbeitungsverzeichnis", "Verzeichnis von Verarbeitungstätigkeiten (Art. 30 Abs. 1 DSGVO)"),
        ("record-of-processing", "Record of processing activities (art. 30(1) GDPR)"),
    ),
    _paper(
        ("massnahmen", "Technische und organisatorische Maßnahmen (Art. 32 DSGVO)"),
        ("measures", "Technical and organisational measures (art. 32 GDPR)"),
    ),
    _paper(
        ("kundeninformation", "Datenschutzhinweise für Kunden (Art. 13 und 14 DSGVO)"),
        ("notice-to-customers", "Notice to customers (art. 13 and 14 GDPR)"),
    ),
    _paper(
        ("loeschfristen", "Löschfristen"),
        ("retention", "Retention periods"),
    ),
    _paper(
        ("auftragsverarbeitung", "Informationsblatt zur Auftragsverarbeitung (Art. 28 DSGVO)"),
        ("processor-agreement", "Information sheet for the data-processing agreement (art. 28 GDPR)"),
    ),
    _paper(
        ("uebermittlungen", "Verzeichnis der Übermittlungen"),
        ("transfers", "List of transfers"),
    ),
)


@dataclass(frozen=True, slots=True)
class Filled:
    """One paper as it is written: its file, its title, its text, and how many gaps are left to fill in."""

    language: Language
    file: str
    title: str
    text: str
    gaps: int


def filled(facts: Facts, language: Language) -> Iterator[Filled]:
    """Yield every paper in this language; jinja2's UndefinedError where a template asks for what there is not."""
    environment = _environment(language)
    context = _context(facts, language)
    context |= {"kept": _kept(environment, context, facts, language)}
    for paper in PAPERS:
        title, name = paper.titles[language], paper.names[language]
        text = environment.get_template(f"{language}/{name}.md.j2").render(context | {"title": title})
        yield Filled(language, f"{name}.md", title, text, text.count(f"[{words.GAPS[language]}: "))


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # Markdown, not HTML; texts of the operator are escaped in facts
    )
    environment.globals |= {"gap": words.gap(language), "span": words.span_name(language), "listed": words.listed}
    return environment


def _context(facts: Facts, language: Language) -> dict[str, Any]:
    stack = facts.stack
    return {
        "facts": facts,
        "stack": stack,
        "retention": facts.policy.retention,
        "fixed": FIXED,
        "day": words.day_name(facts.today, language),
        "region": words.region_name(stack.region, language),
        "place": str(words.place_of(stack.region)),
        "touchpoints": [words.touchpoint_name(one, language) for one in facts.touchpoints],
        "asked": [source for source in facts.sources if source.asked],
        "billing": sorted({source.provider for source in facts.sources if not source.own}),
        "asked_billing": sorted({source.provider for source in facts.sources if source.asked}),
        "ways": [words.WAYS[language][way] for way in words.WAYS[language] if way in facts.channels],
        "own": any(source.own for source in facts.sources),
        "reminded": facts.reminded,
        "sms": stack.sms != "none",
        "papers": {paper.names[Language.EN]: paper.names[language] for paper in PAPERS},
    }


@cache
def kept() -> Mapping[str, Any]:
    """Return KEPT as it stands."""
    return read_toml(KEPT)


_PRESENT: Mapping[str, Callable[[Facts], bool]] = {
    "evidence": lambda facts: facts.stack.evidence_days > 0,
    "sms": lambda facts: facts.stack.sms != "none",
    "console": lambda facts: facts.stack.console,
    "eum": lambda facts: facts.stack.sms == "eum",
}
"""Tests of a stack for what a row names as `only`."""


def _kept(
    environment: Environment, context: Mapping[str, Any], facts: Facts, language: Language
) -> Sequence[Mapping[str, str]]:
    ends, rows = kept()["ends"], kept()["kept"]
    present = [row for row in rows if "only" not in row or _PRESENT[row["only"]](facts)]
    return [
        {part: _told(text, environment, context) for part, text in row[language].items()}
        | {"end": ends[row["end"]][language]}
        for row in present
    ]


def _told(text: str, environment: Environment, context: Mapping[str, Any]) -> str:
    """Return the text with its values; most have none, and to compile a template takes longer than all else here."""
    return environment.from_string(text).render(context) if "{{" in text else text
