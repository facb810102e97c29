"""The action `note`: the comment in the note of an order, as a marked block.

`orderUpdate` overwrites the note: it can neither append nor compare (the vendor's schema). So the note is read, written
with our block in it, and read again; where somebody else's writing took our block away it is put there again, into
what stands there now. Whoever writes between our reading and our writing, some milliseconds, loses what they wrote.
"""

from collections.abc import Mapping
from datetime import timedelta

from afterbill.model.invitation import Answer, Invitation
from afterbill_actions.connector import Job, Open
from afterbill_actions.connectors._kit import blocks, replies, texts
from afterbill_actions.connectors.shopify import documents
from afterbill_actions.connectors.shopify.api import Complaints, Session, missing, order_id
from afterbill_actions.outcome import Done, GoesOn, Later, NeedsPerson, Outcome, TaskKind

MOST_NOTE = 5_000
_SOON = timedelta(seconds=2)


def write(job: Job, open_: Open) -> Outcome:
    """Put the block of the answer into the note, in the place of its earlier version."""
    kept = job.written.record if job.written else {}
    order = order_id(job)
    found = texts.answer_of(job)
    if found is None:
        return Done(kept)
    if not order:
        return NeedsPerson(TaskKind.RECORD_MISSING, "the answer is about no order of the shop")
    session = Session(open_)
    note = _read(order, session)
    if not isinstance(note, str):
        return missing("order") if note is None else note
    changed = _with_answer(job, found, note)
    if changed is None:
        return NeedsPerson(
            TaskKind.ACTION_REFUSED, "the note of the order is full (5,000 characters)", {"order": order}
        )
    if changed == note:
        return Done({"order": order})
    return _replace(job, session, order, changed)


def _replace(job: Job, session: Session, order: str, changed: str) -> Outcome:
    failure = _store(session, order, changed)
    if failure:
        return failure
    if not session.left:
        return GoesOn({"order": order})
    after = _read(order, session)
    if not isinstance(after, str):
        return missing("order") if after is None else after
    if blocks.found(after, job.mark) == blocks.found(changed, job.mark):
        return Done({"order": order})
    return Later("somebody else writes the note of the order at the same time", _SOON)


def _read(order: str, session: Session) -> str | Outcome | None:
    """Return the note of an order, None where there is no such order."""
    data = session.query(documents.NOTE, id=order)
    if not isinstance(data, Mapping):
        return data
    found = replies.section(data, "order")
    note = found.get("note")
    return (note if isinstance(note, str) else "") if found else None


def _store(session: Session, order: str, note: str) -> Outcome | None:
    failure = session.mutate(documents.WRITE_NOTE, {"input": {"id": order, "note": note}})
    return failure.outcome() if isinstance(failure, Complaints) else failure


def _with_answer(job: Job, found: tuple[Invitation, Answer], note: str) -> str | None:
    """Return the note with the block of the answer, its comment cut where there is no room; None for no room at all."""
    told, words = texts.headline(*found), job.settings.get("comment", True)
    room = MOST_NOTE - blocks.length(blocks.without_block(note, job.mark))
    for most in (texts.MOST_COMMENT, room // 2, room // 4, 0):
        lines = texts.comment_lines(found[1], most) if words and most > 0 else []
        lines = [told, *lines, *([f"In afterbill: {job.link}"] if job.link else [])]
        changed = blocks.with_block(note, blocks.block(job.mark, "\n".join(lines)), job.mark, MOST_NOTE)
        if changed is not None:
            return _same_line_ends(note, changed, job.mark)
    return None


def _same_line_ends(note: str, changed: str, mark: str) -> str:
    """Return the note as it is where our block differs by the line ends of a browser alone."""
    return note if blocks.found(note, mark) == blocks.found(changed, mark) and note.count(mark) == 2 else changed  # noqa: PLR2004  # begin and end


def undo(job: Job, open_: Open) -> Outcome:
    """Take our block out of the note, and nothing else; an order that is gone has none.

    Of a block that somebody cut nobody knows what belongs to it, so a person looks.
    """
    kept = job.written.record if job.written else {}
    order = kept.get("order") or (order_id(job) if job.maybe else "")
    if order:
        return _removed(job, order, Session(open_))
    if job.maybe and job.invitation is None:
        reason = "the note of an order may hold lines of ours: look for this mark in the shop, and remove them"
        return NeedsPerson(TaskKind.ERASE_BY_HAND, reason, {"mark": job.mark})
    return Done()


erase = undo


def _removed(job: Job, order: str, session: Session) -> Outcome:
    note = _read(order, session)
    if not isinstance(note, str):
        return note or Done()
    if blocks.found(note, job.mark):
        failure = _store(session, order, blocks.without_block(note, job.mark))
        if failure:
            return failure
    if blocks.is_broken(note, job.mark):
        reason = "somebody cut our lines in the note of the order: remove what is left of them there"
        return NeedsPerson(TaskKind.ERASE_BY_HAND, reason, {"order": order})
    return Done()
