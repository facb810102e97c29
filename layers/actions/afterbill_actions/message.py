"""Messages to a team about one answer: its context and a link, no address, and words only where a workflow says so."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from afterbill.model.invitation import Invitation
from afterbill.model.plain_text import harmless
from afterbill.model.questions import Category, Question
from afterbill_actions.connector import Job
from afterbill_actions.texts import Texts, texts

MOST_WORDS = 1_000
"""Characters of a comment in a message; the console has the rest."""
_MOST_OF_A_VALUE = 200
_RECOMMENDS = frozenset({Question.NPS, Question.REBUY})
_OTHERWISE = {
    Category.PROMOTER: "favourable",
    Category.PASSIVE: "neutral",
    Category.DETRACTOR: "unfavourable",
}
"""The names of the categories where the question is not whether somebody recommends."""
RATING = "rating"
"""The field of a record with the rating that the message said."""


class MessageSettings(BaseModel):
    """The settings of a message: `text` stands above it, `comment` puts the customer's words into it."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=500)
    comment: bool = False
    language: Literal["en", "de"] = "en"


@dataclass(frozen=True, slots=True)
class Message:
    """A message, in plain text: `facts` are names with values, `words` those of the customer."""

    title: str
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    words: str = ""
    link: str = ""
    link_text: str = ""

    @property
    def plain(self) -> str:
        """The whole as lines of text."""
        facts = [f"{name}: {value}" for name, value in self.facts]
        parts = [self.text, "\n".join(facts), self.words, f"{self.link_text}: {self.link}" if self.link else ""]
        return "\n\n".join(part for part in parts if part)


def message_about(job: Job, invitation: Invitation) -> Message:
    """Return the message about an answer as it stands; one that was told before says what it was."""
    t = texts(str(job.settings.get("language", "en")))
    title = _title(invitation, t)
    if job.written and job.written.version and (before := job.written.record.get(RATING)):
        title = t("messages.changed", before=before, title=title)
    answer = invitation.answer
    words = answer.comment if answer and job.settings.get("comment") else ""
    return Message(
        title=title,
        text=str(job.settings.get("text", "")),
        facts=tuple(_facts(invitation, t, told=bool(words))),
        words=harmless(words)[:MOST_WORDS],
        link=job.link,
        link_text=t("messages.open"),
    )


def message_taken_back(job: Job) -> Message:
    """Return the message that a message before does not hold any more; `job.reason` says why."""
    t = texts(str(job.settings.get("language", "en")))
    written = job.written.record if job.written else {}
    said = job.invitation and _title(job.invitation, t, rating=written.get(RATING, ""))
    why = "machine" if job.reason == "machine" else "changed"
    return Message(
        title=t("messages.taken_back", title=said or job.mark),
        text=t(f"messages.taken_back_{why}"),
        link=job.link,
        link_text=t("messages.open"),
    )


def message_told(job: Job) -> Message:
    """Return the message of a TELL: a digest, an alert, an event; its texts are made where it is told."""
    t = texts(str(job.text.get("language", "en")))
    return Message(
        title=str(job.text.get("title", "")),
        text=str(job.text.get("text", "")),
        link=str(job.text.get("link", "")),
        link_text=t("messages.open_console"),
    )


def record_of(invitation: Invitation, **more: str) -> dict[str, str]:
    """Return what Written keeps of a message: the rating that it said, and more."""
    return {RATING: str(invitation.answer.rating) if invitation.answer else "", **more}


def _title(invitation: Invitation, t: Texts, rating: str = "") -> str:
    """Return the rating, its category and the touchpoint; of an answer taken back, the rating that was told."""
    told = rating or (str(invitation.answer.rating) if invitation.answer else "")
    if not told.isdecimal():
        return _word(t, "touchpoint", invitation.touchpoint)
    category = invitation.scale.category(int(told))
    name = category if invitation.question in _RECOMMENDS else _OTHERWISE[category]
    return t(
        "messages.title",
        rating=told,
        highest=invitation.scale.highest,
        category=t(f"messages.category_{name}"),
        touchpoint=_word(t, "touchpoint", invitation.touchpoint),
    )


def _facts(invitation: Invitation, t: Texts, *, told: bool) -> list[tuple[str, str]]:
    answer = invitation.answer
    facts = list[tuple[str, str]]()
    if invitation.question is not Question.NPS:
        facts.append((t("words.dimension_question"), _word(t, "question", invitation.question)))
    facts.append((t("messages.source"), _short(invitation.source)))
    if plan := invitation.segments.get("plan"):
        facts.append((t("messages.plan"), _short(plan)))
    if answer and answer.reason:
        facts.append((t("messages.reason"), _word(t, "reason", answer.reason)))
    if answer and answer.comment and not told:
        facts.append((t("messages.comment"), t("messages.comment_waits")))
    if answer and answer.contact_ok:
        facts.append((t("messages.contact"), t("messages.yes")))
    if answer and not answer.confirmed:
        facts.append((t("words.dimension_rating"), t("messages.unconfirmed")))
    return facts


def _word(t: Texts, kind: str, name: Any) -> str:  # noqa: ANN401  # a name, or a member of an enumeration of names
    return t.maybe(f"words.{kind}_{name}", _short(str(name).replace("_", " ")))


def _short(value: str) -> str:
    """Return a value of a billing system as one harmless line."""
    return " ".join(harmless(value).split())[:_MOST_OF_A_VALUE]
