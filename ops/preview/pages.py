"""The pages, each in every state a customer can meet it in."""

from collections.abc import Iterator, Mapping

from afterbill.domain.billing import Touchpoint
from afterbill.domain.invitation import Answer
from afterbill.web.pages import Asked, Draft, Page, Pages, Problem
from ops.preview.exhibits import Exhibit
from ops.preview.speakers import Speaker

_COMMENT = "Invoices arrive on time, and the export saves me an afternoon every month."
_ANSWER = Answer(9, _COMMENT, contact_ok=True)
_DRAFTS = {
    Problem.NO_RATING: Draft(None, _COMMENT),
    Problem.LONG_COMMENT: Draft(9, f"{_COMMENT} " * 10),
    Problem.UNREADABLE: Draft(),
}


def states(pages: Pages, asked: Asked) -> Mapping[str, Page]:
    """Every page in every state, by the name it has in the gallery."""
    locale = asked.locale
    return {
        "survey": pages.survey(asked),
        "survey-chosen": pages.survey(asked, 9),
        "survey-recorded": pages.survey(asked, None, _ANSWER),
        **{_named(problem): pages.bad_request(asked, _DRAFTS[problem], problem) for problem in Problem},
        "thanks": pages.thanks(asked, _ANSWER),
        "thanks-number-only": pages.thanks(asked, Answer(0)),
        "unsubscribe": pages.unsubscribe(locale),
        "unsubscribed": pages.unsubscribed(locale),
        "closed": pages.closed(locale),
        "not-found": pages.not_found(locale),
        "too-large": pages.too_large(locale),
        "method-not-allowed": pages.method_not_allowed(locale),
        "unavailable": pages.unavailable(locale),
    }


def exhibits(speaker: Speaker) -> Iterator[Exhibit]:
    """All of them, and the form once more for each touchpoint that has words of its own."""
    pages = Pages(speaker.brand, speaker.catalogs, speaker.templates / "web")
    for name, page in states(pages, _asked(speaker, Touchpoint.RENEWED)).items():
        yield _exhibit(name, page, speaker)
    for touchpoint in Touchpoint:
        if speaker.has_own_words(touchpoint, "question"):
            yield _exhibit(f"survey-{_named(touchpoint)}", pages.survey(_asked(speaker, touchpoint)), speaker)


def _asked(speaker: Speaker, touchpoint: Touchpoint) -> Asked:
    return Asked(speaker.locale, touchpoint, speaker.stages[touchpoint])


def _exhibit(name: str, page: Page, speaker: Speaker) -> Exhibit:
    return Exhibit("page", speaker.name, name, page.html, {"status": str(page.status)})


def _named(value: str) -> str:
    return value.replace("_", "-")
