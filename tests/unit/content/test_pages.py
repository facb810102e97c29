import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from jinja2 import Template

from afterbill.answers.parse_answer import Problem
from afterbill.content.web.form import FormSettings, Step
from afterbill.content.web.pages import PROBLEM_TEXTS, VARIABLES, Draft, Page, Pages, SurveyContext
from afterbill.model.invitation import Answer
from afterbill.model.questions import SCALES, Question
from tests.unit.customer_facing import BRAND, CATALOGS, Element, parse

Render = Callable[[str | None], Page]

REASONS = ("price", "service")
FORM = FormSettings({"": REASONS, "cancelled": ("product",), "release": ()}, visible=0.4)
PAGES = Pages(BRAND, CATALOGS, form=FORM)
REVIEWS, REFERRAL = "https://reviews.example/muster", "https://survey.example/r/TOKEN"
EN = SurveyContext("en")
ANSWER = Answer(0, "Too slow", contact_ok=True)
EVERY_PAGE: dict[str, tuple[int, Render]] = {
    "survey": (200, lambda locale: PAGES.survey(SurveyContext(locale))),
    "survey again": (200, lambda locale: PAGES.survey(SurveyContext(locale), recorded=ANSWER)),
    "bad request": (400, lambda locale: PAGES.bad_request(SurveyContext(locale), Draft(), Problem.RATING)),
    "thanks": (200, lambda locale: PAGES.thanks(SurveyContext(locale), ANSWER)),
    **{
        f"step {step}": (200, lambda locale, step=step: PAGES.thanks(SurveyContext(locale), ANSWER, step))  # type: ignore[misc]  # bound
        for step in (Step.REASON, Step.COMMENT, Step.CONTACT)
    },
    "tapped": (200, lambda locale: PAGES.survey(SurveyContext(locale), 9)),
    "closed": (410, PAGES.closed),
    "not found": (404, PAGES.not_found),
    "too large": (413, PAGES.too_large),
    "unsupported": (415, PAGES.unsupported),
    "too many": (429, PAGES.too_many),
    "method not allowed": (405, PAGES.method_not_allowed),
    "unavailable": (503, PAGES.unavailable),
    "unsubscribe": (200, PAGES.unsubscribe),
    "unsubscribed": (200, PAGES.unsubscribed),
}
HOSTILE_COMMENTS = [
    "<script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "<!-- comment -->",
    "{{ 7*7 }} {company} {0}",
    "first\nsecond",
    "👩🏽‍💻 🙂",
    "שלום עולם",
    "&amp; &lt;",
    "x" * 10_000,
]

SILENT = {name: page for name, (_, page) in EVERY_PAGE.items() if name != "tapped"}

every_page = pytest.mark.parametrize("page", [page for _, page in EVERY_PAGE.values()], ids=EVERY_PAGE)
every_silent_page = pytest.mark.parametrize("page", SILENT.values(), ids=SILENT)
every_locale = pytest.mark.parametrize("locale", CATALOGS)


def form(page: Page) -> Element:
    return parse(page.html).one("form")


def checked(page: Page) -> list[str | None]:
    return [box.attributes["value"] for box in form(page).all("input") if "checked" in box.attributes]


def comment(page: Page) -> str:
    """The comment as a browser shows it: HTML drops one line break right after the opening tag."""
    return form(page).one("textarea").text.removeprefix("\n")


@every_silent_page
@every_locale
def test_headers_keep_the_page_to_itself(page: Render, locale: str) -> None:
    answer = page(locale)
    style = parse(answer.html).one("style").text
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert {
        name: value for name, value in answer.headers.items() if name not in {"Allow", "Accept-Post", "Retry-After"}
    } == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=63072000",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }


@every_page
@every_locale
def test_page_is_clean_html_in_its_language_with_a_heading(page: Render, locale: str) -> None:
    document = parse(page(locale).html)
    assert document.one("html").attributes["lang"] == locale
    assert document.one("title").text.strip()
    assert all(heading.text.strip() for heading in document.all("h1"))
    assert 1 <= len(document.all("h1")) <= 2  # a phone is shown the second, anybody else the first


@every_silent_page
@every_locale
def test_page_runs_nothing_loads_nothing_and_links_nothing_foreign(page: Render, locale: str) -> None:
    html = page(locale).html
    assert {element.tag for element in parse(html)}.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert not re.search(r"\son\w+=|style=|url\(|@import", html)
    assert set(re.findall(r"https?://[^\s\"<]+", html)) == {BRAND.privacy_url}


@pytest.mark.parametrize(("status", "page"), EVERY_PAGE.values(), ids=EVERY_PAGE)
def test_status_says_what_happened(status: int, page: Render) -> None:
    assert page("en").status == status


@every_page
def test_nobody_may_keep_a_cookie(page: Render) -> None:
    assert "Set-Cookie" not in page("en").headers


def test_a_wrong_method_is_told_the_right_ones() -> None:
    assert PAGES.method_not_allowed("en").headers["Allow"] == "GET, HEAD, POST"


def test_a_transient_failure_says_when_to_come_back() -> None:
    assert PAGES.unavailable("en").headers["Retry-After"] == "60"


def test_form_posts_to_the_path_it_came_from_without_the_links_query() -> None:
    assert form(PAGES.survey(EN, 9)).attributes["action"] == "?"
    assert form(PAGES.survey(EN, 9)).attributes["method"] == "post"


def test_form_offers_eleven_ratings_under_one_legend() -> None:
    fieldset = form(PAGES.survey(EN)).all("fieldset")[0]
    assert [box.attributes["value"] for box in fieldset.all("input", type="radio", name="rating")] == [
        str(rating) for rating in range(11)
    ]
    assert "Muster <Cloud>" in fieldset.one("legend").text


def test_every_control_has_a_label() -> None:
    survey = form(PAGES.survey(EN))
    inside = [box for label in survey.all("label") for box in label.all("input")]
    assert inside == survey.all("input")
    assert survey.all("label", **{"for": "comment"})
    assert survey.one("textarea").attributes["id"] == "comment"


def test_comment_may_be_ten_thousand_characters_long_in_any_direction() -> None:
    box = form(PAGES.survey(EN)).one("textarea")
    assert box.attributes["maxlength"] == "10000"
    assert box.attributes["dir"] == "auto"


def test_without_a_rating_in_the_link_nothing_is_preselected() -> None:
    assert checked(PAGES.survey(EN)) == []


@pytest.mark.parametrize("rating", range(11))
def test_rating_of_the_link_is_preselected_and_said_to_be_unsent(rating: int) -> None:
    page = PAGES.survey(EN, rating)
    assert checked(page) == [str(rating)]
    assert f"You chose {rating}." in parse(page.html).one("p", **{"class": "note"}).text


def test_recorded_answer_is_there_to_be_changed() -> None:
    page = PAGES.survey(EN, recorded=ANSWER)
    assert checked(page) == ["0", "true"]
    assert comment(page) == "Too slow"
    assert "0 out of 10" in parse(page.html).one("p", **{"class": "note"}).text
    assert form(page).one("button").text == "Change answer"


def test_another_link_preselects_its_rating_and_keeps_the_rest_of_the_recorded_answer() -> None:
    page = PAGES.survey(EN, 0, replace(ANSWER, rating=7))
    assert checked(page) == ["0", "true"]
    assert comment(page) == "Too slow"
    assert "7 out of 10" in parse(page.html).one("p", **{"class": "note"}).text


def note(page: Page) -> str:
    """What a browser without `:has` shows of the note; with it, the note follows the number that is chosen."""
    shown = parse(page.html).one("p", **{"class": "note"})
    parts = [part for part in shown.children if isinstance(part, str) or "now" in (part.attributes.get("class") or "")]
    return " ".join("".join(part if isinstance(part, str) else part.text for part in parts).split())


@every_locale
def test_another_number_is_chosen_and_said_to_be_not_recorded_yet(locale: str) -> None:
    texts = CATALOGS[locale]
    said = note(PAGES.survey(SurveyContext(locale), 3, replace(ANSWER, rating=7)))
    recorded = texts["survey_recorded"].format(rating=7, highest=10)
    rechosen = texts["survey_rechosen"].format(rating=3, button=texts["survey_change"])
    assert said == " ".join(f"{recorded} {rechosen}".split())


@pytest.mark.parametrize("recorded", [None, replace(ANSWER, rating=7)], ids=["nothing recorded", "recorded"])
def test_a_screen_reader_hears_the_note_change_with_the_number(recorded: Answer | None) -> None:
    page = PAGES.survey(EN, 3, recorded)
    assert parse(page.html).one("p", **{"class": "note"}).attributes["role"] == "status"


def test_the_recorded_number_is_marked_and_can_be_changed() -> None:
    page = PAGES.survey(EN, 7, replace(ANSWER, rating=7))
    assert note(page) == "We have recorded 7 out of 10. You can change your answer here."
    assert form(page).one("input", name="rating", value="7").attributes["class"] == "passive same"


def test_a_bad_answer_leaves_the_recorded_one_and_the_page_says_so() -> None:
    bad = PAGES.bad_request(EN, Draft(3, "x"), Problem.COMMENT, replace(ANSWER, rating=7))
    assert note(bad) == (
        "We have recorded 7 out of 10. You have now chosen 3. It is not recorded until you press “Change answer”."
    )
    none = PAGES.bad_request(EN, Draft(), Problem.RATING, replace(ANSWER, rating=7))
    assert note(none) == "We have recorded 7 out of 10. You can change your answer here."
    assert not parse(PAGES.bad_request(EN, Draft(3, "x"), Problem.COMMENT).html).all("p", **{"class": "note"})


NOBODY = EN._replace(contact=False)


@pytest.mark.parametrize("page", [PAGES.survey(NOBODY, 9), PAGES.bad_request(NOBODY, Draft(9), Problem.COMMENT)])
def test_where_nobody_is_known_nobody_is_asked_for_a_permission_to_contact_them(page: Page) -> None:
    assert "contact_ok" not in page.html
    assert CATALOGS["en"]["survey_contact"] not in page.html


def test_and_a_phone_has_no_screen_for_it() -> None:
    last = PAGES.thanks(NOBODY, Answer(3), Step.COMMENT)
    assert [button for button, _ in buttons(last)] == ["Done", "Back"]
    assert parse(PAGES.thanks(NOBODY, Answer(3), Step.CONTACT).html).all("form") == []
    assert [button for button, _ in buttons(PAGES.survey(NOBODY._replace(touchpoint="release"), 3))] == ["Send answer"]
    assert buttons(PAGES.survey(NOBODY._replace(touchpoint="release"), 3))[0][1] == Step.COMMENT


@pytest.mark.parametrize("problem", Problem)
@every_locale
def test_a_bad_answer_comes_back_with_its_text_and_the_reason(problem: Problem, locale: str) -> None:
    page = PAGES.bad_request(SurveyContext(locale), Draft(3, "my words", contact_ok=True), problem)
    alert = parse(page.html).one("p", role="alert")
    assert CATALOGS[locale][PROBLEM_TEXTS[problem]].format(lowest=0, highest=10) in alert.text
    assert checked(page) == ["3", "true"]
    assert comment(page) == "my words"
    assert parse(page.html).one("title").text.startswith(CATALOGS[locale]["survey_error"])


def test_reason_is_bound_to_what_must_be_mended() -> None:
    no_rating = form(PAGES.bad_request(EN, Draft(), Problem.RATING))
    assert no_rating.all("fieldset")[0].attributes["aria-describedby"] == "problem"
    long_comment = form(PAGES.bad_request(EN, Draft(3, "x"), Problem.COMMENT))
    assert long_comment.one("textarea").attributes["aria-describedby"] == "problem"
    assert long_comment.one("textarea").attributes["aria-invalid"] == "true"


@pytest.mark.parametrize("text", [*HOSTILE_COMMENTS, "\nstarts with a line break", ""])
def test_a_comment_in_the_form_is_exactly_what_was_typed(text: str) -> None:
    assert comment(PAGES.bad_request(EN, Draft(3, text), Problem.RATING)) == text
    assert comment(PAGES.survey(EN, recorded=Answer(3, text))) == text


@pytest.mark.parametrize("text", HOSTILE_COMMENTS)
def test_thanks_show_the_comment_as_text_in_its_own_direction(text: str) -> None:
    shown = parse(PAGES.thanks(EN, Answer(3, text)).html).one("dd", **{"class": "comment"})
    assert shown.text == text
    assert shown.attributes["dir"] == "auto"


def test_a_broken_character_does_not_break_the_page() -> None:
    assert "a?b" in PAGES.thanks(EN, Answer(3, "a\ud800b")).html


def test_thanks_show_what_was_recorded_and_lead_back_to_it() -> None:
    document = parse(PAGES.thanks(EN, replace(ANSWER, reason="price")).html)
    assert document.one("dd", **{"class": "rating"}).text == "0 out of 10"
    assert document.one("dd", **{"class": "reason"}).text == "Price"
    assert CATALOGS["en"]["thanks_contact"] in document.text
    assert document.one("a", **{"class": "button plain"}).attributes["href"] == "?"


def test_thanks_do_not_mention_what_was_not_said() -> None:
    document = parse(PAGES.thanks(EN, Answer(10)).html)
    assert document.all("dd", **{"class": "comment"}) == []
    assert CATALOGS["en"]["thanks_contact"] not in document.text


def test_unsubscribing_asks_first_and_names_the_company_afterwards() -> None:
    assert form(PAGES.unsubscribe("en")).attributes == {"method": "post", "action": "?"}
    assert BRAND.company in parse(PAGES.unsubscribed("en").html).one("main").text


def test_the_style_carries_the_brands_colours_and_its_own_hash() -> None:
    red = Pages(replace(BRAND, accent="#aa0000"), CATALOGS).closed("en")
    assert "--accent: #aa0000" in red.html
    assert red.headers["Content-Security-Policy"] != PAGES.closed("en").headers["Content-Security-Policy"]


def test_every_page_links_the_privacy_notice() -> None:
    (link,) = parse(PAGES.closed("en").html).all("a")
    assert link.attributes["href"] == BRAND.privacy_url


def test_the_page_asks_what_the_mail_asked() -> None:
    asked = SurveyContext("en-GB", "support_resolved", "support")
    for page in (PAGES.survey(asked), PAGES.bad_request(asked, Draft(), Problem.RATING)):
        assert parse(page.html).one("h1").text.startswith("After the help you received from us")
        assert "How was our help?" in parse(page.html).one("title").text


def test_the_page_asks_about_what_the_brand_says() -> None:
    brand = replace(BRAND, touchpoints={"support_resolved": {"object": "company"}})
    page = Pages(brand, CATALOGS).survey(SurveyContext("en", "support_resolved", "support"))
    assert brand.company in parse(page.html).one("h1").text


def test_a_language_written_from_right_to_left_says_so() -> None:
    pages = Pages(BRAND, {**CATALOGS, "ar": CATALOGS["en"]})
    assert parse(pages.survey(SurveyContext("ar-EG")).html).one("html").attributes == {"lang": "ar", "dir": "rtl"}
    assert parse(pages.closed("en").html).one("html").attributes == {"lang": "en", "dir": "ltr"}


def test_layout_knows_no_left_and_no_right() -> None:
    style = parse(PAGES.closed("en").html).one("style").text
    assert not re.search(r"-(left|right)\b|text-align: *(left|right)|float", style)


def test_an_operators_own_template_is_used(tmp_path: Path) -> None:
    (tmp_path / "notice.html").write_text('<!doctype html>\n<html><h1>{{ t(name ~ "_title") }}, sorry</h1></html>')
    page = Pages(BRAND, CATALOGS, tmp_path).closed("en")
    assert parse(page.html).one("h1").text == "This survey is closed, sorry"
    assert "How likely" in Pages(BRAND, CATALOGS, tmp_path).survey(EN).html


def test_templates_get_exactly_the_variables_they_are_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, set[str]] = {}

    def note(template: Template, **values: object) -> str:
        given.setdefault(template.name or "", set()).update(values)
        return ""

    monkeypatch.setattr(Template, "render", note)
    pages = Pages(BRAND, CATALOGS)
    pages.survey(EN)
    pages.thanks(EN, ANSWER)
    pages.closed("en")
    pages.unsubscribe("en")
    assert given == {name: set(values) for name, values in VARIABLES.items() if name != "page.html"}


def test_pages_need_nothing_that_takes_long_to_start() -> None:
    program = "import sys, afterbill.content.web.pages, afterbill.settings.config; print(*sys.modules)"
    # Alone: where coverage is measured in children too, it brings modules of its own.
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env={})
    assert {"babel", "decimal", "difflib", "pydantic"}.isdisjoint(run.stdout.split())


def test_language_is_the_nearest_one_else_the_brands() -> None:
    assert parse(PAGES.closed("de_CH").html).one("html").attributes["lang"] == "de"
    assert parse(PAGES.closed(None).html).one("html").attributes["lang"] == "en"


def test_headers_of_one_page_are_no_other_pages() -> None:
    assert "Allow" not in PAGES.closed("en").headers


def hidden(page: Page) -> dict[str, str]:
    boxes = form(page).all("input", type="hidden")
    return {str(box.attributes["name"]): str(box.attributes["value"]) for box in boxes}


def buttons(page: Page) -> list[tuple[str, str | None]]:
    return [(button.text, button.attributes["value"]) for button in form(page).all("button")]


def headings(page: Page) -> list[str]:
    return [heading.text for heading in parse(page.html).all("h1")]


@pytest.mark.parametrize("question", Question)
def test_form_offers_the_ratings_of_its_question(question: Question) -> None:
    page = PAGES.survey(SurveyContext("en", "", "", question))
    ratings = [str(box.attributes["value"]) for box in form(page).all("input", name="rating")]
    assert ratings == [str(rating) for rating in SCALES[question].ratings]
    assert f"{SCALES[question].highest} = " in parse(page.html).one("span", id="high").text


def test_a_number_that_is_not_of_the_scale_is_not_chosen() -> None:
    page = PAGES.survey(SurveyContext("en", question=Question.CSAT), 9)
    assert checked(page) == []
    assert "<script" not in page.html


def test_the_chosen_number_has_the_focus_so_that_enter_confirms_it() -> None:
    (focused,) = (one for one in form(PAGES.survey(EN, 9)) if "autofocus" in one.attributes)
    assert focused.attributes["value"] == "9"
    assert not [one for one in form(PAGES.survey(EN)) if "autofocus" in one.attributes]
    assert not [one for one in form(PAGES.bad_request(EN, Draft(9), Problem.COMMENT)) if "autofocus" in one.attributes]


@pytest.mark.parametrize(("rating", "kind"), [(0, "detractor"), (6, "detractor"), (7, "passive"), (9, "promoter")])
def test_every_number_knows_the_question_that_follows_it(rating: int, kind: str) -> None:
    page = PAGES.survey(EN)
    assert form(page).one("input", name="rating", value=str(rating)).attributes["class"] == kind
    (follow,) = (one for one in form(page).all("span", **{"class": kind}))
    assert follow.text == CATALOGS["en"][f"followup_{kind}"]


@pytest.mark.parametrize(
    ("touchpoint", "reasons"), [("", ["price", "service", ""]), ("cancelled", ["product", ""]), ("release", [])]
)
def test_reasons_are_those_of_the_touchpoint(touchpoint: str, reasons: list[str]) -> None:
    page = PAGES.survey(SurveyContext("en", touchpoint))
    assert [box.attributes["value"] for box in form(page).all("input", name="reason")] == reasons


def test_where_no_reasons_are_offered_the_comment_is_asked_for_with_the_question_that_follows() -> None:
    asked = SurveyContext("en", "release")
    label = form(PAGES.survey(asked)).one("label", **{"for": "comment"})
    assert CATALOGS["en"]["followup_promoter"] in label.text
    assert buttons(PAGES.survey(asked)) == [("Send answer", "comment")]
    assert headings(PAGES.thanks(asked, Answer(3), "comment"))[1] == CATALOGS["en"]["followup_detractor"]


def test_a_page_that_was_tapped_open_reports_that_it_was_seen_and_nothing_else_may_run() -> None:
    page = PAGES.survey(EN, 9)
    script = parse(page.html).one("script").text
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = page.headers["Content-Security-Policy"]
    assert f"script-src 'sha256-{digest}'; connect-src 'self';" in policy
    assert policy.startswith("default-src 'none'")
    assert form(page).attributes["data-tapped"] == "9"
    assert form(page).attributes["data-visible"] == "0.4"
    assert not re.search(r"cookie|localStorage|sessionStorage|indexedDB", script)


def test_there_is_no_script_without_a_number_or_with_a_confirmed_answer() -> None:
    silent = [PAGES.survey(EN), PAGES.survey(EN, 9, ANSWER), PAGES.bad_request(EN, Draft(9), Problem.COMMENT)]
    assert not [
        page for page in silent if "<script" in page.html or "script-src" in page.headers["Content-Security-Policy"]
    ]


def test_an_unconfirmed_answer_is_chosen_and_not_said_to_be_recorded() -> None:
    page = PAGES.survey(EN, recorded=Answer(8, confirmed=False))
    assert checked(page) == ["8"]
    assert "You chose 8." in parse(page.html).one("p", **{"class": "note"}).text
    assert "<script" in PAGES.survey(EN, 3, Answer(8, confirmed=False)).html
    refused = PAGES.bad_request(EN, Draft(), Problem.RATING, Answer(8, confirmed=False))
    assert form(refused).one("button").text == "Send answer"


@pytest.mark.parametrize(
    ("step", "ways"),
    [
        ("reason", [("Next", "comment"), ("Back", "rating")]),
        ("comment", [("Next", "contact"), ("Back", "reason")]),
        ("contact", [("Done", ""), ("Back", "comment")]),
    ],
)
def test_a_phone_is_led_from_question_to_question_and_back(step: str, ways: list[tuple[str, str]]) -> None:
    page = PAGES.thanks(EN, ANSWER, step)
    assert buttons(page) == ways
    assert form(page).attributes["class"] == "narrow"
    assert len(headings(page)) == 2


def test_every_step_carries_what_is_known_so_far() -> None:
    answer = Answer(10, "one\ntwo <b>", "price", contact_ok=True)
    known = {"rating": "10", "reason": "price", "comment": "one\ntwo <b>", "contact_ok": "true"}
    for step, asked in {"reason": "reason", "comment": "comment", "contact": "contact_ok"}.items():
        assert hidden(PAGES.thanks(EN, answer, step)) == {key: value for key, value in known.items() if key != asked}
    assert checked(PAGES.thanks(EN, answer, "reason")) == ["price"]
    assert comment(PAGES.thanks(EN, answer, "comment")) == answer.comment
    assert checked(PAGES.thanks(EN, answer, "contact")) == ["true"]


def test_the_first_step_is_the_form_and_after_the_last_there_are_only_thanks() -> None:
    assert form(PAGES.thanks(EN, ANSWER, "rating")).all("input", name="rating", type="radio")
    for step in ("", "x", "reason"):
        page = PAGES.thanks(SurveyContext("en", "release"), ANSWER, step)
        assert "<form" not in page.html
        assert headings(page) == [CATALOGS["en"]["thanks_title"]]


PROUD = Pages(replace(BRAND, review_url=REVIEWS), CATALOGS, form=FORM)


@pytest.mark.parametrize(("rating", "invited"), [(10, True), (9, True), (8, False), (3, False)])
def test_who_recommends_us_is_shown_where_to_say_so(rating: int, invited: bool) -> None:
    page = PROUD.thanks(EN, Answer(rating), referral=REFERRAL)
    found = {link.attributes["href"] for link in parse(page.html).all("a")}
    assert ({REVIEWS, REFERRAL} <= found) == invited
    assert (REVIEWS in page.html) == invited


def test_nobody_is_invited_to_where_nothing_is() -> None:
    assert CATALOGS["en"]["thanks_promoter"] not in PAGES.thanks(EN, Answer(10)).html
    alone = PAGES.thanks(EN, Answer(10), referral=REFERRAL)
    assert CATALOGS["en"]["thanks_review"] not in alone.html
    assert REFERRAL in alone.html


def test_a_touchpoint_may_lead_to_reviews_of_its_own() -> None:
    brand = replace(BRAND, review_url=REVIEWS, touchpoints={"support_resolved": {"review_url": f"{REVIEWS}/help"}})
    page = Pages(brand, CATALOGS).thanks(SurveyContext("en", "support_resolved"), Answer(10))
    assert f'href="{REVIEWS}/help"' in page.html


@pytest.mark.parametrize(("rating", "shown"), [(0, True), (6, True), (7, False), (10, False)])
def test_who_was_disappointed_is_told_what_happens_next(rating: int, shown: bool) -> None:
    assert (CATALOGS["en"]["thanks_next"] in PAGES.thanks(EN, Answer(rating)).html) == shown


@pytest.mark.parametrize(("question", "rating"), [(Question.CSAT, 5), (Question.CES, 7), (Question.REBUY, 9)])
def test_thanks_know_the_scale_of_their_question(question: Question, rating: int) -> None:
    asked = SurveyContext("en", "", "", question)
    page = PROUD.thanks(asked, Answer(rating))
    assert parse(page.html).one("dd", **{"class": "rating"}).text == f"{rating} out of {SCALES[question].highest}"
    assert REVIEWS in page.html


def test_a_reason_that_is_offered_no_more_is_not_shown() -> None:
    assert parse(PAGES.thanks(EN, Answer(3, reason="gone")).html).all("dd", **{"class": "reason"}) == []


def test_a_wrong_reason_shows_the_choices_on_every_screen() -> None:
    page = form(PAGES.bad_request(EN, Draft(3, reason="x"), Problem.REASON))
    assert page.one("fieldset", **{"class": "choices"}).attributes["aria-describedby"] == "problem"
    assert not page.all("div", **{"class": "wide"})


LONGEST = Answer(10, "Alles in allem sehr zufrieden. " * 10, "price", contact_ok=True)


@every_locale
def test_every_page_is_under_20_kb(locale: str) -> None:
    """With a comment of 300 characters; what somebody types beyond that is their own."""
    found = [page(locale) for _, page in EVERY_PAGE.values()]
    for question in Question:
        for touchpoint in ("", "support_resolved"):
            asked = SurveyContext(locale, touchpoint, "", question)
            full = Pages(replace(BRAND, review_url=REVIEWS), CATALOGS, form=FormSettings({"": SHIPPED}))
            found += [full.survey(asked, 5, answer) for answer in (None, LONGEST)]
            found += [full.thanks(asked, LONGEST, step, REFERRAL) for step in ("", *Step)]
    assert max(len(page.html.encode()) + sum(map(len, page.headers.values())) for page in found) < 20_000


SHIPPED = ("billing_clarity", "price", "payment_method", "invoice_error", "service", "product")


def test_a_page_that_notepad_saved_has_no_mark_of_the_byte_order(tmp_path: Path) -> None:
    (tmp_path / "notice.html").write_text("Closed", encoding="utf-8-sig")
    assert Pages(BRAND, CATALOGS, tmp_path).closed("en").html == "Closed"
