from dataclasses import replace

import pytest

from afterbill.content.wording import Words, choose_locale, negotiate_locale
from afterbill.model.locales import tag_of
from tests.unit.customer_facing import BRAND

MUSTER = replace(BRAND, company="Muster GmbH", product="{Muster}", service="Hilfe")
AVAILABLE = ("de", "en", "pt-BR")
CATALOG = {
    "hello": "{name}, {product} by {company}",
    "brace": "{{{product}}} 100 %",
    "question": "{object}?",
    "question_renewed": "{object} again?",
    "question_loyalty": "still {object}?",
    "question_csat": "content with {object}?",
    "question_csat_renewed": "content again?",
    "question_csat_loyalty": "still content?",
    "subject": "one question",
    "subject_renewed": "again",
    "subject_csat": "content?",
    "subject_loyalty": "still there",
    "mail_preheader": "{lowest} to {highest}",
    "privacy": "plain",
    "privacy_renewed": "never said",
}
WORDS = Words(MUSTER, {"en": CATALOG, "he": {"hello": "{name} {product}"}})


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_CH", "de"),
        ("de_DE.UTF-8", "de"),
        ("DE", "de"),
        (" de ", "de"),
        ("de-Latn-DE-1996", "de"),
        ("pt_br", "pt-BR"),
        ("pt", "en"),
        ("fr", "en"),
        ("deutsch", "en"),
        ("-", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_nearest_available_language_is_chosen(wanted: str | None, chosen: str) -> None:
    assert choose_locale(wanted, AVAILABLE, "en") == chosen


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.8, de", "de"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=high", "en"),
        ("de;level=1", "de"),
        ("*", "en"),
        (",;,=;q", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_browsers_preference_is_followed(header: str | None, chosen: str) -> None:
    assert negotiate_locale(header, AVAILABLE, "en") == chosen


def test_tags_have_one_spelling() -> None:
    assert tag_of("de_CH.UTF-8") == tag_of(" DE-ch") == "de-CH"


def test_wording_fills_in_the_brands_names_and_the_values_given() -> None:
    words = WORDS("fr")
    assert words("hello", name="{Ada}") == "{Ada}, {Muster} by Muster GmbH"
    assert words("hello", name="Bo") == "Bo, {Muster} by Muster GmbH"
    assert words.language == "en"
    assert words.direction == "ltr"


def test_a_brace_written_twice_is_one() -> None:
    assert WORDS("en")("brace") == "{{Muster}} 100 %"


def test_a_text_for_the_touchpoint_comes_before_one_for_the_stage_before_the_plain_one() -> None:
    assert WORDS("en", "renewed", "loyalty")("question") == "{Muster} again?"
    assert WORDS("en", "upgraded", "loyalty")("question") == "still {Muster}?"
    assert WORDS("en", "upgraded", "purchase")("question") == "{Muster}?"
    assert WORDS("en")("question") == "{Muster}?"


def test_another_question_has_texts_of_its_own_most_specific_first() -> None:
    assert WORDS("en", "renewed", "loyalty", "csat")("question") == "content again?"
    assert WORDS("en", "upgraded", "loyalty", "csat")("question") == "still content?"
    assert WORDS("en", "upgraded", "purchase", "csat")("question") == "content with {Muster}?"
    assert WORDS("en", "renewed", "loyalty", "csat")("subject") == "content?"


def test_another_question_borrows_what_does_not_speak_of_recommending() -> None:
    assert WORDS("en", "renewed", "", "ces")("subject") == "again"
    assert WORDS("en", "", "loyalty", "ces")("subject") == "still there"
    assert WORDS("en", "", "", "ces")("subject") == "one question"
    with pytest.raises(KeyError, match="question_ces"):
        WORDS("en", "renewed", "loyalty", "ces")("question")


@pytest.mark.parametrize(("question", "ends"), [("nps", "0 to 10"), ("csat", "1 to 5"), ("ces", "1 to 7")])
def test_texts_know_the_ends_of_the_scale(question: str, ends: str) -> None:
    assert WORDS("en", question=question)("mail_preheader") == ends


def test_only_texts_that_may_vary_do() -> None:
    assert WORDS("en", "renewed")("privacy") == "plain"


def test_the_object_is_that_of_the_touchpoint() -> None:
    brand = replace(MUSTER, touchpoints={"renewed": {"object": "service"}})
    words = Words(brand, {"en": CATALOG})
    assert words("en", "renewed")("question") == "Hilfe again?"
    assert words("en", "upgraded")("question") == "{Muster}?"


def test_the_same_words_are_made_once() -> None:
    assert WORDS("en", "renewed") is WORDS("en-GB", "renewed")


def test_names_stand_isolated_in_a_text_of_the_other_direction() -> None:
    words = WORDS("he")
    assert words("hello", name="x") == "x \u2068{Muster}\u2069"
    assert words.direction == "rtl"


def test_a_text_or_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError, match="unheard_of"):
        WORDS("en")("unheard_of")
    with pytest.raises(KeyError, match="name"):
        WORDS("en")("hello")
