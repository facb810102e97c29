"""Fetch what providers without webhooks have to tell, and put it where webhooks wait."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from afterbill.intake.capture_fact import without_credentials
from afterbill.intake.connector import Call, Connector, Poller
from afterbill.intake.ports import BillingApis, Inbox
from afterbill.model.errors import AfterbillError, PayloadError
from afterbill.model.webhooks import Source, Webhook

_MOST = 100
"""Fetched from one source in one go, so that it ends in time; the next run takes the rest."""


@dataclass(frozen=True, slots=True)
class PollDeps:
    """Dependencies of poll_billing."""

    sources: Mapping[str, Source]
    load: Callable[[str], Connector]
    apis: BillingApis
    inbox: Inbox


@dataclass(frozen=True, slots=True)
class Polled:
    """Number of webhooks of one source put into the inbox, and the error, if there was one."""

    source: str
    kept: int = 0
    problem: AfterbillError | None = None


def poll_billing(deps: PollDeps, now: datetime) -> tuple[Polled, ...]:
    """Poll every source whose provider has a poller, whatever becomes of the others; safe to repeat after a crash."""
    connectors = [(source, deps.load(source.provider)) for source in deps.sources.values()]
    return tuple(
        _poll(source, connector, connector.poller, deps, now) for source, connector in connectors if connector.poller
    )


def _poll(source: Source, provider: Connector, poller: Poller, deps: PollDeps, now: datetime) -> Polled:
    kept: list[str] = []
    problem: AfterbillError | None = None
    try:
        call = _call(source, provider, deps.apis)
        try:
            for id_, body in islice(poller.fetch(source, call), _MOST):
                if deps.inbox.put(Webhook(source.name, {}, body, now)):
                    kept.append(id_)
                else:
                    problem = PayloadError(f"{source.name}: {id_} is too large for the inbox")
        finally:
            # Only what is durable is acknowledged, and that in any case: it is not to be fetched for ever.
            if kept:
                poller.acknowledge(kept, source, call)
    except AfterbillError as error:
        problem = error
    return Polled(source.name, len(kept), problem)


def _call(source: Source, provider: Connector, apis: BillingApis) -> Call:
    call = apis.of(source, provider.API) if provider.API else None
    if call is None:
        raise without_credentials(source)
    return call
