"""Checks of catalogs: the texts every language must hold, and their placeholders; run before anything is deployed."""

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

from afterbill.content.wording import ASKING, VARYING
from afterbill.model.billing import Touchpoint
from afterbill.model.check_messages import shown
from afterbill.model.questions import Question
from afterbill.model.suggestions import did_you_mean, nearest

NAMES = frozenset({"company", "product", "service", "object", "lowest", "highest"})
"""Placeholders that any text may use; the last two are the ends of the scale."""

STAGES = ("awareness", "consideration", "purchase", "support", "loyalty")
"""The stages of the customer journey, as surveys.toml spells them."""

_WITH_VALUES = {
    "export_attribute": {"name"},
    "export_basis_consent": {"moment"},
    "export_basis_customer": {"moment"},
    "export_copies": {"count"},
    "export_customer_at": {"source", "id"},
    "export_days": {"days"},
    "export_done": {"moment", "done"},
    "export_earlier_visits": {"count"},
    "export_ending": {"id", "moment"},
    "export_events": {"count"},
    "export_guest_at": {"source"},
    "export_intro": {"moment", "zone"},
    "export_known": {"moment", "sources"},
    "export_known_from": {"sources"},
    "export_number": {"rating"},
    "export_over": {"id", "moment"},
    "export_record": {"number", "count"},
    "export_restricted": {"moment"},
    "export_rights_text": {"contact"},
    "export_running": {"id", "moment"},
    "export_since": {"moment"},
    "export_survey": {"occasion", "moment"},
    "export_tasks": {"count"},
    "export_to_billing_system": {"source"},
    "export_to_connected_system": {"source"},
    "export_written": {"moment"},
    "export_withdrawn": {"moment"},
    "mail_greeting_name": {"name"},
    "mail_intro": {"occasion"},
    "mail_why": {"occasion"},
    "rating_of": {"rating"},
    "reminder_intro": {"occasion"},
    "sms_greeting": {"name"},
    "sms_text": {"link"},
    "survey_rechosen": {"rating", "button"},
    "survey_recorded": {"rating"},
    "survey_saved": {"rating"},
    "survey_unrecorded": {"button"},
    "survey_unsent": {"rating"},
}
_PLAIN = """
subject question scale_low scale_high
mail_preheader mail_greeting mail_hint mail_hint_text mail_closing mail_objection mail_unsubscribe
reminder_subject privacy test_mark test_notice
survey_comment survey_optional survey_contact survey_send survey_confirm survey_change survey_changeable
followup_promoter followup_passive followup_detractor survey_no_reason survey_more survey_may_contact
survey_next survey_back survey_done in_product_close
survey_error survey_no_rating survey_long_comment survey_unknown_reason survey_unreadable
thanks_title thanks_text thanks_rating thanks_reason thanks_comment thanks_contact thanks_change
thanks_promoter thanks_review thanks_referral thanks_next thanks_detractor
unsubscribe_title unsubscribe_text unsubscribe_confirm unsubscribed_title unsubscribed_text
closed_title closed_text not_found_title not_found_text too_large_title too_large_text
too_many_title too_many_text unsupported_title unsupported_text
method_not_allowed_title method_not_allowed_text unavailable_title unavailable_text
export_title export_more export_asked export_seen export_left export_profile
export_address export_phone export_name export_locale export_country export_time_zone
export_sources export_basis export_basis_none export_objections export_unsubscribed export_complained export_bounced
export_nothing export_subscriptions export_surveys export_state export_pending export_sending export_unknown export_sent
export_closed export_collected export_deliveries export_mail export_sms export_in_app export_shown export_dismissed
export_about export_amount export_visits export_answered export_unconfirmed export_kept_until
export_recipients export_to_storage export_to_mail export_to_text_messages
export_periods export_kept_profile export_kept_surveys export_kept_comments export_kept_visits
export_kept_copies_of_messages export_kept_requests export_kept_audit export_kept_objections export_for_ever
export_requests export_request_export export_request_erase export_request_restrict
export_request_release export_rights export_note export_tags export_systems
"""

_BESIDE = tuple(question for question in Question if question is not Question.NPS)

REQUIRED: Mapping[str, frozenset[str]] = {
    **{key: frozenset[str]() for key in _PLAIN.split()},
    **{f"{key}_{question}": frozenset[str]() for key in sorted(ASKING) for question in _BESIDE},
    **{f"occasion_{touchpoint}": frozenset[str]() for touchpoint in Touchpoint},
    **{key: frozenset(values) for key, values in _WITH_VALUES.items()},
}
"""Every text there must be, with the placeholders it may use beside NAMES."""

_PLACES = (*Touchpoint, *STAGES)
_PARTS = (*_PLACES, *_BESIDE, *(f"{question}_{place}" for question in _BESIDE for place in _PLACES))

TEXTS: Mapping[str, frozenset[str]] = {
    **REQUIRED,
    **{f"{key}_{part}": REQUIRED[key] for key in sorted(VARYING) for part in _PARTS},
}
"""Every text there may be, with its placeholders: those that vary, for each question, touchpoint and stage."""

REASON = "reason_"
"""The beginning of the keys of reasons; surveys.toml names the reasons, so that an operator may have more."""

_ABOUT = {"language": str, "read_by_native_speaker": bool}


def catalog_problems(place: str, file: Mapping[str, Any]) -> Iterator[str]:
    """Yield what must be mended in one language's file, by key; nothing when it is complete."""
    yield from (
        f"{place}: {did_you_mean(key, ('catalog', 'texts'), ': texts stand under [texts]')}"
        for key in file
        if key not in {"catalog", "texts"}
    )
    about, texts = file.get("catalog"), file.get("texts")
    if not isinstance(about, Mapping) or not isinstance(texts, Mapping):
        yield f"{place}: must hold the tables [catalog] and [texts]"
        return
    yield from (f"{place}: catalog: {did_you_mean(key, _ABOUT)}" for key in about if key not in _ABOUT)
    for key, kind in _ABOUT.items():
        if not isinstance(about.get(key), kind):
            yield f"{place}: catalog.{key} must be " + ("true or false" if kind is bool else "a text")
    there = {*texts, *(nearest(key, TEXTS) for key in texts if _unknown(key))}
    yield from (f"{place}: {key} is missing" for key in REQUIRED if key not in there)
    for key, text in texts.items():
        yield from (f"{place}: {problem}" for problem in _text_problems(key, text))


def _text_problems(key: str, text: object) -> Iterator[str]:
    if _unknown(key):
        yield did_you_mean(key, TEXTS, ": no mail and no page says it")
    elif not isinstance(text, str):
        yield f"{key} must be a text in quotes, not {shown(text)}"
    elif not text.strip():
        yield f"{key} is empty"
    elif len(text.splitlines()) > 1 or text != text.strip():
        yield f"{key} must be one line without blanks around it"
    else:
        yield from (f"{key}: {problem}" for problem in placeholder_problems(text, TEXTS.get(key, frozenset()) | NAMES))


def _unknown(key: str) -> bool:
    return key not in TEXTS and not key.startswith(REASON)


def placeholder_problems(text: str, allowed: frozenset[str]) -> Iterator[str]:
    """Yield the placeholders that cannot be filled in."""
    try:
        parsed = list(Formatter().parse(text))
    except ValueError:
        yield "a brace has no partner; one that is meant as a brace is written twice"
        return
    for _, name, form, conversion in parsed:
        if name is None:
            continue
        if name not in allowed:
            valid = ", ".join(f"{{{placeholder}}}" for placeholder in sorted(allowed))
            yield f"the placeholder {{{name}}} is unknown here; there are {valid}"
        elif form or conversion:
            yield f"the placeholder {{{name}}} must stand alone in its braces"
