"""The lives of customers: what is billed, who is asked, what they say; the same for the same seed."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from math import log2
from random import Random

from afterbill.model.billing import Money, fact_key, invitation_id_of
from afterbill.model.invitation import Answer, Delivery, Invitation, SkipReason, State
from afterbill.model.recurring import Recurring
from afterbill_dev.history.effects import BASE, OWN, PLANS, SPREAD, Effects

DAY = timedelta(days=1)
COOLDOWN, DELAY, EXPIRY = 90 * DAY, 3 * DAY, 30 * DAY
_MONTH, _HOUR = 30 * DAY, DAY / 24
_STAGES: Mapping[str, str] = {
    "subscription_started": "purchase",
    "order_paid": "purchase",
    "renewed": "loyalty",
    "upgraded": "loyalty",
    "cancelled": "loyalty",
    "payment_failed": "support",
    "payment_recovered": "support",
    "refunded": "support",
}
_UNASKED = frozenset({"payment_failed", "refunded"})
_COUNTRIES: Mapping[str, tuple[str, int]] = {"DE": ("de", 6), "AT": ("de-AT", 1), "CH": ("de-CH", 1), "US": ("en", 2)}
"""Language and weight of each country."""
_SOURCES, _METHODS = ("stripe", "shop"), ("card", "sepa_debit", "paypal")
_PRODUCTS = tuple(f"Article {number}" for number in range(1, 41))
_FAILING, _REFUNDING, _GIVING_A_REASON, _UNCONFIRMED = 0.12, 0.02, 0.7, 0.1
_GOOD, _BAD = 9, 6
_REASONS: Mapping[str, tuple[int, int]] = {
    "billing_clarity": (4, 1),
    "price": (2, 2),
    "payment_method": (1, 1),
    "invoice_error": (1, 1),
    "service": (1, 2),
    "product": (1, 2),
}
"""The weight of each reason among low ratings, and among the others."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a history end at `until`; they are those of `zone`."""

    until: datetime
    days: int
    zone: tzinfo


def lives(seed: int, customers: int, span: Span, effects: Effects) -> Iterator[Invitation]:
    """Yield every fact of these customers, each with its survey and its answer, customer by customer."""
    for number in range(customers):
        chance = Random(f"{seed}/{number}")  # noqa: S311  # a history keeps no secret
        yield from _Life(chance, number, span, effects).facts()


class _Life:
    """One customer, and how things stand with them."""

    def __init__(self, random: Random, number: int, span: Span, effects: Effects) -> None:
        self.random, self.number, self.span, self.effects = random, number, span, effects
        self.id = hashlib.sha256(f"history {number}".encode()).hexdigest()[:32]
        self.plan = random.choices([*PLANS], (5, 3, 1))[0]
        self.country = random.choices([*_COUNTRIES], [weight for _, weight in _COUNTRIES.values()])[0]
        self.source, self.method = random.choice(_SOURCES), random.choice(_METHODS)
        self.price = round(PLANS[self.plan] * 2 ** random.gauss(0, 1))
        self.own = random.gauss(0, OWN)
        self.asked_at: datetime | None = None
        self.category = ""

    def facts(self) -> Iterator[Invitation]:
        """Yield the facts; what is answered decides who leaves later, so they come one by one."""
        begin = self.span.until - timedelta(days=self.random.uniform(1, self.span.days))
        for touchpoint, at, minor in self._orders(begin) if self.source == "shop" else self._bills(begin):
            yield self._surveyed(self._fact(touchpoint, at, minor))

    def _orders(self, at: datetime) -> Iterator[tuple[str, datetime, int]]:
        while at < self.span.until:
            yield "order_paid", at, round(self.random.lognormvariate(8.5, 0.6))
            at += DAY + timedelta(days=self.random.expovariate(1 / 75))

    def _bills(self, at: datetime) -> Iterator[tuple[str, datetime, int]]:
        random, until = self.random, self.span.until
        yield "subscription_started", at, self.price
        every = _MONTH * random.choice((1, 3, 12))
        while (at := at + every) < until:
            if random.random() < _FAILING:
                yield "payment_failed", at, self.price
                if (recovered := at + timedelta(days=random.uniform(1, 9))) >= until:
                    return
                yield "payment_recovered", recovered, self.price
            else:
                yield "renewed", at, self.price
            if random.random() < _REFUNDING:
                yield "refunded", min(at + 2 * DAY, until - _HOUR), self.price
            if random.random() > (1 - self.effects.leaving[self.category]) ** (every / _MONTH):
                if (left := at + random.uniform(0.1, 0.9) * every) < until:
                    yield "cancelled", left, 0
                return

    def _fact(self, touchpoint: str, at: datetime, minor: int) -> Invitation:
        fact = fact_key("history", "", f"{self.number}-{at:%Y%m%dT%H%M%S%f}", touchpoint)
        locale, _ = _COUNTRIES[self.country]
        origin = {"touchpoint": touchpoint, "stage": _STAGES[touchpoint], "source": self.source, "channel": "mail"}
        known = {"plan": self.plan, "country": self.country, "locale": locale, "payment_method": self.method}
        return Invitation(
            id=invitation_id_of(fact),
            fact=fact,
            customer_id=self.id,
            touchpoint=touchpoint,
            stage=_STAGES[touchpoint],
            source=self.source,
            channel="mail",
            locale=locale,
            created_at=at,
            occurred_at=at,
            due_at=at + DELAY,
            expiry=EXPIRY,
            cooldown=COOLDOWN,
            money=Money(minor, "EUR") if minor else None,
            recurring=Recurring(Money(self.price, "EUR"), 1, "month") if self.source == "stripe" else None,
            products=(self.random.choice(_PRODUCTS),) if touchpoint == "order_paid" else (),
            segments=origin | known,
            reported_reason="too_expensive" if touchpoint == "cancelled" else "",
        )

    def _surveyed(self, fact: Invitation) -> Invitation:
        """Return the fact as the rules leave it: not asked, held back by the cooldown, waiting, or sent."""
        if fact.touchpoint in _UNASKED:
            return replace(fact, state=State.CLOSED, reason=SkipReason.NOT_ASKED)
        if self.asked_at and fact.due_at - self.asked_at < COOLDOWN:
            return replace(fact, state=State.CLOSED, reason=SkipReason.COOLDOWN)
        if fact.due_at >= self.span.until:
            return fact
        self.asked_at = at = fact.due_at
        delivered = at.replace(microsecond=at.microsecond // 1000 * 1000)  # the table keeps milliseconds of it
        sent = replace(fact, state=State.SENT, sent_at=at, sent_day=self._day(at), delivered_at=delivered)
        return self._answered(replace(sent, delivery=Delivery.DELIVERED))

    def _answered(self, sent: Invitation) -> Invitation:
        at = sent.due_at + timedelta(days=min(self.random.expovariate(1 / 3), 29))
        if self.random.random() > self.effects.answering[self.plan] or at >= self.span.until:
            return sent
        rating = self._rating(sent.touchpoint, at)
        low = rating <= _BAD
        self.category = "promoter" if rating >= _GOOD else "detractor" if low else "passive"
        blamed = low and self.effects.blaming
        weights = [weight if blamed else other for weight, other in _REASONS.values()]
        told = self.random.random() < _GIVING_A_REASON
        reason = self.random.choices([*_REASONS], weights)[0] if told else ""
        answer = Answer(rating, reason=reason, confirmed=self.random.random() > _UNCONFIRMED)
        return replace(sent, answer=answer, answered_at=at, answered_day=self._day(at))

    def _rating(self, touchpoint: str, at: datetime) -> int:
        effects = self.effects
        mean = BASE + self.own + effects.plans.get(self.plan, 0) + effects.touchpoints.get(touchpoint, 0)
        mean += effects.money * log2(self.price / PLANS[self.plan])
        mean -= effects.drop * (at >= self.span.until - effects.drop_for)
        return max(0, min(10, round(self.random.gauss(mean, SPREAD))))

    def _day(self, at: datetime) -> str:
        return at.astimezone(self.span.zone).date().isoformat()
