"""A customer as learned from events, whatever order they arrive in."""

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
    """Why nobody may write to an address, a number or a person. Only BOUNCED is about the address, not its holder."""

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
    """The surveys waited for with one more, without those that gave up, the best first."""
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
    """Take what the event says: of every part of the profile the latest word counts, whenever it arrives."""
    ref = event.customer
    said = {"address": ref.address, **{name: getattr(ref, name) for name in _PARTS[1:]}}
    said |= {f"{_ATTRIBUTE}{name}": value for name, value in ref.attributes.items() if name not in BASIS}
    said |= {f"{_ATTRIBUTE}plan": event.plan} if event.plan else {}
    learned = _absorb(customer, {name: (value, event.occurred_at) for name, value in said.items() if value})
    return _deleted(_with_newest_basis(learned, customer.attributes, ref.attributes), event)


def merge(survivor: Customer, other: Customer) -> Customer:
    """Two customers found to be one: the latest word and the later time of each kind are kept."""
    said = {name: (value, other.learned_at.get(name, _EVER)) for name, value in _profile(other).items()}
    merged = _with_newest_basis(_absorb(survivor, said), survivor.attributes, other.attributes)
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
    """The customer into whom `customer_id` was merged in the end; None where that one is not among `customers`."""
    customer = customers.get(customer_id)
    for _ in customers:
        if customer is None or customer.merged_into is None:
            return customer
        customer = customers.get(customer.merged_into)
    return None


def _with_newest_basis(customer: Customer, *told: Mapping[str, str]) -> Customer:
    """A legal basis carries its own time: an old subscription's word, repeated today, must not replace a newer one."""
    basis = newest(*told)
    return replace(customer, attributes={**customer.attributes, **basis}) if basis else customer


def weightiest(*reasons: Suppression | None) -> Suppression | None:
    """Of several suppressions the one to keep: a bounce is forgotten with its address, a wish never is."""
    return min(filter(None, reasons), key=Suppression.BOUNCED.__eq__, default=None)


def _profile(customer: Customer) -> dict[str, str]:
    """All that is known of the person, flat, under the names that `learned_at` uses."""
    parts = {name: getattr(customer, name) for name in _PARTS}
    parts |= {f"{_ATTRIBUTE}{name}": value for name, value in customer.attributes.items()}
    return {name: value for name, value in parts.items() if value}


def _absorb(customer: Customer, said: Mapping[str, tuple[str, datetime]]) -> Customer:
    known = _profile(customer)
    news = {
        name: (value, at)
        for name, (value, at) in said.items()
        if name not in known or _counts(value == known[name], at, customer.learned_at.get(name, _EVER))
    }
    if not news:
        return customer
    profile = known | {name: value for name, (value, _) in news.items()}
    return replace(
        customer,
        **{name: profile.get(name) for name in _PARTS},  # type: ignore[arg-type]  # all of them are strings
        attributes={
            name.removeprefix(_ATTRIBUTE): value for name, value in profile.items() if name.startswith(_ATTRIBUTE)
        },
        learned_at={**customer.learned_at, **{name: at for name, (_, at) in news.items()}},
    )


def _counts(same: bool, at: datetime, since: datetime) -> bool:  # noqa: FBT001  # of two words about one thing
    """Whether a later word is news. The same one again is written only where an older one that comes late could win."""
    return at - since >= _AGAIN if same else at >= since


def _deleted(customer: Customer, event: BillingEvent) -> Customer:
    """A deleted customer comes back by a later purchase, not by the cancellations and refunds that follow."""
    since, at = customer.learned_at.get("deleted", _EVER), event.occurred_at
    back = event.touchpoint is not None and event.touchpoint not in _FAREWELLS and at > since
    gone = event.customer.deleted and at >= since
    if gone == customer.deleted or not (gone or back):
        return customer
    return replace(customer, deleted=gone, learned_at={**customer.learned_at, "deleted": at})


def _same(one: Customer, other: Customer) -> bool:
    return (one.address or "").casefold() == (other.address or "").casefold()


def _offered_last(*people: Customer) -> str:
    """What waits in the product for the one who was asked last, of those for whom something does."""
    offered = (one for one in people if one.offered)
    last = max(offered, key=lambda one: one.last_asked_at or _EVER, default=None)
    return last.offered if last else ""


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    return max((at for at in (first, second) if at), default=None)


def address_hash(address: str, key: bytes) -> str:
    """A keyed hash under which an address is recognised without being stored.

    Letter case does not count, nor whether its domain is spelled in letters or as DNS and mail systems spell it.
    """
    plain = address.strip().casefold()
    name, at, domain = plain.rpartition("@")
    if not domain.isascii():
        with suppress(UnicodeError):
            plain = f"{name}{at}{domain.encode('idna').decode()}"
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()[:32]
