"""Checks of the webhooks that sources send: accepted, refused, or none at all."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from afterbill.model.webhooks import Refusal, Source
from afterbill_cli.doctor.findings import Finding, Findings, fail, ok, unknown, warn
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_cli.sources.last_webhooks import LastWebhooks, last_webhooks
from afterbill_cli.sources.refusals import remedy

SILENCE = timedelta(days=7)
_STILL_ACCEPTED = timedelta(days=1)
"""So long after an accepted webhook, a refused one proves nothing: anybody can send one with a wrong signature."""


def webhooks(stack: StackUnderTest) -> Findings:
    """Tell what each source sent last: whether it is refused, has fallen silent, or was never heard."""
    sources, now = stack.policy.sources, stack.now
    last = last_webhooks(stack.deployed, sources.values(), now)
    for name, one in last.items():
        if one.newest_refused:
            yield _refused(sources[name], one, now)
        elif one.accepted_at:
            yield _heard(name, one, silent=now - one.accepted_at > SILENCE, now=now)
    yield from _never({name: now - one.since for name, one in last.items() if not (one.accepted_at or one.refused_at)})
    if not last:
        yield ok("no source sends webhooks")


def _refused(source: Source, last: LastWebhooks, now: datetime) -> Finding:
    """Fail only where the signature is wrong and none was right for a day; all else may be anybody's."""
    accepted = last.accepted(now)
    before = f"the last accepted one came {accepted}" if accepted else "none was accepted"
    text = f"{source.name}: the newest webhook was refused {last.refused(now)}, {before}"
    lately = last.accepted_at is not None and now - last.accepted_at <= _STILL_ACCEPTED
    wrong = last.refusal == Refusal.MISMATCH and not lately
    return (fail if wrong else warn)(text, remedy(source, last.refusal))


def _heard(name: str, last: LastWebhooks, *, silent: bool, now: datetime) -> Finding:
    refused = last.refused(now)
    text = f"{name}: the newest webhook was accepted {last.accepted(now)}"
    text += f", one was refused {refused}" if refused else ""
    if silent:
        return warn(f"{text}: silent since", "does the billing system still send to this address?")
    return ok(text)


def _never(read: Mapping[str, timedelta]) -> Findings:
    """Tell of sources of which nothing was found in the periods that were read."""
    if unread := [name for name, period in read.items() if period < SILENCE]:
        yield unknown(
            f"the log is too long to tell when these sent their last webhook: {', '.join(unread)}",
            "look into the log of receive_webhook by hand",
        )
    elif read:
        yield warn(
            f"no webhook came in {max(read.values()).days} days: {', '.join(read)}",
            "register the address with the billing system: `afterbill source add`; or none was due",
        )
