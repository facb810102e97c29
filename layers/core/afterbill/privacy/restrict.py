"""Restrict customers: what is stored of them is kept and used for nothing, until they are released."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState, Restriction
from afterbill.privacy.ports import Ledger, PrivacyRequests, Restrictions


@dataclass(frozen=True, slots=True)
class RestrictDeps:
    """The dependencies of restricting; `hash_alias` is keyed."""

    restrictions: Restrictions
    requests: PrivacyRequests
    ledger: Ledger
    hash_alias: Callable[[str], str]


def restrict(request: PrivacyRequest, deps: RestrictDeps, now: datetime) -> PrivacyRequest:
    """Restrict or release whom the request is about, and return it as it stands then; safe to repeat.

    The ledger knows it first, so that a table that is restored meanwhile learns it again.
    """
    restricted, changed = request.kind is RequestKind.RESTRICT, 0
    for id_ in sorted(request.customer_ids):
        deps.ledger.note_restriction(Restriction(deps.hash_alias(id_), now, restricted))
        changed += deps.restrictions.set_restricted(id_, now if restricted else None)
    done = replace(request, state=RequestState.DONE, done_at=now, changed=changed)
    deps.requests.store_request(done)
    return done
