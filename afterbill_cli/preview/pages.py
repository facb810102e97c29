"""The pages, each in every state a customer can meet it in."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from afterbill.answers.parse_answer import Problem
from afterbill.content.web.form import FormSettings, Step
from afterbill.content.web.pages import PROBLEM_TEXTS, Draft, Page, Pages, SurveyContext
from afterbill.model.billing import Touchpoint
from afterbill.model.invitation import Answer
from afterbill.model.questions import Question
from afterbill_cli.preview import data_export
from afterbill_cli.preview.previews import Preview
from afterbill_cli.preview.variants import Variant

_COMMENT = "Invoices arrive on time, and the export saves me an afternoon every month."
_ANSWER = Answer(9, _COMMENT, "service", contact_ok=True)
_DRAFTS = {
    Problem.RATING: Draft(None, _COMMENT),
    Problem.COMMENT: Draft(9, f"{_COMMENT} " * 10),
    Problem.REASON: Draft(3, _COMMENT),
    Problem.FORM: Draft(),
}
_REVIEWS, _REFERRAL = "https://reviews.example.com/yours", "https://survey.example.com/r/" + "Kx7q" * 13


def states(pages: Pages, asked: SurveyContext) -> Mapping[str, Page]:
    """Every page in every state, by the name it has in the gallery."""
    locale, anonymous = asked.locale, asked._replace(contact=False)
    return {
        "survey": pages.survey(asked),
        "survey-test": pages.survey(asked._replace(test=True)),
        "survey-chosen": pages.survey(asked, 9),
        "survey-recorded": pages.survey(asked, None, _ANSWER),
        "survey-rechosen": pages.survey(asked, 3, replace(_ANSWER, rating=7)),
        "survey-anonymous": pages.survey(anonymous, 9),
        **{_named(PROBLEM_TEXTS[problem]): pages.bad_request(asked, _DRAFTS[problem], problem) for problem in Problem},
        "thanks": pages.thanks(asked, _ANSWER, "", _REFERRAL),
        "thanks-number-only": pages.thanks(asked, Answer(0)),
        **{f"thanks-{step}": pages.thanks(asked, Answer(3), step) for step in Step if step is not Step.RATING},
        "thanks-comment-anonymous": pages.thanks(anonymous, Answer(3), Step.COMMENT),
        **{
            f"survey-{question}": pages.survey(asked._replace(question=question), 4)
            for question in Question
            if question is not Question.NPS
        },
        "unsubscribe": pages.unsubscribe(locale),
        "unsubscribed": pages.unsubscribed(locale),
        "closed": pages.closed(locale),
        "not-found": pages.not_found(locale),
        "too-large": pages.too_large(locale),
        "too-many": pages.too_many(locale),
        "unsupported": pages.unsupported(locale),
        "method-not-allowed": pages.method_not_allowed(locale),
        "unavailable": pages.unavailable(locale),
    }


def once(variant: Variant) -> Mapping[str, Page]:
    """Return all pages at one touchpoint, by name, and the one about all that is stored of a person."""
    return {**states(_pages(variant), _asked(variant, Touchpoint.RENEWED)), "data-export": data_export.page(variant)}


def previews(variant: Variant) -> Iterator[Preview]:
    """Yield all pages, and the form again for each touchpoint with its own texts."""
    pages = _pages(variant)
    for name, page in once(variant).items():
        yield _preview(name, page, variant)
    for touchpoint in Touchpoint:
        if variant.has_own_words(touchpoint, "question"):
            yield _preview(f"survey-{_named(touchpoint)}", pages.survey(_asked(variant, touchpoint)), variant)


def _pages(variant: Variant) -> Pages:
    """Build the pages with a review address, so that the link to it is shown."""
    brand = replace(variant.brand, review_url=variant.brand.review_url or _REVIEWS)
    return Pages(brand, variant.catalogs, variant.templates / "web", FormSettings(variant.reasons))


def _asked(variant: Variant, touchpoint: Touchpoint) -> SurveyContext:
    return SurveyContext(variant.locale, touchpoint, variant.stages[touchpoint])


def _preview(name: str, page: Page, variant: Variant) -> Preview:
    return Preview("page", variant.name, name, page.html, {"status": str(page.status)})


def _named(value: str) -> str:
    return value.replace("_", "-")
