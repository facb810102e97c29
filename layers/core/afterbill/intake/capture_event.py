"""Turn a signed webhook into facts: each of its elements on its own, however the others fare."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from afterbill.intake.capture_ask import capture_ask
from afterbill.intake.capture_fact import Captured, CaptureDeps, Outcome, Sender, capture_fact
from afterbill.intake.capture_task import capture_task
from afterbill.model.billing import ObjectReference, OperatorTask, ParsedElement
from afterbill.model.errors import ConfigurationError, PayloadError, TransientError
from afterbill.model.privacy import PrivacyAsk
from afterbill.model.webhooks import Webhook

_SLICE = 10
"""Events of one webhook captured in one go; each may cost a few calls to an API."""
_MOST = 1000
"""Events of one webhook; no provider sends more than 250."""


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
    captured: list[Captured] = []
    try:
        _capture_all(elements[begin : begin + _SLICE], captured, _Capturing(sender, deps, now, has_time))
    finally:
        # Also before a failure is raised: it may be the last one.
        _remember_copy(sender.copy, captured, deps, now)
    if deps.evidence and sender.copy and webhook.part is None and _leads_to_nobody(captured):
        deps.evidence.delete([sender.copy])
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
        if deps.evidence and sender.copy and webhook.part is None:
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
    kept = deps.evidence and not provider.is_unsigned(webhook)
    return Sender(source, provider, call, deps.evidence.name_of(webhook) if deps.evidence and kept else "")


def _split(webhook: Webhook, count: int, deps: CaptureDeps) -> tuple[Captured, ...]:
    """A long batch goes back in slices, each of which is retried alone."""
    for part in range(-(-count // _SLICE)):
        deps.inbox.put(replace(webhook, part=part))
    return (Captured(Outcome.SPLIT),)


def _remember_copy(copy: str, captured: Sequence[Captured], deps: CaptureDeps, now: datetime) -> None:
    """Store whom the copy is about, so that it goes with them."""
    customer_ids = {id_ for one in captured for id_ in (one.customer_id, *one.others)} - {""}
    if deps.evidence and copy and customer_ids:
        deps.evidence.remember(copy, sorted(customer_ids), now)


def _leads_to_nobody(captured: Sequence[Captured]) -> bool:
    """Return whether nothing was learned of a webhook: nobody whom it names would lead an erasure to its copy."""
    return {one.outcome for one in captured} <= {Outcome.ERASED, Outcome.IGNORED}


@dataclass(frozen=True, slots=True)
class _Capturing:
    """The capturing of one webhook."""

    sender: Sender
    deps: CaptureDeps
    now: datetime
    has_time: Callable[[], bool]


def _capture_all(elements: tuple[ParsedElement, ...], captured: list[Captured], capturing: _Capturing) -> None:
    """Add what became of each element; raise the last failure once the others had their turn."""
    late: Exception | None = None
    for element in elements:
        try:
            if not capturing.has_time():
                raise TransientError("no time is left for the rest of this webhook")  # noqa: TRY301  # as if it failed
            _capture_one(element, captured, capturing)
        except PayloadError as error:
            captured.append(Captured(Outcome.UNREADABLE, problem=str(error)))
        except Exception as error:  # noqa: BLE001  # raised below, once the others had their turn
            late = error
    if late:
        raise late  # the whole webhook comes again; what was captured meets itself


def _capture_one(element: ParsedElement, captured: list[Captured], capturing: _Capturing) -> None:
    sender, deps, now = capturing.sender, capturing.deps, capturing.now
    if isinstance(element, PayloadError):
        raise element
    if isinstance(element, OperatorTask):
        captured.append(capture_task(element, deps, now))
    elif isinstance(element, PrivacyAsk):
        captured.append(capture_ask(element, sender.copy, deps, now))
    elif isinstance(element, ObjectReference):
        resolve, before = sender.provider.resolve, len(captured)
        _capture_all(resolve(element, sender.source, sender.api) if resolve else (), captured, capturing)
        captured += [Captured(Outcome.IGNORED)] * (len(captured) == before)
    else:
        captured.append(capture_fact(element, sender, deps, now))
