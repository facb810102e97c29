"""The mails: composed from an invitation as the stack composes them, with links that no stack accepts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.content.mail.compose import composer
from afterbill.content.wording import Words
from afterbill.model.billing import Money, Touchpoint
from afterbill.model.customer import Customer
from afterbill.model.invitation import NO_DAY, Invitation
from afterbill.model.messages import Mail
from afterbill.model.questions import Question
from afterbill_cli.preview.previews import Preview
from afterbill_cli.preview.variants import Variant

PUBLIC_URL = "https://survey.example.com"
ADDRESS = "ada.lovelace@example.net"
_KEYS = {1: b"signs links that are only looked at"}
_WHEN = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)
_KNOWN: Mapping[str, Any] = {"money": Money(4900, "EUR"), "segments": {"plan": "Team"}}


@dataclass(frozen=True, slots=True)
class PreviewMail:
    """One mail to look at; `preheader` is what mail programs show beside the subject."""

    name: str
    mail: Mail
    preheader: str


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    touchpoint: Touchpoint
    customer: str | None = "Ada Lovelace"
    details: Mapping[str, Any] = field(default_factory=lambda: _KNOWN)
    reminder: bool = False
    question: Question = Question.NPS
    test: bool = False


def mails(variant: Variant) -> Iterator[PreviewMail]:
    """One with all that can be known and one with nothing, reminder and test, other questions, and all own words."""
    compose = composer(
        PUBLIC_URL,
        f"survey@{variant.brand.reply_to.partition('@')[2]}",
        lambda: _KEYS,
        variant.brand,
        variant.catalogs,
        templates=variant.templates,
    )
    words = Words(variant.brand, variant.catalogs)
    for case in _cases(variant):
        invitation = _invitation(case, variant)
        customer = Customer("preview", address=ADDRESS, name=case.customer)
        spoken = words(variant.locale, invitation.touchpoint, invitation.stage, case.question)
        yield PreviewMail(case.name, compose(invitation, customer), spoken("mail_preheader"))


def previews(variant: Variant) -> Iterator[Preview]:
    """Yield the mails as items of the gallery."""
    for preview in mails(variant):
        mail = preview.mail
        facts = {
            "subject": mail.subject,
            "preheader": preview.preheader,
            "from": mail.sender,
            "reply to": mail.reply_to or "",
        }
        yield Preview("mail", variant.name, preview.name, mail.html, facts, mail.text)


def _cases(variant: Variant) -> Iterator[_Case]:
    yield _Case("renewed", Touchpoint.RENEWED)
    yield _Case("renewed-reminder", Touchpoint.RENEWED, reminder=True)
    yield _Case("renewed-test", Touchpoint.RENEWED, test=True)
    yield _Case("nothing-known", Touchpoint.PAYMENT_SUCCEEDED, customer=None, details={})
    for touchpoint in Touchpoint:
        if variant.has_own_words(touchpoint):
            yield _Case(touchpoint.replace("_", "-"), touchpoint, details={})
        if variant.has_own_words(touchpoint, "reminder"):
            yield _Case(f"{touchpoint.replace('_', '-')}-reminder", touchpoint, details={}, reminder=True)
    for question in (one for one in Question if one is not Question.NPS):
        yield _Case(question, Touchpoint.PAYMENT_SUCCEEDED, question=question)
        for touchpoint in Touchpoint:
            if variant.has_own_words(touchpoint, question=question):
                yield _Case(f"{question}-{touchpoint.replace('_', '-')}", touchpoint, question=question)


def _invitation(case: _Case, variant: Variant) -> Invitation:
    return Invitation(
        id="5a" * 16,
        fact="preview",
        customer_id="preview",
        touchpoint=case.touchpoint,
        stage=variant.stages[case.touchpoint],
        source="preview",
        channel="mail",
        locale=variant.locale,
        created_at=_WHEN,
        occurred_at=_WHEN,
        due_at=_WHEN + timedelta(days=3),
        expiry=timedelta(days=30),
        reminded_at=_WHEN if case.reminder else None,
        answered_day=NO_DAY if case.test else "",
        **{**case.details, "segments": _segments(case)},
    )


def _segments(case: _Case) -> Mapping[str, str]:
    """Return the segments as they are stored, where the default question is left out."""
    asked = {} if case.question is Question.NPS else {"question": case.question}
    return {**case.details.get("segments", {}), **asked}
