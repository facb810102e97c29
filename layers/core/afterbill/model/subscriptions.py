"""The subscriptions of one customer, as events tell of them in whatever order these arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from afterbill.model.billing import REVERSALS, BillingEvent, SubscriptionState, Touchpoint

if TYPE_CHECKING:  # named in annotations alone
    from afterbill.model.recurring import Recurring

MOST = 20
"""Subscriptions that are remembered of one customer; of more, those that were heard of last."""

_AHEAD = timedelta(hours=1)
"""A sender's clock may run ahead by this much; a later moment would be the newest word for ever."""

_TOLD_TOGETHER = timedelta(minutes=10)
"""Between the words of one moment, of which one says that something ended and another that this was planned."""

_HEARD_AGAIN = timedelta(days=30)
"""Within this time the customer is not written again only because a subscription was heard of."""

_FORGOTTEN = timedelta(days=400)
"""A subscription of which nothing was heard for more than a year runs no more: its end was never told."""

_FREED_WITHIN = timedelta(days=60)
"""No survey is held back for longer than it is patient, which is rarely more than some weeks."""

_ALIVE = frozenset(
    {
        Touchpoint.TRIAL_ENDING,
        Touchpoint.TRIAL_CONVERTED,
        Touchpoint.SUBSCRIPTION_STARTED,
        Touchpoint.PAYMENT_SUCCEEDED,
        Touchpoint.PAYMENT_RECOVERED,
        Touchpoint.RENEWED,
        Touchpoint.UPGRADED,
        Touchpoint.DOWNGRADED,
    }
)
"""Facts that only a subscription has that is there; of an old one, money may still be returned."""


_OF_OLDER_BILLS = REVERSALS | {Touchpoint.PAYMENT_FAILED, Touchpoint.PAYMENT_RECOVERED}
"""Facts that may be about a bill of weeks ago: what it was about may cost something else by now."""

_RUNS = frozenset({SubscriptionState.STARTED, SubscriptionState.RUNNING})


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription; every moment is that of the newest event that said so.

    `ended_at`: its end was announced, or came. `running_at`: no end was announced, or no longer. `expired_at`: it was
    over as planned from the beginning. `announced_at` is the first word of the end that stands, or stood last, and
    `farewell` its fact. `recurring` is its price, and `priced_at` when that was said, or heard again.
    """

    heard_at: datetime
    announced_at: datetime | None = None
    ended_at: datetime | None = None
    running_at: datetime | None = None
    expired_at: datetime | None = None
    farewell: str = ""
    recurring: "Recurring | None" = None
    priced_at: datetime | None = None

    @property
    def leaving(self) -> bool:
        """Whether an end was announced or came that nobody had planned, and was not taken back since."""
        return _newer(self.ended_at, self.running_at) and not self._planned

    @property
    def _planned(self) -> bool:
        """Whether the first word of its end was that it is over as planned; who had announced it before is leaving."""
        return bool(
            self.expired_at and self.announced_at and abs(self.expired_at - self.announced_at) <= _TOLD_TOGETHER
        )

    @property
    def over(self) -> bool:
        """Whether it is ending or ended, for whatever reason."""
        return self.leaving or _newer(self.expired_at, self.running_at)


def _newer(at: datetime | None, other: datetime | None) -> bool:
    return at is not None and (other is None or other <= at)


def subscription_of(event: BillingEvent) -> str:
    """The id of the subscription that an event is about, empty for none."""
    return event.objects.get("subscription", "")


def farewell_of(event: BillingEvent, subscriptions: Mapping[str, Subscription]) -> BillingEvent:
    """Return an end of a subscription under the fact it belongs to: all words about one end are one fact.

    An end after one that was taken back is a fact of its own.
    """
    known = subscriptions.get(subscription_of(event))
    if event.touchpoint is not Touchpoint.CANCELLED or known is None or known.ended_at is None:
        return event
    taken_back = known.running_at
    if taken_back is None or not known.ended_at < taken_back < event.occurred_at:
        return replace(event, fact=known.farewell)
    again = f"|{int(taken_back.timestamp())}"
    return event if event.fact.endswith(again) else replace(event, fact=f"{event.fact}{again}")


def hear(subscriptions: Mapping[str, Subscription], event: BillingEvent, now: datetime) -> Mapping[str, Subscription]:
    """Return the subscriptions after an event, whose fact is already that of `farewell_of`; repeats change nothing."""
    id_ = subscription_of(event)
    told = event.touchpoint in _ALIVE or event.touchpoint is Touchpoint.CANCELLED or event.subscription_state
    # A price alone does not say that a subscription runs.
    if not id_ or not (told or (event.recurring and id_ in subscriptions)):
        return subscriptions
    at = min(event.occurred_at, now + _AHEAD)
    price = None if event.touchpoint in _OF_OLDER_BILLS else event.recurring
    heard = _priced(_told(subscriptions.get(id_) or Subscription(at), event, at), price, at)
    return subscriptions if heard == subscriptions.get(id_) else _newest({**subscriptions, id_: heard})


def _told(known: Subscription, event: BillingEvent, at: datetime) -> Subscription:
    if at - known.heard_at >= _HEARD_AGAIN:
        known = replace(known, heard_at=at)
    if event.touchpoint is Touchpoint.CANCELLED:
        first = at if event.fact != known.farewell or known.announced_at is None else min(known.announced_at, at)
        return replace(known, announced_at=first, ended_at=_later(known.ended_at, at), farewell=event.fact)
    if event.subscription_state in _RUNS:
        # Many senders count seconds: of two words of the same one, the later to come is the newer; a start is older.
        newer = at == known.ended_at and event.subscription_state is SubscriptionState.RUNNING
        since = at + timedelta(microseconds=1) if newer else at
        return replace(known, running_at=_later(known.running_at, since))
    if event.subscription_state is SubscriptionState.EXPIRED:
        return replace(known, expired_at=_later(known.expired_at, at))
    return known


def _priced(known: Subscription, price: "Recurring | None", at: datetime) -> Subscription:
    """Return it with the newest price; one that is heard again is not written again each time."""
    if price is None or (known.priced_at and known.priced_at > at):
        return known
    again = price == known.recurring and known.priced_at and at - known.priced_at < _HEARD_AGAIN
    return known if again else replace(known, recurring=price, priced_at=at)


def recurring_of(event: BillingEvent, subscriptions: Mapping[str, Subscription]) -> "Recurring | None":
    """Return what the subscription of an event costs: as the event says, else as was said last."""
    return event.recurring or price_of(event.objects, subscriptions)


def price_of(objects: Mapping[str, str], subscriptions: Mapping[str, Subscription]) -> "Recurring | None":
    """Return what was said last of the price of the subscription among these objects (kind -> id)."""
    known = subscriptions.get(objects.get("subscription", ""))
    return known.recurring if known else None


def _later(known: datetime | None, at: datetime) -> datetime:
    return max(known, at) if known else at


def _newest(subscriptions: Mapping[str, Subscription]) -> Mapping[str, Subscription]:
    ranked = sorted(subscriptions.items(), key=lambda entry: (entry[1].heard_at, entry[0]), reverse=True)
    return dict(ranked[:MOST])


def stays(subscriptions: Mapping[str, Subscription], ending: str, now: datetime) -> bool:
    """Return whether their customer still has another subscription than the one that ends."""
    return any(
        id_ != ending and not one.over and now - one.heard_at <= _FORGOTTEN for id_, one in subscriptions.items()
    )


def frees(subscriptions: Mapping[str, Subscription], event: BillingEvent) -> bool:
    """Return whether an event may free surveys that an end holds back: it is taken back, or another one runs."""
    id_ = subscription_of(event)
    known = subscriptions.get(id_)
    if event.subscription_state is SubscriptionState.RUNNING and known and known.ended_at:
        return True
    ended = (one.ended_at for other, one in subscriptions.items() if other != id_ and one.leaving)
    alive = event.touchpoint in _ALIVE or event.subscription_state in _RUNS
    return alive and any(at and event.occurred_at - at <= _FREED_WITHIN for at in ended)
