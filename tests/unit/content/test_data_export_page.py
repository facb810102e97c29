"""The page about all that is held of a person: readable, whole, and made of nothing but itself."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer
from afterbill.model.privacy import Person
from afterbill.privacy.export import Held, Keeper, export
from afterbill_cli.data_export.page import DataExportPage
from afterbill_cli.preview import data_export
from tests.contract.people import customer, invitation
from tests.unit.customer_facing import BRAND, CATALOGS, Element, parse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEEPER = Keeper(BRAND.company, BRAND.reply_to, "Europe/Berlin", copies_days=30)
HOSTILE = '<script>alert(1)</script> & "quoted" \ud800'


def page(*held: Held, language: str | None = "en") -> Element:
    return parse(html(*held, language=language))


def html(*held: Held, language: str | None = "en") -> str:
    return DataExportPage(BRAND, CATALOGS).html(export(held, KEEPER, NOW), language)


def of(person: Customer, **invitations: Any) -> Held:
    return Held(Person(person.id, person, invitations))


@pytest.mark.parametrize("language", CATALOGS)
def test_the_whole_of_a_person_is_sound_html_in_every_language(language: str) -> None:
    told = page(*data_export.held(), language=language)

    assert told.one("html").attributes["lang"] == language
    assert len(told.all("article")) == 6
    assert [len(told.all(name)) for name in ("script", "link", "img", "form", "iframe")] == [0] * 5


def test_nothing_is_loaded_from_outside() -> None:
    text = html(*data_export.held())

    assert not re.search(r"url\(|@import|src=", text)
    assert re.findall(r'href="([^"]*)"', text) == [BRAND.privacy_url]


def test_what_people_wrote_is_text() -> None:
    one = invitation(
        answer=Answer(9, HOSTILE, HOSTILE), answered_at=NOW, products=(HOSTILE,), objects={"order": HOSTILE}
    )
    ada = customer(name=HOSTILE, attributes={HOSTILE: HOSTILE, "consent_at": "2026-01-05", "consent_text": HOSTILE})

    told = page(of(ada, one=one))

    assert told.all("script") == []
    assert told.one("dd", **{"class": "comment"}).text == HOSTILE.replace("\ud800", "?")


def test_moments_are_those_of_the_operators_clock_in_the_readers_language() -> None:
    ada = customer(last_asked_at=NOW)

    assert "22. November 2026, 13:00" in page(of(ada), language="de-AT").one("main").text
    assert "22 novembre 2026, 13:00" in page(of(ada), language="fr").one("main").text


def test_a_country_and_a_language_are_called_by_their_names() -> None:
    text = page(of(customer(country="JP", locale="de-AT"))).one("main").text
    odd = page(of(customer(country="XX", locale="tlh"))).one("main").text

    assert "Japan" in text
    assert "German" in text
    assert "XX" in odd


def test_a_withdrawal_without_a_readable_time_is_told_in_its_own_words() -> None:
    assert (
        "You withdrew a consent: some day." in page(of(customer(attributes={"consent_withdrawn_at": "some day"}))).text
    )


@pytest.mark.parametrize("language", CATALOGS)
def test_each_system_that_holds_something_of_an_answer_is_named_in_every_language(language: str) -> None:
    one = invitation(answer=Answer(2), answered_at=NOW)
    shop = {"connection": "shop", "system": "Shopify", "action": "tags", "written_at": "2026-11-22T11:00:00Z"}
    gone: dict[str, Any] = shop | {"connection": "old", "system": None, "ids": {}}
    held = replace(
        of(customer(), one=one), systems={one.id: [shop | {"ids": {"order": HOSTILE, "tags": "NPS 2"}}, gone]}
    )

    told = page(held, language=language)

    assert CATALOGS[language]["export_systems"] in told.one("article").text
    assert "Shopify (shop), tags" in told.one("article").text
    assert "tags NPS 2" in told.one("article").text
    assert "old, tags" in told.one("article").text
    assert told.all("script") == []


def test_several_records_are_numbered_and_one_is_not() -> None:
    first, second = of(customer()), of(customer("customer-2"))

    assert "Record 1 of 2" in page(first, second).text
    assert "Record" not in page(first).one("main").text


def test_where_nobody_is_known_the_page_says_that_nothing_is_stored() -> None:
    assert "Nothing is stored." in page().one("main").text


def test_whom_to_write_to_and_how_long_it_is_kept_stand_at_the_end() -> None:
    text = page(of(customer())).one("main").text

    assert f"Write to us: {BRAND.reply_to}" in text
    assert "730 days" in text
    assert "30 days" in text


def test_a_reason_that_the_texts_do_not_know_is_told_by_its_name() -> None:
    one = replace(invitation(), answer=Answer(9, reason="delivery"), answered_at=NOW + timedelta(1))

    assert "delivery" in page(of(customer(), one=one)).one("article").text


def test_nobody_knows_the_language_then_it_is_the_brands() -> None:
    assert page(of(customer()), language=None).one("html").attributes["lang"] == BRAND.default_locale
