"""`afterbill policy`: mistakes in layers/config by file and key, and what one event would do."""

import sys
import uuid
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

from afterbill.adapters.memory.queues import MemorySendQueue, MemoryTimer
from afterbill.adapters.memory.table import MemoryTable
from afterbill.config import read_toml
from afterbill.domain.billing import BillingEvent
from afterbill.domain.brand import Brand, catalog_problems
from afterbill.domain.errors import AfterbillError, ConfigurationError
from afterbill.domain.invitation import Invitation, SkipReason
from afterbill.domain.policy import Policy, Rule
from afterbill.domain.webhooks import Webhook
from afterbill.providers import registry
from afterbill.services.capture_event import Capture, Captured, Outcome, capture_event
from afterbill.surveys import UNITS, load_policy

_WHY = {
    SkipReason.NOT_ASKED: "ask = false under {place} or [defaults]",
    SkipReason.TEST_MODE: "an event of the provider's test mode, and test_mode = false under its source",
    SkipReason.NO_CUSTOMER: "the event names neither a customer nor a mail address",
    SkipReason.NOT_PAID: "nothing was paid, and paid_only = true under {place} or [defaults]",
    SkipReason.NOT_SAMPLED: "this customer is not in the sample: sampling under {place} or [defaults]",
    SkipReason.EXPIRED: "the fact is older than delay and expiry of {place} together",
}
"""Reasons that a single event of an unknown customer can meet."""

_LESSONS = {
    Outcome.LEARNED: "ask nobody: the event only teaches something about its customer or payment",
    Outcome.IGNORED: "ignore: a kind of event that says nothing about a customer",
}


def check(folder: Path) -> int:
    """Say that all is well, or raise one ConfigurationError that lists every mistake."""
    if found := problems(folder):
        raise ConfigurationError("\n           ".join(found))
    print(f"{folder}: surveys.toml, brand.toml and locales are in order")
    return 0


def problems(folder: Path) -> list[str]:
    """Every mistake in a configuration folder, by file and key."""
    found: list[str] = []
    for load in (lambda: load_policy(folder / "surveys.toml"), lambda: _check_words(folder)):
        try:
            load()
        except ConfigurationError as error:
            found += str(error).splitlines()
    return found


def _check_words(folder: Path) -> None:
    try:
        brand = Brand(**read_toml(folder / "brand.toml"))
    except TypeError as error:
        message = f"brand.toml: {error}"
        raise ConfigurationError(message) from error
    catalogs = {path.stem: read_toml(path) for path in sorted((folder / "locales").glob("*.toml"))}
    if problems := catalog_problems(catalogs, brand.default_locale):
        raise ConfigurationError("\n".join(problems))


def explain(file: Path, source: str | None, folder: Path) -> int:
    """Run the file through capture as it would run today for a customer nobody knows yet, and tell the story."""
    policy = load_policy(folder / "surveys.toml")
    try:
        body = file.read_bytes()
    except OSError as error:
        message = f"{file}: {error.strerror}"
        raise ConfigurationError(message) from error
    name = source or _source_of(file, policy)
    if name not in policy.sources:
        message = f"surveys.toml has no [sources.{name}], only: {', '.join(sorted(policy.sources))}"
        raise ConfigurationError(message)
    # The webhook-id stands in for the one a sender would give: a neutral body without data.id needs it.
    webhook = Webhook(name, {"webhook-id": file.stem}, body, datetime.now(UTC))
    events = registry.load(policy.sources[name].provider).normalise(webhook, policy.sources[name])
    # As if it arrived the moment it happened: the age of a recorded sample is not the question.
    arrived_at = max((event.occurred_at for event in events), default=webhook.received_at)
    told = capture_event(webhook, _dry_capture(policy, events), arrived_at)
    for captured, event in zip_longest(told, events):
        _tell(captured, event, policy)
    return 0


def _source_of(file: Path, policy: Policy) -> str:
    """A file in a folder named like a provider arrives at that provider's source."""
    for name, source in policy.sources.items():
        if file.resolve().parent.name in {name, source.provider}:
            return name
    message = f"which source does {file.name} arrive at? Say --source with one of: {', '.join(sorted(policy.sources))}"
    raise AfterbillError(message)


def _dry_capture(policy: Policy, events: tuple[BillingEvent, ...]) -> Capture:
    return Capture(
        policy=policy,
        normalise=lambda _webhook, _source: events,
        facts=MemoryTable(),
        timer=MemoryTimer(),
        queue=MemorySendQueue(),
        hash_address=lambda address: address.casefold(),
        new_id=lambda: uuid.uuid4().hex,
    )


def _tell(captured: Captured, event: BillingEvent | None, policy: Policy) -> None:
    lines: dict[str, str] = {}
    if event:
        lines |= {"event": event.event_id, "occurred": f"{event.occurred_at:%Y-%m-%d %H:%M:%S} UTC"}
        lines |= {"mode": "test"} if event.test else {}
    if captured.invitation and event and event.touchpoint:
        lines |= _story(captured.invitation, policy.rules[event.touchpoint])
    else:
        lines |= {"decision": _LESSONS[captured.outcome]}
    for label, text in lines.items():
        sys.stdout.write(f"{label:<12}{text}\n")


def _story(invitation: Invitation, rule: Rule) -> dict[str, str]:
    place = f"[touchpoints.{invitation.touchpoint}]"
    decision = f"ask at {invitation.due_at:%Y-%m-%d %H:%M:%S} UTC, {_span(rule.delay)} after the fact"
    if invitation.reason:
        decision = f"skip, {invitation.reason}: {_WHY[SkipReason(invitation.reason)].format(place=place)}"
    return {
        "fact": invitation.fact,
        "touchpoint": f"{invitation.touchpoint}, stage {invitation.stage}",
        "decision": decision,
        "rule": f"{place} delay {_span(rule.delay)}, cooldown {_span(rule.cooldown)}, sampling {rule.sampling}, "
        f"priority {rule.priority}, expiry {_span(rule.expiry)}, stops {rule.stops}",
        "invitation": invitation.id,
    }


def _span(duration: timedelta) -> str:
    """As surveys.toml spells it."""
    seconds = int(duration.total_seconds())
    size, unit = next((size, unit) for unit, size in UNITS.items() if seconds % size == 0)
    return f"{seconds // size}{unit}"
