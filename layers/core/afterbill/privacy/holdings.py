"""The stored items, as far as retention is concerned: its kind, its end, and what has to go before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from afterbill.model.customer import MARGIN
from afterbill.model.errors import UnreadableError
from afterbill.model.retention import Retention, young_visits
from afterbill.model.visits import CondensedVisits, Visit

GRACE = timedelta(days=9)
"""An item that is there so long after its end is overdue: a pass comes once a week, and DynamoDB takes two days."""

_TOLERANCE = timedelta(days=1)
"""Ends are not moved by less: moments of anonymous rows are those of their day."""


class Kind(StrEnum):
    """The kinds of data that are told apart; comments and visits lie in responses, the last three in the ledger."""

    RESPONSES = "responses"
    COMMENTS = "comments"
    VISITS = "visits"
    CUSTOMERS = "customers"
    NAMES = "names"
    PHONES = "phones"
    ADDRESSES = "addresses"
    OBJECTIONS = "objections"
    EVENTS = "events"
    PAYMENTS = "payments"
    SHORT_LINKS = "short_links"
    TASKS = "tasks"
    COPIES = "copies"
    REQUESTS = "requests"
    ERASED_NAMES = "erased_names"
    ACTS = "acts"
    NOTED_ERASURES = "noted_erasures"
    NOTED_OBJECTIONS = "noted_objections"


PERIODS: Mapping[Kind, str] = {
    Kind.RESPONSES: "responses",
    Kind.COMMENTS: "comments",
    Kind.VISITS: "visits",
    Kind.CUSTOMERS: "customers",
    Kind.NAMES: "customers",
    Kind.PHONES: "responses",
    Kind.ADDRESSES: "responses",
    Kind.EVENTS: "responses",
    Kind.PAYMENTS: "responses",
    Kind.ACTS: "audit",
}
"""The keys of [retention] by which kinds end; every other one has an end of its own, or none."""


NAMING = frozenset({Kind.NAMES, Kind.PHONES})
"""Kinds that lead to a customer, and end with them."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One stored item, as far as retention is concerned.

    `place` is its key, `since` when it began. `expires_at` is its TTL, which follows from `kept_from` and the period
    of its kind; that is None where the TTL has another reason. An invitation that nobody answered yet may expire
    sooner than its answer will: then `answered_until` is the TTL that an answer gives it. A customer is kept from a
    sign of life on, and used for nothing while `restricted`. A survey is such a sign, an answer `from_elsewhere` is
    none. `reported_comment` is kept from `occurred_at` on, the moment of the fact. An `anonymous` row counts for
    nobody: its end is moved by a longer period alone. `raw` is for the store to know it again as it was read.
    """

    place: tuple[str, str]
    kind: Kind
    since: datetime | None = None
    expires_at: datetime | None = None
    kept_from: datetime | None = None
    answered_until: datetime | None = None
    restricted: bool = False
    anonymous: bool = False
    from_elsewhere: bool = False
    customer_id: str = ""
    comment: str = ""
    reported_comment: str = ""
    occurred_at: datetime | None = None
    answered_at: datetime | None = None
    closes_at: datetime | None = None
    visits: tuple[Visit, ...] = ()
    condensed: tuple[CondensedVisits, ...] = ()
    label: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def parts(self) -> Iterator[Kind]:
        """The kinds of data in it."""
        yield self.kind
        if self.comment or self.reported_comment:
            yield Kind.COMMENTS
        if self.visits or self.condensed or self.label:
            yield Kind.VISITS

    @property
    def leads_to_somebody(self) -> bool:
        """True where it must not outlive its customer."""
        return bool(self.customer_id) and (self.kind in NAMING or self.kind is Kind.RESPONSES)

    def is_outlived(self, periods: Retention, now: datetime) -> bool:
        """Return whether its customer is there for sure: they are kept for their whole period after a survey."""
        if self.since is None or self.kind is not Kind.RESPONSES or self.from_elsewhere:
            return False
        return now < self.since + periods.customers

    def ends_soon(self, now: datetime) -> bool:
        """Return whether it ends before the next passes are over, if nobody prolongs it."""
        return self.expires_at is not None and self.expires_at <= now + MARGIN


@dataclass(frozen=True, slots=True)
class HoldingsPage:
    """One page of the table, and the place behind which the next one begins; None at the end."""

    holdings: Sequence[Holding | UnreadableError]
    end: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of one kind: how many, since when and until when, how many of them have to be changed or are late.

    `until` is the latest end that is known.
    """

    number: int = 0
    since: datetime | None = None
    until: datetime | None = None
    due: int = 0
    overdue: int = 0

    def __add__(self, other: "Stock") -> "Stock":
        """Return both as one."""
        since = min(filter(None, (self.since, other.since)), default=None)
        until = max(filter(None, (self.until, other.until)), default=None)
        number, due = self.number + other.number, self.due + other.due
        return Stock(number, since, until, due, self.overdue + other.overdue)


def settled(holding: Holding, periods: Retention, restricted: Mapping[str, bool], now: datetime) -> Holding | None:
    """Return the holding as it should be; None for one that leads to a customer who is gone.

    `restricted` says of the customers that exist whether their data is kept and used for nothing: then it is kept.
    """
    if holding.leads_to_somebody and holding.customer_id not in restricted:
        return None
    if holding.restricted:
        near = holding.ends_soon(now)
        return replace(holding, kept_from=now, expires_at=now + 2 * MARGIN) if near else holding
    if restricted.get(holding.customer_id):
        return _kept_on(holding, now)
    return as_configured(holding, periods, now)


def as_configured(holding: Holding, periods: Retention, now: datetime) -> Holding:
    """Return the holding as it should be, whoever it belongs to."""
    return _scrubbed(_unreported(_stamped(holding, periods, now), periods, now), periods, now)


def _kept_on(holding: Holding, now: datetime) -> Holding:
    """Return what belongs to a restricted customer: prolonged when its end comes near, for they may need it."""
    if not holding.ends_soon(now):
        return holding
    end = now + 2 * MARGIN
    answered = max(holding.answered_until, end) if holding.answered_until else None
    return replace(holding, expires_at=end, answered_until=answered)


def _stamped(holding: Holding, periods: Retention, now: datetime) -> Holding:
    end = ends(holding, periods)
    if end is None:
        return holding
    if holding.anonymous and holding.expires_at:
        end = max(end, holding.expires_at)
    if holding.answered_until:
        moved = _moved(holding.answered_until, end, now)
        answered = holding.answered_until == holding.expires_at
        return replace(holding, answered_until=moved, expires_at=moved if answered else holding.expires_at)
    return replace(holding, expires_at=_moved(holding.expires_at, end, now))


def _moved(stored: datetime | None, end: datetime, now: datetime) -> datetime:
    """Return the TTL to store; what has expired stays so, and nothing expires before now."""
    wanted = max(end, now)
    if stored and (stored <= now or abs(wanted - stored) <= _TOLERANCE):
        return stored
    return wanted


def ends(holding: Holding, periods: Retention) -> datetime | None:
    """Return the end by these periods, None where another reason sets it."""
    if holding.kept_from is None:
        return None
    margin = MARGIN if holding.kind is Kind.CUSTOMERS else timedelta(0)
    return holding.kept_from + _period(holding.kind, periods) + margin


def _period(kind: Kind, periods: Retention) -> timedelta:
    period: timedelta = getattr(periods, PERIODS[kind])
    return period


def _unreported(holding: Holding, periods: Retention, now: datetime) -> Holding:
    """Return an invitation without words that a billing system reported too long ago; no answer changes them."""
    since = holding.occurred_at if holding.reported_comment else None
    return replace(holding, reported_comment="") if since and since + periods.comments <= now else holding


def _scrubbed(holding: Holding, periods: Retention, now: datetime) -> Holding:
    """Return an invitation without a comment and visits that are too old; what counts stays.

    While it can be answered, nothing of its answer ends.
    """
    if holding.closes_at is None or holding.closes_at >= now:
        return holding
    if holding.comment and holding.answered_at and holding.answered_at + periods.comments <= now:
        holding = replace(holding, comment="")
    visits, condensed = young_visits(holding.visits, holding.condensed, now - periods.visits)
    # The label is about the newest click among the visits.
    label = holding.label if visits or condensed else ""
    return replace(holding, visits=visits, condensed=condensed, label=label)


def stock(
    holding: Holding, periods: Retention, now: datetime, *, due: bool = False, kept: bool = False
) -> Mapping[Kind, Stock]:
    """Return what is held in one item, by kind; `due` says that it has to be changed, `kept` that it has no end now."""
    found = dict[Kind, Stock]()
    for kind in holding.parts:
        since, end = _span(holding, kind, periods)
        until = None if kept else end
        found[kind] = Stock(1, since, until, int(due), int(until is not None and until + GRACE < now))
    return found


def _span(holding: Holding, kind: Kind, periods: Retention) -> tuple[datetime | None, datetime | None]:
    """Return since when and until when a part is kept: until what is stored or what is configured, the earlier one.

    Words and visits are kept until their survey closes at least.
    """
    if kind is Kind.COMMENTS:
        answered = holding.answered_at if holding.comment else None
        reported = holding.occurred_at if holding.reported_comment else None
        ends_at = (_later(answered, periods.comments, holding.closes_at), _later(reported, periods.comments, None))
        return _earlier(answered, reported), _earlier(*ends_at)
    if kind is Kind.VISITS:
        moments = [visit.at for visit in holding.visits] + [one.until for one in holding.condensed]
        first = min(moments, default=None)
        return first, _later(first, periods.visits, holding.closes_at)
    by_period = None if holding.anonymous else ends(holding, periods)
    stored = holding.answered_until or holding.expires_at
    return holding.since, _earlier(by_period, stored)


def _earlier(*moments: datetime | None) -> datetime | None:
    return min(filter(None, moments), default=None)


def _later(since: datetime | None, period: timedelta, closes_at: datetime | None) -> datetime | None:
    return max(since + period, closes_at or since) if since else None
