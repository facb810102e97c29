import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Template

from afterbill.content.mail.render import VARIABLES, Mails, Message, SurveyMail
from afterbill.content.untrusted import plan_name
from afterbill.model.billing import Money, Touchpoint
from afterbill.model.questions import SCALES, Question
from afterbill.model.visits import HIDDEN
from tests.unit.customer_facing import BRAND, CATALOGS, FILES, Element, parse

ANSWER = "https://survey.example/s/token"
UNSUBSCRIBE = "https://survey.example/u/token"
ADA = SurveyMail(
    "en",
    "Ada Lovelace",
    "payment_succeeded",
    "purchase",
    ANSWER,
    UNSUBSCRIBE,
    occurred_on=date(2026, 11, 22),
    money=Money(4900, "EUR"),
    plan="Pro",
)
MAILS = Mails(BRAND, CATALOGS)
BESIDE = [question for question in Question if question is not Question.NPS]
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


def rendered(locale: str | None = "en", mails: Mails = MAILS, **changes: Any) -> Message:
    return mails.survey(replace(ADA, locale=locale, **changes))


def flat(text: str) -> str:
    return " ".join(text.split())


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
    expected = {f"{ANSWER}?rating={n}" for n in (*range(11), HIDDEN)} | {UNSUBSCRIBE, BRAND.privacy_url}
    assert {href(link) for link in parse(html).all("a")} == expected
    assert set(re.findall(r"https?://[^\s\"<]+", html)) == expected
    assert not re.search(r"<(img|script|link|iframe|object|form)\b|src=|url\(|@import|background=", html)


@pytest.mark.parametrize("locale", CATALOGS)
def test_text_links_the_same_pages_as_html_but_for_the_hidden_one(locale: str) -> None:
    message = rendered(locale)
    hidden, *links = [href(link) for link in parse(message.html).all("a")]
    assert hidden == f"{ANSWER}?rating={HIDDEN}"
    assert re.findall(r"https?://\S+", message.text) == links


def test_nobody_meets_the_hidden_link() -> None:
    around = next(iter(parse(rendered().html).one("body")))
    link = around.one("a")
    assert (link.attributes["tabindex"], link.attributes["aria-hidden"]) == ("-1", "true")
    assert link.text == "\u200c"
    for element in (around, link):
        assert {"display:none", "max-height:0", "overflow:hidden", "mso-hide:all"} <= styles(element)


def styles(element: Element) -> set[str]:
    return set((element.attributes["style"] or "").split(";"))


@pytest.mark.parametrize("locale", CATALOGS)
@pytest.mark.parametrize("touchpoint", Touchpoint)
def test_both_parts_say_why_the_mail_comes(locale: str, touchpoint: str) -> None:
    message = rendered(locale, touchpoint=touchpoint)
    occasion = flat(CATALOGS[locale][f"occasion_{touchpoint}"])
    assert occasion in flat(message.text)
    assert occasion in flat(parse(message.html).one("body").text)


@pytest.mark.parametrize("locale", CATALOGS)
@pytest.mark.parametrize("touchpoint", Touchpoint)
@pytest.mark.parametrize("reminder", [False, True])
def test_both_parts_say_the_same(locale: str, touchpoint: str, *, reminder: bool) -> None:
    message = rendered(locale, touchpoint=touchpoint, reminder=reminder)
    html = parse(message.html).one("body").text + CATALOGS[locale]["mail_hint_text"]
    visible = "".join(html.split())
    for paragraph in message.text.removesuffix("\n").replace("\n-- \n", "\n").split("\n\n"):
        if "http" not in paragraph:
            assert all("".join(line.split()) in visible for line in paragraph.splitlines())


@pytest.mark.parametrize("locale", CATALOGS)
def test_both_parts_say_who_sends_and_how_to_object(locale: str) -> None:
    message = rendered(locale)
    for part in (flat(message.text), flat(parse(message.html).one("body").text)):
        assert BRAND.company in part
        assert flat(CATALOGS[locale]["mail_objection"]) in part
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


def test_the_number_is_said_and_the_ends_of_the_scale_with_it() -> None:
    labels = [link.attributes["aria-label"] for link in parse(rendered().html).all("a", **{"class": "number"})]
    assert labels[0] == "0 out of 10, not at all likely"
    assert labels[7] == "7 out of 10"
    assert labels[10] == "10 out of 10, extremely likely"


@pytest.mark.parametrize("locale", CATALOGS)
@pytest.mark.parametrize("question", BESIDE)
def test_another_question_is_answered_on_its_own_scale(locale: str, question: Question) -> None:
    message, scale = rendered(locale, question=question), SCALES[question]
    numbers = [href(link) for link in parse(message.html).all("a", **{"class": "number"})]
    assert numbers == [f"{ANSWER}?rating={n}" for n in scale.ratings]
    assert re.findall(r"^ *\d+:  (\S+)$", message.text, re.MULTILINE) == numbers
    for end, key in ((scale.lowest, "scale_low"), (scale.highest, "scale_high")):
        line = f"{end} = {CATALOGS[locale][f'{key}_{question}']}"
        assert line in message.text
        assert line in parse(message.html).text


@pytest.mark.parametrize("question", BESIDE)
def test_another_question_never_speaks_of_recommending(question: Question) -> None:
    for touchpoint in Touchpoint:
        for reminder in (False, True):
            message = rendered(touchpoint=touchpoint, question=question, reminder=reminder)
            assert "recommend" not in message.subject + message.text + message.html


def test_another_question_has_words_of_its_own_at_a_touchpoint() -> None:
    assert "How satisfied are you with Muster <Cloud>?" in rendered(question=Question.CSAT).text
    helped = rendered(question=Question.CSAT, touchpoint="support_resolved")
    assert helped.subject == "How was our help?"
    assert "How satisfied are you with the help you received from us?" in helped.text


def test_fewer_numbers_stand_wider_in_one_row_on_every_screen() -> None:
    for question, wide, narrow in ((Question.NPS, 46, 15.8), (Question.CES, 75, 13.4), (Question.CSAT, 106, 19)):
        html = rendered(question=question).html
        assert f".box {{ width: {narrow}% !important; margin: 0 0.4% 6px" in html
        boxes = parse(html).all("td", **{"class": "box"})
        assert all(f"width:{wide}px" in styles(box) for box in boxes)
        assert len(boxes) * (wide + 4) <= 556 or question is Question.NPS


def test_a_preview_shows_the_preheader_and_nothing_of_the_body() -> None:
    hidden = next(iter(parse(rendered().html).one("body")))
    assert "display:none" in (hidden.attributes["style"] or "")
    assert hidden.text.startswith("Your answer from 0 to 10 takes less than a minute.\u034f")
    assert len(hidden.text) > 200


def test_one_quiet_line_says_what_it_is_about() -> None:
    message = rendered("de-DE")
    assert "\n22. November 2026 · 49,00\u00a0€ · Pro\n" in message.text
    assert [part.text for part in parse(message.html).all("bdi")] == ["22. November 2026", "49,00\u00a0€", "Pro"]


def test_formats_are_those_of_the_customers_region() -> None:
    assert "22. November 2026 · EUR 49.00 · Pro" in rendered("de-CH").text.replace("\u00a0", " ")
    assert "November 22, 2026 · €49.00 · Pro" in rendered("en-US").text
    assert "22 November 2026 · €49.00 · Pro" in rendered("en-GB").text


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"money": None}, "November 22, 2026 · Pro"),
        ({"money": Money(0, "EUR")}, "November 22, 2026 · Pro"),
        ({"money": Money(-4900, "EUR")}, "November 22, 2026 · Pro"),
        ({"plan": "\u202e\n"}, "November 22, 2026 · €49.00"),
        ({"plan": None, "occurred_on": None}, "€49.00"),
    ],
)
def test_what_is_not_known_is_not_said(changes: dict[str, Any], line: str) -> None:
    assert f"\n\n{line}\n\n" in rendered(**changes).text


def test_without_details_there_is_no_line() -> None:
    message = rendered(occurred_on=None, money=None, plan=None)
    assert parse(message.html).all("bdi") == []
    assert "\n\n\n" not in message.text


def test_a_survey_by_the_calendar_follows_nothing_that_could_be_named() -> None:
    assert parse(rendered(touchpoint="relationship").html).all("bdi") == []


def test_a_reminder_says_so_and_asks_the_same() -> None:
    first, second = rendered(), rendered(reminder=True)
    assert second.subject == "A reminder: one question about Muster <Cloud>"
    assert "We will not remind you again." in flat(second.text)
    assert "We will not remind you again." in flat(parse(second.html).text)
    for part in ("text", "html"):
        links = [re.findall(r"https?://[^\s\"<]+", getattr(message, part)) for message in (first, second)]
        assert links[0] == links[1]


def test_a_touchpoint_and_a_stage_have_words_of_their_own() -> None:
    message = rendered(touchpoint="support_resolved")
    assert message.subject == "How was our help?"
    assert parse(message.html).one("h1").text.startswith("After the help you received from us")
    own = Mails(BRAND, {**CATALOGS, "en": {**CATALOGS["en"], "question_loyalty": "Still fond of {object}?"}})
    assert "Still fond of Muster <Cloud>?" in rendered(mails=own, stage="loyalty").text


def test_the_question_asks_about_what_the_brand_says() -> None:
    mails = Mails(replace(BRAND, touchpoints={"payment_succeeded": {"object": "company"}}), CATALOGS)
    assert rendered(mails=mails).subject == "One question about Muster & Söhne GmbH"


def test_a_logo_speaks_where_pictures_are_off() -> None:
    url = "https://muster.example/logo.png?a=1&b=2"
    html = rendered(mails=Mails(replace(BRAND, logo_url=url), CATALOGS)).html
    logo = parse(html).one("img")
    assert logo.attributes["src"] == url
    assert logo.attributes["alt"] == BRAND.product
    assert logo.attributes["height"] == "32"
    assert re.findall(r"src=|url\(|background=", html) == ["src="]


def test_a_language_written_from_right_to_left_is_laid_out_so() -> None:
    mails = Mails(BRAND, {**CATALOGS, "ar": {**CATALOGS["en"], "mail_greeting_name": "مرحبا {name}،"}})
    message = rendered("ar-EG", mails, customer_name="Müller & Co.", plan="Pro (neu)")
    document = parse(message.html)
    assert document.one("html").attributes == {"lang": "ar", "dir": "rtl"}
    assert document.one("body").all("table")[0].attributes["dir"] == "rtl"
    assert "text-align:right" in message.html
    assert message.text.startswith("مرحبا \u2068Müller & Co.\u2069،\n")
    assert "\u2068Pro (neu)\u2069" in message.text


def test_layout_in_the_other_direction_is_the_same_mirrored() -> None:
    mails = Mails(BRAND, {**CATALOGS, "he": CATALOGS["en"]})
    left, right = rendered("en", mails).html, rendered("he", mails).html
    assert "text-align:left" in left
    for side, other in (("left", "right"), ("right", "left")):
        for rule in ("text-align:", "padding-", "margin-"):
            assert left.count(rule + side) - right.count(rule + other) == 0


def test_an_operators_own_template_is_used(tmp_path: Path) -> None:
    (tmp_path / "survey").mkdir()
    (tmp_path / "survey/body.txt").write_text("{{ t('question') }} {{ answer_url }}")
    message = rendered(mails=Mails(BRAND, CATALOGS, tmp_path))
    assert message.text == f"How likely are you to recommend Muster <Cloud> to a friend or colleague? {ANSWER}"
    assert message.html == rendered().html


def test_templates_get_exactly_the_variables_they_are_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[set[str]] = []
    monkeypatch.setattr(Template, "render", lambda _template, context: given.append(set(context)) or "")
    rendered()
    assert given == [set(VARIABLES)] * 3


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


@pytest.mark.parametrize("plan", ["Pro\r\n(neu)", "Müller & Söhne", "A <b>", "\u202eP" * 300])
@pytest.mark.parametrize("locale", CATALOGS)
def test_a_plan_is_never_more_than_text(locale: str, plan: str) -> None:
    hostile, harmless = rendered(locale, plan=plan), rendered(locale, plan="Pro" if plan_name(plan) else None)
    tags = [element.tag for element in parse(harmless.html)]
    assert [element.tag for element in parse(hostile.html)] == tags
    assert len(hostile.text.splitlines()) == len(harmless.text.splitlines())
    assert [one.text.strip("\u2068\u2069") for one in parse(hostile.html).all("bdi")[2:]] == [
        *filter(None, [plan_name(plan)])
    ]
    assert hostile.subject == harmless.subject


@pytest.mark.parametrize("locale", CATALOGS)
def test_a_name_or_a_plan_with_a_message_of_its_own_leaves_no_trace(locale: str) -> None:
    message = "Call 0900 123456 at evil。com"

    assert rendered(locale, customer_name=message, plan=message) == rendered(locale, customer_name=None, plan=None)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_subject_is_one_line_even_where_it_holds_a_name(name: str) -> None:
    brand = replace(BRAND, product=" ".join(name.splitlines()))
    subject = Mails(brand, CATALOGS).survey(ADA).subject
    assert len(subject) <= 120
    assert all(char.isprintable() or char == "\u200d" for char in subject)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("reminder", [False, True])
def test_mail_stays_small(name: str, *, reminder: bool) -> None:
    longest = "&" * 60
    brand = replace(
        BRAND,
        **dict.fromkeys(("company", "product", "service"), longest),
        logo_url=f"https://muster.example/{'l' * 200}",
        privacy_url=f"https://muster.example/{'p' * 200}",
        imprint=f"{longest}\n" * 8,
    )
    url = "https://abcdefghij.execute-api.eu-central-1.amazonaws.com/s/" + "t" * 120
    links = {"answer_url": url, "unsubscribe_url": url}
    mails = Mails(brand, {"en": FILES[name]["texts"]})
    for touchpoint in Touchpoint:
        message = rendered(
            "en", mails, touchpoint=touchpoint, customer_name="&" * 300, plan="&" * 300, reminder=reminder, **links
        )
        assert len(message.html.encode()) < 30_000
        assert len(message.text.encode()) < 10_000


def test_a_touchpoint_without_words_is_an_error() -> None:
    with pytest.raises(KeyError, match="occasion_unheard_of"):
        rendered(touchpoint="unheard_of")
