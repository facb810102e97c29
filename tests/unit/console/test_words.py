"""The words that all pages share: each name of the product has one in every language of the console."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from afterbill.connectors._kit import methods
from afterbill.content.catalog import STAGES
from afterbill.insight.reports.asked import OWN, PERIODS
from afterbill.model.billing import Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.invitation import SkipReason
from afterbill.model.questions import Category, Question
from afterbill_actions.texts import LANGUAGES
from afterbill_console.texts import catalog
from afterbill_reports.reports import billing, compute, coverage, emotions, outcomes, rows

LOCALES = Path("layers/config/locales")
SURVEYS = tomllib.loads(Path("layers/config/surveys.toml").read_text("utf-8"))
REASONS = SURVEYS["defaults"]["reasons"]

NAMES: dict[str, Iterable[str]] = {
    "touchpoint": Touchpoint,
    "stage": STAGES,
    "dimension": (*OWN, *PERIODS, "all", "account", "product"),
    "question": Question,
    "category": (*Category, "favourable", "neutral", "unfavourable"),
    "reason": (*REASONS, "none"),
    "skip": SkipReason,
    "channel": Channel,
    "payment_method": methods._SPELLED,  # our own names of ways to pay stand nowhere else
    "why": (*rows.Why, *compute.Why, "no_such_value"),
    "step": (*coverage.STEPS, billing.DUNNING),
    "outcome": outcomes.OUTCOMES,
    "emotion": {
        emotions.emotion(reason, category).replace(" ", "_") for reason in (*REASONS, "own") for category in Category
    },
    "caution": ("one_account", "few_weigh"),
    "value": ("unknown", "other", "none"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NAMES)
def test_every_name_has_its_word(language: str, kind: str):
    missing = [name for name in NAMES[kind] if not catalog(language).get(f"words.{kind}_{name}", "").strip()]

    assert not missing


def test_the_languages_have_the_same_words():
    english, german = (catalog(language) for language in ("en", "de"))

    assert english.keys() == german.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_are_called_as_customers_read_them(language: str):
    read = tomllib.loads((LOCALES / f"{language}.toml").read_text("utf-8"))["texts"]

    assert {name: catalog(language)[f"words.reason_{name}"] for name in REASONS} == {
        name: read[f"reason_{name}"] for name in REASONS
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_a_name_of_the_code(language: str):
    assert not [word for key, word in catalog(language).items() if key.startswith("words.") and "_" in word]
