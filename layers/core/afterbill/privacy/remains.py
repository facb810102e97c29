"""The rest of a person after an erasure: copies that end by themselves, and what is kept because it has to be.

The one list of it: commands, receipts and the API tell the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterbill.model.privacy import KEPT_AFTER, PrivacyRequest, Removed
from afterbill.outreach.policy import Policy
from afterbill.privacy.receipt import Remains

LOOKS_WITHIN = timedelta(hours=1)
"""After `settle_at` the second look comes within this time: handle_privacy_requests runs several times an hour."""
STREAM = timedelta(hours=24)
"""The time for which the stream of the table holds a change (DynamoDB, fixed)."""
ARCHIVE = timedelta(hours=3)
"""A change is an hour old at most when its mark is handled by the next run of the archive, which comes each hour."""
RESULTS = timedelta(days=2)
"""Exports and results of queries end a day after the midnight that follows them (S3, fixed)."""
LONGEST_DEAD = timedelta(days=14)
"""How long messages are kept that failed too often; SQS keeps none longer."""


@dataclass(frozen=True, slots=True)
class Periods:
    """How long a stack keeps what no erasure reaches; zero for what it does not have.

    `surveys` is the longest time from a fact to the end of its invitation. `copies` are those of webhooks, and
    `dead_messages` is how many messages wait in all dead letter queues, if that is known.
    """

    surveys: timedelta = timedelta()
    audit: timedelta = timedelta()
    recovery: timedelta = timedelta()
    logs: timedelta = timedelta()
    copies: timedelta = timedelta()
    dead_letters: timedelta = LONGEST_DEAD
    dead_messages: int | None = None


def kept_longest(policy: Policy) -> timedelta:
    """Return the longest time from a fact to the end of its invitation, by the rules of today."""
    spans = (rule.delay + rule.patience + rule.expiry for rule in policy.rules.values())
    return max(spans, default=timedelta()) + policy.retention.responses


def remains(request: PrivacyRequest, periods: Periods, now: datetime) -> tuple[Remains, ...]:
    """Return all that is left of whom the request is about, counted from the end of its second look.

    Before that look nobody knows the end of it: then it is the latest moment at which the look comes.
    """
    over = request.done_at or (request.settle_at or now) + LOOKS_WITHIN
    return (*_ending(request, periods, over), *_kept(request, periods, over))


def _ending(request: PrivacyRequest, periods: Periods, over: datetime) -> Iterator[Remains]:
    if not request.done_at:
        yield Remains("second_look", over)
    yield Remains("stream", over + STREAM)
    yield Remains("archive", over + ARCHIVE)
    yield Remains("results", over + ARCHIVE + RESULTS)
    for what, span in (("recovery", periods.recovery), ("logs", periods.logs), ("copies", periods.copies)):
        if span:
            yield Remains(what, over + span)
    if periods.dead_letters:
        yield Remains("dead_letters", over + periods.dead_letters, periods.dead_messages)


def _kept(request: PrivacyRequest, periods: Periods, over: datetime) -> Iterator[Remains]:
    """Yield what leads to nobody without our key, or names nobody but by ids that lead nowhere."""
    removed = request.removed
    if surveys := removed.get(Removed.INVITATIONS, 0):
        yield Remains("tombstones", over + periods.surveys, surveys, kept=True)
    if objections := removed.get(Removed.OBJECTIONS_KEPT, 0):
        yield Remains("objections", None, objections, kept=True)
    if marks := max(len(request.alias_hashes), removed.get(Removed.ALIASES, 0)):
        yield Remains("marks", None, marks, kept=True)
    yield Remains("ledger", None, kept=True)
    yield Remains("request", over + KEPT_AFTER, kept=True)
    yield Remains("audit", over + periods.audit, kept=True)
