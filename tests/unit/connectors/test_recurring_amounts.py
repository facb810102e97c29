import pytest

from afterbill.connectors._kit.json import reported, words
from afterbill.connectors._kit.recurring import recurring_of, together
from afterbill.model.billing import Money
from afterbill.model.invitation import COMMENT_LENGTH
from afterbill.model.recurring import Recurring, Unit

TEN = Money(1000, "EUR")
MONTHLY, YEARLY = Recurring(TEN, 1, "month"), Recurring(Money(12000, "EUR"), 1, "year")


@pytest.mark.parametrize("unit", ["month", "MONTH", "months", " Months "])
def test_an_interval_is_read_as_vendors_spell_it(unit: str) -> None:
    assert recurring_of(TEN, 1, unit) == MONTHLY


@pytest.mark.parametrize(
    ("unit", "interval"),
    [
        ("daily", (1, "day")),
        ("weekly", (1, "week")),
        ("Monthly", (1, "month")),
        ("Quarterly", (3, "month")),
        ("Semi-Annual", (6, "month")),
        ("ANNUAL", (1, "year")),
        ("yearly", (1, "year")),
    ],
)
def test_an_interval_may_be_an_adverb(unit: str, interval: tuple[int, Unit]) -> None:
    assert recurring_of(TEN, 1, unit) == Recurring(TEN, *interval)
    assert recurring_of(TEN, 2, unit) == Recurring(TEN, 2 * interval[0], interval[1])


def test_a_number_of_intervals_may_be_text() -> None:
    assert recurring_of(TEN, "3", "month") == Recurring(TEN, 3, "month")


@pytest.mark.parametrize("amount", [-1, 10**15])
def test_an_amount_that_nobody_pays_is_not_given(amount: int) -> None:
    assert recurring_of(Money(amount, "EUR"), 1, "month") is None


@pytest.mark.parametrize(
    ("money", "every", "unit"),
    [
        (None, 1, "month"),
        (TEN, 0, "month"),
        (TEN, None, "month"),
        (TEN, True, "month"),
        (TEN, 10_000, "day"),
        (TEN, 1, "fortnight"),
    ],
)
def test_an_amount_without_an_interval_is_not_given(money: Money | None, every: object, unit: object) -> None:
    assert recurring_of(money, every, unit) is None


def test_parts_of_one_interval_are_added_as_they_are() -> None:
    assert together([YEARLY, YEARLY]) == Recurring(Money(24000, "EUR"), 1, "year")


def test_parts_of_different_intervals_are_added_per_month() -> None:
    assert together([MONTHLY, YEARLY]) == Recurring(Money(2000, "EUR"), 1, "month")


def test_a_sum_needs_every_part_in_one_currency() -> None:
    assert together([]) is None
    assert together([MONTHLY, None]) is None
    assert together([MONTHLY, Recurring(Money(1000, "USD"), 1, "month")]) is None


def test_the_words_of_a_reported_end_are_cleaned_and_bounded_as_comments_are() -> None:
    assert words(" Too\r\nexpensive\x00 ") == "Too\nexpensive"
    assert len(words("x" * 20_000)) == COMMENT_LENGTH
    assert words({"not": "text"}) == ""


def test_a_reason_longer_than_a_code_is_none() -> None:
    assert reported("too_expensive", "Far too much") == ("too_expensive", "Far too much")
    assert reported("x" * 65) == ("", "")
