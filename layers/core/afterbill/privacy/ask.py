"""Take a request about what is stored of somebody, once however often it is told, and tell how far it has come."""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from afterbill.model.privacy import DEADLINE, Act, PrivacyRequest, RequestKind, RequestState, guest_names
from afterbill.privacy.ports import AuditTrail, PrivacyRequests, Subjects


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as it is told: about a customer by our id, by the name at a source or by address, or about a survey."""

    kind: RequestKind
    why: str
    customer_id: str = ""
    alias: str = ""
    email: str = ""
    invitation_id: str = ""


@dataclass(frozen=True, slots=True)
class AskDeps:
    """The dependencies; `hash_address` and `hash_alias` are keyed, `sources` gives the names of all that there are."""

    subjects: Subjects
    requests: PrivacyRequests
    audit: AuditTrail
    hash_address: Callable[[str], str]
    hash_alias: Callable[[str], str]
    sources: Callable[[], Collection[str]] = tuple


@dataclass(frozen=True, slots=True)
class Taken:
    """The request as it stands; `repeated`: it was told before, `reused`: its name was used for another one."""

    request: PrivacyRequest
    repeated: bool = False
    reused: bool = False


def take_request(ask: Ask, who: str, name: str, deps: AskDeps, now: datetime) -> Taken:
    """Keep what `who` asks under their own `name` for it; nothing is shown or changed before the audit trail says so.

    Its id tells nobody anything, and cannot be guessed without our keys.
    """
    id_ = deps.hash_alias(f"{who}|{name}")
    told = deps.hash_alias(json.dumps(asdict(ask), sort_keys=True))
    before = deps.requests.request(id_)
    if before is None:
        request = replace(_request(ask, id_, who, deps, now), told=told)
        deps.audit.note(act_on(request, who, now))
        if deps.requests.keep_request(request):
            return Taken(request)
        before = deps.requests.request(id_) or request
    return Taken(before, repeated=before.told == told, reused=before.told != told)


def _request(ask: Ask, id_: str, who: str, deps: AskDeps, now: datetime) -> PrivacyRequest:
    customer_ids, invitation_ids = _meant(ask, deps)
    return PrivacyRequest(
        id=id_,
        kind=ask.kind,
        requested_at=now,
        by=who,
        due_at=now + DEADLINE,
        why=ask.why,
        customer_ids=frozenset(customer_ids),
        invitation_ids=frozenset(invitation_ids),
        alias_hashes=frozenset(map(deps.hash_alias, _names(ask, deps))),
        state=RequestState.READY if ask.kind is RequestKind.EXPORT else RequestState.OPEN,
    )


def _names(ask: Ask, deps: AskDeps) -> Collection[str]:
    """Return the names that are asked about, known or not: by address those of each source's guest.

    Only what is erased is marked under them: nothing else needs a name of somebody unknown.
    """
    if ask.alias:
        return [ask.alias]
    guest = ask.email and ask.kind is RequestKind.ERASE
    return guest_names(deps.hash_address(ask.email), deps.sources()) if guest else ()


def _meant(ask: Ask, deps: AskDeps) -> tuple[Collection[str], Collection[str]]:
    """Return our ids of the customers who are meant, and of surveys of nobody; both are empty for nobody known."""
    if ask.invitation_id:
        invitation = deps.subjects.invitation(ask.invitation_id)
        if invitation is None:
            return (), ()
        return ((invitation.customer_id,), ()) if invitation.customer_id else ((), (invitation.id,))
    if ask.alias:
        return deps.subjects.customer_ids([ask.alias]).values(), ()
    if ask.email:
        return deps.subjects.everybody_at(deps.hash_address(ask.email)), ()
    return deps.subjects.customers([ask.customer_id]).keys(), ()


def act_on(request: PrivacyRequest, who: str, now: datetime) -> Act:
    """The entry of the audit trail about an act of `who` on a request."""
    whose = request.customer_ids | request.invitation_ids
    return Act(now, who, f"privacy {request.kind}", why=request.why).about(whose, len(whose))


def fetched(request: PrivacyRequest, who: str, deps: AskDeps, now: datetime) -> PrivacyRequest:
    """Note that `who` gets to see an export, and store that it was fetched; it can be fetched again."""
    deps.audit.note(act_on(request, who, now))
    if request.state is RequestState.DONE:
        return request
    done = replace(request, state=RequestState.DONE, done_at=now)
    deps.requests.store_request(done)
    return done
