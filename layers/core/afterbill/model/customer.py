"""A customer as learned from events, in whatever order these arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import accumulate

from afterbill.model.billing import REVERSALS, BillingEvent, Touchpoint
from afterbill.model.consent import BASIS, newest
from afterbill.model.subscriptions import Subscription

_PARTS = ("address", "phone", "name", "locale", "country", "time_zone")
_ATTRIBUTE = "attributes."
_AGAIN = timedelta(days=1)
"""Within this time what is said again is not written again; events come late by hours, not by days."""
_CONTACTS = frozenset({"address", "phone"})
"""What is written again after a minute: a mistake that was put right must not come back by an event that is late."""
_AT_ONCE, _SOON = timedelta(0), timedelta(minutes=1)
_EVER = datetime.min.replace(tzinfo=UTC)
_FAREWELLS = REVERSALS | {Touchpoint.CANCELLED}

MOST_ATTRIBUTES, MOST_BYTES = 40, 8_000
"""Attributes that are kept of one customer, and the bytes of their names and values: senders make up new names."""
_ALWAYS_KEPT = frozenset(f"{_ATTRIBUTE}{name}" for name in BASIS | {"plan"})


class Suppression(StrEnum):
    """The reason never to write to an address, a number or a person again. Only BOUNCED is about the address alone."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


MOST_WAITING = 5
"""Surveys that compete for one customer; of more only the best are remembered."""


def source_of(alias: str) -> str:
    """Return the source of an alias, which an id or the hash of an address follows."""
    return alias.partition("#")[0].partition("@")[0]


MARGIN = timedelta(days=30)
"""The time by which a customer is kept longer than the configured period, at most."""


MOST_WHEN_SEEN = 20
"""Surveys that wait for one customer to use the product."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One mail address, whoever's it is at whatever source, as its keyed `hash`; empty where there is no address.

    Customers with the same address share nothing but this caution: when the address was last asked, and whether
    nobody may write to it.
    """

    hash: str = ""
    last_asked_at: datetime | None = None
    suppressed: Suppression | None = None


NOBODY = Recipient()
"""The recipient of who has no address, and of an address that is not known yet."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A survey this customer waits for; kept only where a cooldown lets surveys compete.

    `due_at` is when it wants to go out, `until` when it gives up.
    """

    priority: int
    due_at: datetime
    until: datetime
    stoppable: bool = True


def await_survey(
    waiting: Mapping[str, Waiting], invitation_id: str, survey: Waiting, now: datetime
) -> Mapping[str, Waiting]:
    """Return the surveys waited for with one more, without those that gave up, the best first."""
    return _best({id_: one for id_, one in {**waiting, invitation_id: survey}.items() if one.until >= now})


def _best(waiting: Mapping[str, Waiting]) -> Mapping[str, Waiting]:
    ranked = sorted(waiting.items(), key=lambda entry: (-entry[1].priority, entry[1].due_at, entry[0]))
    return dict(ranked[:MOST_WAITING])


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer of one source, by its id or, for guests, by their address there.

    `version` is 0 until stored and rises with every write. `address_hash` is the keyed hash of `address`.
    `suppressed` holds the reason why nobody may write to this customer by any channel, None when there is none.
    `learned_at` tells when each part of the profile was said (`address`, `attributes.plan`...), so that events
    may arrive in any order. `phone` is as the billing system spells it. `last_seen_at` is when they last used the
    product, `offered` the id of the invitation that is shown to them there, `when_seen` are those of invitations that
    are looked at again when they use it. `crowded`: there were more attributes than are kept. `forget_at` is for a
    customer of one test survey alone: no source knows them, and no campaign asks them. Since `restricted_at` their data
    is kept and used for nothing. `active_at` is a sign of life, `kept_until` what followed from it (`prolong`).
    """

    id: str
    version: int = 0
    address: str | None = None
    address_hash: str = ""
    phone: str | None = None
    name: str | None = None
    locale: str | None = None
    country: str | None = None
    time_zone: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    learned_at: Mapping[str, datetime] = field(default_factory=dict)
    last_asked_at: datetime | None = None
    last_adverse_at: datetime | None = None
    last_seen_at: datetime | None = None
    offered: str = ""
    when_seen: frozenset[str] = frozenset()
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    suppressed: Suppression | None = None
    deleted: bool = False
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    crowded: bool = False
    restricted_at: datetime | None = None
    forget_at: datetime | None = None
    active_at: datetime | None = None
    kept_until: datetime | None = None


def prolong(customer: Customer, period: timedelta, now: datetime) -> Customer:
    """Return the customer, who gives a sign of life now, kept for as long as the period at least.

    The end is set MARGIN later, so that it moves once in this time: who comes every day is not written every day.
    Who stands for one test survey alone is forgotten with it.
    """
    if customer.forget_at or (customer.kept_until and customer.kept_until >= now + period):
        return customer
    now = now.replace(microsecond=0)
    return replace(customer, active_at=now, kept_until=now + period + MARGIN)


def learn(customer: Customer, event: BillingEvent) -> Customer:
    """Update the profile from an event: of each part the latest value by its time counts, whenever it arrives."""
    ref = event.customer
    values = {"address": ref.address, **{name: getattr(ref, name) for name in _PARTS[1:]}}
    values |= {f"{_ATTRIBUTE}{name}": value for name, value in ref.attributes.items() if name not in BASIS}
    values |= {f"{_ATTRIBUTE}plan": event.plan} if event.plan else {}
    learned = _absorb(customer, {name: (value, event.occurred_at) for name, value in values.items() if value})
    return _deleted(_with_newest_basis(learned, customer.attributes, ref.attributes), event)


def _with_newest_basis(customer: Customer, *several: Mapping[str, str]) -> Customer:
    """Keep the newest legal basis by its own time: an old one that is repeated today must not replace it."""
    basis = newest(*several)
    return replace(customer, attributes={**customer.attributes, **basis}) if basis else customer


def weightiest(*reasons: Suppression | None) -> Suppression | None:
    """Return the suppression to keep: a wish of the holder before a bounce, which is forgotten with its address."""
    return min(filter(None, reasons), key=Suppression.BOUNCED.__eq__, default=None)


def _profile(customer: Customer) -> dict[str, str]:
    """Return the profile as one flat mapping, under the names that `learned_at` uses."""
    parts = {name: getattr(customer, name) for name in _PARTS}
    parts |= {f"{_ATTRIBUTE}{name}": value for name, value in customer.attributes.items()}
    return {name: value for name, value in parts.items() if value}


def _absorb(customer: Customer, values: Mapping[str, tuple[str, datetime]]) -> Customer:
    stored = _profile(customer)
    news = {
        name: (value, at)
        for name, (value, at) in values.items()
        if name not in stored or _counts(name, value == stored[name], at - customer.learned_at.get(name, _EVER))
    }
    if not news:
        return customer
    learned_at = {**customer.learned_at, **{name: at for name, (_, at) in news.items()}}
    profile = _bounded(stored | {name: value for name, (value, _) in news.items()}, learned_at)
    attributes = {name.removeprefix(_ATTRIBUTE): profile[name] for name in profile if name.startswith(_ATTRIBUTE)}
    return replace(
        customer,
        **{name: profile.get(name) for name in _PARTS},  # type: ignore[arg-type]  # all of them are strings
        attributes=attributes,
        learned_at={name: at for name, at in learned_at.items() if name in profile or name not in stored | news},
        crowded=customer.crowded or len(profile) < len(stored | news),
    )


def _bounded(profile: Mapping[str, str], learned_at: Mapping[str, datetime]) -> dict[str, str]:
    """Return the profile with as many attributes as are kept, the newest ones."""
    made_up = [name for name in profile if name.startswith(_ATTRIBUTE) and name not in _ALWAYS_KEPT]
    newest_first = sorted(made_up, key=lambda name: (learned_at.get(name, _EVER), name), reverse=True)
    sizes = accumulate(len(f"{name}{profile[name]}".encode()) for name in newest_first)
    kept = {name for name, size in zip(newest_first[:MOST_ATTRIBUTES], sizes, strict=False) if size <= MOST_BYTES}
    return {name: value for name, value in profile.items() if name in kept or name not in made_up}


def _counts(name: str, same: bool, later: timedelta) -> bool:  # noqa: FBT001  # of two words about one thing
    """Return whether a value is news. The same one counts after a day, lest an older one that comes late wins."""
    if not same:
        return later >= _AT_ONCE
    return later >= (_SOON if name in _CONTACTS else _AGAIN)


def _deleted(customer: Customer, event: BillingEvent) -> Customer:
    """Note a deletion, or its end by a later purchase; cancellations and refunds that follow do not end it."""
    since, at = customer.learned_at.get("deleted", _EVER), event.occurred_at
    back = event.touchpoint is not None and event.touchpoint not in _FAREWELLS and at > since
    gone = event.customer.deleted and at >= since
    if gone == customer.deleted or not (gone or back):
        return customer
    return replace(customer, deleted=gone, learned_at={**customer.learned_at, "deleted": at})
