"""A customer as learned from events, in whatever order these arrive."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from afterbill.model.billing import REVERSALS, BillingEvent, Touchpoint
from afterbill.model.consent import BASIS, newest

_PARTS = ("address", "phone", "name", "locale", "country", "time_zone")
_ATTRIBUTE = "attributes."
_AGAIN = timedelta(days=1)
"""Within this time what is said again is not written again; events come late by hours, not by days."""
_EVER = datetime.min.replace(tzinfo=UTC)
_FAREWELLS = REVERSALS | {Touchpoint.CANCELLED}


class Suppression(StrEnum):
    """The reason never to write to an address, a number or a person again. Only BOUNCED is about the address alone."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


MOST_WAITING = 5
"""Surveys that compete for one customer; of more only the best are remembered."""


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
    """One person (one mail address); `version` is 0 until stored and rises with every write.

    `suppressed` holds the reason why nobody may write to this person, None when there is none.
    `learned_at` tells when each part of the profile was said (`address`, `attributes.plan`...), so that events
    may arrive in any order. `phone` is as the billing system spells it. `last_seen_at` is when they last used the
    product, `offered` the id of the invitation that waits for them there. `absorbed` are the ids of customers found to
    be the same person.
    """

    id: str
    version: int = 0
    address: str | None = None
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
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    suppressed: Suppression | None = None
    deleted: bool = False
    merged_into: str | None = None
    absorbed: tuple[str, ...] = ()


def learn(customer: Customer, event: BillingEvent) -> Customer:
    """Update the profile from an event: of each part the latest value by its time counts, whenever it arrives."""
    ref = event.customer
    values = {"address": ref.address, **{name: getattr(ref, name) for name in _PARTS[1:]}}
    values |= {f"{_ATTRIBUTE}{name}": value for name, value in ref.attributes.items() if name not in BASIS}
    values |= {f"{_ATTRIBUTE}plan": event.plan} if event.plan else {}
    learned = _absorb(customer, {name: (value, event.occurred_at) for name, value in values.items() if value})
    return _deleted(_with_newest_basis(learned, customer.attributes, ref.attributes), event)


def merge(survivor: Customer, other: Customer) -> Customer:
    """Merge two customers found to be the same person: the latest value and the later time of each kind are kept."""
    values = {name: (value, other.learned_at.get(name, _EVER)) for name, value in _profile(other).items()}
    merged = _with_newest_basis(_absorb(survivor, values), survivor.attributes, other.attributes)
    reasons = (
        one.suppressed for one in (survivor, other) if one.suppressed != Suppression.BOUNCED or _same(one, merged)
    )
    return replace(
        merged,
        last_asked_at=_later(survivor.last_asked_at, other.last_asked_at),
        last_adverse_at=_later(survivor.last_adverse_at, other.last_adverse_at),
        last_seen_at=_later(survivor.last_seen_at, other.last_seen_at),
        offered=_offered_last(survivor, other),
        waiting=_best({**other.waiting, **survivor.waiting}),
        suppressed=weightiest(*reasons),
        deleted=survivor.deleted and other.deleted,
        absorbed=(*survivor.absorbed, other.id, *other.absorbed),
    )


def follow_merges(ids: Iterable[str], read: Callable[[Sequence[str]], Mapping[str, Customer]]) -> dict[str, Customer]:
    """Read the customers under these ids and those they were merged into, in that order.

    Every call of `read` asks for all that is left to read; no id is asked for twice, so a customer that was erased and
    customers merged in a circle end the search. Empty ids are left out.
    """
    customers: dict[str, Customer] = {}
    asked: set[str] = set()
    wanted: Iterable[str | None] = ids
    while missing := tuple(dict.fromkeys(id_ for id_ in wanted if id_ and id_ not in asked)):
        asked.update(missing)
        found = read(missing)
        customers |= {id_: found[id_] for id_ in missing if id_ in found}
        wanted = [customer.merged_into for customer in customers.values()]
    return customers


def survivor_of(customer_id: str, customers: Mapping[str, Customer]) -> Customer | None:
    """Return the customer into whom `customer_id` was merged in the end; None where that one is not in `customers`."""
    customer = customers.get(customer_id)
    for _ in customers:
        if customer is None or customer.merged_into is None:
            return customer
        customer = customers.get(customer.merged_into)
    return None


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
        if name not in stored or _counts(value == stored[name], at, customer.learned_at.get(name, _EVER))
    }
    if not news:
        return customer
    profile = stored | {name: value for name, (value, _) in news.items()}
    return replace(
        customer,
        **{name: profile.get(name) for name in _PARTS},  # type: ignore[arg-type]  # all of them are strings
        attributes={
            name.removeprefix(_ATTRIBUTE): value for name, value in profile.items() if name.startswith(_ATTRIBUTE)
        },
        learned_at={**customer.learned_at, **{name: at for name, (_, at) in news.items()}},
    )


def _counts(same: bool, at: datetime, since: datetime) -> bool:  # noqa: FBT001  # of two words about one thing
    """Return whether a value is news. The same one counts after a day, lest an older one that comes late wins."""
    return at - since >= _AGAIN if same else at >= since


def _deleted(customer: Customer, event: BillingEvent) -> Customer:
    """Note a deletion, or its end by a later purchase; cancellations and refunds that follow do not end it."""
    since, at = customer.learned_at.get("deleted", _EVER), event.occurred_at
    back = event.touchpoint is not None and event.touchpoint not in _FAREWELLS and at > since
    gone = event.customer.deleted and at >= since
    if gone == customer.deleted or not (gone or back):
        return customer
    return replace(customer, deleted=gone, learned_at={**customer.learned_at, "deleted": at})


def _same(one: Customer, other: Customer) -> bool:
    return (one.address or "").casefold() == (other.address or "").casefold()


def _offered_last(*people: Customer) -> str:
    """Return the survey inside the product of the customer who was asked last, among those who have one."""
    offered = (one for one in people if one.offered)
    last = max(offered, key=lambda one: one.last_asked_at or _EVER, default=None)
    return last.offered if last else ""


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    return max((at for at in (first, second) if at), default=None)


def address_hash(address: str, key: bytes) -> str:
    """Return a keyed hash by which an address is recognised without being stored.

    Letter case does not count, nor whether its domain is spelled in letters or as DNS and mail systems spell it.
    """
    plain = address.strip().casefold()
    name, at, domain = plain.rpartition("@")
    if not domain.isascii():
        with suppress(UnicodeError):
            plain = f"{name}{at}{domain.encode('idna').decode()}"
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()[:32]
