"""Turn a signed webhook into facts: each of its elements on its own, however the others fare."""

from dataclasses import replace
from datetime import datetime

from afterbill.domain.billing import OperatorTask, Pointer, Understood
from afterbill.domain.errors import ConfigurationError, PayloadError, TransientError
from afterbill.domain.webhooks import Webhook
from afterbill.services.capture import Capture, Captured, Outcome, Sender
from afterbill.services.capture_fact import capture_fact

_SLICE = 10
"""Events of one webhook captured in one go; each may cost a few calls to an API."""


def capture_event(webhook: Webhook, capture: Capture, now: datetime) -> tuple[Captured, ...]:
    """Capture every event of one webhook; safe to repeat after a crash anywhere.

    What cannot be understood is put aside with its original bytes. Raises TransientError when a service or an API did
    not answer; by then everything else in the webhook is captured.
    """
    sender = _sender_of(webhook, capture)
    found = _understand(webhook, sender, capture)
    if found is None:
        return (Captured(Outcome.REFUSED),)
    if webhook.part is None and len(found) > _SLICE:
        return _split(webhook, len(found), capture)
    begin = (webhook.part or 0) * _SLICE
    return _capture_all(webhook, found[begin : begin + _SLICE], sender, capture, now)


def _understand(webhook: Webhook, sender: Sender, capture: Capture) -> tuple[Understood, ...] | None:
    """What it says, None where the provider does not vouch for it."""
    try:
        confirm = sender.provider.confirm
        if confirm and not confirm(webhook, sender.source, sender.api):
            return None
        if capture.evidence and webhook.part is None:
            capture.evidence.keep(webhook)
        return sender.provider.normalise(webhook, sender.source)
    except PayloadError as error:
        return (error,)


def _sender_of(webhook: Webhook, capture: Capture) -> Sender:
    source = capture.policy.sources.get(webhook.source)
    if source is None:
        message = f"surveys.toml has no [sources.{webhook.source}]: add it, then redrive the inbox"
        raise ConfigurationError(message)
    provider = capture.load(source.provider)
    return Sender(source, provider, capture.apis.of(source, provider.API) if provider.API else None)


def _split(webhook: Webhook, count: int, capture: Capture) -> tuple[Captured, ...]:
    """A long batch goes back in slices: each ends in time, however slow an API is, and is retried alone."""
    for part in range(-(-count // _SLICE)):
        capture.inbox.put(replace(webhook, part=part))
    return (Captured(Outcome.SPLIT),)


def _capture_all(
    webhook: Webhook, found: tuple[Understood, ...], sender: Sender, capture: Capture, now: datetime
) -> tuple[Captured, ...]:
    captured: list[Captured] = []
    late: Exception | None = None
    for one in found:
        try:
            captured += _capture_one(one, sender, capture, now)
        except PayloadError as error:
            captured.append(Captured(Outcome.UNREADABLE, problem=str(error)))
        except (TransientError, ConfigurationError) as error:
            late = error
    if late:
        raise late  # the whole webhook comes again; what was captured meets itself
    problems = [one.problem for one in captured if one.outcome is Outcome.UNREADABLE]
    if problems:
        capture.dead_letters.put_aside(webhook, problems[0])
    return tuple(captured) or (Captured(Outcome.IGNORED),)


def _capture_one(one: Understood, sender: Sender, capture: Capture, now: datetime) -> list[Captured]:
    if isinstance(one, PayloadError):
        raise one
    if isinstance(one, OperatorTask):
        address = one.customer.address
        capture.facts.keep_task(one, capture.hash_address(address) if address else "", now)
        return [Captured(Outcome.RECORDED)]
    if isinstance(one, Pointer):
        resolve = sender.provider.resolve
        events = resolve(one, sender.source, sender.api) if resolve else ()
        return [capture_fact(event, sender, capture, now) for event in events] or [Captured(Outcome.IGNORED)]
    return [capture_fact(one, sender, capture, now)]
