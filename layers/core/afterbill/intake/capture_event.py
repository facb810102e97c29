"""Turn a signed webhook into facts: each of its elements on its own, however the others fare."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from afterbill.intake.capture_ask import capture_ask
from afterbill.intake.capture_fact import Captured, CaptureDeps, Outcome, Sender, capture_fact
from afterbill.model.billing import ObjectReference, OperatorTask, ParsedElement
from afterbill.model.errors import ConfigurationError, PayloadError, TransientError
from afterbill.model.privacy import PrivacyAsk
from afterbill.model.webhooks import Webhook

_SLICE = 10
"""Events of one webhook captured in one go; each may cost a few calls to an API."""
_MOST = 1000
"""Events of one webhook; no provider sends more than 250."""
_TASKS = {
    (True, True): Outcome.RECORDED,
    (True, False): Outcome.PARKED,
    (False, True): Outcome.DUPLICATE,
    (False, False): Outcome.DUPLICATE,
}
"""(task is new, task is urgent) -> outcome."""


def _always() -> bool:
    return True


def capture_event(
    webhook: Webhook, deps: CaptureDeps, now: datetime, has_time: Callable[[], bool] = _always
) -> tuple[Captured, ...]:
    """Capture every event of one webhook; safe to repeat after a crash anywhere.

    What cannot be understood is put aside with its original bytes. Raises TransientError when a service or an API did
    not answer; by then everything else in the webhook is captured. Without time left no further event is begun.
    """
    sender = _sender_of(webhook, deps)
    elements = _understand(webhook, sender, deps)
    if elements is None:
        return (Captured(Outcome.REFUSED),)
    if webhook.part is None and len(elements) > _SLICE:
        return _split(webhook, len(elements), deps)
    begin = (webhook.part or 0) * _SLICE
    captured = _capture_all(elements[begin : begin + _SLICE], sender, deps, now, has_time)
    problems = [one.problem for one in captured if one.outcome is Outcome.UNREADABLE]
    if problems:
        deps.dead_letters.put_aside(webhook, problems[0])
    return tuple(captured) or (Captured(Outcome.IGNORED),)


def _understand(webhook: Webhook, sender: Sender, deps: CaptureDeps) -> tuple[ParsedElement, ...] | None:
    """Return the elements of the webhook, None where the billing system does not vouch for it."""
    try:
        confirm = sender.provider.confirm
        if confirm and not confirm(webhook, sender.source, sender.api):
            return None
        if deps.evidence and webhook.part is None and not sender.provider.is_unsigned(webhook):
            deps.evidence.keep(webhook)
        elements = sender.provider.normalise(webhook, sender.source)
    except PayloadError as error:
        return (error,)
    if len(elements) > _MOST:
        return (PayloadError(f"The body holds {len(elements)} events, more than {_MOST}."),)
    return elements


def _sender_of(webhook: Webhook, deps: CaptureDeps) -> Sender:
    source = deps.policy.source(webhook.source)
    if source is None:
        message = f"surveys.toml has no [sources.{webhook.source}]: add it, then redrive the inbox"
        raise ConfigurationError(message)
    provider = deps.load(source.provider)
    call = deps.apis.of(source, provider.API) if provider.API else None
    return Sender(source, provider, call, deps.evidence.name_of(webhook) if deps.evidence else "")


def _split(webhook: Webhook, count: int, deps: CaptureDeps) -> tuple[Captured, ...]:
    """A long batch goes back in slices, each of which is retried alone."""
    for part in range(-(-count // _SLICE)):
        deps.inbox.put(replace(webhook, part=part))
    return (Captured(Outcome.SPLIT),)


def _capture_all(
    elements: tuple[ParsedElement, ...], sender: Sender, deps: CaptureDeps, now: datetime, has_time: Callable[[], bool]
) -> list[Captured]:
    captured: list[Captured] = []
    late: Exception | None = None
    for element in elements:
        try:
            if not has_time():
                raise TransientError("no time is left for the rest of this webhook")  # noqa: TRY301  # as if it failed
            captured += _capture_one(element, sender, deps, now, has_time)
        except PayloadError as error:
            captured.append(Captured(Outcome.UNREADABLE, problem=str(error)))
        except Exception as error:  # noqa: BLE001  # raised below, once the others had their turn
            late = error
    if late:
        raise late  # the whole webhook comes again; what was captured meets itself
    return captured


def _capture_one(
    element: ParsedElement, sender: Sender, deps: CaptureDeps, now: datetime, has_time: Callable[[], bool]
) -> list[Captured]:
    if isinstance(element, PayloadError):
        raise element
    if isinstance(element, OperatorTask):
        if element.most and deps.facts.tasks_waiting(element.source, element.kind, now) >= element.most:
            return [Captured(Outcome.DROPPED, problem=f"{element.most} tasks {element.kind} wait already")]
        address = element.customer.address
        is_new = deps.facts.keep_task(element, deps.hash_address(address) if address else "", now)
        return [Captured(_TASKS[is_new, element.urgent])]
    if isinstance(element, PrivacyAsk):
        return [capture_ask(element, sender.copy, deps, now)]
    if isinstance(element, ObjectReference):
        resolve = sender.provider.resolve
        found = resolve(element, sender.source, sender.api) if resolve else ()
        return _capture_all(found, sender, deps, now, has_time) or [Captured(Outcome.IGNORED)]
    return [capture_fact(element, sender, deps, now)]
