"""Restrict customers: what is stored of them is kept and used for nothing, until they are released."""

from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.model.privacy import PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.ports import PrivacyRequests, Restrictions


@dataclass(frozen=True, slots=True)
class RestrictDeps:
    """The dependencies of restricting."""

    restrictions: Restrictions
    requests: PrivacyRequests


def restrict(request: PrivacyRequest, deps: RestrictDeps, now: datetime) -> PrivacyRequest:
    """Restrict or release whom the request is about, and return it as it stands then; safe to repeat."""
    since = now if request.kind is RequestKind.RESTRICT else None
    changed = sum(deps.restrictions.set_restricted(id_, since) for id_ in sorted(request.customer_ids))
    done = replace(request, state=RequestState.DONE, done_at=now, changed=changed)
    deps.requests.store_request(done)
    return done
