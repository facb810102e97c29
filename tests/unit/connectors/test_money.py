from decimal import Decimal

import pytest

from afterbill.connectors._kit.money import from_decimal, is_zero
from afterbill.model.billing import Money


@pytest.mark.parametrize(
    ("value", "currency", "money"),
    [
        ("49.00", "EUR", Money(4900, "EUR")),
        ("49.9", "eur", Money(4990, "EUR")),
        ("49", "EUR", Money(4900, "EUR")),
        (49, "EUR", Money(4900, "EUR")),
        (-49, "EUR", Money(-4900, "EUR")),
        ("0", "EUR", Money(0, "EUR")),
        ("-0.01", "EUR", Money(-1, "EUR")),
        ("49.000", "EUR", Money(4900, "EUR")),
        ("1280", "JPY", Money(1280, "JPY")),
        ("1280.0", "JPY", Money(1280, "JPY")),
        ("5.250", "KWD", Money(5250, "KWD")),
        ("1.2345", "CLF", Money(12345, "CLF")),
    ],
    ids=repr,
)
def test_major_units_become_smallest_units(value: object, currency: str, money: Money) -> None:
    assert from_decimal(value, currency) == money


@pytest.mark.parametrize(
    "value",
    [
        *("49.001", "49.", ".5", "", "-", "--1", "+5", "1e3", "1,000.00", "0x1F", "NaN", "9" * 21),
        *("\uff14\uff19", "49.0\uff10", 49.0, True, None, [], {}, 10**20),
    ],
    ids=repr,
)
def test_what_is_not_an_exact_amount_is_none(value: object) -> None:
    assert from_decimal(value, "EUR") is None


@pytest.mark.parametrize("currency", [None, "", "EU", "EURO", "E R", "€€€", 978], ids=repr)
def test_an_amount_without_currency_is_none(currency: object) -> None:
    assert from_decimal("49.00", currency) is None


@pytest.mark.parametrize("value", ["0.00", "-0.00", "0", 0, "0.000", Decimal("0.0")], ids=repr)
def test_nothing_is_nothing_in_any_currency(value: object) -> None:
    assert is_zero(value)


@pytest.mark.parametrize("value", ["0.01", 1, "-4.00", None, "", "-", ".", "none", False, [], "0,00"], ids=repr)
def test_an_amount_or_no_amount_at_all_is_not_nothing(value: object) -> None:
    assert not is_zero(value)
