"""Amounts of several currencies in the operator's own.

An amount counts by the newest rate on or before a day. A currency without one is stated beside the sum, never in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from afterbill.insight.reports.asked import ReportRules
from afterbill.model.billing import exponent
from afterbill_reports.reports.rows import Why, unsaid

BILLIONTHS = 10**9
"""The unit of prices: what a smallest unit of another currency is worth, in billionths of one of the operator's."""

MOST_CURRENCIES = 20
"""Currencies that can be converted, the operator's own among them; a statement has a place for each."""


def prices(rules: ReportRules, day: date) -> dict[str, int]:
    """Return the price of a smallest unit of each currency on that day, in billionths of the operator's."""
    found = {rules.currency: BILLIONTHS}
    for rate in sorted(rules.rates, key=lambda rate: rate.since):
        if rate.since <= day and rate.currency != rules.currency:
            units = Fraction(10) ** (exponent(rules.currency) - exponent(rate.currency))
            found[rate.currency] = round(Fraction(Decimal(str(rate.price))) * units * BILLIONTHS)
    return dict(list(found.items())[:MOST_CURRENCIES])


def round_minor(billionths: int, by: int = 1) -> int:
    """Return an amount, divided by a number, in the smallest unit, rounded half to even."""
    return round(Fraction(billionths, BILLIONTHS * by))


@dataclass(slots=True)
class Amount:
    """The sum of what customers pay.

    `exact` is what could be converted, in billionths, of so many `customers`; `other` has no rate, by currency with its
    customers. Of `without` nothing is known.
    """

    customers: int = 0
    exact: int = 0
    other: dict[str, tuple[int, int]] = field(default_factory=dict)
    without: int = 0

    def add(self, customers: int, minor: int, currency: str, rates: Mapping[str, int]) -> None:
        """Add what so many customers pay in this currency; without one nothing is known of them."""
        if not currency:
            self.without += customers
        elif currency in rates:
            self.customers, self.exact = self.customers + customers, self.exact + minor * rates[currency]
        else:
            n, sum_ = self.other.get(currency, (0, 0))
            self.other[currency] = (n + customers, sum_ + minor)

    @property
    def n(self) -> int:
        """The number of customers, known amount or not."""
        return self.customers + self.without + sum(customers for customers, _ in self.other.values())

    @property
    def minor(self) -> int:
        """The sum in the smallest unit of the operator's currency, rounded half to even."""
        return round_minor(self.exact)

    @property
    def average(self) -> int | None:
        """The amount per customer, None without customers."""
        return round_minor(self.exact, self.customers) if self.customers else None

    def row(self, currency: str) -> dict[str, Any]:
        """Return the sum as rows hold it; null, with the reason, where there are customers and no amount of any."""
        missing = unsaid(Why.NO_RATE if self.other else Why.NO_AMOUNTS) if self.n and not self.customers else {}
        return {
            "recurring_minor": None if missing else self.minor,
            "currency": currency,
            "with_amount": self.customers,
            "without_amount": self.without,
            **missing,
        }


def unconverted(amounts: Iterable[Amount]) -> list[dict[str, Any]]:
    """Return what is in no sum, by currency, with the reason."""
    found = Amount()
    for amount in amounts:
        for currency, (customers, minor) in amount.other.items():
            found.add(customers, minor, currency, {})
    return [
        {"currency": currency, "customers": customers, "minor": minor, **unsaid(Why.NO_RATE)}
        for currency, (customers, minor) in sorted(found.other.items())
    ]
