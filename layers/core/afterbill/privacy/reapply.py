"""Apply what the ledger knows to a table that was restored: whoever was erased is erased again, a no is a no again."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from afterbill.model.privacy import DEADLINE, Erasure, Objection, PrivacyRequest, RequestKind
from afterbill.privacy.ports import Ledger, People, RestoredTable


@dataclass(frozen=True, slots=True)
class ReapplyDeps:
    """The dependencies; `hash_alias` is keyed, `erase` erases whom a request is about, however often it is called."""

    ledger: Ledger
    table: RestoredTable
    people: People
    erase: Callable[[PrivacyRequest, datetime], PrivacyRequest]
    hash_alias: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Reapplied:
    """The numbers of what was missing in the table, applied again, and found to be erased again.

    `complete` where the table knows the whole ledger now; otherwise somebody noted more meanwhile, elsewhere.
    """

    missing: int
    erasures: int = 0
    objections: int = 0
    customers: int = 0
    invitations: int = 0
    complete: bool = True


def reapply(deps: ReapplyDeps, by: str, now: datetime) -> Reapplied:
    """Apply the whole ledger, and let the table count it at the end; safe to repeat after a crash anywhere.

    Marks and objections come first: meanwhile nothing is learned of whoever was erased, and nobody is asked. Where the
    table misses nothing, nothing is done.
    """
    missing = deps.ledger.missing()
    if not missing:
        return Reapplied(0)
    erasures, objections = merged(deps.ledger.erasures()), list[Objection]()
    for erasure in erasures:
        deps.people.mark_erased(erasure.alias_hashes, erasure.at)
    for objection in deps.ledger.objections():
        deps.table.object_again(objection)
        objections.append(objection)
    requests = _to_erase(erasures, deps, by)
    for request in requests:
        deps.erase(request, now)
    return Reapplied(
        missing,
        len(erasures),
        len(objections),
        sum(len(request.customer_ids) for request in requests),
        sum(len(request.invitation_ids) for request in requests),
        deps.ledger.reconcile(missing),
    )


def merged(erasures: Iterable[Erasure]) -> list[Erasure]:
    """Return one erasure for each request, at the moment of its first entry, with the hashes of all of them."""
    entries = defaultdict[str, list[Erasure]](list)
    for erasure in erasures:
        entries[erasure.request_id].append(erasure)
    return [
        Erasure(
            id_,
            min(one.at for one in parts),
            frozenset().union(*(one.subject_hashes for one in parts)),
            frozenset().union(*(one.alias_hashes for one in parts)),
        )
        for id_, parts in entries.items()
    ]


def _to_erase(erasures: Iterable[Erasure], deps: ReapplyDeps, by: str) -> list[PrivacyRequest]:
    """Return the requests of these erasures about whoever of them stands in the table again."""
    asked = {hashed: erasure for erasure in erasures for hashed in erasure.subject_hashes}
    customers, invitations = _found(asked, deps)
    again = {erasure.request_id: erasure for erasure in (*customers.values(), *invitations.values())}
    return [
        PrivacyRequest(
            id_,
            RequestKind.ERASE,
            erasure.at,
            by,
            erasure.at + DEADLINE,
            customer_ids=frozenset(one for one, found in customers.items() if found.request_id == id_),
            invitation_ids=frozenset(one for one, found in invitations.items() if found.request_id == id_),
            alias_hashes=erasure.alias_hashes,
        )
        for id_, erasure in again.items()
    ]


def _found(asked: Mapping[str, Erasure], deps: ReapplyDeps) -> tuple[dict[str, Erasure], dict[str, Erasure]]:
    """Return the erasures of the customers and of the invitations that stand in the table, by their ids."""
    customers, invitations = dict[str, Erasure](), dict[str, Erasure]()
    if not asked:
        return customers, invitations
    for customer_id, invitation_id in deps.table.ids():
        for id_, found in ((customer_id, customers), (invitation_id, invitations)):
            if id_ and (erasure := asked.get(deps.hash_alias(id_))):
                found[id_] = erasure
    return customers, invitations
