"""Compose digests and alerts: in the reader's language, in the brand's colours, as HTML and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from afterbill.content.bidi import isolated
from afterbill.content.brand import Brand
from afterbill.content.colours import SURFACE_DARK
from afterbill.content.mail.compose import sender_field
from afterbill.content.untrusted import one_line
from afterbill.model.messages import Mail
from afterbill.model.questions import Category
from afterbill_actions.operator_sender import console_sender
from afterbill_console.digest.alerts import Notice
from afterbill_console.digest.comments import Comment
from afterbill_console.digest.content import Digest, Figures
from afterbill_console.numbers import Numbers
from afterbill_console.preferences import Cadence
from afterbill_console.roles import Right
from afterbill_console.texts import texts

if TYPE_CHECKING:
    from afterbill_actions.texts import Texts
    from afterbill_console.digest.ports import Recipient

TEMPLATES = Path(__file__).with_name("templates")
MOST_LISTED = 20
"""Low scores in one mail; of the others it gives the number."""
SUBJECT_LENGTH = 120
_COUNTED = (("sent", "sent"), ("answers", "n"))
TAG = "console"
"""The message tag of mails to operators; invitations have another one."""


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes the mails of one stack. `origin` is the address of the console, `survey_sender` that of surveys."""

    brand: Brand
    origin: str
    survey_sender: str
    zone: tzinfo

    def digest(self, reader: "Recipient", digest: Digest, language: str) -> Mail:
        """Return the digest of a period."""
        written = _Written(self, reader, language)
        subject = _digest_subject(digest, written)
        return self._mail(written, "digest", subject, {"digest": digest, "period": _period(digest, written)})

    def low_scores(self, reader: "Recipient", comments: Sequence[Comment], language: str) -> Mail:
        """Return the alert about low scores with a comment."""
        written = _Written(self, reader, language)
        first = comments[0]
        subject = written.t(
            "digest.low_subject",
            n=len(comments),
            rating=first.rating,
            highest=first.highest,
            touchpoint=written.touchpoint(first.touchpoint),
        )
        listed, more = comments[:MOST_LISTED], max(0, len(comments) - MOST_LISTED)
        return self._mail(written, "low_scores", subject, {"comments": listed, "more": more})

    def alert(self, reader: "Recipient", notices: Sequence[Notice], language: str) -> Mail:
        """Return the alert about what reports and the health of the stack tell."""
        written = _Written(self, reader, language)
        told = [
            (written.told(notice, "title"), written.told(notice, "text"), written.page(notice)) for notice in notices
        ]
        subject = told[0][0] if len(told) == 1 else written.t("digest.alert_subject", first=told[0][0], n=len(told) - 1)
        return self._mail(written, "alert", subject, {"told": told})

    def _mail(self, written: "_Written", name: str, subject: str, variables: Mapping[str, Any]) -> Mail:
        line = one_line(subject, SUBJECT_LENGTH)
        context = {
            "t": written.t,
            "language": written.language,
            "brand": self.brand,
            "surface_dark": SURFACE_DARK,
            "numbers": written.numbers,
            "written": written,
            "subject": line,
            "settings_url": f"{self.origin}/app/me",
            **variables,
        }
        text, html = (_environment().get_template(f"{name}.{kind}").render(context) for kind in ("txt", "html"))
        return Mail(
            to=written.reader.address,
            sender=sender_field(self.brand.company, console_sender(self.survey_sender)),
            reply_to=None,
            subject=line,
            text=text,
            html=html,
            headers={"List-Unsubscribe": f"<{self.origin}/app/me>", "Auto-Submitted": "auto-generated"},
            tags={TAG: name},
        )


class _Written:
    """Words, numbers and addresses as one reader gets them."""

    def __init__(self, composer: Composer, reader: "Recipient", language: str) -> None:
        self.reader = reader
        self.t: Texts = texts(language)
        self.language = self.t.language
        self.numbers = Numbers(self.language, composer.zone)
        self._origin = composer.origin

    def touchpoint(self, name: str) -> str:
        """Return the name of a touchpoint as people say it."""
        return self.t.maybe(f"words.touchpoint_{name}", name.replace("_", " "))

    def tone(self, comment: Comment) -> str:
        """Return the class of a rating's colour."""
        return {Category.DETRACTOR: "low", Category.PROMOTER: "high"}.get(comment.category, "ink")

    def counts(self, figures: Figures, digest: Digest) -> list[tuple[str, str, str]]:
        """Return the name of each count and share of a digest, its value, and that of the days before."""
        numbers, now, before = self.numbers, figures.total, figures.before
        rows = [(name, numbers.count(now[key]), numbers.count(before[key])) for name, key in _COUNTED]
        rows.append(("response_rate", numbers.share(now["response_rate"]), numbers.share(before["response_rate"])))
        rows.append(("comment_rate", numbers.share(digest.comment_rate), numbers.share(digest.comment_rate_before)))
        return [(self.t(f"digest.{name}"), value, earlier) for name, value, earlier in rows]

    def words(self, comment: Comment) -> str:
        """Return the words of a customer, kept from turning those around them."""
        return isolated(comment.text, "ltr")

    def change(self, row: Mapping[str, Any]) -> str:
        """Return the change of a score, and whether it is real; where nothing can be said, that."""
        if row["change"] is None:
            return self.t("digest.change_unknown")
        kind = "change_real" if row["real"] else "change_not_real"
        return self.t(f"digest.{kind}", change=self.numbers.change(row["change"]))

    def interval(self, row: Mapping[str, Any]) -> str:
        """Return the interval of a score and its n."""
        low, high = self.numbers.score(row["low"]), self.numbers.score(row["high"])
        return self.t("digest.interval", low=low, high=high, n=row["n"], count=self.numbers.count(row["n"]))

    def link(self, path: str, **query: str) -> str:
        """Return an address of the console."""
        return f"{self._origin}{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")

    def answer_link(self, comment: Comment) -> str:
        """Return where an answer is read: the customer's story for whoever may see it, else the answers of its day."""
        if comment.customer_id and self.reader.may(Right.PEOPLE):
            return self.link(f"/app/customers/{quote(comment.customer_id, safe='')}")
        day = comment.day.isoformat()
        scope = {"from": day, "to": day, "rating": str(comment.rating), "touchpoint": comment.touchpoint}
        return self.link("/app/responses", **scope)

    def answers_link(self, first: date, last: date) -> str:
        """Return where the answers of a period are read."""
        return self.link("/app/responses", **{"from": first.isoformat(), "to": last.isoformat(), "tab": "all"})

    def told(self, notice: Notice, part: str) -> str:
        """Return the title or the text of an alert."""
        facts, numbers = notice.facts, self.numbers
        n = facts.get("sent", facts.get("n", 0))
        kind = f"{notice.alert}_{notice.id.partition('#')[0]}" if notice.alert == "silence" else str(notice.alert)
        values: dict[str, Any] = {
            "touchpoint": self.touchpoint(facts.get("touchpoint") or "all"),
            "source": one_line(str(facts.get("source", "")), 60),
            "n": n,
            "count": numbers.count(n),
            "days": facts.get("days"),
            "rate": numbers.share(facts.get("rate")),
            "before": numbers.share(facts.get("before")),
            "score": numbers.score(facts.get("score")),
            "change": numbers.change(facts.get("change")),
            "interval": self.interval(facts) if "low" in facts else "",
            "last": numbers.moment(facts["last_at"]) if "last_at" in facts else "",
        }
        if notice.alert == "drop" and not facts["touchpoint"]:
            values["touchpoint"] = self.t("digest.everything")
        return self.t(f"digest.{kind}_{part}", **values)

    def page(self, notice: Notice) -> str:
        """Return the page that shows more of it."""
        pages = {"drop": "/app/overview?window=30d", "response_rate": "/app/coverage?window=30d"}
        return f"{self._origin}{pages.get(notice.alert, '/app/health')}"


@lru_cache(1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _period(digest: Digest, written: _Written) -> str:
    """Return the days of a digest."""
    window, numbers = digest.period.window, written.numbers
    if digest.period.cadence is Cadence.MONTHLY:
        return numbers.month(window.first)
    if digest.period.cadence is Cadence.DAILY:
        return numbers.day(window.first)
    first, last = numbers.short_day(window.first), numbers.short_day(window.last)
    return written.t("digest.days", first=first, last=last, year=window.last.year)


def _digest_subject(digest: Digest, written: _Written) -> str:
    """Return the subject: the score and its change, else how many answers, comments or tasks there are."""
    t, numbers, period = written.t, written.numbers, _period(digest, written)
    if digest.figures and digest.figures.total["score"] is not None:
        total = digest.figures.total
        return t(
            "digest.subject_score", score=numbers.score(total["score"]), change=written.change(total), period=period
        )
    if digest.figures:
        n = digest.figures.total["n"]
        return t("digest.subject_answers", n=n, count=numbers.count(n), period=period)
    if digest.comments:
        return t("digest.subject_comments", n=len(digest.comments), period=period)
    return t("digest.subject_tasks", n=digest.tasks or 0)
