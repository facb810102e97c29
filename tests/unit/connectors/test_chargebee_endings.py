"""What really happened at Chargebee: ends taken back or planned, money taken back, and the day of each fact."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import chargebee
from afterbill.model.billing import BillingEvent, Money, SubscriptionState, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

SOURCE = Source("billing", "chargebee", account="acme")
Read = Callable[..., BillingEvent]


@pytest.fixture
def read(sample: Callable[[str, str], bytes]) -> Read:
    """The event in a sample, after a change to its content; a value of None takes the key away."""

    def normalise(name: str, **changed: dict[str, Any] | None) -> BillingEvent:
        payload = json.loads(sample("chargebee", name))
        for part, values in changed.items():
            merged = {**payload["content"].get(part, {}), **(values or {})}
            payload["content"][part] = {key: value for key, value in merged.items() if value is not None}
            if values is None:
                del payload["content"][part]
        return understood(json.dumps(payload).encode())

    return normalise


def understood(body: bytes) -> BillingEvent:
    (event,) = chargebee.normalise(Webhook("billing", {}, body, datetime(2025, 11, 3, 12, tzinfo=UTC)), SOURCE)
    return event


class TestEnds:
    def test_an_announced_end_that_is_removed_leaves_a_running_subscription(self, read: Read) -> None:
        announced = read("subscription_cancellation_scheduled")
        removed = read("subscription_scheduled_cancellation_removed")
        assert (announced.touchpoint, announced.subscription_state) == (Touchpoint.CANCELLED, None)
        assert (removed.touchpoint, removed.subscription_state) == (None, SubscriptionState.RUNNING)
        assert announced.objects == removed.objects

    @pytest.mark.parametrize(
        "name",
        [
            "subscription_created",
            "subscription_created.trial",
            "subscription_renewed.unpaid",
            "subscription_reactivated",
            "subscription_reactivated.unpaid",
            "subscription_resumed",
            "subscription_changed",
            "subscription_trial_end_reminder",
        ],
    )
    def test_events_of_a_running_subscription_say_that_it_runs(self, read: Read, name: str) -> None:
        assert read(name).subscription_state is SubscriptionState.RUNNING

    @pytest.mark.parametrize("name", ["payment_succeeded", "payment_failed", "invoice_generated", "customer_changed"])
    def test_payments_and_customers_prove_nothing_of_it(self, read: Read, name: str) -> None:
        assert read(name).subscription_state is None

    def test_a_change_of_plan_keeps_the_end_that_was_announced(self, read: Read) -> None:
        changed = read("subscription_changed", subscription={"status": "non_renewing", "cancelled_at": 1_764_761_940})
        assert changed.subscription_state is None

    def test_the_last_billing_cycle_is_nobodys_leaving(self, read: Read) -> None:
        over = read("subscription_cancelled.last_cycle")
        assert (over.touchpoint, over.subscription_state) == (None, SubscriptionState.EXPIRED)

    @pytest.mark.parametrize("status", ["active", "completed", None])
    def test_a_contract_that_ends_as_it_was_signed_is_nobodys_leaving(self, read: Read, status: str | None) -> None:
        contract = {"action_at_term_end": "cancel", "status": status}
        over = read(
            "subscription_cancelled.last_cycle",
            subscription={"remaining_billing_cycles": None, "contract_term": contract},
        )
        assert over.subscription_state is SubscriptionState.EXPIRED

    @pytest.mark.parametrize(
        "changed",
        [
            {"cancel_reason_code": "Too expensive"},
            {"cancel_reason": "not_paid"},
            {"cancel_schedule_created_at": 1_762_170_000},
            {"cancel_schedule_created_at": 1_762_170_000, "created_at": None},
            {"cancelled_at": 1_763_000_000},
            {"remaining_billing_cycles": 3},
            {"remaining_billing_cycles": None, "contract_term": {"action_at_term_end": "renew"}},
            {
                "remaining_billing_cycles": None,
                "contract_term": {"action_at_term_end": "cancel", "status": "terminated"},
            },
        ],
    )
    def test_leaving_before_or_with_a_reason_is_leaving(self, read: Read, changed: dict[str, Any]) -> None:
        assert read("subscription_cancelled.last_cycle", subscription=changed).touchpoint is Touchpoint.CANCELLED

    def test_an_end_that_was_set_with_the_beginning_is_nobodys_leaving(self, read: Read) -> None:
        planned = read("subscription_cancellation_scheduled.fixed_term")
        at_once = {"cancel_schedule_created_at": 1_753_170_010, "remaining_billing_cycles": None}
        over = read("subscription_cancelled.last_cycle", subscription=at_once)
        assert (planned.touchpoint, planned.subscription_state) == (None, None)
        assert (over.touchpoint, over.subscription_state) == (None, SubscriptionState.EXPIRED)

    @pytest.mark.parametrize(
        "changed",
        [
            {"cancel_schedule_created_at": None, "remaining_billing_cycles": 0},
            {"cancel_reason_code": "Price"},
            {"cancelled_at": 1_755_848_400},
        ],
    )
    def test_an_announcement_is_somebodys_act(self, read: Read, changed: dict[str, Any]) -> None:
        event = read("subscription_cancellation_scheduled.fixed_term", subscription=changed)
        assert event.touchpoint is Touchpoint.CANCELLED

    def test_a_subscription_of_one_cycle_starts_although_its_end_is_set(self, read: Read) -> None:
        event = read("subscription_created", invoice=None, subscription={"status": "non_renewing"})
        assert event.touchpoint is Touchpoint.SUBSCRIPTION_STARTED

    def test_a_trial_with_a_bill_over_nothing_has_not_started(self, read: Read) -> None:
        event = read("subscription_created", subscription={"status": "in_trial"}, invoice={"total": 0})
        assert (event.touchpoint, event.subscription_state) == (None, SubscriptionState.RUNNING)


class TestReversals:
    def test_a_late_failure_is_one_reversal_whoever_tells_it(self, read: Read) -> None:
        told = [read(name) for name in ("payment_failed.late", "transaction_updated.late", "transaction_created")]
        assert {event.touchpoint for event in told} == {Touchpoint.PAYMENT_REVERSED}
        assert len({event.fact for event in told}) == 1
        payment = read("payment_succeeded.renewed", invoice={"id": "2041"}, transaction={"id": "txn_BTUr2041"})
        assert all(set(event.links) & set(payment.links) for event in told)

    def test_a_reversal_that_names_no_payment_is_an_error(self, read: Read) -> None:
        with pytest.raises(PayloadError, match="payment that was reversed"):
            read("transaction_created", transaction={"linked_payments": None})

    def test_a_credit_note_whose_refund_failed_returns_nothing(self, read: Read) -> None:
        failed = [{"txn_id": "txn_1", "applied_amount": 4900, "txn_status": "failure"}]
        paid = [*failed, {"txn_id": "txn_2", "applied_amount": 4900, "txn_status": "success"}]
        customer = {"id": "AzyBTUr7nora"}
        only = read("credit_note_created", customer=customer, credit_note={"linked_refunds": failed})
        assert only.touchpoint is None
        assert read("credit_note_created", credit_note={"linked_refunds": paid}).objects["refund"] == "txn_2"

    def test_a_cancelled_order_shares_nothing_with_other_orders_but_its_invoice(self, read: Read) -> None:
        cancelled, other = read("order_cancelled"), read("order_delivered", order={"id": "18", "invoice_id": "2049"})
        assert set(cancelled.links) & set(read("order_delivered").links)
        assert not set(cancelled.links) & set(other.links)


class TestDays:
    def test_a_prorated_upgrade_inside_a_term_is_no_renewal(self, read: Read) -> None:
        within = {"current_term_start": 1_760_000_000, "current_term_end": 1_764_000_000}
        assert read("payment_succeeded.renewed", subscription=within).touchpoint is Touchpoint.PAYMENT_SUCCEEDED
        assert read("payment_succeeded.renewed").touchpoint is Touchpoint.RENEWED

    def test_a_transfer_that_is_entered_later_is_of_the_day_it_was_paid(self, read: Read) -> None:
        event = read("payment_succeeded.offline")
        assert event.occurred_at == datetime(2025, 11, 8, 11, 6, 40, tzinfo=UTC)
        assert (event.money, event.customer.attributes["payment_method"]) == (Money(4900, "EUR"), "bank_transfer")

    def test_a_start_that_is_entered_for_the_past_is_of_the_past(self, read: Read) -> None:
        event = read("subscription_created.no_invoice", subscription={"started_at": 1_760_000_000})
        assert event.occurred_at == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)


def test_the_address_of_whoever_pays_is_found_where_the_customer_has_none(read: Read) -> None:
    branch = {"customer": {"id": "AzyBTUr7nora", "first_name": "Nora", "relationship": {"parent_id": "head"}}}
    office = {"customer": {"id": "head", "first_name": "Lars", "email": "office@example.com"}}
    apis = MemoryApis({"/api/v2/customers/AzyBTUr7nora": branch, "/api/v2/customers/head": office})
    customer = chargebee.find_customer(read("order_delivered"), SOURCE, apis.call).customer
    assert (customer.id, customer.email, customer.name) == ("AzyBTUr7nora", "office@example.com", "Nora")


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("2e.subscription_cancellation_scheduled", (Touchpoint.CANCELLED, None)),
        ("2f.subscription_scheduled_cancellation_removed", (None, SubscriptionState.RUNNING)),
    ],
)
def test_what_people_reported(payloads: Path, name: str, meaning: object) -> None:
    folder = payloads.parent / "faults"
    if not folder.is_dir():
        pytest.skip(f"no reported inputs in {folder}")
    event = understood((folder / "chargebee" / f"{name}.json").read_bytes())
    assert (event.touchpoint, event.subscription_state) == meaning
