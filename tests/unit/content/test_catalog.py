from typing import Any

import pytest

from afterbill.content.catalog import REQUIRED, catalog_problems

ABOUT = {"language": "English", "read_by_native_speaker": True}
TEXTS = dict.fromkeys(REQUIRED, "words")


def problems(**texts: Any) -> list[str]:
    return list(catalog_problems("locales/en.toml", {"catalog": ABOUT, "texts": {**TEXTS, **texts}}))


def test_a_catalog_with_every_text_has_no_problems() -> None:
    assert problems() == []
    assert problems(question="{object} {product} {service} {company} {{}}", mail_intro="{occasion}") == []
    assert problems(mail_preheader="{lowest} to {highest}", subject_csat="content?", question_ces_renewed="easy?") == []
    assert problems(question_renewed="again?", question_loyalty="still?", mail_intro_renewed="{occasion}") == []


def test_a_missing_text_is_named() -> None:
    texts = {key: text for key, text in TEXTS.items() if key != "privacy"}
    assert list(catalog_problems("de", {"catalog": ABOUT, "texts": texts})) == ["de: privacy is missing"]


@pytest.mark.parametrize("key", ["question_csat", "question_ces", "question_rebuy", "scale_low_ces", "scale_high_csat"])
def test_every_question_needs_words_that_do_not_speak_of_recommending(key: str) -> None:
    texts = {each: text for each, text in TEXTS.items() if each != key}
    assert list(catalog_problems("de", {"catalog": ABOUT, "texts": texts})) == [f"de: {key} is missing"]


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("questoin", "?", '"questoin" is unknown; did you mean "question"?'),
        ("zzzzzzzz", "?", '"zzzzzzzz" is unknown: no mail and no page says it'),
        ("privacy_renewed", "?", None),
        ("question", 7, "question must be a text in quotes, not 7"),
        ("question", " ", "question is empty"),
        ("question", "one\ntwo", "question must be one line without blanks around it"),
        ("question", "one ", "question must be one line without blanks around it"),
        ("question", "{objekt}?", "question: the placeholder {objekt} is unknown here; there are"),
        ("question", "{name}?", "question: the placeholder {name} is unknown here; there are"),
        ("question", "{}", "question: the placeholder {} is unknown here; there are"),
        ("question", "{object.name}", "question: the placeholder {object.name} is unknown here; there are"),
        ("question", "{object!r}", "question: the placeholder {object} must stand alone in its braces"),
        ("question", "{object:>9}", "question: the placeholder {object} must stand alone in its braces"),
        ("question", "50 % } off", "question: a brace has no partner; one that is meant as a brace is written twice"),
    ],
)
def test_a_text_that_cannot_be_said_is_named(key: str, text: object, message: str | None) -> None:
    (problem,) = problems(**{key: text})
    assert problem.startswith(f"locales/en.toml: {message or ''}")


def test_an_operators_own_reason_has_a_text_of_its_own() -> None:
    texts = {**TEXTS, "reason_delivery": "Delivery by {company}"}
    assert list(catalog_problems("en", {"catalog": ABOUT, "texts": texts})) == []
    texts["reason_delivery"] = "{name}"
    (problem,) = catalog_problems("en", {"catalog": ABOUT, "texts": texts})
    assert problem.startswith("en: reason_delivery: the placeholder {name} is unknown here")


def test_a_text_that_is_misspelt_is_not_told_as_missing_too() -> None:
    texts = {"questoin" if key == "question" else key: text for key, text in TEXTS.items()}
    assert list(catalog_problems("en", {"catalog": ABOUT, "texts": texts})) == [
        'en: "questoin" is unknown; did you mean "question"?'
    ]


def test_texts_outside_their_table_are_told() -> None:
    file = {"catalog": ABOUT, "texts": TEXTS, "question": "?"}
    assert list(catalog_problems("en", file)) == ['en: "question" is unknown: texts stand under [texts]']


@pytest.mark.parametrize("file", [{}, {"catalog": ABOUT}, {"texts": TEXTS}, {"catalog": 1, "texts": TEXTS}])
def test_a_file_has_two_tables(file: dict[str, Any]) -> None:
    assert list(catalog_problems("en", file)) == ["en: must hold the tables [catalog] and [texts]"]


def test_a_catalog_says_what_it_is() -> None:
    about = {"language": 1, "read_by_native_speeker": True}
    assert list(catalog_problems("en", {"catalog": about, "texts": TEXTS})) == [
        'en: catalog: "read_by_native_speeker" is unknown; did you mean "read_by_native_speaker"?',
        "en: catalog.language must be a text",
        "en: catalog.read_by_native_speaker must be true or false",
    ]
