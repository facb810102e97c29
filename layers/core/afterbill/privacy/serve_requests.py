"""Do what privacy requests ask for: one after the other, each however the others fare, and resumed where time ended."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from afterbill.model.campaigns import SLOTS
from afterbill.model.customer import source_of
from afterbill.model.privacy import PrivacyRequest, Removed, RequestKind, RequestState
from afterbill.privacy.deadlines import due_soon
from afterbill.privacy.erase import SETTLES_AFTER
from afterbill.privacy.ports import CustomerGroups, People, PrivacyRequests

if TYPE_CHECKING:  # named in annotations alone
    from afterbill.model.errors import UnreadableError

TOGETHER = 10
"""Customers of a source who are erased by one request: what is begun has to end within the reserve of a run."""
_FEWEST_WALKS = 2
"""Walks through all customers that it takes to empty a source."""
_STORED_AFTER = 64
"""Groups without anybody after which the place is stored; SLOTS is a multiple of it."""


@dataclass(frozen=True, slots=True)
class ServeDeps:
    """The dependencies of serving requests; `hash_alias` is keyed.

    `erase` and `restrict` do one request, safe to repeat, store how far it has come and return it.
    """

    requests: PrivacyRequests
    people: People
    groups: CustomerGroups
    erase: Callable[[PrivacyRequest, datetime], PrivacyRequest]
    restrict: Callable[[PrivacyRequest, datetime], PrivacyRequest]
    hash_alias: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Served:
    """The result of a run: ids of requests that got on, and errors with the ids of those that did not.

    `due_soon` of all requests are, and `waiting` were due and not begun, for time was over. `unreadable` names those
    that cannot be read.
    """

    served: tuple[str, ...] = ()
    failed: tuple[tuple[str, Exception], ...] = ()
    due_soon: int = 0
    waiting: int = 0
    unreadable: tuple[str, ...] = ()


def serve_requests(deps: ServeDeps, now: datetime, goes_on: Callable[[], bool]) -> Served:
    """Serve all requests that are due, the oldest first, and sources to be emptied last, for these take long."""
    unreadable: list[UnreadableError] = []
    known = deps.requests.requests(unreadable.append)
    sources = (one for one in known if one.kind is RequestKind.ERASE_SOURCE and one.state is not RequestState.DONE)
    parts = [part for one in sources for part in deps.requests.parts(one.id, unreadable.append)]
    due = sorted((one for one in (*known, *parts) if _is_due(one, now)), key=_turn)
    served: list[str] = []
    failed: list[tuple[str, Exception]] = []
    for request in due:
        if not goes_on():
            break
        try:
            _serve(request, deps, now, goes_on)
        except Exception as error:  # noqa: BLE001  # told at the end, once the others had their turn
            failed.append((request.id, error))
        else:
            served.append(request.id)
    soon = sum(due_soon(one, now) for one in known)
    return Served(tuple(served), tuple(failed), soon, len(due) - len(served) - len(failed), tuple(map(str, unreadable)))


def _is_due(request: PrivacyRequest, now: datetime) -> bool:
    """Return whether there is something to do; an export that is ready waits for whoever asked."""
    settled = request.settle_at is None or request.settle_at <= now
    return request.state is RequestState.OPEN or (request.state is RequestState.SETTLING and settled)


def _turn(request: PrivacyRequest) -> tuple[bool, bool]:
    return request.kind is RequestKind.ERASE_SOURCE, bool(request.part_of)


def _serve(request: PrivacyRequest, deps: ServeDeps, now: datetime, goes_on: Callable[[], bool]) -> None:
    if request.kind is RequestKind.EXPORT:
        deps.requests.store_request(replace(request, state=RequestState.READY))
    elif request.kind is RequestKind.ERASE:
        deps.erase(request, now)
    elif request.kind is not RequestKind.ERASE_SOURCE:
        deps.restrict(request, now)
    elif request.state is RequestState.OPEN:
        _walk(request, deps, now, goes_on)
    else:
        _end_walk(request, deps, now)


def _walk(request: PrivacyRequest, deps: ServeDeps, now: datetime, goes_on: Callable[[], bool]) -> None:
    """Look at a few customers after the other, from where the last run ended."""
    while request.walked < SLOTS and goes_on():
        left = sorted(id_ for id_ in set(deps.groups.customers_in(request.walked)) if id_ > request.within)
        request = _searched(request, left[:TOGETHER], deps)
        if len(left) <= TOGETHER:
            request = replace(request, walked=request.walked + 1, within="")
        if request.walked == SLOTS:
            settles = now + SETTLES_AFTER
            request = replace(request, walks=request.walks + 1, state=RequestState.SETTLING, settle_at=settles)
        if left or request.walked % _STORED_AFTER == 0:
            deps.requests.store_request(request)


def _searched(request: PrivacyRequest, ids: Sequence[str], deps: ServeDeps) -> PrivacyRequest:
    """Keep a request to remove those of these customers whom only this source knows; others lose their names there."""
    theirs, shared, names = [], 0, 0
    for customer_id in ids:
        aliases = deps.people.person(customer_id).aliases
        here = {alias for alias in aliases if source_of(alias) == request.source}
        if here == aliases and here:
            theirs.append(customer_id)
        elif here:
            shared += 1
            deps.people.mark_erased(frozenset(map(deps.hash_alias, here)), request.requested_at)
            names += deps.people.forget_names(customer_id, here)
    if theirs:
        deps.requests.keep_request(_part(request, theirs, deps))
    return replace(
        request,
        within=ids[-1] if ids else request.within,
        met=request.met + len(theirs) + shared,
        shared=request.shared + shared,
        removed=dict(Counter(request.removed) + Counter({Removed.ALIASES.value: names})),
    )


def _part(request: PrivacyRequest, ids: Collection[str], deps: ServeDeps) -> PrivacyRequest:
    """A request of its own for these customers; its id follows from them, so that a walk that is repeated meets it."""
    return PrivacyRequest(
        id=f"{request.id}/{deps.hash_alias('|'.join([request.id, *ids]))}",
        kind=RequestKind.ERASE,
        requested_at=request.requested_at,
        by=request.by,
        due_at=request.due_at,
        why=request.why,
        customer_ids=frozenset(ids),
        part_of=request.id,
    )


def _end_walk(request: PrivacyRequest, deps: ServeDeps, now: datetime) -> None:
    """Walk again once all parts are done; after a walk that met nobody, though not the first, the request is done.

    A walk follows an index, which lags, and customers may come while it is under way.
    """
    unreadable: list[UnreadableError] = []
    parts = deps.requests.parts(request.id, unreadable.append)
    if unreadable or any(one.state is not RequestState.DONE for one in parts):
        return
    if request.met or request.walks < _FEWEST_WALKS:
        again = replace(request, state=RequestState.OPEN, settle_at=None, walked=0, within="", met=0)
        deps.requests.store_request(again)
        return
    removed = sum((Counter(one.removed) for one in parts), Counter(request.removed))
    people = len({id_ for one in parts for id_ in one.customer_ids})
    done = replace(request, state=RequestState.DONE, done_at=now, removed=dict(removed), people=people)
    deps.requests.store_request(done)
