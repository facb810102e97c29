"""Do what privacy requests ask for: one after the other, each however the others fare, and resumed where time ended."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.model.campaigns import SLOTS
from afterbill.model.customer import source_of
from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.deadlines import due_soon
from afterbill.privacy.ports import CustomerGroups, People, PrivacyRequests

TOGETHER = 10
"""Customers of a source who are erased by one request: what is begun has to end within the reserve of a run."""
SHARED = "shared"
"""The kind under which customers count who stay, because another source knows them too."""


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
    """What a run came to: ids of requests that got on, and errors with the ids of those that did not.

    `due_soon` of all requests are, and `waiting` were due and not begun, for time was over.
    """

    served: tuple[str, ...] = ()
    failed: tuple[tuple[str, Exception], ...] = ()
    due_soon: int = 0
    waiting: int = 0


def serve_requests(deps: ServeDeps, now: datetime, goes_on: Callable[[], bool]) -> Served:
    """Serve all requests that are due, the oldest first, and sources to be emptied last, for these take long."""
    known = deps.requests.requests()
    due = sorted((one for one in known if _is_due(one, now)), key=lambda one: one.kind is RequestKind.ERASE_SOURCE)
    served: list[str] = []
    failed: list[tuple[str, Exception]] = []
    for request in due:
        if not goes_on():
            break
        try:
            _serve(request, known, deps, now, goes_on)
        except Exception as error:  # noqa: BLE001  # told at the end, once the others had their turn
            failed.append((request.id, error))
        else:
            served.append(request.id)
    soon = sum(due_soon(one, now) for one in known)
    return Served(tuple(served), tuple(failed), soon, len(due) - len(served) - len(failed))


def _is_due(request: PrivacyRequest, now: datetime) -> bool:
    """Return whether there is something to do; an export that is ready waits for whoever asked."""
    settled = request.settle_at is None or request.settle_at <= now
    return request.state is RequestState.OPEN or (request.state is RequestState.SETTLING and settled)


def _serve(
    request: PrivacyRequest,
    known: Sequence[PrivacyRequest],
    deps: ServeDeps,
    now: datetime,
    goes_on: Callable[[], bool],
) -> None:
    if request.kind is RequestKind.EXPORT:
        deps.requests.store_request(replace(request, state=RequestState.READY))
    elif request.kind is RequestKind.ERASE:
        deps.erase(request, now)
    elif request.kind is not RequestKind.ERASE_SOURCE:
        deps.restrict(request, now)
    elif request.state is RequestState.OPEN:
        _walk(request, deps, goes_on)
    else:
        _close([one for one in known if one.part_of == request.id], request, deps, now)


def _walk(request: PrivacyRequest, deps: ServeDeps, goes_on: Callable[[], bool]) -> None:
    """Make a request for every few customers whom only this source knows, from where the last run ended."""
    while request.walked < SLOTS and goes_on():
        theirs, shared = _customers_of(request.source, request.walked, deps)
        for ids in _few(theirs):
            deps.requests.keep_request(_part(request, ids, deps))
        removed = dict(Counter(request.removed) + Counter({SHARED: shared}))
        request = replace(request, walked=request.walked + 1, removed=removed)
        if request.walked == SLOTS:
            request = replace(request, state=RequestState.SETTLING)
        deps.requests.store_request(request)


def _customers_of(source: str, slot: int, deps: ServeDeps) -> tuple[list[str], int]:
    """Return the customers of a group whom only this source knows, and how many it shares with others."""
    theirs, shared = [], 0
    for customer_id in sorted(set(deps.groups.customers_in(slot))):
        sources = {source_of(alias) for alias in deps.people.person(customer_id).aliases}
        if sources == {source}:
            theirs.append(customer_id)
        elif source in sources:
            shared += 1
    return theirs, shared


def _few(ids: Sequence[str]) -> Iterator[Collection[str]]:
    return (ids[start : start + TOGETHER] for start in range(0, len(ids), TOGETHER))


def _part(request: PrivacyRequest, ids: Collection[str], deps: ServeDeps) -> PrivacyRequest:
    """A request of its own for these customers; its id follows from them, so that a walk that is repeated meets it."""
    return PrivacyRequest(
        id=deps.hash_alias("|".join([request.id, *ids])),
        kind=RequestKind.ERASE,
        requested_at=request.requested_at,
        by=request.by,
        due_at=request.due_at,
        why=request.why,
        customer_ids=frozenset(ids),
        part_of=request.id,
    )


def _close(parts: Sequence[PrivacyRequest], request: PrivacyRequest, deps: ServeDeps, now: datetime) -> None:
    """End the request once all of its parts are done; it says what they removed together."""
    if all(one.state is RequestState.DONE for one in parts):
        removed = sum((Counter(one.removed) for one in parts), Counter(request.removed))
        deps.requests.store_request(replace(request, state=RequestState.DONE, done_at=now, removed=dict(removed)))
