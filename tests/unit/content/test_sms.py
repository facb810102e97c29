from dataclasses import replace
from typing import Any

import pytest

from afterbill.content.sms import text_composer
from afterbill.model.channels import SmsPolicy
from afterbill.model.messages import Sms
from afterbill.model.sms_parts import parts
from tests.factories import customer, invitation
from tests.unit.customer_facing import BRAND, CATALOGS, FILES

URL = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
CODE, NUMBER = "0123456789", "+4915123456789"
LINK = f"{URL}/c/{CODE}"


def composed(name: str | None = "Ada", locale: str = "en", most: int = 2, url: str = URL, **brand: Any) -> Sms:
    compose = text_composer(url, replace(BRAND, **brand), CATALOGS, SmsPolicy(most_segments=most))
    return compose(invitation(locale=locale), customer(name=name), NUMBER, CODE)


def test_it_greets_says_who_asks_where_to_answer_and_how_to_stop() -> None:
    sms = composed(company="Acme")
    assert sms.text == f"Hello Ada, Acme: a quick question for you: {LINK} Reply STOP to opt out."
    assert (sms.to, sms.tags) == (NUMBER, {"invitation": invitation().id})


@pytest.mark.parametrize("language", sorted(CATALOGS))
def test_in_every_language_it_is_one_part_even_at_the_longest_address_of_an_api(language: str) -> None:
    text = composed(locale=language, company="Muster & Söhne").text
    assert parts(text) == 1
    assert LINK in text
    assert "STOP" in text


@pytest.mark.parametrize("name", FILES)
def test_every_file_says_it_in_characters_that_cost_one_place(name: str) -> None:
    texts = FILES[name]["texts"]
    compose = text_composer(URL, replace(BRAND, company="Acme"), {"en": texts}, SmsPolicy())
    text = compose(invitation(locale="en"), customer(name="Ada"), NUMBER, CODE).text
    assert parts(text + "a" * (160 - len(text))) == 1


def test_without_a_name_it_greets_nobody() -> None:
    assert composed(None, company="Acme").text.startswith("Acme: ")


@pytest.mark.parametrize("name", ["Wolfeschlegelsteinhausenbergerdorff", "Łukasz", "\N{GRINNING FACE}"])
def test_a_greeting_that_would_cost_another_part_is_left_out(name: str) -> None:
    assert composed(name, company="Muster & Partner GmbH").text.startswith("Muster")


def test_a_name_that_is_an_advertisement_is_left_out_as_in_mail() -> None:
    assert "spam" not in composed("Buy at spam.example", company="Acme").text


def test_words_that_cost_too_much_are_cut_but_never_the_link_nor_how_to_stop() -> None:
    text = composed(None, most=1, company="Verein zur Förderung der Zufriedenheit " * 3).text
    assert parts(text) == 1
    assert text.startswith("Verein zur")
    assert text.endswith(f" {LINK} Reply STOP to opt out.")


def test_no_character_is_torn_apart() -> None:
    text = composed(None, most=1, url="https://a.example", company="e\u0301" * 200).text
    assert parts(text) == 1
    before = text.partition(" https")[0]
    assert before == "e\u0301" * (len(before) // 2)


def test_where_nothing_else_fits_the_link_stands_alone() -> None:
    longest = "https://a.example/" + "a" * 150
    assert composed(None, most=1, url=longest).text == f"{longest}/c/{CODE}"
