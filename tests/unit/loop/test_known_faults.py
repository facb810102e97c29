"""Payloads that people reported, through the real connectors and the shipped rules: who is asked about what."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import registry
from afterbill.intake.capture_event import capture_event
from afterbill.intake.capture_fact import CaptureDeps
from afterbill.model.consent import Legal, Need
from afterbill.model.invitation import State
from afterbill.model.webhooks import Source
from afterbill.settings.surveys import load_policy
from afterbill_cli import samples
from afterbill_cli.memory.keys import MemoryApis
from afterbill_dev.paths import ROOT
from tests.factories import hash_address, hash_alias
from tests.world import World

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)
SHIPPED = load_policy(ROOT / "layers" / "config" / "surveys.toml")
RULES = {touchpoint: replace(rule, window=None) for touchpoint, rule in SHIPPED.rules.items()}
VOUCHED_FOR = {"POST /v1/notifications/verify-webhook-signature": {"verification_status": "SUCCESS"}}
CENTS = {"data.amount.minor": "data.total_amount", "data.amount.currency": "data.currency"}


@pytest.fixture(scope="session")
def faults(payloads: Path) -> Path:
    folder = payloads.parent / "faults"
    if not folder.is_dir():
        pytest.skip("the folder of known faults is not here")
    return folder


class Shop:
    """One source of a billing system, with the shipped rules, legal preset relaxed and no sending window."""

    def __init__(self, provider: str, faults: Path, **settings: Any) -> None:
        self.source, self.folder = Source(provider, provider, **settings), faults / provider
        policy = replace(SHIPPED, rules=RULES, sources={provider: self.source}, legal=Legal(Need.NOTHING))
        self.world = World(now=NOW, policy=policy, apis=MemoryApis(dict(VOUCHED_FOR)))

    def answers(self, file: str) -> None:
        self.world.apis.answers |= json.loads((self.folder / file).read_text())

    def tell(self, *files: str, at: datetime | None = None) -> None:
        self.world.now = at or self.world.now
        world, connector = self.world, registry.load(self.source.provider)
        deps = CaptureDeps(
            world.policy,
            registry.load,
            world.table,
            world.timer,
            world.queue,
            world.apis,
            world.inbox,
            world.dead_letters,
            hash_address,
            hash_alias,
            world.new_customer,
        )
        for file in files:
            webhook = replace(
                samples.read(self.folder / file, connector.ABOUT, self.source.name), received_at=world.now
            )
            capture_event(webhook, deps, world.now)

    def asked(self, days: float = 60) -> list[str]:
        """The touchpoints that were asked about until then."""
        self.world.live(timedelta(days=days))
        return sorted(one.touchpoint for one in self.world.stored.invitations.values() if one.state is State.SENT)


def test_a_cancelled_unpaid_order_leaves_the_paid_one_alone(faults: Path) -> None:
    shop = Shop("woocommerce", faults)
    shop.tell("1a.order.updated.paid.json", "1b.order.updated.cancelled_unpaid_by_timeout.json")
    assert shop.asked() == ["order_paid"]


WITHDRAWN: Mapping[str, tuple[str, str]] = {
    "stripe": (
        "2a.subscription.updated.cancel_announced.json",
        "2b.subscription.updated.cancel_withdrawn.json",
    ),
    "chargebee": (
        "2e.subscription_cancellation_scheduled.json",
        "2f.subscription_scheduled_cancellation_removed.json",
    ),
    "lemonsqueezy": ("2g.subscription_cancelled.json", "2h.subscription_resumed.json"),
}


@pytest.mark.parametrize("provider", WITHDRAWN)
def test_an_announced_end_that_is_taken_back_is_no_farewell(faults: Path, provider: str) -> None:
    shop = Shop(provider, faults)
    shop.tell(*WITHDRAWN[provider])
    assert shop.asked() == []


@pytest.mark.parametrize("provider", ["chargebee", "lemonsqueezy"])
def test_one_that_stands_is(faults: Path, provider: str) -> None:
    shop = Shop(provider, faults)
    shop.tell(WITHDRAWN[provider][0])
    assert shop.asked() == ["cancelled"]


def test_switching_plans_by_a_new_subscription_is_no_farewell(faults: Path) -> None:
    shop = Shop("stripe", faults)
    shop.tell("3a.invoice.paid.new_plan.json", "3b.subscription.deleted.old_plan_replaced.json")
    assert shop.asked() == ["subscription_started"]


def test_an_invoice_settled_outside_the_billing_system_is_paid(faults: Path) -> None:
    shop = Shop("stripe", faults)
    shop.tell("6.invoice.paid.out_of_band.json")
    assert shop.asked() == ["renewed"]


def test_a_refund_of_nothing_takes_nothing_back(faults: Path) -> None:
    shop = Shop("woocommerce", faults)
    shop.tell("4.order.updated.refund_of_zero.json")
    assert shop.asked() == ["order_paid"]


def test_a_visitors_draft_makes_no_customer(faults: Path) -> None:
    shop = Shop("woocommerce", faults)
    shop.tell("8.order.updated.checkout_draft.json")
    assert shop.asked() == []
    assert shop.world.stored.people == {}


def test_a_payment_that_the_bank_takes_back_is_not_asked_about(faults: Path) -> None:
    shop = Shop("gocardless", faults)
    shop.answers("api.json")
    shop.tell("1a.confirmed.json")
    shop.tell("1b.failed-two-days-later.json", at=NOW + timedelta(days=2))
    assert shop.asked() == []


def test_the_end_of_a_plan_of_one_cycle_is_nobodys_leaving(faults: Path) -> None:
    shop = Shop("paypal", faults, webhook_id="WH")
    shop.tell("6a.activated.json", "6b.expired-one-cycle-plan.json")
    assert shop.asked() == ["subscription_started"]


def test_a_refund_that_names_no_payment_becomes_a_task_where_the_api_knows_none(faults: Path) -> None:
    shop = Shop("paypal", faults, webhook_id="WH")
    shop.tell("7.sale.refunded.no_sale_id.json")
    assert len(shop.world.stored.tasks) == 1


def test_a_payment_of_august_that_is_being_refunded_today_is_not_asked_about(faults: Path) -> None:
    shop = Shop("square", faults)
    shop.tell("8a.payment-of-august-refunded-today.json", "8b.refund-created-pending.json")
    assert shop.asked() == []


def test_a_day_without_a_time_is_that_day(faults: Path) -> None:
    shop = Shop("xero", faults)
    shop.answers("10.api.json")
    shop.tell("10.invoice.update.json")
    assert {one.occurred_at.date().isoformat() for one in shop.world.stored.invitations.values()} == {"2026-11-22"}


def test_amounts_in_cents_are_read_as_such(faults: Path) -> None:
    shop = Shop("standard_webhooks", faults, types={"order.paid": "payment_succeeded"}, fields=CENTS)
    shop.tell("14.order.paid-in-cents.json")
    assert [str(one.money) for one in shop.world.stored.invitations.values()] == ["Money(amount=1000, currency='USD')"]
