import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import pytest

from afterbill.answers.parse_answer import Problem
from afterbill.content.brand import brand_of
from afterbill.content.catalog import STAGES, TEXTS, catalog_problems
from afterbill.content.mail.render import Mails, SurveyMail
from afterbill.content.sms import text_composer
from afterbill.content.web.form import FormSettings, Step
from afterbill.content.web.in_product.survey import Surveys
from afterbill.content.web.pages import Draft, Pages, SurveyContext
from afterbill.content.wording import Catalog, Words
from afterbill.model.billing import Touchpoint
from afterbill.model.channels import SmsPolicy
from afterbill.model.invitation import Answer
from afterbill.model.questions import Question
from afterbill.settings.config import Catalogs
from afterbill_cli.preview import data_export
from afterbill_cli.preview.variants import Variant
from tests.factories import customer, invitation
from tests.unit.customer_facing import BRAND, CATALOGS, CONFIGURATION, FILES

FLAT = {name: file["texts"] for name, file in FILES.items()}
NOTICES = (
    "closed",
    "not_found",
    "too_large",
    "too_many",
    "unsupported",
    "method_not_allowed",
    "unavailable",
    "unsubscribe",
    "unsubscribed",
)
PROUD = replace(BRAND, review_url="https://reviews.example")
FORM = FormSettings({"": tomllib.loads((CONFIGURATION / "surveys.toml").read_text("utf-8"))["defaults"]["reasons"]})
NO_BREAK = str.maketrans({"\u00a0": " ", "\u202f": " "})

every_file = pytest.mark.parametrize("name", FILES)


class Watched(Mapping[str, str]):
    """A catalogue that remembers which of its texts were asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.used: set[str] = set()

    def __getitem__(self, key: str) -> str:
        text = self.texts[key]
        self.used.add(key)
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)


def say_everything(catalogs: Mapping[str, Catalog], locale: str) -> None:
    mails, pages = Mails(BRAND, catalogs), Pages(PROUD, catalogs, form=FORM)
    answer = Answer(7, "comment", contact_ok=True)
    for touchpoint, question in product(Touchpoint, Question):
        for name, reminder in (("Ada", False), (None, True)):
            links = "https://a.example", "https://u.example"
            mails.survey(SurveyMail(locale, name, touchpoint, "purchase", *links, reminder=reminder, question=question))
    text = text_composer("https://a.example", BRAND, catalogs, SmsPolicy())
    text(invitation(locale=locale), customer(name="Ada"), "+4915123456789", "0123456789")
    for touchpoint in Touchpoint:
        pages.survey(SurveyContext(locale, touchpoint, "purchase"))
    Surveys(Words(BRAND, catalogs), BRAND, FORM).document("name", invitation(), locale)
    mails.survey(SurveyMail(locale, "Ada", Touchpoint.RENEWED, "loyalty", "https://a", "https://u", test=True))
    asked = SurveyContext(locale)
    for notice in NOTICES:
        getattr(pages, notice)(locale)
    for problem in Problem:
        pages.bad_request(asked, Draft(), problem)
    pages.survey(asked, 3)
    pages.survey(asked, 3, answer)
    for rating, step in product((0, 7, 10), ("", *Step)):
        pages.thanks(asked, Answer(rating, "comment", "price", contact_ok=True), step, "https://r.example")
    data_export.page(Variant(locale, locale, BRAND, catalogs, {}, CONFIGURATION))


def test_the_languages_of_the_issue_are_shipped() -> None:
    assert sorted(FILES) == ["de", "de-informal", "en", "es", "fr", "it", "nl"]


@every_file
def test_no_text_is_missing_and_every_one_can_be_filled_in(name: str) -> None:
    assert list(catalog_problems(name, FILES[name])) == []


@every_file
def test_every_language_varies_the_same_texts(name: str) -> None:
    assert FLAT[name].keys() == FLAT["en"].keys()


@every_file
def test_every_text_is_used_and_no_text_is_missing(name: str) -> None:
    language = name.removesuffix("-informal")
    watched = Watched(FLAT[name])
    say_everything({**CATALOGS, language: watched}, language)
    assert watched.used == set(watched)


@every_file
def test_every_text_is_one_clean_line(name: str) -> None:
    for key, text in FLAT[name].items():
        plain = text.translate(NO_BREAK)
        assert plain == " ".join(plain.split()), key
        assert plain.isprintable(), key


@every_file
def test_what_no_native_speaker_has_read_says_so(name: str) -> None:
    assert FILES[name]["catalog"]["read_by_native_speaker"] is False


def test_french_keeps_its_marks_on_the_line() -> None:
    for key, text in FLAT["fr"].items():
        assert not any(mark in text for mark in (" ?", " !", " ;", " :", "« ", " »")), key
        assert "'" not in text, key


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("de", {"du", "dir", "dich", "dein", "deine", "deiner", "deinem", "deinen"}),
        ("de-informal", {"Sie", "Ihnen", "Ihre", "Ihrer", "Ihrem", "Ihren"}),
        ("fr", {"tu", "toi", "ton", "tes"}),
        ("it", {"tu", "tuo", "tua", "tuoi"}),
        ("es", {"tú", "tu", "tus", "contigo"}),
        ("nl", {"jij", "je", "jou", "jouw"}),
    ],
)
def test_everybody_is_addressed_in_one_way(name: str, words: set[str]) -> None:
    for key, text in FLAT[name].items():
        assert words.isdisjoint(text.replace(".", " ").replace(",", " ").split()), key


def test_stages_are_those_surveys_can_have() -> None:
    surveys = tomllib.loads((CONFIGURATION / "surveys.toml").read_text(encoding="utf-8"))
    assert {surveys["defaults"]["stage"]} | {
        table.get("stage", "purchase") for table in surveys["touchpoints"].values()
    } <= set(STAGES)
    assert "question_loyalty" in TEXTS


def test_shipped_brand_can_be_used() -> None:
    brand = brand_of(tomllib.loads((CONFIGURATION / "brand.toml").read_text(encoding="utf-8")))
    assert brand.default_locale in CATALOGS


def test_languages_are_read_when_they_are_first_wanted() -> None:
    catalogs = Catalogs(CONFIGURATION / "locales")
    assert catalogs._read == {}
    assert list(catalogs) == list(CATALOGS)
    assert len(catalogs) == len(CATALOGS)
    assert catalogs["fr"] == CATALOGS["fr"]
    assert list(catalogs._read) == ["fr"]


def test_a_language_among_friends_is_read_from_its_other_file() -> None:
    catalogs = Catalogs(CONFIGURATION / "locales", ["de"])
    assert catalogs["de"] == FLAT["de-informal"]
    assert catalogs["en"] == FLAT["en"]


def test_a_language_without_a_file_is_none() -> None:
    catalogs = Catalogs(CONFIGURATION / "locales")
    assert catalogs.get("tlh") is None
    assert catalogs.get("de-informal") is None
