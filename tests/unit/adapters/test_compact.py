from dataclasses import replace

import pytest

from afterbill.adapters.dynamodb.compact import price_of, price_text, subscription_of, subscription_text
from afterbill.adapters.dynamodb.stored import reading
from afterbill.model.billing import Money
from afterbill.model.errors import UnreadableError
from afterbill.model.recurring import UNITS, Recurring, Unit
from afterbill.model.subscriptions import Subscription
from tests.factories import HOUR, NOON

ENDED = Subscription(NOON, NOON, NOON + HOUR, None, None, "stripe|acct 1|sub_1|cancelled|")
STORED = "1795348800000000 1795348800000000 1795352400000000 - - stripe|acct 1|sub_1|cancelled|"


def test_a_subscription_that_was_stored_before_prices_were_is_read() -> None:
    assert subscription_of(STORED) == ENDED
    assert subscription_text(ENDED) == STORED


@pytest.mark.parametrize("one", [ENDED, Subscription(NOON)])
def test_a_price_stands_before_the_moments(one: Subscription) -> None:
    priced = replace(one, recurring=Recurring(Money(-4900, "EUR"), 2, "week"), priced_at=NOON)

    assert subscription_text(priced) == f"-4900EUR2w:1795348800000000 {subscription_text(one)}"
    assert subscription_of(subscription_text(priced)) == priced


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("money", [None, Money(4900, "EUR"), Money(4900, "USD")])
def test_a_price_comes_back_from_its_text(unit: Unit, money: Money | None) -> None:
    price = Recurring(Money(4900, "EUR"), 3, unit)

    assert price_of(price_text(price, money), money) == price


def test_the_amount_of_the_fact_is_not_stored_twice() -> None:
    assert price_text(Recurring(Money(4900, "EUR"), 1, "month"), Money(4900, "EUR")) == "1m"


@pytest.mark.parametrize("text", ["", "1m", "4900EUR0m", "4900EUR1x", "EUR1m", "a price"])
def test_what_is_no_price_is_not_read_as_one(text: str) -> None:
    item = {"pk": {"S": "INVITATION#1"}, "sk": {"S": "INVITATION"}}
    with pytest.raises(UnreadableError), reading(item):
        price_of(text)
