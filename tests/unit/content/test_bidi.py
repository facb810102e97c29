import pytest

from afterbill.content.bidi import direction, isolated


@pytest.mark.parametrize("language", ["ar", "he", "fa-IR", "ur", "uz-Arab", "AR"])
def test_languages_written_from_right_to_left_are_known(language: str) -> None:
    assert direction(language) == "rtl"


@pytest.mark.parametrize("language", ["de", "en-GB", "pt-BR", "zh-Hant"])
def test_all_others_are_written_from_left_to_right(language: str) -> None:
    assert direction(language) == "ltr"


def test_foreign_words_keep_to_themselves() -> None:
    assert isolated("Müller & Co.", "rtl") == "\u2068Müller & Co.\u2069"
    assert isolated("שלום!", "ltr") == "\u2068שלום!\u2069"


def test_words_of_the_same_direction_stand_as_they_are() -> None:
    assert isolated("Müller & Co.", "ltr") == "Müller & Co."
    assert isolated("plain", "ltr") == "plain"
    assert isolated("مرحبا 12", "rtl") == "مرحبا 12"
