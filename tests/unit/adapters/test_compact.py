from dataclasses import replace

import pytest

from afterbill.adapters.dynamodb.compact import subscription_of, subscription_text
from afterbill.model.billing import Money
from afterbill.model.recurring import Recurring
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

    assert subscription_text(priced) == f"-4900:EUR:2:week:1795348800000000 {subscription_text(one)}"
    assert subscription_of(subscription_text(priced)) == priced
