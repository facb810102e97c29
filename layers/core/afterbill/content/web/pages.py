"""Every page a customer can meet, with the headers that keep it to itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from afterbill.answers.parse_answer import Problem
from afterbill.content.brand import Brand
from afterbill.content.colours import SURFACE, SURFACE_DARK, ink_on
from afterbill.content.web.form import FormSettings, Step
from afterbill.content.web.headers import FORMS, HEADERS, policy
from afterbill.content.wording import Catalog, Words
from afterbill.model.invitation import COMMENT_LENGTH, Answer
from afterbill.model.questions import Question, scale_of

TEMPLATES = Path(__file__).with_name("templates")

_COMMON = frozenset({"t", "language", "direction", "brand", "style", "test"})
_FORM = _COMMON | {"reasons", "step", "comment_length"}
VARIABLES: Mapping[str, frozenset[str]] = {
    "page.css": frozenset({"brand", "surface", "surface_dark", "ink_on"}),
    "seen.js": frozenset(),
    "page.html": _COMMON,
    "survey.html": _FORM
    | {"scale", "categories", "draft", "recorded", "problem", "tapped", "visible", "script", "contact"},
    "thanks.html": _FORM | {"answer", "category", "back", "onward", "review_url", "referral"},
    "notice.html": _COMMON | {"name"},
    "unsubscribe.html": _COMMON,
}
"""The variables of each template of a page."""
PROBLEM_TEXTS = {
    Problem.RATING: "survey_no_rating",
    Problem.COMMENT: "survey_long_comment",
    Problem.REASON: "survey_unknown_reason",
    Problem.FORM: "survey_unreadable",
}
"""The key of the text about each problem of an answer."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The values of a form before it is sent; `rating` is on the scale, None as long as no number is chosen."""

    rating: int | None = None
    comment: str = ""
    contact_ok: bool = False
    reason: str = ""


class SurveyContext(NamedTuple):
    """The language, touchpoint, stage and question of a survey; `locale` is a language tag such as `de-AT`.

    The page of a `test` says that it is one. `contact`: somebody is known, so we may ask for the permission to contact
    them.
    """

    locale: str | None
    touchpoint: str = ""
    stage: str = ""
    question: Question = Question.NPS
    test: bool = False
    contact: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to a browser."""

    status: int
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Pages:
    """All pages of one brand; none loads anything from outside.

    Pages about a survey take its context, the others a language tag (`de-AT`, None). A file in `overrides` is used
    instead of ours of the same name (`survey.html`).
    """

    def __init__(
        self,
        brand: Brand,
        catalogs: Mapping[str, Catalog],
        overrides: Path | None = None,
        form: FormSettings | None = None,
    ) -> None:
        self._brand, self._form_settings = brand, form or FormSettings()
        self._words = Words(brand, catalogs)
        self._environment = Environment(
            loader=FileSystemLoader([*filter(None, [overrides]), TEMPLATES], encoding="utf-8-sig"),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
        )
        self._style = self._environment.get_template("page.css").render(
            brand=brand, surface=SURFACE, surface_dark=SURFACE_DARK, ink_on=ink_on
        )
        self._script = self._environment.get_template("seen.js").render()
        self._headers = {**HEADERS, "Content-Security-Policy": policy(self._style)}
        self._reporting = {**HEADERS, "Content-Security-Policy": policy(self._style, self._script)}
        # Compiled here because a Lambda function has more processor time at its start than later.
        for name in ("page.html", "survey.html", "thanks.html"):
            self._environment.get_template(name)

    def survey(self, context: SurveyContext, rating: int | None = None, recorded: Answer | None = None) -> Page:
        """The form: `rating` from the link is preselected, an answer already `recorded` is there to be changed.

        A script reports that the page was seen, where a number was clicked and no confirmed answer is there yet.
        """
        tapped = rating if rating in scale_of(context.question).ratings else None
        draft = Draft(tapped)
        if recorded:
            chosen = recorded.rating if tapped is None else tapped
            draft = Draft(chosen, recorded.comment, recorded.contact_ok, recorded.reason)
        confirmed = recorded if recorded and recorded.confirmed else None
        return self._form(context, draft, confirmed, tapped=None if confirmed else tapped)

    def bad_request(
        self, context: SurveyContext, draft: Draft, problem: Problem, recorded: Answer | None = None
    ) -> Page:
        """The form again, with everything the person typed and what to do about it."""
        return self._form(context, draft, recorded if recorded and recorded.confirmed else None, problem)

    def thanks(self, context: SurveyContext, answer: Answer, step: str = "", referral: str = "") -> Page:
        """Show what was recorded and the way to change it; a phone shows the next `step` of the form, if there is one.

        `referral` is the personal link that a promoter may pass on.
        """
        steps = self._form_settings.steps(context.touchpoint, contact=context.contact)
        if step == Step.RATING:
            return self.survey(context, recorded=answer)
        place = steps.index(Step(step)) if step in steps else None
        return self._page(
            200,
            context,
            "thanks",
            answer=answer,
            category=scale_of(context.question).category(answer.rating),
            step=step if place else "",
            back=steps[place - 1] if place else "",
            onward=(*steps, "")[place + 1] if place else "",
            reasons=self._form_settings.choices(context.touchpoint),
            comment_length=COMMENT_LENGTH,
            review_url=self._brand.voice(context.touchpoint).review_url,
            referral=referral,
        )

    def closed(self, locale: str | None) -> Page:
        """The survey is over or its link has expired."""
        return self._notice(410, locale, "closed")

    def not_found(self, locale: str | None) -> Page:
        """Not a link of ours; there is no recipient, so `locale` is what the browser prefers."""
        return self._notice(404, locale, "not_found")

    def too_large(self, locale: str | None) -> Page:
        """More was sent than any answer can be."""
        return self._notice(413, locale, "too_large")

    def unsupported(self, locale: str | None) -> Page:
        """Neither a form nor JSON."""
        return self._notice(415, locale, "unsupported", {"Accept-Post": FORMS})

    def too_many(self, locale: str | None) -> Page:
        """This link was used too often within a minute."""
        return self._notice(429, locale, "too_many", {"Retry-After": "60"})

    def method_not_allowed(self, locale: str | None) -> Page:
        """Neither read nor sent."""
        return self._notice(405, locale, "method_not_allowed", {"Allow": "GET, HEAD, POST"})

    def unavailable(self, locale: str | None) -> Page:
        """Something of ours is down for the moment; reloading repeats the request, answers included."""
        return self._notice(503, locale, "unavailable", {"Retry-After": "60"})

    def unsubscribe(self, locale: str | None) -> Page:
        """Asks, because mail scanners open every link."""
        return self._page(200, SurveyContext(locale), "unsubscribe")

    def unsubscribed(self, locale: str | None) -> Page:
        """Confirms that no more surveys will come."""
        return self._notice(200, locale, "unsubscribed")

    def _form(
        self,
        context: SurveyContext,
        draft: Draft,
        recorded: Answer | None,
        problem: Problem | None = None,
        tapped: int | None = None,
    ) -> Page:
        scale = scale_of(context.question)
        page = self._page(
            400 if problem else 200,
            context,
            "survey",
            scale=scale,
            categories={rating: scale.category(rating) for rating in scale.ratings},
            draft=draft,
            recorded=recorded,
            problem=PROBLEM_TEXTS[problem] if problem else None,
            tapped=tapped,
            visible=self._form_settings.visible,
            script=self._script,
            step=self._form_settings.steps(context.touchpoint, contact=context.contact)[1],
            contact=context.contact,
            reasons=self._form_settings.choices(context.touchpoint),
            comment_length=COMMENT_LENGTH,
        )
        return page if tapped is None else Page(page.status, page.html, dict(self._reporting))

    def _notice(self, status: int, locale: str | None, name: str, headers: Mapping[str, str] | None = None) -> Page:
        page = self._page(status, SurveyContext(locale), "notice", name=name)
        return Page(page.status, page.html, {**page.headers, **(headers or {})})

    def _page(self, status: int, context: SurveyContext, template: str, **values: object) -> Page:
        words = self._words(context.locale, context.touchpoint, context.stage, context.question)
        html = self._environment.get_template(f"{template}.html").render(
            t=words,
            language=words.language,
            direction=words.direction,
            brand=self._brand,
            style=self._style,
            test=context.test,
            **values,
        )
        # A lone surrogate, which JSON can carry, has no UTF-8 form and would otherwise fail the whole response.
        return Page(status, html.encode(errors="replace").decode(), dict(self._headers))
