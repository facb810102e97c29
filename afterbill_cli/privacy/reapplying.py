"""Apply what the ledger knows to a table that was restored: whoever was erased is erased again, a no is a no again.

Restrictions are set again too, and lifted again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from afterbill.model.invitation import Invitation
from afterbill.model.privacy import DEADLINE, Erasure, Objection, PrivacyRequest, RequestKind, Restriction, Standing
from afterbill.privacy.ports import Ledger, People, RestoredTable, Restrictions


@dataclass(frozen=True, slots=True)
class ReapplyDeps:
    """The dependencies; `hash_alias` is keyed, `erase` erases whom a request is about, however often it is called."""

    ledger: Ledger
    table: RestoredTable
    people: People
    restrictions: Restrictions
    erase: Callable[[PrivacyRequest, datetime], PrivacyRequest]
    hash_alias: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Reapplied:
    """The numbers of what was missing in the table, applied again, and found to be erased or restricted again.

    `missing` is below zero where it is the ledger that lacks entries.

    `complete` where the table knows the whole ledger now; otherwise somebody noted more meanwhile, elsewhere.
    """

    missing: int
    erasures: int = 0
    objections: int = 0
    customers: int = 0
    invitations: int = 0
    restricted: int = 0
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
    # A ledger that lost entries may not know that somebody was released.
    restrictions = {one.subject_hash: one for one in deps.ledger.restrictions()} if missing > 0 else {}
    found = _found(erasures, restrictions, deps)
    requests = _to_erase(found, by)
    for request in requests:
        deps.erase(request, now)
    changed = [
        deps.restrictions.set_restricted(id_, word.at if word.restricted else None)
        for id_, word in found.restrictions.items()
    ]
    return Reapplied(
        missing,
        len(erasures),
        len(objections),
        sum(len(request.customer_ids) for request in requests),
        sum(len(request.invitation_ids) for request in requests),
        sum(changed),
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


@dataclass(frozen=True, slots=True)
class _Found:
    """The knowledge of the ledger about those who stand in the table, by our ids."""

    customers: dict[str, Erasure] = field(default_factory=dict)
    invitations: dict[str, Erasure] = field(default_factory=dict)
    restrictions: dict[str, Restriction] = field(default_factory=dict)


def _found(erasures: Iterable[Erasure], restrictions: Mapping[str, Restriction], deps: ReapplyDeps) -> _Found:
    """Look everybody up in the ledger who stands in the table: by their ids, and by the names that they have now.

    Whoever was erased may have come again under another id, by an old event that reached the restored table first.
    """
    by_id, by_name = dict[str, Erasure](), dict[str, Erasure]()
    for erasure in sorted(erasures, key=lambda one: one.at):
        by_id |= dict.fromkeys(erasure.subject_hashes, erasure)
        by_name |= dict.fromkeys(erasure.alias_hashes, erasure)
    found = _Found()
    if not (by_id or by_name or restrictions):
        return found
    for one in deps.table.standing():
        customer = deps.hash_alias(one.customer_id) if one.customer_id else ""
        invitation = deps.hash_alias(one.invitation_id) if one.invitation_id else ""
        named = by_name.get(deps.hash_alias(one.alias)) if one.alias else None
        if customer in by_id:
            found.customers[one.customer_id] = by_id[customer]
        elif named and _is_no_younger(one, named, deps):
            found.customers[one.customer_id] = named
        if invitation in by_id:
            found.invitations[one.invitation_id] = by_id[invitation]
        if customer in restrictions:
            found.restrictions[one.customer_id] = restrictions[customer]
    return found


def _is_no_younger(one: Standing, erasure: Erasure, deps: ReapplyDeps) -> bool:
    """Return whether nothing is known of the owner of a name that happened after the erasure: else they came anew."""
    person = deps.people.person(one.customer_id)
    moments = list(person.customer.learned_at.values()) if person.customer else []
    for invitation in person.invitations.values():
        if not isinstance(invitation, Invitation):
            return False
        moments.append(invitation.occurred_at)
    return all(at <= erasure.at for at in moments)


def _to_erase(found: _Found, by: str) -> list[PrivacyRequest]:
    """Return the requests of these erasures about whoever of them stands in the table again."""
    again = {erasure.request_id: erasure for erasure in (*found.customers.values(), *found.invitations.values())}
    return [
        PrivacyRequest(
            # That of a part: what it was a part of is over.
            id_.replace("/", "-"),
            RequestKind.ERASE,
            erasure.at,
            by,
            erasure.at + DEADLINE,
            customer_ids=frozenset(one for one, of in found.customers.items() if of.request_id == id_),
            invitation_ids=frozenset(one for one, of in found.invitations.items() if of.request_id == id_),
            alias_hashes=erasure.alias_hashes,
        )
        for id_, erasure in again.items()
    ]
