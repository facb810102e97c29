"""What a Stripe event proves of a subscription: that it runs, that it ends, or that it is over as planned."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afterbill.model.billing import BillingEvent, Money, SubscriptionState, Touchpoint, fact_key
from afterbill.model.webhooks import Source

Understood = Callable[..., tuple[BillingEvent, ...]]
Read = Callable[..., BillingEvent]
Sample = Callable[[str, str], bytes]

NO_REASON = {"comment": None, "feedback": None, "reason": None}


class TestAnnouncedEnds:
    @pytest.mark.parametrize("shape", ["", "basil."])
    def test_an_end_that_is_taken_back_leaves_a_running_subscription(self, shape: str, read_stripe: Read) -> None:
        announced, withdrawn = (
            read_stripe(f"{shape}customer.subscription.updated.{name}") for name in ("cancelled", "withdrawn")
        )
        assert (announced.touchpoint, announced.subscription_state) == (Touchpoint.CANCELLED, None)
        assert (withdrawn.touchpoint, withdrawn.subscription_state) == (None, SubscriptionState.RUNNING)
        assert announced.objects == withdrawn.objects

    def test_a_subscription_that_is_resumed_runs(self, read_stripe: Read) -> None:
        assert read_stripe("customer.subscription.resumed").subscription_state is SubscriptionState.RUNNING

    @pytest.mark.parametrize("status", ["paused", "unpaid", "canceled"])
    def test_what_does_not_run_is_not_called_running(self, status: str, read_stripe: Read) -> None:
        assert read_stripe("customer.subscription.updated.period", status=status).subscription_state is None

    @pytest.mark.parametrize("status", ["paused", "unpaid"])
    def test_an_end_is_taken_back_whatever_the_subscription_does(self, status: str, read_stripe: Read) -> None:
        withdrawn = read_stripe("customer.subscription.updated.withdrawn", status=status)
        assert withdrawn.subscription_state is SubscriptionState.RUNNING

    def test_a_change_of_plan_keeps_the_end_that_was_announced(self, read_stripe: Read) -> None:
        changed = read_stripe("customer.subscription.updated.upgraded", cancel_at_period_end=True)
        assert (changed.touchpoint, changed.subscription_state) == (Touchpoint.UPGRADED, None)

    def test_a_new_subscription_runs_beside_the_old_one_that_ends(self, read_stripe: Read) -> None:
        new = read_stripe("customer.subscription.created")
        old = read_stripe("customer.subscription.deleted", id="sub_old")
        assert new.subscription_state is SubscriptionState.STARTED
        assert new.objects["customer"] == old.objects["customer"]
        assert new.objects["subscription"] != old.objects["subscription"]


class TestPlannedEnds:
    def test_an_end_that_was_set_with_the_beginning_is_nobodys_leaving(self, read_stripe: Read) -> None:
        planned, over = (read_stripe(f"customer.subscription.{name}.fixed_term") for name in ("updated", "deleted"))
        assert (planned.touchpoint, planned.subscription_state) == (None, None)
        assert (over.touchpoint, over.subscription_state) == (None, SubscriptionState.EXPIRED)

    def test_who_leaves_in_the_first_minute_leaves(self, read_stripe: Read) -> None:
        first_period = {"cancel_at": 1764763200, "cancel_at_period_end": True}
        event = read_stripe("customer.subscription.updated.fixed_term", **first_period)
        assert event.touchpoint is Touchpoint.CANCELLED

    def test_periods_of_items_count_as_those_of_the_subscription(self, read_stripe: Read) -> None:
        term = {"created": 1762178400, "canceled_at": 1762178403}
        this, later = {"cancel_at": 1764770400}, {"cancel_at": 1777809600}
        name = "basil.customer.subscription.updated.cancelled"
        assert read_stripe(name, **term, **this).touchpoint is Touchpoint.CANCELLED
        assert read_stripe(name, **term, **later).touchpoint is None

    def test_an_end_that_the_creation_itself_set_was_planned(self, read_stripe: Read) -> None:
        one_cycle = {"created": 1762171200, "canceled_at": 1762171200, "cancel_at": 1764763200}
        periods = {"current_period_start": 1762171200, "current_period_end": 1764763200, "ended_at": 1764763200}
        over = read_stripe("customer.subscription.deleted.fixed_term", **one_cycle, **periods)
        assert over.subscription_state is SubscriptionState.EXPIRED

    @pytest.mark.parametrize("set_at", [None, 1777809600])
    def test_an_end_that_came_without_being_announced_was_planned(self, set_at: int | None, read_stripe: Read) -> None:
        over = read_stripe("customer.subscription.deleted.fixed_term", canceled_at=set_at, ended_at=None)
        assert over.subscription_state is SubscriptionState.EXPIRED

    @pytest.mark.parametrize(
        "changed",
        [
            {"canceled_at": 1770000000},
            {"ended_at": 1770000000, "canceled_at": 1770000000},
            {"cancellation_details": {**NO_REASON, "feedback": "too_expensive"}},
            {"cancellation_details": {**NO_REASON, "comment": "Goodbye."}},
            {"cancellation_details": {**NO_REASON, "reason": "payment_failed"}},
        ],
        ids=["announced later", "ended early", "with feedback", "with a comment", "unpaid"],
    )
    def test_leaving_a_fixed_term_is_leaving(self, changed: dict[str, Any], read_stripe: Read) -> None:
        event = read_stripe("customer.subscription.deleted.fixed_term", **changed)
        assert event.touchpoint is Touchpoint.CANCELLED

    def test_a_schedule_ends_its_subscription_without_anybody_asking(self, read_stripe: Read) -> None:
        scheduled = {"schedule": "sub_sched_1", "cancel_at": None, "canceled_at": 1777809600}
        by_plan = read_stripe("customer.subscription.deleted.fixed_term", **scheduled)
        asked = {**scheduled, "cancellation_details": {**NO_REASON, "reason": "cancellation_requested"}}
        assert by_plan.subscription_state is SubscriptionState.EXPIRED
        assert read_stripe("customer.subscription.deleted.fixed_term", **asked).touchpoint is Touchpoint.CANCELLED

    def test_before_ends_had_reasons_a_schedule_proves_nothing(self, read_stripe: Read) -> None:
        event = read_stripe(
            "customer.subscription.deleted", schedule="sub_sched_1", cancel_at=None, cancellation_details=None
        )
        assert event.touchpoint is Touchpoint.CANCELLED

    def test_a_schedule_that_is_completed_names_the_subscription_that_it_ended(self, read_stripe: Read) -> None:
        event = read_stripe("subscription_schedule.completed")
        assert (event.touchpoint, event.subscription_state) == (None, SubscriptionState.EXPIRED)
        assert event.objects["subscription"] == "sub_1SQXfixedKx3VdL8mWcSix6"

    def test_a_schedule_that_was_made_for_a_running_subscription_proves_no_plan(
        self, sample: Sample, understood: Understood
    ) -> None:
        event = json.loads(sample("stripe", "subscription_schedule.completed"))
        event["data"]["object"]["created"] = 1775000000
        assert understood("stripe", json.dumps(event).encode()) == ()


class TestTrials:
    def test_the_begin_of_a_trial_teaches_and_starts_nothing(self, read_stripe: Read) -> None:
        names = ("customer.subscription.created.trial", "invoice.paid.trial", "checkout.session.completed.trial")
        begun = [read_stripe(name) for name in names]
        assert {event.touchpoint for event in begun} == {None}
        assert {event.objects["subscription"] for event in begun} == {"sub_1SPQeEKx3VdL8mWcTrialSub"}
        assert begun[0].subscription_state is SubscriptionState.STARTED

    def test_a_first_bill_that_a_discount_made_free_is_a_start(self, read_stripe: Read) -> None:
        event = read_stripe("invoice.paid.trial", subtotal=4900)
        assert (event.touchpoint, event.money) == (Touchpoint.SUBSCRIPTION_STARTED, Money(0, "EUR"))


class TestPaidElsewhere:
    def test_a_transfer_pays_the_total(self, read_stripe: Read) -> None:
        event = read_stripe("invoice.paid.out_of_band")
        assert (event.touchpoint, event.money) == (Touchpoint.RENEWED, Money(4900, "EUR"))

    def test_a_rest_paid_by_transfer_counts_with_what_was_paid_before(self, read_stripe: Read) -> None:
        assert read_stripe("invoice.paid.out_of_band", amount_paid=900).money == Money(4900, "EUR")

    def test_versions_that_no_longer_say_so_owe_a_sum_of_which_nothing_was_paid(self, read_stripe: Read) -> None:
        assert read_stripe("invoice.paid.out_of_band", paid_out_of_band=None).money == Money(4900, "EUR")

    def test_a_balance_that_covers_the_bill_is_no_payment(self, read_stripe: Read) -> None:
        covered = read_stripe("invoice.paid.out_of_band", paid_out_of_band=False, amount_due=0)
        assert covered.money == Money(0, "EUR")


class TestRefundsOfNothing:
    @pytest.mark.parametrize(
        "changed",
        [
            {"captured": False},
            {"refunds": {"data": [{"status": "failed"}, {"status": "canceled"}]}},
        ],
        ids=["a hold let go", "refunds that failed"],
    )
    def test_what_returns_nothing_is_no_refund(
        self, changed: dict[str, Any], sample: Sample, understood: Understood
    ) -> None:
        event = json.loads(sample("stripe", "charge.refunded"))
        event["data"]["object"].update(changed)
        assert understood("stripe", json.dumps(event).encode()) == ()

    def test_one_refund_of_several_is_enough(self, read_stripe: Read) -> None:
        refunds = {"data": [{"status": "failed"}, {"status": "pending"}]}
        assert read_stripe("charge.refunded", refunds=refunds).touchpoint is Touchpoint.REFUNDED


class TestFailuresOfSinglePayments:
    def test_intent_and_charge_report_one_failure(self, read_stripe: Read) -> None:
        intent, charge = read_stripe("payment_intent.payment_failed.alone"), read_stripe("charge.failed")
        assert intent.fact == charge.fact
        assert {intent.customer.email, charge.customer.email} == {"luca.moser@example.org"}

    @pytest.mark.parametrize("name", ["payment_intent.payment_failed.alone", "charge.failed"])
    def test_it_takes_back_the_success_of_the_same_payment(self, name: str, read_stripe: Read) -> None:
        payment = {"id": "pi_x"} if name.startswith("payment_intent") else {"payment_intent": "pi_x"}
        paid = {"latest_charge": "ch_x"} if name.startswith("payment_intent") else {}
        assert read_stripe(name, **payment, **paid).takes_back == fact_key("stripe", "", "pi_x", "payment")

    def test_a_failed_session_and_a_failed_invoice_take_back_theirs(self, read_stripe: Read) -> None:
        session = read_stripe("checkout.session.async_payment_failed")
        assert session.takes_back.endswith(f"|{session.objects['payment_intent']}|payment|")
        invoice = read_stripe("invoice.payment_failed")
        assert invoice.takes_back.endswith(f"|{invoice.objects['invoice']}|payment|")

    def test_a_source_that_names_the_success_reads_the_failure_too(
        self, sample: Sample, understood: Understood
    ) -> None:
        event = json.loads(sample("stripe", "payment_intent.payment_failed.alone"))
        event["api_version"] = "2025-09-30.clover"
        del event["data"]["object"]["invoice"]
        body = json.dumps(event).encode()
        named = Source("gifts", "stripe", types={"payment_intent.succeeded": "payment_succeeded"})
        assert understood("stripe", body) == ()
        assert [one.touchpoint for one in understood("stripe", body, named)] == [Touchpoint.PAYMENT_FAILED]


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("2a.subscription.updated.cancel_announced", (Touchpoint.CANCELLED, None)),
        ("2b.subscription.updated.cancel_withdrawn", (None, SubscriptionState.RUNNING)),
        ("3a.invoice.paid.new_plan", (Touchpoint.SUBSCRIPTION_STARTED, None)),
        ("3b.subscription.deleted.old_plan_replaced", (Touchpoint.CANCELLED, None)),
        ("6.invoice.paid.out_of_band", (Touchpoint.RENEWED, None)),
    ],
)
def test_what_people_reported(name: str, meaning: object, payloads: Path, understood: Understood) -> None:
    folder = payloads.parent / "faults"
    if not folder.is_dir():
        pytest.skip(f"no reported inputs in {folder}")
    (event,) = understood("stripe", (folder / "stripe" / f"{name}.json").read_bytes())
    assert (event.touchpoint, event.subscription_state) == meaning
    assert event.objects["subscription"]
    assert event.money is None or event.money.amount == 900
