"""The action `ticket`: one ticket about a response, with a note for each version of the answer.

Freshdesk knows no idempotency. What is written bears our mark, and is looked for wherever it may have been written
before: the ticket by its tag in the list of the customer's tickets, a note by the reference in its text.
"""

from collections.abc import Mapping, Sequence

from afterbill_actions.connector import Job, Open
from afterbill_actions.connectors._kit import texts
from afterbill_actions.connectors.freshdesk import api, words
from afterbill_actions.connectors.freshdesk.api import Missing, Ticket
from afterbill_actions.outcome import Done, GoesOn, NeedsPerson, Outcome, TaskKind

_TAKEN_BACK = "afterbill-taken-back"
_BETWEEN = "|"
"""Parts the tags of a record; a tag of ours holds none."""


def write(job: Job, open_: Open) -> Outcome:
    """Make the ticket, or bring it up to date; a note tells the answer."""
    if texts.answer_of(job) is None:
        return Done(_record(job))
    kept = _record(job)
    return _update(job, open_, kept) if kept.get("ticket") else _find(job, open_)


def _record(job: Job) -> Mapping[str, str]:
    return job.written.record if job.written else {}


def _find(job: Job, open_: Open) -> Outcome:
    """Find the ticket of this response, else an open one of the same customer, else make one."""
    person = api.requester(job)
    if not person:
        return api.unknown_requester()
    listed = api.list_tickets(open_, person)
    if not isinstance(listed, Sequence):
        return listed
    own = next((one for one in listed if words.mark_tag(job) in api.tags_of(one)), None)
    if own is not None:
        return _refresh(job, open_, _found(job, own), own, look=True)
    standing = next((one for one in listed if _is_open(one) and words.OURS in api.tags_of(one)), None)
    if standing is not None:
        shared = {"ticket": str(api.number(standing.get("id"))), "shared": "yes"}
        return _tell(job, open_, shared, look=job.maybe)
    return _create(job, open_, person)


def _found(job: Job, own: Ticket) -> Mapping[str, str]:
    """Return the record of a ticket that was made without our knowing."""
    return {"ticket": str(api.number(own.get("id"))), "tags": _BETWEEN.join(_tags(job))}


def _is_open(found: Ticket) -> bool:
    return found.get("status") not in {api.RESOLVED, api.CLOSED}


def _tags(job: Job) -> list[str]:
    found = texts.answer_of(job)
    return words.own_tags(job, *found) if found else []


def _create(job: Job, open_: Open, person: Mapping[str, str]) -> Outcome:
    found = texts.answer_of(job)
    made = api.create(open_, {**person, **words.fields(job, *found)}) if found else {}
    if not isinstance(made, Mapping):
        return made
    return _tell(job, open_, _found(job, made), look=False)


def _update(job: Job, open_: Open, kept: Mapping[str, str]) -> Outcome:
    """Bring tags and priority up to date; the tags of others stay, though a PUT replaces all."""
    if kept.get("shared"):
        return _tell(job, open_, kept, look=job.maybe)
    standing = api.ticket(open_, kept["ticket"])
    if not isinstance(standing, Mapping):
        return _gone(kept) if isinstance(standing, Missing) else standing
    return _refresh(job, open_, kept, standing, look=job.maybe)


def _refresh(job: Job, open_: Open, kept: Mapping[str, str], standing: Ticket, *, look: bool) -> Outcome:
    record = {"ticket": kept["ticket"], "tags": _BETWEEN.join(_tags(job))}
    changes = _changes(job, kept, standing)
    if not changes:
        return _tell(job, open_, record, look=look)
    failure = api.update(open_, kept["ticket"], changes)
    if failure:
        return _gone(kept) if isinstance(failure, Missing) else failure
    return GoesOn(record) if look else _tell(job, open_, record, look=False)


def _others(job: Job, kept: Mapping[str, str], standing: Ticket) -> list[str]:
    """Return the tags of a ticket but for those that told of an answer, also of one we never heard was told."""
    ours, asked = {*kept.get("tags", "").split(_BETWEEN), _TAKEN_BACK}, job.invitation
    present = [tag for tag in api.tags_of(standing) if tag not in ours]
    return [tag for tag in present if not (asked and texts.is_score_tag(tag, asked))]


def _changes(job: Job, kept: Mapping[str, str], standing: Ticket) -> dict[str, object]:
    """Return the fields that do not stand as the answer wants them; one that we closed is opened again."""
    found, present = texts.answer_of(job), api.tags_of(standing)
    tags = list(dict.fromkeys([*_others(job, kept, standing), *_tags(job)]))
    changes: dict[str, object] = {"tags": tags} if set(tags) != set(present) else {}
    reopens = _TAKEN_BACK in present and standing.get("status") == api.CLOSED
    if reopens:
        changes["status"] = api.OPEN
    wanted = words.priority(job, *found) if found else None
    if (reopens or _is_open(standing)) and standing.get("priority") != wanted:
        changes["priority"] = wanted
    return changes


def _tell(job: Job, open_: Open, kept: Mapping[str, str], *, look: bool) -> Outcome:
    """Add the note of this version, unless it is our newest one when we look."""
    found, version = texts.answer_of(job), texts.version(job)
    reference = f"{job.mark}.{version}"
    body = words.note(job, *found, reference) if found else ""
    failure = _note_once(open_, kept["ticket"], body, reference, look=look)
    if failure:
        return _gone(kept) if isinstance(failure, Missing) else failure
    return Done(kept)


def _note_once(open_: Open, id_: str, body: str, reference: str, *, look: bool) -> Missing | Outcome | None:
    newest = api.newest_reference(open_, id_, reference.partition(".")[0]) if look else ""
    if newest == reference:
        return None
    return api.add_note(open_, id_, body) if isinstance(newest, str) else newest


def _gone(kept: Mapping[str, str]) -> NeedsPerson:
    reason = "the ticket was deleted in Freshdesk, or merged away: the answer is not told there"
    return NeedsPerson(TaskKind.RECORD_MISSING, reason, {"ticket": kept["ticket"]})


def undo(job: Job, open_: Open) -> Outcome:
    """Say that the answer no longer holds, and close the ticket where nobody has touched it; one that is gone is gone.

    The tag that says so is set before the note is added: a ticket without it has no such note. The record stays, since
    the ticket does.
    """
    kept = _record(job)
    if not kept.get("ticket"):
        return _look_and_undo(job, open_) if job.maybe else Done()
    if kept.get("shared"):
        return _say_farewell(job, open_, kept, look=job.maybe)
    standing = api.ticket(open_, kept["ticket"])
    if not isinstance(standing, Mapping):
        return Done() if isinstance(standing, Missing) else standing
    return _take_back(job, open_, kept, standing)


def _look_and_undo(job: Job, open_: Open) -> Outcome:
    """Take back what may have been written without our knowing."""
    person = api.requester(job)
    listed = api.list_tickets(open_, person) if person else []
    if not isinstance(listed, Sequence):
        return listed
    own = next((one for one in listed if words.mark_tag(job) in api.tags_of(one)), None)
    if own is not None:
        return _take_back(job, open_, {"ticket": str(api.number(own.get("id")))}, own)
    standing = next((one for one in listed if _is_open(one) and words.OURS in api.tags_of(one)), None)
    if standing is None:
        return Done()
    shared = {"ticket": str(api.number(standing.get("id"))), "shared": "yes"}
    newest = api.newest_reference(open_, shared["ticket"], job.mark)
    if not isinstance(newest, str):
        return newest
    return _say_farewell(job, open_, shared, look=newest == _farewell_of(job)) if newest else Done()


def _take_back(job: Job, open_: Open, kept: Mapping[str, str], standing: Ticket) -> Outcome:
    if _TAKEN_BACK in api.tags_of(standing):
        return _say_farewell(job, open_, kept, look=True)
    changes: dict[str, object] = {"tags": [*_others(job, kept, standing), _TAKEN_BACK]}
    if standing.get("status") == api.OPEN:
        changes["status"] = api.CLOSED
    failure = api.update(open_, kept["ticket"], changes)
    if failure:
        return Done() if isinstance(failure, Missing) else failure
    return GoesOn(kept) if job.maybe else _say_farewell(job, open_, kept, look=False)


def _say_farewell(job: Job, open_: Open, kept: Mapping[str, str], *, look: bool) -> Outcome:
    reference = _farewell_of(job)
    failure = _note_once(open_, kept["ticket"], words.farewell(job, reference), reference, look=look)
    if failure:
        return Done() if isinstance(failure, Missing) else failure
    return Done({name: kept[name] for name in ("ticket", "shared") if name in kept})


def _farewell_of(job: Job) -> str:
    return f"{job.mark}.taken-back.{texts.version(job)}"


def erase(job: Job, open_: Open) -> Outcome:  # noqa: ARG001  # no request is made
    """List the ticket: it is part of the helpdesk's own record of a person, which a person there has to remove."""
    kept = _record(job)
    if kept.get("ticket"):
        reason = "a ticket in Freshdesk tells of the answer: delete it there, and its requester if nothing needs them"
        return NeedsPerson(TaskKind.ERASE_BY_HAND, reason, {"ticket": kept["ticket"]})
    if job.maybe:
        reason = "a ticket in Freshdesk may tell of the answer: look for this tag there, and delete what bears it"
        return NeedsPerson(TaskKind.ERASE_BY_HAND, reason, {"tag": words.mark_tag(job)})
    return Done()
