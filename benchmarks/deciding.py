"""One policy decision: from a fact and its customer to the moment of the mail, and the check when it is due."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median

from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.model.webhooks import Source
from afterbill.outreach.eligibility import recheck
from afterbill.outreach.policy import Policy, Situation, decide
from afterbill.settings.surveys import load_policy
from benchmarks.layers import ROOT
from benchmarks.table import Row

_CALLS, _ROUNDS = 2000, 15
_NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
_PEOPLE = [
    Customer(f"customer-{number}", 1, address="a@example.com", time_zone=zone, country=country, attributes=attributes)
    for number in range(25)
    for zone, country, attributes in (
        ("Europe/Zurich", "CH", {"notice_at": "2026-01-01T00:00:00Z"}),
        ("Asia/Tokyo", "JP", {"consent_at": "2026-01-01T00:00:00Z", "consent_text": "Yes, ask me."}),
        (None, "US", {"notice_at": "2026-01-01T00:00:00Z"}),
        (None, None, {}),
    )
]


def rows() -> list[Row]:
    """Both decisions over a hundred customers of four kinds, with the shipped rules."""
    policy = load_policy(ROOT / "layers" / "config" / "surveys.toml")
    note = "window, zone and legal basis included"
    return [
        Row("decide about a fact, its invitation made", _microseconds(_capture(policy)), "us", 40, note),
        Row("check a survey that is due", _microseconds(_due(policy)), "us", 20, note),
    ]


def _microseconds(work: Callable[[int], object]) -> float:
    """The median of some rounds, in processor time per call."""
    rounds = []
    for _ in range(_ROUNDS):
        begin = time.process_time()
        for number in range(_CALLS):
            work(number)
        rounds.append((time.process_time() - begin) / _CALLS * 1_000_000)
    return median(rounds)


def _capture(policy: Policy) -> Callable[[int], object]:
    source = Source("shop", "stripe")
    event = BillingEvent(
        "shop", "evt_1", _NOW, CustomerRef("cus_1"), Touchpoint.PAYMENT_SUCCEEDED, "stripe||in_1|payment|"
    )
    situations = [Situation(person) for person in _PEOPLE]
    return lambda number: decide(event, source, situations[number % len(situations)], policy, _NOW)


def _due(policy: Policy) -> Callable[[int], object]:
    waiting = Invitation(
        id="ab" * 16,
        fact="stripe||in_1|payment|",
        customer_id="customer-1",
        touchpoint=Touchpoint.PAYMENT_SUCCEEDED,
        stage="purchase",
        source="shop",
        channel=Channel.MAIL,
        locale="",
        created_at=_NOW,
        occurred_at=_NOW,
        due_at=_NOW,
        expiry=timedelta(days=30),
        patience=timedelta(days=14),
        cooldown=timedelta(days=90),
    )
    asked = [Situation(replace(person, last_asked_at=_NOW - timedelta(days=100))) for person in _PEOPLE]
    return lambda number: recheck(waiting, asked[number % len(asked)], policy, _NOW)
