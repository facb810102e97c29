"""The page that answers each use of a survey's link."""

from collections.abc import Callable, Mapping

from afterbill.answers.parse_answer import RATINGS
from afterbill.answers.record_response import Outcome, Responded
from afterbill.content.web.pages import Draft, Page, Pages, SurveyContext
from afterbill.model.invitation import Invitation

_NOTICES = {
    Outcome.CLOSED: Pages.closed,
    Outcome.TOO_MANY: Pages.too_many,
    Outcome.ASKED: Pages.unsubscribe,
    Outcome.UNSUBSCRIBED: Pages.unsubscribed,
}


def respond(
    responded: Responded, values: Mapping[str, str], pages: Pages, browser: str, referral: Callable[[Invitation], str]
) -> Page:
    """Return the page for the outcome, in the customer's language, else that of the `browser`.

    `values` are those of the link or of the form, `referral` gives the personal link that promoters pass on.
    """
    invitation = responded.invitation
    locale = (invitation.locale if invitation else "") or browser
    context, recorded = SurveyContext(locale), None
    if invitation:
        asked = (invitation.touchpoint, invitation.stage, invitation.question)
        context = SurveyContext(locale, *asked, test=invitation.test, contact=invitation.contactable)
        recorded = invitation.answer
    rating = RATINGS.get(values.get("rating", ""))
    match responded.outcome:
        case Outcome.SHOWN:
            return pages.survey(context, rating, recorded)
        case Outcome.RECORDED if invitation and recorded:
            return pages.thanks(context, recorded, values.get("go", ""), referral(invitation))
        case Outcome.INVALID if responded.problem:
            draft = Draft(rating, values.get("comment", ""), "contact_ok" in values, values.get("reason", ""))
            return pages.bad_request(context, draft, responded.problem, recorded)
        case outcome:
            return _NOTICES.get(outcome, Pages.not_found)(pages, locale)
