"""Erase people: everything that leads to them goes, and what counts stays without them."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterbill.answers.ports import ForgettableAnswers
from afterbill.intake.ports import ForgettableFacts
from afterbill.model.anonymous import counts
from afterbill.model.errors import TransientError
from afterbill.model.invitation import Invitation
from afterbill.model.privacy import Erasure, Person, PrivacyRequest, Removed, RequestState, guest_names
from afterbill.outreach.ports import ForgettableDeliveries
from afterbill.privacy.ports import Copies, Ledger, People, PrivacyRequests

SETTLES_AFTER = timedelta(minutes=20)
"""After this time everything that was under way during an erasure has ended: functions, retries, reads of an index."""
_TRIES = 5
"""Reads of a customer who changes while they are removed."""


@dataclass(frozen=True, slots=True)
class EraseDeps:
    """The dependencies of erasing; `hash_alias` is keyed, `sources` are the names of all that may tell of people.

    `copies` is None where no copies of webhooks are kept, `elsewhere` where nothing is written to other systems.
    """

    people: People
    requests: PrivacyRequests
    ledger: Ledger
    deliveries: ForgettableDeliveries
    answers: ForgettableAnswers
    facts: ForgettableFacts
    hash_alias: Callable[[str], str]
    clock: Callable[[], datetime]
    copies: Copies | None = None
    sources: Collection[str] = frozenset()
    elsewhere: ForgettableAnswers | None = None


def erase(request: PrivacyRequest, deps: EraseDeps, now: datetime) -> PrivacyRequest:
    """Remove whom the request is about, and return it as it stands then; safe to repeat after a crash anywhere.

    The first look ends in SETTLING; one at `settle_at` or later finds what was under way meanwhile, and ends in DONE.
    What is removed has to be findable until the end: names are noted, hashed, before any of them goes.
    """
    known = request if deps.requests.keep_request(request) else deps.requests.request(request.id) or request
    if known.state is RequestState.DONE or (known.settle_at and now < known.settle_at):
        return known
    first = known.state is not RequestState.SETTLING
    noted, counted = _remove(known, deps)
    ended = max(now, deps.clock())  # what was under way may be as young as the end of this look
    if first:
        removed = _most(noted.removed, counted)
        done = replace(noted, state=RequestState.SETTLING, settle_at=ended + SETTLES_AFTER, removed=removed)
    else:
        removed = _together(noted.removed, counted)
        done = replace(noted, state=RequestState.DONE, done_at=ended, removed=removed)
    return _stored(done, deps)


def _remove(request: PrivacyRequest, deps: EraseDeps) -> tuple[PrivacyRequest, Mapping[str, int]]:
    """Remove everything that is found, again for a customer who changed meanwhile; return what was counted too."""
    counted, left = dict[str, Mapping[str, int]](), request.customer_ids
    everybody = list[Person]()
    nobody = [deps.people.invitations_of_nobody(request.invitation_ids)] if request.invitation_ids else []
    for _ in range(_TRIES):
        people = [*map(deps.people.person, sorted(left)), *nobody]
        request = _noted(request, people, deps)
        everybody += people
        left, nobody = frozenset(person.customer_id for person in people if not _forgotten(person, counted, deps)), []
        if not left:
            if deps.copies and request.copies:
                deps.copies.delete(request.copies)
            kept = {Removed.OBJECTIONS_KEPT.value: deps.deliveries.objections(everybody)}
            return request, sum(map(Counter, counted.values()), Counter[str](kept))
    message = "a customer changed whenever they were to be removed"
    raise TransientError(message)


def _forgotten(person: Person, counted: dict[str, Mapping[str, int]], deps: EraseDeps) -> bool:
    """Let every wing forget them; False where the customer changed since they were read, and may still be there."""
    done = Counter[str]()
    for wing in filter(None, (deps.elsewhere, deps.deliveries, deps.answers, deps.facts)):
        done.update(wing.forget(person))
    counted[person.customer_id] = _together(counted.get(person.customer_id, {}), done)
    return person.customer is None or done[Removed.CUSTOMERS] > 0


def _noted(request: PrivacyRequest, people: Collection[Person], deps: EraseDeps) -> PrivacyRequest:
    """Note whom and what was found in the request, in the ledger, and the names as erased, before any of it goes.

    The ledger keeps its first entry as it is: names that came to be known later are an entry of their own.
    """
    found = frozenset(deps.hash_alias(alias) for person in people for alias in _names(person, deps.sources))
    subjects = frozenset(map(deps.hash_alias, request.customer_ids | request.invitation_ids))
    later = found - request.alias_hashes
    noted = replace(request, alias_hashes=request.alias_hashes | found)
    if not request.removed:
        noted = replace(noted, removed=_planned(people, request.copies, copies_kept=deps.copies is not None))
    elif later:
        entry = f"{request.id}-{len(noted.alias_hashes)}"
        deps.ledger.note_erasure(Erasure(entry, request.requested_at, subjects, later))
    if noted != request:
        noted = _stored(noted, deps)
    if request.state is not RequestState.SETTLING:
        deps.ledger.note_erasure(Erasure(noted.id, noted.requested_at, subjects, noted.alias_hashes))
    deps.people.mark_erased(noted.alias_hashes, noted.requested_at)
    return noted


def _stored(request: PrivacyRequest, deps: EraseDeps) -> PrivacyRequest:
    """Store the request and return it, together with what somebody stored who is at it at the same time."""
    for _ in range(_TRIES):
        if deps.requests.advance_request(request):
            return replace(request, version=request.version + 1)
        other = deps.requests.request(request.id)
        request = _merged(request, other) if other else request
    message = "a privacy request changed whenever it was to be stored"
    raise TransientError(message)


_PROGRESS = (RequestState.OPEN, RequestState.SETTLING, RequestState.DONE)


def _merged(mine: PrivacyRequest, other: PrivacyRequest) -> PrivacyRequest:
    """Return what is true of both: the names that either found, what either counted, and the further state."""
    further = max(mine, other, key=lambda one: _PROGRESS.index(one.state))
    settles = [one.settle_at for one in (mine, other) if one.settle_at]
    return replace(
        further,
        alias_hashes=mine.alias_hashes | other.alias_hashes,
        removed=_most(mine.removed, other.removed),
        settle_at=max(settles, default=None),
        version=other.version,
    )


def _names(person: Person, sources: Collection[str]) -> frozenset[str]:
    """Return their names, also as guests of each source: an event that tells of their address alone is about them."""
    address_hash = person.customer.address_hash if person.customer else ""
    return person.aliases | guest_names(address_hash, sources)


def _planned(people: Collection[Person], copies: Collection[str], *, copies_kept: bool) -> dict[str, int]:
    """Count what was found, kind by kind: of a run that is killed nobody else knows what it did.

    Copies are not found where none are kept any more: those from before end by themselves.
    """
    stored = [one for person in people for one in person.invitations.values()]
    kept = [one for one in stored if isinstance(one, Invitation) and counts(one)]
    plan = {
        Removed.CUSTOMERS: sum(person.customer is not None for person in people),
        Removed.ALIASES: sum(len(person.aliases) for person in people),
        Removed.INVITATIONS: len(stored),
        Removed.EVENTS: sum(len(person.events) for person in people),
        Removed.SHORT_LINKS: sum(len(person.codes) for person in people),
        Removed.PHONES: sum(len(person.phones) for person in people),
        Removed.TASKS: sum(len(person.tasks) for person in people),
        Removed.COPIES: len({*copies, *(name for person in people for name in person.copies)}) if copies_kept else 0,
        Removed.ROWS_KEPT: len(kept),
        Removed.ANSWERS_KEPT: sum(one.answer is not None for one in kept),
    }
    return {kind.value: plan.get(kind, 0) for kind in Removed}


def _together(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return the sum of each kind; an objection that is kept is met again each time."""
    numbers = {kind.value: (before.get(kind, 0), after.get(kind, 0)) for kind in Removed}
    return {kind: max(both) if kind == Removed.OBJECTIONS_KEPT else sum(both) for kind, both in numbers.items()}


def _most(planned: Mapping[str, int], counted: Mapping[str, int]) -> dict[str, int]:
    """Return the larger number of each kind: what an earlier run removed was planned, and is not counted again."""
    return {kind.value: max(planned.get(kind, 0), counted.get(kind, 0)) for kind in Removed}
