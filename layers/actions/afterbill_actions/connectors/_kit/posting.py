"""Steps of systems that take a message: to write, to take back and to tell are one posting, of another message each."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from afterbill_actions.connector import Job, Open, Step
from afterbill_actions.message import Message, message_about, message_taken_back, message_told, record_of
from afterbill_actions.outcome import Done, NeedsPerson, Outcome, Refused, TaskKind

Post: TypeAlias = Callable[[Job, Open, Message, Mapping[str, str]], Outcome]
"""Posts a message; the record is what Done keeps of it."""


def writing(post: Post) -> Step:
    """Return the step that tells of an answer as it stands."""

    def write(job: Job, opened: Open) -> Outcome:
        if job.invitation is None:
            return Refused("there is no answer to tell of")
        return post(job, opened, message_about(job, job.invitation), record_of(job.invitation))

    return write


def taking_back(post: Post) -> Step:
    """Return the step that tells that a message before holds no more."""

    def undo(job: Job, opened: Open) -> Outcome:
        return post(job, opened, message_taken_back(job), job.written.record if job.written else {})

    return undo


def telling(post: Post) -> Step:
    """Return the step that tells a text about no answer."""
    return lambda job, opened: post(job, opened, message_told(job), {})


def leaving(place: str) -> Step:
    """Return the erasure of what cannot be deleted: it names nobody, unless a workflow put words in."""

    def erase(job: Job, _opened: Open) -> Outcome:
        if not job.settings.get("comment"):
            return Done()
        return NeedsPerson(TaskKind.ERASE_BY_HAND, f"delete what names {job.mark} in {place}: it holds a comment")

    return erase
