"""Paddle: its signatures, what is one fact, whom it is about, and how the API is asked."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import paddle
from afterbill.model.billing import BillingEvent, CustomerRef, Money, SubscriptionState, Touchpoint
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

SECRET = "pdl_ntfset_01k9r4own_Qm1x7VdT3uZpLw9cYb2eRk8s"
SOURCE = Source("shop", "paddle")
CUSTOMER = "ctm_01k9r4qkde5j8pfh3z7v0w2smb"

Read = Callable[..., BillingEvent]


@pytest.fixture
def read(sample: Callable[[str, str], bytes], now: datetime) -> Read:
    """The event in a sample whose data was changed first."""

    def normalise(name: str, envelope: dict[str, Any] | None = None, **changed: Any) -> BillingEvent:
        event = json.loads(sample("paddle", name)) | (envelope or {})
        event["data"].update(changed)
        (reading,) = paddle.normalise(Webhook("shop", {}, json.dumps(event).encode(), now), SOURCE)
        assert isinstance(reading, BillingEvent)
        return reading

    return normalise


class TestSignatures:
    @pytest.fixture
    def signed(self, now: datetime) -> Webhook:
        return paddle.sign(Webhook("shop", {}, b'{"event_type": "transaction.paid"}', now), SECRET)

    def with_header(self, webhook: Webhook, header: str) -> Webhook:
        return replace(webhook, headers={"paddle-signature": header})

    def test_one_of_several_h1_is_enough_and_unknown_keys_are_passed_over(self, signed: Webhook, now: datetime) -> None:
        at, mac = signed.headers["paddle-signature"].split(";")
        rotated = self.with_header(signed, f"{at};v=1;h1={'0' * 64};{mac};h2=whatever")
        assert paddle.verify(rotated, ["old", SECRET], now) is None

    @pytest.mark.parametrize("header", ["", "h1=ab", "ts=1762171230", "ts=;h1=ab", "ts=1;ts=1;h1=ab", "ts=x;h1=ab"])
    def test_a_header_without_one_time_and_a_signature_is_refused(
        self, header: str, signed: Webhook, now: datetime
    ) -> None:
        expected = Refusal.MALFORMED if header else Refusal.MISSING
        assert paddle.verify(self.with_header(signed, header), [SECRET], now) is expected

    @pytest.mark.parametrize("mac", ["é" * 64, "\ud800", "ABCDEF" + "0" * 58])
    def test_a_signature_of_other_characters_is_a_mismatch(self, mac: str, signed: Webhook, now: datetime) -> None:
        header = f"ts={int(now.timestamp())};h1={mac}"
        assert paddle.verify(self.with_header(signed, header), [SECRET], now) is Refusal.MISMATCH

    def test_the_time_may_differ_by_five_minutes_either_way(self, signed: Webhook, now: datetime) -> None:
        late, early = now + timedelta(minutes=5), now - timedelta(minutes=5)
        assert paddle.verify(signed, [SECRET], late) is None
        assert paddle.verify(signed, [SECRET], early) is None
        assert paddle.verify(signed, [SECRET], late + timedelta(seconds=1)) is Refusal.STALE
        assert paddle.verify(signed, [SECRET], early - timedelta(seconds=1)) is Refusal.FUTURE

    def test_a_time_in_milliseconds_is_in_the_future(self, signed: Webhook, now: datetime) -> None:
        later = replace(signed, received_at=now + timedelta(days=20_000))
        assert paddle.verify(paddle.sign(later, SECRET), [SECRET], now) is Refusal.FUTURE

    def test_who_cannot_sign_learns_nothing_about_the_clock(self, signed: Webhook) -> None:
        assert paddle.verify(signed, ["other"], signed.received_at + timedelta(days=9)) is Refusal.MISMATCH

    def test_paddle_gets_the_answer_it_takes_for_success(self) -> None:
        assert paddle.ACCEPTED.status == 200


class TestFacts:
    def test_paid_and_completed_are_one_fact_and_one_touchpoint(self, read: Read) -> None:
        for variant in ("", ".renewed", ".recovered", ".one_off"):
            paid, completed = (read(f"transaction.{kind}{variant}") for kind in ("paid", "completed"))
            assert (paid.fact, paid.touchpoint) == (completed.fact, completed.touchpoint)

    def test_a_first_payment_is_told_before_its_subscription_has_an_id(self, read: Read) -> None:
        paid = read("transaction.paid")
        assert "subscription" not in paid.objects
        assert paid.touchpoint is Touchpoint.SUBSCRIPTION_STARTED

    def test_a_wrong_card_before_a_first_payment_is_no_recovery(self, read: Read) -> None:
        payments = [{"status": "captured", "created_at": "2"}, {"status": "error", "created_at": "1"}]
        assert read("transaction.paid", payments=payments).touchpoint is Touchpoint.SUBSCRIPTION_STARTED

    @pytest.mark.parametrize(
        "origin", ["subscription_charge", "subscription_update", "subscription_payment_method_change"]
    )
    def test_what_a_subscription_is_charged_between_its_renewals_is_a_payment(self, origin: str, read: Read) -> None:
        assert read("transaction.completed", origin=origin).touchpoint is Touchpoint.PAYMENT_SUCCEEDED

    def test_every_failed_attempt_is_a_fact_and_none_is_the_payment(self, read: Read) -> None:
        names = ("transaction.payment_failed", "transaction.payment_failed.again", "transaction.completed.recovered")
        assert len({read(name).fact for name in names}) == len(names)

    def test_the_latest_attempt_counts_wherever_it_stands_in_the_list(self, read: Read) -> None:
        attempts = [
            {"status": "error", "created_at": "2026-01-03T11:00:00Z", "payment_attempt_id": "first"},
            {"status": "error", "created_at": "2026-01-05T11:00:00Z", "payment_attempt_id": "second"},
        ]
        assert read("transaction.payment_failed", payments=attempts).fact.endswith("|payment_failed|second")

    def test_a_failure_without_attempts_is_known_by_its_event(self, read: Read) -> None:
        failed = read("transaction.payment_failed", payments=None)
        assert failed.fact.endswith(f"|payment_failed|{failed.event_id}")

    def test_two_renewals_are_two_facts(self, read: Read) -> None:
        assert read("transaction.completed").fact != read("transaction.completed.renewed").fact

    def test_a_subscription_is_created_by_its_first_transaction(self, read: Read) -> None:
        paid = read("transaction.completed")
        created = read("subscription.created", transaction_id=paid.objects["transaction"])
        assert (created.fact, created.touchpoint) == (paid.fact, paid.touchpoint)

    def test_a_subscription_without_a_transaction_or_past_due_is_only_learned(self, read: Read) -> None:
        assert read("subscription.created", transaction_id=None).touchpoint is None
        assert read("subscription.created", status="past_due").touchpoint is None

    def test_a_refund_approved_later_is_the_refund_that_was_created(self, read: Read) -> None:
        at_once = read("adjustment.updated.approved", envelope={"event_type": "adjustment.created"})
        assert at_once.fact == read("adjustment.updated.approved").fact

    def test_two_refunds_of_one_payment_are_two_facts(self, read: Read) -> None:
        assert read("adjustment.updated.approved").fact != read("adjustment.created.approved").fact

    @pytest.mark.parametrize("reversal", ["adjustment.updated.approved", "adjustment.created.approved"])
    def test_a_refund_shares_an_object_with_its_payment_and_with_no_other(self, reversal: str, read: Read) -> None:
        links = set(read(reversal).links)
        assert links & set(read("transaction.completed").links)
        assert links & set(read("transaction.paid").links)
        assert not links & set(read("transaction.completed.renewed").links)

    def test_a_warning_and_its_chargeback_are_one_dispute_about_the_payment(self, read: Read) -> None:
        warning, dispute = read("adjustment.created.warning"), read("adjustment.created.chargeback")
        assert warning.fact == dispute.fact
        assert set(dispute.links) & set(read("transaction.completed.renewed").links)

    def test_the_announced_end_and_the_end_are_one_fact(self, read: Read) -> None:
        announced = read("subscription.updated.cancelled")
        assert announced.fact == read("subscription.canceled").fact
        assert announced.fact == read("subscription.updated", status="canceled").fact

    def test_an_activation_after_a_trial_is_told_by_its_dates(self, read: Read) -> None:
        tried = [{"trial_dates": {"ends_at": "2025-11-17T12:00:00Z"}}]
        assert read("subscription.activated", items=tried).touchpoint is Touchpoint.TRIAL_CONVERTED
        assert read("subscription.activated", items=[], first_billed_at=None).touchpoint is None

    def test_what_is_still_on_trial_has_not_converted(self, read: Read) -> None:
        assert read("subscription.activated.converted", status="trialing").touchpoint is None


class TestSubscriptions:
    @pytest.mark.parametrize(
        "name", ["subscription.updated.withdrawn", "subscription.resumed", "subscription.past_due"]
    )
    def test_without_a_scheduled_end_it_runs(self, name: str, read: Read) -> None:
        announced, later = read("subscription.updated.cancelled"), read(name)
        assert (announced.touchpoint, announced.subscription_state) == (Touchpoint.CANCELLED, None)
        assert (later.touchpoint, later.subscription_state) == (None, SubscriptionState.RUNNING)
        assert later.objects["subscription"] == announced.objects["subscription"]

    def test_a_pause_that_is_scheduled_is_no_end(self, read: Read) -> None:
        assert read("subscription.updated.pausing").subscription_state is SubscriptionState.RUNNING
        assert read("subscription.paused").subscription_state is None

    def test_the_begin_of_a_trial_teaches_and_starts_nothing(self, read: Read) -> None:
        bill, subscription = read("transaction.completed.trial"), read("subscription.created.trial")
        assert (bill.touchpoint, bill.objects["transaction"]) == (None, subscription.objects["transaction"])
        assert (subscription.touchpoint, subscription.subscription_state) == (None, SubscriptionState.RUNNING)

    def test_a_first_bill_that_a_discount_made_free_is_a_start(self, read: Read) -> None:
        totals = {"total": "0", "discount": "5950", "grand_total": "0"}
        event = read("transaction.completed", details={"totals": totals})
        assert (event.touchpoint, event.money) == (Touchpoint.SUBSCRIPTION_STARTED, Money(0, "EUR"))

    def test_a_transfer_pays_the_total(self, read: Read) -> None:
        event = read("transaction.completed.manual")
        assert event.money == Money(5950, "EUR")
        assert event.customer.attributes["payment_method"] == "wire_transfer"

    def test_a_transfer_that_is_entered_later_is_of_the_day_it_arrived(self, read: Read) -> None:
        later = {"occurred_at": "2026-01-15T08:00:00Z"}
        event = read("transaction.completed.manual", envelope=later)
        assert event.occurred_at.isoformat() == "2025-12-12T09:30:00+00:00"
        simulated = read("transaction.completed.manual", envelope={**later, "event_id": "ntfsimevt_1"})
        assert simulated.occurred_at.isoformat() == "2026-01-15T08:00:00+00:00"

    def test_a_failure_takes_back_the_success_of_the_same_transaction(self, read: Read) -> None:
        failed = read("transaction.payment_failed")
        paid = read("transaction.completed", id=failed.objects["transaction"])
        assert failed.takes_back == paid.fact


class TestWhatIsLearned:
    def test_money_is_whole_numbers_of_the_smallest_unit(self, read: Read) -> None:
        assert read("transaction.completed").money == Money(5950, "EUR")
        assert read("transaction.completed.yen").money == Money(7800, "JPY")
        assert read("adjustment.created.approved").money == Money(1190, "EUR")

    def test_a_payload_without_a_currency_has_the_sources(
        self, sample: Callable[[str, str], bytes], now: datetime
    ) -> None:
        event = json.loads(sample("paddle", "transaction.completed"))
        del event["data"]["currency_code"]
        webhook = Webhook("shop", {}, json.dumps(event).encode(), now)
        (reading,) = paddle.normalise(webhook, replace(SOURCE, currency="CHF"))
        assert reading.money == Money(5950, "CHF")

    def test_transactions_and_subscriptions_call_the_plan_the_same(self, read: Read) -> None:
        names = ("transaction.completed", "transaction.paid", "subscription.created", "subscription.canceled")
        assert {read(name).plan for name in names} == {"Ledger Pro"}

    def test_a_plan_without_a_product_is_known_by_its_price(self, read: Read) -> None:
        items = [{"price": {"id": "pri_1", "billing_cycle": {"interval": "year"}}}]
        assert read("subscription.created", items=items).plan == "pri_1"

    def test_what_does_not_recur_is_no_plan(self, read: Read) -> None:
        once = read("transaction.completed.one_off")
        assert (once.plan, once.products) == (None, ("Guided setup",))

    def test_at_most_ten_products_are_kept(self, read: Read) -> None:
        lines = [{"product": {"name": f"Part {number}"}} for number in range(30)] + [{"product": {"name": " "}}]
        assert len(read("transaction.completed", details={"line_items": lines}).products) == 10

    def test_the_name_on_the_card_is_not_the_customers(self, read: Read) -> None:
        customer = read("transaction.completed").customer
        assert customer == CustomerRef(id=CUSTOMER, attributes={"payment_method": "card"})

    def test_failed_attempts_are_counted(self, read: Read) -> None:
        assert read("transaction.payment_failed.again").customer.attributes["dunning_attempt"] == "2"

    def test_an_address_in_the_custom_data_is_the_customers(self, read: Read) -> None:
        assert read("transaction.completed.one_off").customer.email == "ines.moreau@example.com"

    def test_a_customer_event_teaches_who_it_is_whatever_its_spelling(self, read: Read) -> None:
        assert read("customer.updated").customer == CustomerRef(
            id=CUSTOMER, email="Ines.Moreau+billing@example.com", name="Ines Moreau", locale="fr"
        )

    def test_an_archived_customer_is_not_a_deleted_one(self, read: Read) -> None:
        assert not read("customer.updated").customer.deleted

    def test_an_address_event_teaches_the_country(self, read: Read) -> None:
        assert read("address.updated").customer == CustomerRef(id=CUSTOMER, country="BE")

    @pytest.mark.parametrize("missing", ["customer_id", "country_code"])
    def test_an_address_without_a_customer_or_a_country_teaches_nothing(
        self, missing: str, sample: Callable[[str, str], bytes], now: datetime
    ) -> None:
        event = json.loads(sample("paddle", "address.created"))
        event["data"][missing] = None
        assert paddle.normalise(Webhook("shop", {}, json.dumps(event).encode(), now), SOURCE) == ()

    @pytest.mark.parametrize("key", ["event_id", "notification_id"])
    def test_ids_of_the_simulator_mark_a_test(self, key: str, read: Read) -> None:
        assert not read("transaction.completed").test
        assert read("transaction.completed", envelope={key: "ntfsimevt_01k9"}).test

    def test_nanoseconds_are_no_obstacle(self, read: Read) -> None:
        event = read("transaction.completed", envelope={"occurred_at": "2025-11-03T11:58:04.118326123Z"})
        assert event.occurred_at.isoformat() == "2025-11-03T11:58:04.118326+00:00"


class TestErrors:
    @pytest.mark.parametrize("missing", ["event_id", "occurred_at", "data"])
    def test_an_event_without_what_every_event_has_is_an_error(
        self, missing: str, sample: Callable[[str, str], bytes], now: datetime
    ) -> None:
        event = json.loads(sample("paddle", "transaction.completed"))
        del event[missing]
        with pytest.raises(PayloadError, match=rf"transaction.completed has no usable {missing}\.$"):
            paddle.normalise(Webhook("shop", {}, json.dumps(event).encode(), now), SOURCE)

    @pytest.mark.parametrize(
        ("name", "key", "what"),
        [
            ("transaction.completed", "id", "transaction"),
            ("adjustment.created.approved", "id", "adjustment"),
            ("adjustment.created.chargeback", "transaction_id", "transaction_id"),
            ("subscription.created", "id", "subscription"),
            ("customer.created", "id", "customer"),
        ],
    )
    def test_a_fact_without_its_object_is_an_error(self, name: str, key: str, what: str, read: Read) -> None:
        with pytest.raises(PayloadError, match=rf"names no {what}\.$"):
            read(name, **{key: None})

    def test_a_bare_subscription_is_no_event(self, now: datetime) -> None:
        body = b'{"id": "sub_1", "status": "canceled"}'
        with pytest.raises(PayloadError, match=r"^The body .* event_type\.$"):
            paddle.normalise(Webhook("shop", {}, body, now), SOURCE)

    def test_an_unknown_kind_is_ignored_whatever_it_holds(self, now: datetime) -> None:
        assert paddle.normalise(Webhook("shop", {}, b'{"event_type": "report.created"}', now), SOURCE) == ()


class TestApi:
    @pytest.fixture
    def apis(self) -> MemoryApis:
        known = {"data": {"id": CUSTOMER, "email": "ines.moreau@example.com", "name": "Ines Moreau", "locale": "fr"}}
        return MemoryApis({f"/customers/{CUSTOMER}": known, "/customers/a%2F..%2Fb": {"data": "nobody"}})

    def test_the_api_knows_the_customer(self, read: Read, apis: MemoryApis) -> None:
        event = read("transaction.completed")
        found = paddle.find_customer(event, SOURCE, apis.call)
        assert (found.customer.email, found.customer.name, found.customer.locale) == (
            "ines.moreau@example.com",
            "Ines Moreau",
            "fr",
        )
        assert (found.fact, found.money, found.customer.attributes) == (
            event.fact,
            event.money,
            event.customer.attributes,
        )

    def test_a_customer_the_api_does_not_know_changes_nothing(self, read: Read, apis: MemoryApis) -> None:
        event = read("transaction.completed", customer_id="ctm_gone")
        assert paddle.find_customer(event, SOURCE, apis.call) == event

    def test_an_id_is_quoted_in_the_path(self, read: Read, apis: MemoryApis) -> None:
        event = read("transaction.completed", customer_id="a/../b")
        assert paddle.find_customer(event, SOURCE, apis.call) == event
        assert apis.asked == ["/customers/a%2F..%2Fb"]

    def test_without_an_id_nobody_is_asked(self, read: Read, apis: MemoryApis) -> None:
        event = read("transaction.completed", customer_id=None)
        assert paddle.find_customer(event, SOURCE, apis.call) == event
        assert apis.asked == []


RECORDED = {
    "captured.transaction.completed": (Touchpoint.SUBSCRIPTION_STARTED, 65215),
    "captured.transaction.paid": (Touchpoint.SUBSCRIPTION_STARTED, 65215),
    "captured.transaction.payment_failed": (Touchpoint.PAYMENT_FAILED, 43549),
    "captured.subscription.created": (Touchpoint.SUBSCRIPTION_STARTED, None),
    "captured.subscription.past_due": (None, None),
    "captured.subscription.updated": (None, None),
    "captured.customer.created": (None, None),
}


@pytest.mark.parametrize(("name", "meaning"), RECORDED.items(), ids=list(RECORDED))
def test_recorded_payloads_mean_what_they_should(
    name: str, meaning: tuple[Touchpoint | None, int | None], payloads: Path, now: datetime
) -> None:
    body = json.loads((payloads / "paddle" / f"{name}.json").read_bytes())["body"]
    (event,) = paddle.normalise(Webhook("shop", {}, json.dumps(body).encode(), now), SOURCE)
    assert (event.touchpoint, event.money.amount if event.money else None) == meaning
