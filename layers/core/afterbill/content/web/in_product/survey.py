"""A survey as the script shows it: every word, colour and number, so that the script has none of its own."""

from typing import Any

from afterbill.content.brand import Brand
from afterbill.content.colours import ink_on
from afterbill.content.web.form import FormSettings
from afterbill.content.wording import Words
from afterbill.model.invitation import Invitation
from afterbill.model.questions import Category


class Surveys:
    """The surveys of one brand, as documents."""

    def __init__(self, words: Words, brand: Brand, form: FormSettings) -> None:
        self._words, self._form_settings = words, form
        colours = (brand.accent, brand.accent_dark)
        self._colours = [colour for accent in colours for colour in (accent, ink_on(accent))]

    def document(self, survey: str, invitation: Invitation, locale: str) -> dict[str, Any]:
        """Return the survey; `survey` is its name for its user, `good` and above is favourable, `bad` and below is not.

        `colours` are the accent and what is written on it, by day and by night.
        """
        t = self._words(locale, invitation.touchpoint, invitation.stage, invitation.question)
        scale, reasons = invitation.scale, self._form_settings.choices(invitation.touchpoint)
        return {
            "id": survey,
            "language": t.language,
            "direction": t.direction,
            "title": t("subject"),
            "question": t("question"),
            "lowest": scale.lowest,
            "highest": scale.highest,
            "good": scale.good,
            "bad": scale.bad,
            "low": t("scale_low"),
            "high": t("scale_high"),
            "follow": {kind: t(f"followup_{kind}") for kind in Category},
            "reasons": [[slug, t(f"reason_{slug}")] for slug in reasons]
            + [["", t("survey_no_reason")]] * bool(reasons),
            "more": t("survey_more"),
            "optional": f" ({t('survey_optional')})",
            "contact": t("survey_contact"),
            "send": t("survey_send"),
            "close": t("in_product_close"),
            "thanks": t("thanks_title"),
            "unavailable": t("unavailable_title"),
            "colours": self._colours,
        }
