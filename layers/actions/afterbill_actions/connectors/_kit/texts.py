"""Texts about an answer for other systems, harmless there: plain text, tags, HTML."""

import html as markup

from afterbill.model.invitation import Answer, Invitation
from afterbill.model.plain_text import harmless, one_line
from afterbill.model.questions import Category
from afterbill_actions.connector import Job
from afterbill_actions.version import version_of

MOST_COMMENT = 3_000
_CUT = "…"


def answer_of(job: Job) -> tuple[Invitation, Answer] | None:
    """Return the response that a job is about; None where it holds no answer, so that there is nothing to write."""
    asked = job.invitation
    return (asked, asked.answer) if asked and asked.answer else None


def version(job: Job) -> str:
    """Return the version of the answer that is to stand there."""
    return version_of(job.invitation.answer if job.invitation else None)


def question_name(invitation: Invitation) -> str:
    """Return the question as people name it: NPS, CSAT, CES, REBUY."""
    return invitation.question.upper()


def headline(invitation: Invitation, answer: Answer) -> str:
    """Return the answer in a few words: `NPS 3 of 10 (detractor)`."""
    scale = invitation.scale
    band = scale.category(answer.rating)
    return f"{question_name(invitation)} {answer.rating} of {scale.highest} ({band})"


def tags(invitation: Invitation, answer: Answer) -> list[str]:
    """Return the tags of an answer: its score and its band, as `NPS 3` and `NPS detractor`."""
    name = question_name(invitation)
    return [f"{name} {answer.rating}", f"{name} {invitation.scale.category(answer.rating)}"]


def score_tags(job: Job) -> list[str]:
    """Return the tags of the answer that a job is about, none where it holds none."""
    found = answer_of(job)
    return tags(*found) if found else []


def is_score_tag(text: str, invitation: Invitation) -> bool:
    """Tell whether a tag says a score or a band of this question, whichever answer it came from."""
    name, scale = question_name(invitation), invitation.scale
    said = {f"{name} {one}".casefold() for one in (*scale.ratings, *Category)}
    return text.casefold() in said


def tag(text: str, most: int) -> str:
    """Return a text as one tag: a comma would make two of it."""
    return one_line(text).replace(",", " ").strip()[:most].strip()


def plain(text: str, most: int = MOST_COMMENT) -> str:
    """Return a customer's words as harmless plain text, cut where it is longer than that.

    Two braces in a row begin a placeholder in helpdesks and shops (Liquid), which a template of theirs might fill.
    """
    words = harmless(text).replace("{{", "{ {").replace("{%", "{ %").strip()
    return words if len(words) <= most else words[: most - 1] + _CUT


def comment_lines(answer: Answer, most: int = MOST_COMMENT) -> list[str]:
    """Return the reason and the comment, each behind a word of ours: no line begins with a formula of theirs."""
    lines = [f"Reason: {one_line(answer.reason)}"] if answer.reason else []
    lines += [f"Comment: {plain(answer.comment, most)}"] if answer.comment.strip() else []
    return [*lines, "May be contacted about it."] if answer.contact_ok else lines


def as_html(lines: list[str]) -> str:
    """Return lines as HTML in which nothing of theirs is markup."""
    return "<br>".join(markup.escape(line).replace("\n", "<br>") for line in lines)
