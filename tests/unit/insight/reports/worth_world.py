"""A business of some dozens of customers: what they pay, answer and do, as the archive holds it."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from afterbill.insight.reports.asked import EVERYTHING, Asked, Rate, ReportRules, Scope
from tests.unit.insight.reports.fact_world import NOVEMBER, TODAY, Archive, Row, fact

RULES = ReportRules(
    segments=("size",),
    currency="EUR",
    rates=(
        Rate(date(2026, 1, 1), "USD", 0.8),
        Rate(date(2026, 10, 1), "USD", 0.9),
        Rate(date(2026, 12, 1), "USD", 0.5),
        Rate(date(2026, 1, 1), "JPY", 0.0061),
        Rate(date(2027, 1, 1), "SEK", 0.1),
    ),
)
"""A dollar is 90 cents in November, a yen 0.61 of a cent; of Swedish crowns and Swiss francs nothing is known."""


EVENTS = (
    ("payment_succeeded", 30),
    ("renewed", 20),
    ("order_paid", 10),
    ("payment_failed", 12),
    ("payment_recovered", 6),
    ("refunded", 5),
    ("upgraded", 5),
    ("cancelled", 7),
    ("subscription_started", 4),
    ("support_resolved", 5),
)
BAD, NEUTRAL, GOOD = "detractor", "passive", "promoter"


def moment(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001  # as in the archive: UTC without a zone


def did(customer: str, touchpoint: str, day: date, rating: int | None = None, **columns: Any) -> Row:
    """A fact of a customer at noon; with a rating they answered an hour later, unless `columns` say when."""
    answered = {} if rating is None else {"rating": rating, "answered_at": moment(day, 13), "answered_day": day}
    return fact(
        day, customer_id=customer, touchpoint=touchpoint, **{"account": f"of {customer}", **answered, **columns}
    )


def business(seed: int, customers: int = 60, days: int = 300) -> list[Row]:
    """Facts of customers who pay in four currencies, some in two, and answer some of what is asked."""
    chance = random.Random(seed)
    rows = []
    for number in range(customers):
        currencies = chance.choice([["EUR"], ["USD"], ["JPY"], ["SEK"], ["EUR", "USD"]])
        common = {
            "account": chance.choice([None, f"company {number % 7}"]),
            "plan": chance.choice(["basic", "pro", None]),
            "segments": chance.choice([{}, {"size": "small"}, {"size": "large"}]),
            "payment_method": chance.choice(["card", "sepa", None]),
            "products": chance.choice([["book"], ["book", "pen", "book"], ["ink"], [], None]),
        }
        for place in range(chance.randrange(1, 14)):
            day = TODAY - timedelta(days=chance.randrange(days))
            [touchpoint] = chance.choices([name for name, _ in EVENTS], [weight for _, weight in EVENTS])
            currency = chance.choice(currencies)
            row = did(f"customer {number}", touchpoint, day, **common)
            row |= {"occurred_at": moment(day, chance.randrange(20), place)}
            if touchpoint != "support_resolved":
                row |= {"amount_minor": chance.randrange(1, 90_000), "currency": currency}
            if chance.random() < 0.5:
                row |= {"recurring_minor": chance.randrange(0, 60_000), "recurring_currency": currency}
            if chance.random() < 0.6:
                at = row["occurred_at"] + timedelta(days=chance.randrange(0, 9), minutes=chance.randrange(1, 600))
                rating = chance.choice([0, 3, 6, 7, 8, 9, 9, 10, 10])
                row |= {"rating": rating, "answered_at": at, "answered_day": at.date()}
                row |= {"confirmed": chance.random() < 0.8, "reason": chance.choice([None, "price", "service"])}
                row |= {"anonymous": chance.random() < 0.05, "question": chance.choice(["nps"] * 9 + ["csat"])}
            rows.append(row)
    return [{"id": f"fact {place:04}", **row} for place, row in enumerate(rows)]


@cache
def archive(seed: int) -> Archive:
    return Archive(business(seed))


def category_of(rating: int) -> str:
    return GOOD if rating >= 9 else BAD if rating <= 6 else NEUTRAL


def counted(rows: Iterable[Row], asked: Asked, window: Any = NOVEMBER) -> list[Row]:
    """The answers that count, in the order in which they were given."""
    found = [
        row
        for row in rows
        if row.get("rating") is not None
        and not row["anonymous"]
        and row["question"] == asked.question.value
        and row["answered_day"] in window
        and all(value_of(row, dimension) == value for dimension, value in asked.where)
    ]
    return sorted(found, key=lambda row: (row["answered_at"], row["id"]))


def value_of(row: Row, dimension: str) -> str:
    if dimension == "size":
        return row["segments"].get("size", "unknown")
    return row.get(dimension) or ("none" if dimension == "reason" else "unknown")


def scopes_of(answers: Iterable[Row], dimensions: Iterable[str] = ("plan", "size", "source")) -> dict[Scope, list[Row]]:
    """The answers of everything, and of each value of some dimensions."""
    found: dict[Scope, list[Row]] = defaultdict(list)
    for row in answers:
        for scope in (EVERYTHING, *((name, value_of(row, name)) for name in dimensions)):
            found[scope].append(row)
    return found


def one_each(answers: Iterable[Row], choose: Callable[[list[Row]], Row] = lambda rows: rows[-1]) -> list[Row]:
    """One answer of each customer, the last unless `choose` says otherwise."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in answers:
        found[row["customer_id"]].append(row)
    return [choose(rows) for rows in found.values()]


def until(rows: Iterable[Row], answer: Row) -> list[Row]:
    """The facts of the customer of this answer until they gave it, in order."""
    found = [r for r in rows if r["customer_id"] == answer["customer_id"] and r["occurred_at"] <= answer["answered_at"]]
    return sorted(found, key=lambda row: (row["occurred_at"], row["id"]))


def amount_of(rows: Iterable[Row], answer: Row) -> tuple[int, str] | None:
    """The newest recurring amount that was known when this answer was given."""
    known = [row for row in until(rows, answer) if row.get("recurring_minor") is not None]
    return (known[-1]["recurring_minor"], known[-1]["recurring_currency"]) if known else None


PRICES = {"EUR": 1.0, "USD": 0.9, "JPY": 0.61}
"""The worth of the smallest unit of a currency in euro cents, on the last day of November's window."""
CONTINUED = ("subscription_started", "renewed", "upgraded")


def is_gone(moves: Iterable[Row]) -> bool:
    """Of facts of one customer in order: the newest end of a subscription is not followed by a continuation."""
    gone = False
    for row in moves:
        gone = row["touchpoint"] == "cancelled" or (gone and row["touchpoint"] not in CONTINUED)
    return gone
