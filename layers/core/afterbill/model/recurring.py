"""Recurring amounts: the price of a subscription for each of its intervals, and for a month."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from afterbill.model.billing import Money

Unit: TypeAlias = Literal["day", "week", "month", "year"]
UNITS: tuple[Unit, ...] = get_args(Unit)

_MONTHS: dict[Unit, tuple[int, int]] = {"day": (1461, 48), "week": (1461, 336), "month": (1, 1), "year": (1, 12)}
"""The number of times that a unit fits into a month, as a fraction: a year has 365.25 days."""


@dataclass(frozen=True, slots=True)
class Recurring:
    """An amount that is due once in every `every` units; `every` is 1 or more."""

    money: Money
    every: int
    unit: Unit

    @property
    def per_month(self) -> Money:
        """The amount for one month, rounded half to even."""
        times, of = _MONTHS[self.unit]
        return Money(_divided(self.money.amount * times, of * self.every), self.money.currency)


def _divided(number: int, by: int) -> int:
    """Divide whole numbers, rounding half to even as `round` does, without a float."""
    whole, rest = divmod(number, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))
