"""Many deliveries of few facts: repeats and twins, in any order, from many senders at once."""

import random
from collections import Counter

import pytest

from afterbill_dev.demo import mailbox
from tests.e2e.town import Town, at_once, eventually, neutral, own, stripe_event

ORDERS, PAYMENTS, REPEATS = 60, 40, 5
SENDERS = 8
TWINS = ("basil.invoice.paid", "basil.invoice.payment_succeeded", "basil.checkout.session.completed")


def deliveries(rng: random.Random) -> list[tuple[str, str]]:
    """500 deliveries of 100 facts: (source, body)."""
    orders = [neutral("order_paid", f"crowd-{one}", f"order.{one}@example.com") for one in range(ORDERS)]
    webhooks = [("standard_webhooks", body) for body in orders for _ in range(REPEATS)]
    for one in range(PAYMENTS):
        email, suffix = f"payment.{one}@example.com", f"crowd{one}"
        kinds = [*TWINS, *rng.choices(TWINS, k=REPEATS - len(TWINS))]
        webhooks += [("stripe", stripe_event(kind, suffix, email)) for kind in kinds]
    rng.shuffle(webhooks)
    return webhooks


def five_hundred_deliveries(town: Town) -> None:
    webhooks = deliveries(random.Random(2611))
    answers = at_once(SENDERS, lambda one: town.post(*one), webhooks)
    assert Counter(status for status, _ in answers) == {202: 500}


@pytest.mark.after(scene=five_hundred_deliveries)
def test_every_billing_fact_is_one_mail_however_often_it_is_told(town: Town):
    expected = {own(f"order.{one}@example.com"): 1 for one in range(ORDERS)}
    expected |= {own(f"payment.{one}@example.com"): 1 for one in range(PAYMENTS)}

    def arrived() -> Counter[str]:
        return Counter(mailbox.count_by_recipient(town.stack["inbox_url"]) & Counter(dict.fromkeys(expected, 500)))

    eventually(lambda: sum(arrived().values()), lambda count: count >= len(expected), "100 mails")
    eventually(lambda: waiting(town), lambda count: count == 0, "empty queues")

    assert arrived() == expected


def waiting(town: Town) -> int:
    """Messages that may still become a mail, and failures."""
    names = ("Inbox", "UnsignedInbox", "SendQueue", "InboxDeadLetters", "UnsignedInboxDeadLetters", "SendDeadLetters")
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = [
        town.sqs.get_queue_attributes(QueueUrl=town.stack["outputs"][f"{name}Url"], AttributeNames=wanted)["Attributes"]
        for name in names
    ]
    return sum(int(number) for count in counts for number in count.values())
