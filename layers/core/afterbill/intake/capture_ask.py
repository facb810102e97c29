"""Turn a privacy request that a billing system passes on into one of ours, which names nobody."""

from datetime import datetime

from afterbill.intake.capture_fact import Captured, CaptureDeps, Outcome
from afterbill.intake.ports import FactQuery
from afterbill.model.privacy import DEADLINE, PrivacyAsk, PrivacyRequest, RequestKind, RequestState


def capture_ask(ask: PrivacyAsk, copy: str, deps: CaptureDeps, now: datetime) -> Captured:
    """Keep the request once, however often it is told; whom it means is looked up now, while there are names.

    `copy` is the name of the copy of its webhook, which names the customer.
    """
    asked_at = min(ask.occurred_at, now)
    names = _names(ask, deps)
    request = PrivacyRequest(
        id=deps.hash_alias(f"{ask.source}|{ask.kind}|{ask.id}"),
        kind=ask.kind,
        requested_at=asked_at,
        by=f"source:{ask.source}",
        due_at=asked_at + DEADLINE,
        customer_ids=frozenset(id_ for name in names for id_ in _known(name, deps)),
        alias_hashes=frozenset(map(deps.hash_alias, names)),
        copies=frozenset({copy} if copy else ()),
        source=ask.source if ask.kind is RequestKind.ERASE_SOURCE else "",
        state=RequestState.READY if ask.kind is RequestKind.EXPORT else RequestState.OPEN,
    )
    outcome = Outcome.REQUESTED if deps.facts.keep_request(request) else Outcome.DUPLICATE
    return Captured(outcome, others=request.customer_ids)


def _names(ask: PrivacyAsk, deps: CaptureDeps) -> list[str]:
    """Return the aliases of the customer at this source, by id and as a guest; no other source's customer is meant."""
    names = [f"{ask.source}#{ask.customer.id}"] if ask.customer.id else []
    address = ask.customer.address
    return [*names, f"{ask.source}@{deps.hash_address(address)}"] if address else names


def _known(name: str, deps: CaptureDeps) -> list[str]:
    return list(deps.facts.look_up(FactQuery(alias=name)).customer_ids.values())
