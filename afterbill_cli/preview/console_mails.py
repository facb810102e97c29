"""The mails to operators: digests and alerts with all that they can hold, and with little."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from afterbill.content.untrusted import one_line
from afterbill.insight.periods import Window, month_of
from afterbill.model.messages import Mail
from afterbill.model.questions import SCALES, Question
from afterbill_actions.texts import LANGUAGES
from afterbill_cli.preview.mails import PreviewMail
from afterbill_cli.preview.previews import Preview
from afterbill_cli.preview.variants import Variant
from afterbill_console.digest.alerts import Notice
from afterbill_console.digest.comments import LONGEST, Comment
from afterbill_console.digest.compose import Composer
from afterbill_console.digest.content import Digest, Figures
from afterbill_console.digest.periods import Period
from afterbill_console.digest.ports import Recipient
from afterbill_console.preferences import Alert, Cadence
from afterbill_console.roles import Role

ORIGIN = "https://console.example.com"
ADDRESS = "grace.hopper@example.net"
_DAY = date(2026, 11, 23)
_WEEK = Period(Cadence.WEEKLY, Window("2026-11-23..2026-11-29", _DAY, _DAY + timedelta(days=6)))
_ROW: Mapping[str, Any] = {"few": False, "real": False, "change": None}
_TOTAL = {
    **_ROW,
    "n": 142,
    "score": 31.4,
    "low": 20.2,
    "high": 42.5,
    "change": 2.6,
    "sent": 510,
    "response_rate": 0.239,
}
_BEFORE = {**_ROW, "n": 137, "score": 28.8, "low": 17.1, "high": 40.2, "sent": 488, "response_rate": 0.251}
_RENEWED = {"touchpoint": "renewed", **_ROW, "n": 43, "score": -18.6, "low": -38.3, "high": 3.5, "change": -31.0}
_RECOVERED = {
    "touchpoint": "payment_recovered",
    **_ROW,
    "n": 12,
    "score": -66.7,
    "low": -88.5,
    "high": -18.2,
    "few": True,
}
_LONG = "The invoice was wrong for the third time and nobody answered. " * 12
_SAID = (
    (0, "payment_recovered", "Charged twice, and the reminder came after I had paid."),
    (3, "renewed", _LONG),
    (6, "renewed", "<script>alert(1)</script> =HYPERLINK(1) Preis ohne Ankündigung erhöht \u202eevil\u202c"),
    (8, "order_paid", "שילמתי פעמיים, אבל השירות טוב"),
    (10, "subscription_started", "Great start, thank you!"),
)


def mails(variant: Variant) -> Iterator[PreviewMail]:
    """Yield every mail to operators; none in a language that the console does not speak."""
    if variant.name not in LANGUAGES:
        return
    composer = Composer(variant.brand, ORIGIN, f"survey@{variant.brand.reply_to.partition('@')[2]}", UTC)
    for name, mail in _made(composer, variant.name):
        yield PreviewMail(f"console-{name}", mail, "")


def previews(variant: Variant) -> Iterator[Preview]:
    """Yield them as items of the gallery."""
    for preview in mails(variant):
        mail = preview.mail
        facts = {"subject": mail.subject, "preheader": preview.preheader, "from": mail.sender, "reply to": ""}
        yield Preview("mail", variant.name, preview.name, mail.html, facts, mail.text)


def _made(composer: Composer, language: str) -> Iterator[tuple[str, Mail]]:
    admin, agent, viewer = (_reader(role) for role in (Role.ADMIN, Role.AGENT, Role.VIEWER))
    comments = tuple(_comment(number, *said) for number, said in enumerate(_SAID))
    changed = ({**_RENEWED, "real": True},)
    full = Figures(_TOTAL, _BEFORE, changed, _RECOVERED)
    yield "digest", composer.digest(admin, Digest(_WEEK, full, 0.31, 0.28, comments, 3, people=True), language)
    yield "digest-agent", composer.digest(agent, Digest(_WEEK, comments=comments[:2], tasks=1, people=True), language)
    monthly = Period(Cadence.MONTHLY, month_of(_DAY))
    nothing = {**_BEFORE, "n": 0, "score": None, "low": None, "high": None, "response_rate": None, "few": True}
    quiet = Figures({**nothing, "n": 4, "sent": 31, "response_rate": 0.1}, {**nothing, "sent": 0})
    yield "digest-few", composer.digest(viewer, Digest(monthly, quiet, 0.25), language)
    yield "low-score", composer.low_scores(admin, comments[:1], language)
    yield "low-scores", composer.low_scores(agent, comments[:3] * 8, language)
    yield "drop", composer.alert(viewer, _NOTICES[:1], language)
    yield "alerts", composer.alert(admin, _NOTICES, language)


_NOTICES = (
    Notice(Alert.DROP, "renewed", {**_RENEWED, "real": True}),
    Notice(Alert.DROP, "all", {**_TOTAL, "touchpoint": "", "change": -9.2, "real": True}),
    Notice(Alert.SILENCE, "source#billing", {"source": "billing", "last_at": "2026-11-19T09:30:00+00:00"}),
    Notice(Alert.SILENCE, "answers", {"sent": 64, "first": "2026-11-23", "last": "2026-11-29"}),
    Notice(Alert.RESPONSE_RATE, "all", {"rate": 0.14, "before": 0.23, "sent": 231, "days": 13}),
)


def _reader(role: Role) -> Recipient:
    return Recipient("preview", ADDRESS, frozenset({role}))


def _comment(number: int, rating: int, touchpoint: str, text: str) -> Comment:
    scale = SCALES[Question.NPS]
    at = datetime(2026, 11, 28, 9, 30, tzinfo=UTC) - timedelta(hours=number)
    return Comment(
        id=f"{number}" * 32,
        customer_id="5a" * 16,
        rating=rating,
        highest=scale.highest,
        position=rating / scale.highest,
        category=scale.category(rating),
        touchpoint=touchpoint,
        day=at.date(),
        answered_at=at,
        text=one_line(text, LONGEST),
    )
