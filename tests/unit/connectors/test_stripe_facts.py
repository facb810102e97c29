import json
from collections.abc import Callable
from typing import Any

import pytest

from afterbill.model.billing import BillingEvent, Touchpoint
from afterbill.model.errors import PayloadError

Understood = Callable[..., tuple[BillingEvent, ...]]
Read = Callable[..., BillingEvent]

FIRST_PAYMENT = (
    "invoice.paid",
    "invoice.payment_succeeded",
    "checkout.session.completed",
    "customer.subscription.created",
)


class TestTwins:
    @pytest.mark.parametrize("shape", ["", "basil."])
    def test_everything_that_reports_a_first_payment_is_one_fact_and_one_touchpoint(
        self, shape: str, read_stripe: Read
    ) -> None:
        events = [read_stripe(shape + name) for name in FIRST_PAYMENT]
        assert len({event.invitation_id for event in events}) == 1
        assert {event.touchpoint for event in events} == {Touchpoint.SUBSCRIPTION_STARTED}

    def test_before_2018_10_31_no_twin_calls_a_payment_the_first(self, read_stripe: Read) -> None:
        old = {"api_version": "2018-09-24"}
        assert read_stripe("checkout.session.completed", old).touchpoint is Touchpoint.PAYMENT_SUCCEEDED
        assert read_stripe("invoice.paid", old).touchpoint is Touchpoint.PAYMENT_SUCCEEDED
        assert read_stripe("customer.subscription.created", old).touchpoint is None

    def test_an_event_without_api_version_is_read_as_current(self, read_stripe: Read) -> None:
        event = read_stripe("checkout.session.completed", {"api_version": None})
        assert event.touchpoint is Touchpoint.SUBSCRIPTION_STARTED

    def test_two_renewals_are_two_facts(self, read_stripe: Read) -> None:
        assert read_stripe("invoice.paid").fact != read_stripe("invoice.paid.renewed").fact

    def test_every_failed_attempt_is_a_fact_and_none_is_the_payment(self, read_stripe: Read) -> None:
        names = ("invoice.payment_failed", "invoice.payment_failed.again", "invoice.paid.recovered")
        assert len({read_stripe(name).fact for name in names}) == len(names)

    def test_the_announced_end_and_the_end_are_one_fact(self, read_stripe: Read) -> None:
        announced = read_stripe("customer.subscription.updated.cancelled")
        assert announced.fact == read_stripe("customer.subscription.deleted").fact

    def test_a_second_announcement_after_a_change_of_mind_is_another_fact(self, read_stripe: Read) -> None:
        again = read_stripe("customer.subscription.updated.cancelled", canceled_at=1763999999)
        assert again.fact != read_stripe("customer.subscription.updated.cancelled").fact

    def test_the_same_upgrade_a_month_later_is_another_fact(self, read_stripe: Read) -> None:
        later = read_stripe("customer.subscription.updated.upgraded", {"created": 1765627200})
        assert later.fact != read_stripe("customer.subscription.updated.upgraded").fact

    def test_every_part_of_a_refund_is_a_fact(self, read_stripe: Read) -> None:
        assert read_stripe("charge.refunded").fact != read_stripe("charge.refunded.partly").fact

    def test_the_same_payment_in_two_connected_accounts_is_two_facts(self, read_stripe: Read) -> None:
        assert read_stripe("connect.invoice.paid").fact != read_stripe("invoice.paid").fact


class TestLinks:
    @pytest.mark.parametrize("reversal", ["charge.refunded", "charge.dispute.created"])
    def test_a_refund_and_a_dispute_share_an_object_with_the_invoice_they_take_back(
        self, reversal: str, read_stripe: Read
    ) -> None:
        assert set(read_stripe(reversal).links) & set(read_stripe("invoice.paid").links)

    def test_a_refund_shares_no_object_with_the_next_renewal(self, read_stripe: Read) -> None:
        assert not set(read_stripe("charge.refunded").links) & set(read_stripe("invoice.paid.renewed").links)

    def test_since_basil_the_payment_of_an_invoice_connects_it_with_its_refund(self, read_stripe: Read) -> None:
        paid, refund, bridge = (
            set(read_stripe(f"basil.{name}").links)
            for name in ("invoice.paid", "charge.refunded", "invoice_payment.paid")
        )
        assert not paid & refund
        assert paid & bridge
        assert refund & bridge

    def test_what_connects_a_payment_is_no_event_to_ask_about(self, read_stripe: Read) -> None:
        bridge = read_stripe("basil.invoice_payment.paid")
        assert (bridge.touchpoint, bridge.fact) == (None, read_stripe("basil.invoice.paid").fact)

    def test_payments_inside_a_basil_invoice_are_its_objects(self, read_stripe: Read) -> None:
        objects = read_stripe("basil.invoice.paid.with_payments").objects
        assert objects["payment_intent"] == "pi_3SPRaAKx3VdL8mWc0Basil01"
        assert objects["payment_intent_2"] == "pi_3SPRaAKx3VdL8mWc0Basil02"

    def test_a_payment_by_charge_is_an_object_too(self, read_stripe: Read) -> None:
        payments = {"data": [{"payment": {"type": "charge", "charge": "ch_direct"}}]}
        assert read_stripe("basil.invoice.paid", payments=payments).objects["charge"] == "ch_direct"

    def test_objects_that_stand_where_their_id_could_count_as_their_id(self, read_stripe: Read) -> None:
        whole = read_stripe(
            "charge.dispute.created",
            charge={"id": "ch_1", "customer": {"id": "cus_1"}, "billing_details": {"email": "a@example.com"}},
            payment_intent={"id": "pi_1"},
        )
        assert (whole.objects["charge"], whole.objects["payment_intent"]) == ("ch_1", "pi_1")
        assert (whole.customer.id, whole.customer.email) == ("cus_1", "a@example.com")

    @pytest.mark.parametrize("key", ["invoice", "payment"])
    def test_a_payment_that_names_one_object_only_connects_nothing(
        self, key: str, sample: Callable[[str, str], bytes], understood: Understood
    ) -> None:
        event = json.loads(sample("stripe", "basil.invoice_payment.paid"))
        event["data"]["object"][key] = None
        assert understood("stripe", json.dumps(event).encode()) == ()


class TestEnvelopes:
    def test_test_mode_is_told(self, read_stripe: Read) -> None:
        assert read_stripe("test_mode.invoice.paid").test
        assert not read_stripe("invoice.paid").test

    @pytest.mark.parametrize("livemode", [None, "true", 1, False])
    def test_what_is_not_marked_live_is_test(self, livemode: object, read_stripe: Read) -> None:
        assert read_stripe("invoice.paid", {"livemode": livemode}).test

    @pytest.mark.parametrize(
        ("envelope", "missing"),
        [
            ({"object": "list"}, "not a Stripe event"),
            ({"type": None}, "not a Stripe event"),
            ({"id": None}, "id"),
            ({"created": "yesterday"}, "created"),
            ({"created": 0}, "created"),
            ({"created": True}, "created"),
            ({"created": 99999999999}, "created"),
            ({"data": {}}, "data.object"),
            ({"data": {"object": {"amount_paid": 1}}}, "invoice"),
        ],
    )
    def test_an_error_names_what_is_missing(self, envelope: dict[str, Any], missing: str, read_stripe: Read) -> None:
        with pytest.raises(PayloadError, match=missing):
            read_stripe("invoice.paid", envelope)

    def test_an_unwanted_kind_is_ignored_whatever_it_holds(self, understood: Understood) -> None:
        assert understood("stripe", b'{"object": "event", "type": "brand.new", "data": 7}') == ()
