"""The words of tickets: a description that the customer may see, and notes that agents alone see.

The requester of a ticket reads its subject and description in the portal and in notifications: the comment and the
link to the console stand in a private note.
"""

from collections.abc import Mapping
from typing import Any

from afterbill.model.invitation import Answer, Invitation
from afterbill.model.questions import Category
from afterbill_actions.connector import Job
from afterbill_actions.connectors._kit import texts

MOST_TAG = 32
"""The longest tag that Freshdesk takes."""
OURS = "afterbill"
"""The tag of every ticket that an action made."""
PRIORITIES: Mapping[str, int] = {"low": 1, "medium": 2, "high": 3, "urgent": 4}
BY_SCORE = "by_score"


def mark_tag(job: Job) -> str:
    """Return the tag that tells the ticket of this response: the mark, as long as a tag may be."""
    return job.mark[:MOST_TAG]


def priority(job: Job, asked: Invitation, answer: Answer) -> int:
    """Return the priority that the workflow sets, otherwise one by the score: urgent for the lower half of low ones."""
    chosen = str(job.settings.get("priority") or BY_SCORE)
    if chosen in PRIORITIES:
        return PRIORITIES[chosen]
    scale = asked.scale
    match scale.category(answer.rating):
        case Category.DETRACTOR:
            lowest = answer.rating <= (scale.lowest + scale.bad) // 2
            return PRIORITIES["urgent" if lowest else "high"]
        case Category.PASSIVE:
            return PRIORITIES["medium"]
        case _:
            return PRIORITIES["low"]


def own_tags(job: Job, asked: Invitation, answer: Answer) -> list[str]:
    """Return the tags that tell of the answer, and those the workflow adds."""
    chosen = [texts.tag(str(tag), MOST_TAG) for tag in job.settings.get("tags") or ()]
    return list(dict.fromkeys([*texts.tags(asked, answer), *filter(None, chosen)]))


def fields(job: Job, asked: Invitation, answer: Answer) -> dict[str, Any]:
    """Return the fields of a new ticket."""
    told = texts.headline(asked, answer)
    lines = [f"A customer answered our question: {told}.", f"Reference: {job.mark}"]
    made = {
        "subject": str(job.settings.get("subject") or f"Answer to our question: {told}"),
        "description": texts.as_html(lines),
        "status": 2,
        "priority": priority(job, asked, answer),
        "tags": [OURS, mark_tag(job), *own_tags(job, asked, answer)],
    }
    for key in ("type", "group_id", "custom_fields"):
        if job.settings.get(key):
            made[key] = job.settings[key]
    return made


def note(job: Job, asked: Invitation, answer: Answer, reference: str) -> str:
    """Return the note about an answer."""
    lines = [f"{texts.headline(asked, answer)}, {asked.touchpoint.replace('_', ' ')}", *texts.comment_lines(answer)]
    lines += [f"In afterbill: {job.link}"] if job.link else []
    return texts.as_html([*lines, f"Reference: {reference}"])


def farewell(job: Job, reference: str) -> str:
    """Return the note that takes an answer back."""
    why = {
        "machine": "The answer was a machine's, not the customer's: it does not count.",
        "changed": "The customer changed the answer: this ticket is no longer asked for.",
    }
    lines = [why.get(job.reason, "The answer no longer holds."), f"Reference: {reference}"]
    return texts.as_html(lines)
