"""Checks of the webhooks that sources send: accepted, refused, or none at all."""

from datetime import datetime, timedelta

from afterbill.model.webhooks import Refusal
from afterbill_cli.doctor.findings import Finding, Findings, fail, ok, unknown, warn
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_cli.sources.last_webhooks import LastWebhooks, last_webhooks

SILENCE = timedelta(days=7)


def webhooks(stack: StackUnderTest) -> Findings:
    """Check that no source has its webhooks refused, and that none has fallen silent."""
    sources = stack.policy.sources
    last = last_webhooks(stack.deployed, sources.values(), stack.now)
    findings = [
        _refused(name, sources[name].provider, one, stack.now) for name, one in last.items() if one.only_refused
    ]
    quiet = {name: one for name, one in last.items() if not one.only_refused}
    findings += [*_silent(quiet, stack)]
    yield from findings
    heard = {name: one.accepted_at for name, one in quiet.items() if one.accepted_at}
    if heard:
        newest = max(heard, key=lambda name: heard[name])
        yield ok(f"{len(heard)} source(s) accepted webhooks, the newest {quiet[newest].accepted(stack.now)}: {newest}")
    elif not findings:
        yield ok("no source sends webhooks")


def _refused(name: str, provider: str, last: LastWebhooks, now: datetime) -> Finding:
    """A wrong signature is the secret's fault; what has none may come from anybody."""
    accepted = last.accepted(now)
    before = f"the last accepted one came {accepted}" if accepted else "none was accepted"
    text = f"{name}: the newest webhook was refused {last.refused(now)}, {before}"
    if last.refusal == Refusal.MISMATCH:
        named = f" --name {name}" if name != provider else ""
        return fail(text, f"copy its signing secret from the billing system: `afterbill source add {provider}{named}`")
    return warn(text, f"the billing system must prove what it sends to this address: docs/providers/{provider}.md")


def _silent(last: dict[str, LastWebhooks], stack: StackUnderTest) -> Findings:
    for name, one in last.items():
        if one.accepted_at and stack.now - one.accepted_at > SILENCE:
            text = f"{name} is silent: its last webhook was accepted {one.accepted(stack.now)}"
            yield warn(text, "does the billing system still send to this address? `afterbill source list`")
    never = {name: stack.now - one.since for name, one in last.items() if one.accepted_at is None}
    if unread := [name for name, period in never.items() if period < SILENCE]:
        yield unknown(
            f"the log is too long to tell when these sent their last webhook: {', '.join(unread)}",
            "look into the log of receive_webhook by hand",
        )
    elif never:
        yield warn(
            f"no webhook came in {max(never.values()).days} days: {', '.join(never)}",
            "register the address with the billing system: `afterbill source add`; or none was due",
        )
