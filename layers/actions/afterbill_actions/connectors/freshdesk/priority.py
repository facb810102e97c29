"""The action `priority`: the open tickets that a customer has already become more urgent after a low score."""

from collections.abc import Mapping, Sequence

from afterbill_actions.connector import Job, Open
from afterbill_actions.connectors._kit import texts
from afterbill_actions.connectors.freshdesk import api, words
from afterbill_actions.connectors.freshdesk.api import Missing
from afterbill_actions.outcome import Done, GoesOn, Outcome

_WRITES = 2
"""Tickets that are changed in one step, after one request that lists them."""


def write(job: Job, open_: Open) -> Outcome:
    """Raise every open ticket of the customer that is less urgent; those that actions made keep their own.

    The record holds what each was before: `{"12": "1"}`. A ticket that stands there already as urgent is not ours to
    lower again.
    """
    person = api.requester(job)
    if texts.answer_of(job) is None:
        return Done(_raised(job))
    if not person:
        return api.unknown_requester()
    listed = api.list_tickets(open_, person)
    if not isinstance(listed, Sequence):
        return listed
    wanted = words.PRIORITIES[str(job.settings.get("priority") or "urgent")]
    lower = {str(api.number(one.get("id"))): before for one in listed if (before := _before(one, wanted))}
    raised = dict(_raised(job))
    for id_ in list(lower)[:_WRITES]:
        failure = api.update(open_, id_, {"priority": wanted})
        if failure and not isinstance(failure, Missing):
            return failure
        raised.setdefault(id_, str(lower[id_]))
    return GoesOn(raised) if len(lower) > _WRITES else Done(raised)


def _raised(job: Job) -> Mapping[str, str]:
    return job.written.record if job.written else {}


def _before(ticket: api.Ticket, wanted: int) -> int:
    """Return the priority of a ticket that is to be raised, 0 of one that is not."""
    standing = api.number(ticket.get("priority"))
    closed = ticket.get("status") in {api.RESOLVED, api.CLOSED}
    return 0 if closed or standing >= wanted or words.OURS in api.tags_of(ticket) else standing


def undo(job: Job, open_: Open) -> Outcome:
    """Give a ticket its priority back, one in a step, unless somebody set another one since."""
    left = dict(_raised(job))
    if not left:
        return Done()
    id_, before = next(iter(left.items()))
    standing = api.ticket(open_, id_)
    if isinstance(standing, Mapping):
        wanted = words.PRIORITIES[str(job.settings.get("priority") or "urgent")]
        failure = None
        if standing.get("priority") == wanted and before.isdecimal():
            failure = api.update(open_, id_, {"priority": int(before)})
        if failure and not isinstance(failure, Missing):
            return failure
    elif not isinstance(standing, Missing):
        return standing
    del left[id_]
    return GoesOn(left) if left else Done()


erase = undo
