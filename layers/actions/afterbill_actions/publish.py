"""The table's stream becomes domain events, and what changed of a response is marked and settled.

Safe to kill between any two calls and to repeat: events have the same ids again, a mark that stands changes nothing,
and a message that wakes says the same as before. Records may come twice; those of one invitation come in order.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.invitation import Invitation
from afterbill_actions.events import Change, Event, EventType, Objection, SurveyChange, events_of
from afterbill_actions.exemptions import SEEN_WITHIN
from afterbill_actions.ports import Bus, EffectsStore, Known, Wakes, WorkflowsSeen
from afterbill_actions.workflow import SETTLES_AFTER_SECONDS

Record = TypeVar("Record")

_QUIET, _AT_ONCE = timedelta(seconds=SETTLES_AFTER_SECONDS), timedelta(0)


@dataclass(frozen=True, slots=True)
class PublishDeps:
    """The stores, and what the operator wants: `types` go onto the bus, `kept` is the life of a response.

    `wakes` is None where there is no workflow; `asked` are the events about no response that workflows name. Where
    `seen` is given, the names of all `workflows` are noted there before anything is woken.
    """

    bus: Bus
    effects: EffectsStore
    known: Known
    kept: timedelta
    types: Collection[EventType] = frozenset(EventType)
    wakes: Wakes | None = None
    asked: Collection[EventType] = frozenset()
    seen: WorkflowsSeen | None = None
    workflows: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Published:
    """The ids of the records to try again, in their order, and what could not be read, whose records are done."""

    failed: list[str]
    unreadable: list[UnreadableError]


def publish(records: Mapping[str, Record], read: Callable[[Record], Change | None], deps: PublishDeps) -> Published:
    """Publish the events of all records together, then mark and settle the newest version of each response.

    `read` gives what a record tells of, None for nothing; what it cannot read (UnreadableError) is told and left: no
    later try reads it, and until then all of its shard would wait. A record fails whose event was not taken, or whose
    response could not be marked.
    """
    changes, unreadable = dict[str, Change](), list[UnreadableError]()
    for id_, record in records.items():
        try:
            if change := read(record):
                changes[id_] = change
        except UnreadableError as error:
            unreadable.append(error)
    failed = _announced(changes, deps) if changes else set[str]()
    return Published([id_ for id_ in records if id_ in failed], unreadable)


def _announced(changes: Mapping[str, Change], deps: PublishDeps) -> set[str]:
    """Announce what was read, unless it cannot be noted since when workflows are there."""
    return announce(changes, deps) if _noted(changes, deps) else set(changes)


def _noted(changes: Mapping[str, Change], deps: PublishDeps) -> bool:
    """Note since when the workflows are there: the first answers that their version meets are not from before them."""
    try:
        if deps.seen and deps.workflows:
            deps.seen.seen(deps.workflows, min(change.at for change in changes.values()) - SEEN_WITHIN)
    except TransientError:
        return False
    return True


def announce(changes: Mapping[str, Change], deps: PublishDeps) -> set[str]:
    """Publish, mark and settle changes by any ids; returns the ids of those that have to be tried again.

    Of customers whose data are used for nothing, nothing is told.
    """
    try:
        restricted = deps.known.restricted()
    except TransientError:
        return set(changes)
    free = {id_: one for id_, one in changes.items() if _customer(one) not in restricted}
    events, failed = _events(free, deps)
    failed |= _put(events, deps)
    return failed | _told(free, events, failed, deps)


def settle(change: SurveyChange, deps: PublishDeps) -> None:
    """Ask workflows to look at the response, which comes to rest first where somebody sent it themselves."""
    answer = change.after.answer
    if deps.wakes and change.fires:
        after = _QUIET if answer and answer.confirmed else _AT_ONCE
        deps.wakes.settle(change.after.id, change.versions[1], change.at, after)


def _customer(change: Change) -> str:
    return change.customer_id if isinstance(change, Objection) else change.after.customer_id


def _events(changes: Mapping[str, Change], deps: PublishDeps) -> tuple[dict[str, Sequence[Event]], set[str]]:
    """Return the events of each change, and the ids of those about which the table did not answer."""
    events, failed = dict[str, Sequence[Event]](), set[str]()
    for id_, change in changes.items():
        try:
            events[id_] = events_of(change, _earlier(change, deps))
        except TransientError:
            failed.add(id_)
    return events, failed


def _earlier(change: Change, deps: PublishDeps) -> Invitation | None:
    """Return the answer before, where an event may tell of the turn since then: where this one is the first here."""
    if isinstance(change, Objection) or EventType.CATEGORY_CHANGED not in deps.types:
        return None
    first = change.told and not change.versions[0] and change.after.contactable
    return deps.known.earlier(change.after) if first else None


def _put(events: Mapping[str, Sequence[Event]], deps: PublishDeps) -> set[str]:
    """Put all that is wanted onto the bus, each once; returns the ids of the changes with one that was not taken."""
    wanted = {event.id: event for some in events.values() for event in some if event.type in deps.types}
    missed = set(deps.bus.publish([*wanted.values()])) if wanted else set[str]()
    return {id_ for id_, some in events.items() if any(event.id in missed for event in some)}


def _told(
    changes: Mapping[str, Change], events: Mapping[str, Sequence[Event]], failed: Collection[str], deps: PublishDeps
) -> set[str]:
    """Mark and settle the newest version of each response, and tell of the rest; returns the ids that failed."""
    missed = set[str]()
    for ids, tell in _tellings(changes, events, deps):
        if not ids & set(failed):
            try:
                tell()
            except TransientError:
                missed |= ids
    return missed


def _tellings(
    changes: Mapping[str, Change], events: Mapping[str, Sequence[Event]], deps: PublishDeps
) -> Iterator[tuple[set[str], Callable[[], None]]]:
    """Yield what is to be told, each with the ids of the changes that need it."""
    ids_of, newest = defaultdict[str, set[str]](set), dict[str, SurveyChange]()
    for id_, change in changes.items():
        if isinstance(change, SurveyChange) and change.told:
            ids_of[change.after.id].add(id_)
            newest[change.after.id] = change
        for event in events.get(id_, ()):
            if deps.wakes and event.type in deps.asked:
                yield {id_}, _telling(event, deps.wakes)
    for invitation_id, change in newest.items():
        yield ids_of[invitation_id], _marking(change, deps)


def _telling(event: Event, wakes: Wakes) -> Callable[[], None]:
    return lambda: wakes.tell(event)


def _marking(change: SurveyChange, deps: PublishDeps) -> Callable[[], None]:
    def mark() -> None:
        # The mark comes first: what an action writes is kept in its item.
        answer, end = change.after.answer, change.after.kept_until(deps.kept)
        rating = answer.rating if answer else None
        deps.effects.mark_published(change.after.id, change.versions[1], change.at, end, rating)
        settle(change, deps)

    return mark
