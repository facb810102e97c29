from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.billing import Money
from afterbill.model.recurring import UNITS, Recurring, Unit

DAYS_OF_A_MONTH = Decimal("365.25") / 12
MONTHS: dict[Unit, Decimal] = {"day": 1 / DAYS_OF_A_MONTH, "week": 7 / DAYS_OF_A_MONTH, "month": Decimal(1)}


@pytest.mark.parametrize(
    ("amount", "every", "unit", "per_month"),
    [
        (4900, 1, "month", 4900),
        (12000, 1, "year", 1000),
        (5000, 6, "month", 833),
        (100, 1, "day", 3044),
        (1000, 1, "week", 4348),
        (2000, 2, "week", 4348),
        (-1200, 1, "year", -100),
        (0, 1, "month", 0),
    ],
)
def test_an_amount_is_told_for_a_month(amount: int, every: int, unit: Unit, per_month: int) -> None:
    assert Recurring(Money(amount, "EUR"), every, unit).per_month == Money(per_month, "EUR")


@pytest.mark.parametrize(("yearly", "monthly"), [(6, 0), (18, 2), (30, 2), (-6, 0), (-18, -2), (7, 1)])
def test_a_half_is_rounded_to_the_even_neighbour(yearly: int, monthly: int) -> None:
    assert Recurring(Money(yearly, "EUR"), 1, "year").per_month.amount == monthly


@given(st.integers(-(10**12), 10**12), st.integers(1, 36), st.sampled_from(UNITS))
def test_every_month_is_the_one_that_decimal_numbers_give(amount: int, every: int, unit: Unit) -> None:
    months = MONTHS.get(unit, Decimal(12)) * every
    expected = (amount / months).quantize(Decimal(1), ROUND_HALF_EVEN)
    assert Recurring(Money(amount, "JPY"), every, unit).per_month.amount == int(expected)
