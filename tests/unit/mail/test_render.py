import re
from dataclasses import replace

import pytest

from afterbill.domain.billing import Touchpoint
from afterbill.mail.render import Message, SurveyMail, greeting_name, one_line, render_survey
from tests.unit.customer_facing import BRAND, CATALOGS, Element, parse

ANSWER = "https://survey.example/s/token"
UNSUBSCRIBE = "https://survey.example/u/token"
ADA = SurveyMail("en", "Ada Lovelace", "payment_succeeded", ANSWER, UNSUBSCRIBE)
HOSTILE_NAMES = [
    '<script>alert("1")</script>',
    "\"'&<>",
    "Ada\r\nBcc: everyone@example.com",
    "Ada\u2028\u2029\x0b\x85Lovelace",
    "A" * 300,
    "👩🏽‍💻 Ada",
    "\u202eecalevoL\u202c עדה",
    "{company} {{ 7*7 }} {0}",
    "\ud800\x00",
]


def rendered(locale: str | None = "en", **changes: str | None) -> Message:
    return render_survey(replace(ADA, locale=locale, **changes), BRAND, CATALOGS)


def href(link: Element) -> str | None:
    return link.attributes["href"]


@pytest.mark.parametrize("locale", CATALOGS)
def test_html_holds_one_link_per_rating_in_order(locale: str) -> None:
    numbers = parse(rendered(locale).html).all("a", **{"class": "number"})
    assert [(link.text, href(link)) for link in numbers] == [(str(n), f"{ANSWER}?rating={n}") for n in range(11)]


@pytest.mark.parametrize("locale", CATALOGS)
def test_text_holds_one_link_per_rating_in_order(locale: str) -> None:
    found = re.findall(r"^ *(\d+):  (\S+)$", rendered(locale).text, re.MULTILINE)
    assert found == [(str(n), f"{ANSWER}?rating={n}") for n in range(11)]


@pytest.mark.parametrize("locale", CATALOGS)
def test_numbers_stand_in_one_row_of_one_table(locale: str) -> None:
    (row,) = [row for row in parse(rendered(locale).html).all("tr") if len(row.all("td")) == 11]
    assert row.text == "012345678910"


@pytest.mark.parametrize("locale", CATALOGS)
def test_nothing_is_loaded_and_nothing_else_is_linked(locale: str) -> None:
    html = rendered(locale).html
    expected = {f"{ANSWER}?rating={n}" for n in range(11)} | {UNSUBSCRIBE, BRAND.privacy_url}
    assert {href(link) for link in parse(html).all("a")} == expected
    assert set(re.findall(r"https?://[^\s\"<]+", html)) == expected
    assert not re.search(r"<(img|script|link|iframe|object|form)\b|src=|url\(|@import|background=", html)


@pytest.mark.parametrize("locale", CATALOGS)
def test_text_links_the_same_pages_as_html(locale: str) -> None:
    message = rendered(locale)
    links = {href(link) for link in parse(message.html).all("a")}
    assert set(re.findall(r"https?://\S+", message.text)) == links


@pytest.mark.parametrize("locale", CATALOGS)
@pytest.mark.parametrize("touchpoint", Touchpoint)
def test_both_parts_say_what_the_mail_follows(locale: str, touchpoint: str) -> None:
    message = rendered(locale, touchpoint=touchpoint)
    occasion = CATALOGS[locale][f"occasion_{touchpoint}"]
    text = " ".join(message.text.split())
    assert text.count(occasion) == 2
    assert parse(message.html).one("body").text.count(occasion) == 2


@pytest.mark.parametrize("locale", CATALOGS)
def test_both_parts_say_who_sends_and_how_to_object(locale: str) -> None:
    message = rendered(locale)
    for part in (" ".join(message.text.split()), " ".join(parse(message.html).one("body").text.split())):
        assert BRAND.company in part
        assert CATALOGS[locale]["mail_objection"] in part
        assert CATALOGS[locale]["scale_low"] in part
        assert CATALOGS[locale]["scale_high"] in part
        assert "Musterstraße 1" in part


@pytest.mark.parametrize("locale", CATALOGS)
def test_html_names_its_language_and_knows_dark_mode(locale: str) -> None:
    document = parse(rendered(locale).html)
    assert document.one("html").attributes["lang"] == locale
    assert document.one("meta", name="color-scheme").attributes["content"] == "light dark"
    assert "prefers-color-scheme: dark" in document.one("style").text


def test_tables_are_layout_to_screen_readers() -> None:
    tables = parse(rendered().html).all("table")
    assert {table.attributes["role"] for table in tables} == {"presentation"}


def test_without_a_privacy_notice_there_is_no_link_to_one() -> None:
    message = render_survey(ADA, replace(BRAND, privacy_url=""), CATALOGS)
    assert [link for link in parse(message.html).all("a") if not href(link)] == []
    assert CATALOGS["en"]["privacy"] not in message.html + message.text


def test_customer_is_asked_in_the_nearest_language() -> None:
    assert "Guten Tag Ada Lovelace," in rendered("de-AT").text


def test_unknown_language_gets_the_brands_default() -> None:
    assert "Hello Ada Lovelace," in rendered("tlh").text
    assert "Hello Ada Lovelace," in rendered(None).text


def test_without_a_name_the_greeting_needs_none() -> None:
    message = rendered(customer_name=None)
    assert message.text.startswith("Hello,\n")
    assert '<p style="margin:0 0 12px">Hello,</p>' in message.html


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("locale", CATALOGS)
def test_a_name_is_never_more_than_text(locale: str, name: str) -> None:
    hostile, harmless = rendered(locale, customer_name=name), rendered(locale)
    tags = [element.tag for element in parse(harmless.html)]
    assert [element.tag for element in parse(hostile.html)] == tags
    assert len(hostile.text.splitlines()) == len(harmless.text.splitlines())
    assert hostile.subject == harmless.subject
    (hostile.html + hostile.text).encode()


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_subject_is_one_line_even_where_it_holds_a_name(name: str) -> None:
    brand = replace(BRAND, product=name.replace("\r", "").replace("\n", "") or "x")
    subject = render_survey(ADA, brand, CATALOGS).subject
    assert len(subject) <= 120
    assert all(char.isprintable() or char == "\u200d" for char in subject)


@pytest.mark.parametrize("locale", CATALOGS)
@pytest.mark.parametrize("touchpoint", Touchpoint)
def test_mail_stays_small(locale: str, touchpoint: str) -> None:
    message = rendered(locale, touchpoint=touchpoint, customer_name="&" * 300)
    assert len(message.html.encode()) + len(message.text.encode()) < 30_000


@pytest.mark.parametrize(
    "name",
    [
        "Win $1000 https://evil.example",
        "www.evil",
        "Ada www.evil",
        "evil.tk",
        "write to a@b",
        "",
        " \t",
        None,
        "\u202e",
    ],
)
def test_a_name_that_would_become_a_link_is_not_used(name: str | None) -> None:
    assert greeting_name(name) is None


@pytest.mark.parametrize(
    "name", ["Ada", "J. R. R. Tolkien", "Dr. Ada King", "O'Neill-Öztürk", "محمد", "Müller & Co. KG"]
)
def test_a_name_is_used_as_it_is(name: str) -> None:
    assert greeting_name(f"  {name}\n") == name


def test_a_long_name_is_cut_visibly() -> None:
    assert greeting_name("Ada " * 75) == ("Ada " * 15)[:59] + "…"


def test_a_cut_leaves_no_half_emoji_behind() -> None:
    assert one_line("👩\u200d💻", 3) == "👩\u200d💻"
    assert one_line("👩\u200d💻💻", 3) == "👩…"


def test_a_touchpoint_without_words_is_an_error() -> None:
    with pytest.raises(KeyError, match="occasion_unheard_of"):
        rendered(touchpoint="unheard_of")
