"""PayPal: what counts as well-formed, how PayPal is asked for the proof, twins, refunds, and whose address is read."""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import paypal
from afterbill.model.billing import (
    UNMATCHED,
    BillingEvent,
    CustomerRef,
    Money,
    ObjectReference,
    OperatorTask,
    SubscriptionState,
    Touchpoint,
)
from afterbill.model.errors import ConfigurationError, PayloadError, TransientError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

SOURCE = Source("till", "paypal", webhook_id="2GK81734WV695520T")
CHECK = "POST /v1/notifications/verify-webhook-signature"
NO_MONEY = {"value": "0.00", "currency": "GBP"}
Read = Callable[..., BillingEvent]
ReadAll = Callable[..., tuple[Any, ...]]


@pytest.fixture
def read_all(sample: Callable[[str, str], bytes], now: datetime) -> ReadAll:
    """All that a sample says; `envelope` and the resource may be changed first."""

    def normalise(name: str, envelope: dict[str, Any] | None = None, **changed: Any) -> tuple[Any, ...]:
        event = json.loads(sample("paypal", name)) | (envelope or {})
        event["resource"].update(changed)
        return paypal.normalise(Webhook("till", {}, json.dumps(event).encode(), now), SOURCE)

    return normalise


@pytest.fixture
def read(read_all: ReadAll) -> Read:
    """The event in a sample, without a question about it."""
    return lambda *args, **changed: read_all(*args, **changed)[0]


@pytest.fixture
def apis() -> MemoryApis:
    recorded = Path(__file__).resolve().parents[3] / "events" / "apis" / "paypal.json"
    return MemoryApis(json.loads(recorded.read_bytes()))


class TestHeaders:
    @pytest.fixture
    def webhook(self, now: datetime) -> Webhook:
        return paypal.sign(Webhook("till", {}, b'{"event_type": "X"}', now), "")

    def changed(self, webhook: Webhook, **headers: str) -> Webhook:
        named = {f"paypal-{name.replace('_', '-')}": value for name, value in headers.items()}
        return replace(webhook, headers={**webhook.headers, **named})

    def test_well_formed_ones_are_taken_without_any_secret(self, webhook: Webhook, now: datetime) -> None:
        assert paypal.verify(webhook, [], now) is None

    def test_what_is_needed_for_the_proof_is_kept(self, webhook: Webhook) -> None:
        assert set(webhook.headers) - {"paypal-auth-version"} == paypal.HEADERS

    @pytest.mark.parametrize("missing", sorted(paypal.HEADERS))
    def test_each_of_them_is_needed(self, missing: str, webhook: Webhook, now: datetime) -> None:
        bare = {name: value for name, value in webhook.headers.items() if name != missing}
        assert paypal.verify(replace(webhook, headers=bare), [], now) is Refusal.MISSING

    @pytest.mark.parametrize(
        "place",
        [
            "http://api.paypal.com/certs/1",
            "https://paypal.com.example.org/certs/1",
            "https://notpaypal.com/certs/1",
            "https://example.org/api.paypal.com/",
            "https://user@api.paypal.com/certs/1",
            "https://example.org\\@api.paypal.com/certs/1",
            "https://api.paypal.com:8443/certs/1",
            "https://api.paypal.com",
            "https://api.paypal.com/certs/\u0661",
            "https://.paypal.com/certs/1",
        ],
    )
    def test_a_certificate_from_elsewhere_is_refused(self, place: str, webhook: Webhook, now: datetime) -> None:
        assert paypal.verify(self.changed(webhook, cert_url=place), [], now) is Refusal.MALFORMED

    @pytest.mark.parametrize(
        "headers",
        [
            {"auth_algo": "none"},
            {"auth_algo": "SHA1withRSA"},
            {"transmission_id": "a|b"},
            {"transmission_id": "x" * 256},
            {"transmission_id": "\ud800"},
            {"transmission_time": "yesterday"},
            {"transmission_time": "2025-11-03T12:00:00"},
            {"transmission_time": "1762171230"},
            {"transmission_sig": "not base64"},
            {"transmission_sig": "é"},
            {"transmission_sig": "===="},
        ],
        ids=str,
    )
    def test_anything_malformed_is_refused(self, headers: dict[str, str], webhook: Webhook, now: datetime) -> None:
        assert paypal.verify(self.changed(webhook, **headers), [], now) is Refusal.MALFORMED

    def test_an_old_time_is_not_refused_for_a_repeated_webhook_may_keep_its_own(
        self, webhook: Webhook, now: datetime
    ) -> None:
        assert paypal.verify(webhook, [], now + timedelta(days=3)) is None

    def test_captured_headers_are_well_formed(self, payloads: Path, now: datetime) -> None:
        files = sorted((payloads / "paypal").glob("captured.*.json"))
        assert files
        for file in files:
            assert paypal.verify(Webhook("till", json.loads(file.read_bytes())["headers"], b"{}", now), [], now) is None


class TestProof:
    BODY = '{"id": "WH-1", "event_type": "X", "note": "\u00fc  \\u00fc"}'.encode()

    @pytest.fixture
    def webhook(self, now: datetime) -> Webhook:
        return paypal.sign(Webhook("till", {}, self.BODY, now), "")

    def ask(self, webhook: Webhook, answer: object) -> tuple[bool, list[bytes]]:
        """Confirm a webhook; return the verdict and the requests made for it."""
        bodies: list[bytes] = []

        def call(path: str, *, method: str, body: bytes) -> object:
            assert f"{method} {path}" == CHECK
            bodies.append(body)
            return answer

        return paypal.confirm(webhook, SOURCE, call), bodies

    def test_what_paypal_signed_is_put_together_from_headers_id_and_body(self, webhook: Webhook) -> None:
        id_, at = (webhook.headers[f"paypal-transmission-{name}"] for name in ("id", "time"))
        expected = f"{id_}|{at}|2GK81734WV695520T|{zlib.crc32(self.BODY)}"
        assert paypal.signed_text(webhook, SOURCE.webhook_id) == expected

    def test_a_published_signed_text_comes_out_the_same(self, payloads: Path, now: datetime) -> None:
        vectors = json.loads((payloads / "_signature_vectors" / "vectors.json").read_bytes())["vectors"]
        (vector,) = (one for one in vectors if one["provider"] == "paypal")
        headers = {f"paypal-transmission-{name}": vector[f"transmission_{name}"] for name in ("id", "time")}
        webhook = Webhook("till", headers, vector["body"].encode(), now)
        assert paypal.signed_text(webhook, vector["webhook_id"]) == vector["signed_string"]

    def test_success_is_the_only_answer_that_confirms(self, webhook: Webhook) -> None:
        assert self.ask(webhook, {"verification_status": "SUCCESS"})[0]
        for answer in ({}, [], "SUCCESS", {"verification_status": "FAILURE"}, {"verification_status": True}):
            assert not self.ask(webhook, answer)[0]

    def test_paypal_gets_the_headers_the_webhooks_id_and_the_event(self, webhook: Webhook) -> None:
        _, (asked,) = self.ask(webhook, {})
        question = json.loads(asked)
        assert question.pop("webhook_event") == json.loads(self.BODY)
        assert question.pop("webhook_id") == SOURCE.webhook_id
        assert {f"paypal-{name.replace('_', '-')}" for name in question} == paypal.HEADERS
        assert question["transmission_id"] == webhook.headers["paypal-transmission-id"]

    def test_the_event_goes_in_byte_by_byte_for_its_checksum_counts(self, webhook: Webhook) -> None:
        _, (asked,) = self.ask(webhook, {})
        assert asked.endswith(b', "webhook_event": ' + self.BODY + b"}")

    def test_a_header_cannot_smuggle_in_another_event(self, webhook: Webhook) -> None:
        bad = 'x", "webhook_event": {"id": "forged"}, "a": "\ud800'
        _, (asked,) = self.ask(replace(webhook, headers={**webhook.headers, "paypal-transmission-id": bad}), {})
        question = json.loads(asked)
        assert question["transmission_id"] == bad
        assert question["webhook_event"]["id"] == "WH-1"

    @pytest.mark.parametrize(
        "body", [b"", b"7", b"[]", b'{}, "webhook_id": "other"', b'{"a": NaN}', b'{"a": "\xff"}', b"{} {}"]
    )
    def test_a_body_that_is_no_object_is_refused_without_asking(self, body: bytes, webhook: Webhook) -> None:
        assert self.ask(replace(webhook, body=body), {"verification_status": "SUCCESS"}) == (False, [])

    def test_a_source_without_the_webhooks_id_is_told_which_setting_is_missing(self, webhook: Webhook) -> None:
        with pytest.raises(ConfigurationError, match=r"\[sources.till\] webhook_id"):
            paypal.confirm(webhook, replace(SOURCE, webhook_id=""), MemoryApis().call)

    def test_what_paypal_cannot_take_is_nobodys_webhook(self, webhook: Webhook) -> None:
        def call(*_: object, **__: object) -> object:
            raise PayloadError("POST /v1/notifications/verify-webhook-signature: status 400")

        assert paypal.confirm(webhook, SOURCE, call) is False

    def test_a_webhook_paypal_does_not_know_is_a_wrong_setting(self, webhook: Webhook) -> None:
        with pytest.raises(ConfigurationError, match=r"^\[sources.till\] webhook_id or sandbox "):
            paypal.confirm(webhook, SOURCE, MemoryApis().call)

    def test_when_paypal_does_not_answer_nothing_is_decided(self, webhook: Webhook) -> None:
        with pytest.raises(TransientError):
            paypal.confirm(webhook, SOURCE, MemoryApis(down=True).call)


class TestEnvelopes:
    @pytest.mark.parametrize("at", ["2025-19-03T11:42:07.000Z", "", None, 7, "0001-01-01T00:00:00Z"])
    def test_an_impossible_time_is_the_time_of_receipt(self, at: object, read: Read, now: datetime) -> None:
        assert read("payment.sale.completed", {"create_time": at}).occurred_at == now

    def test_a_possible_time_counts(self, read: Read) -> None:
        expected = datetime(2025, 11, 3, 11, 42, 7, 318000, tzinfo=UTC)
        assert read("payment.sale.completed").occurred_at == expected

    @pytest.mark.parametrize(
        "place",
        [
            "https://api.sandbox.paypal.com/v1/x",
            "https://api-m.sandbox.paypal.com/v2/x",
        ],
    )
    def test_links_into_the_sandbox_make_it_a_test(self, place: str, read: Read) -> None:
        assert read("payment.capture.completed", {"links": [{"href": place}]}).test
        assert read("payment.capture.completed", links=[{"href": place}]).test

    @pytest.mark.parametrize("place", ["https://api.paypal.com/sandbox.paypal.com/", 7, None, "x"])
    def test_other_links_do_not(self, place: object, read: Read) -> None:
        assert not read("payment.capture.completed", {"links": [{"href": place}]}).test

    def test_a_certificate_of_the_sandbox_makes_it_a_test(
        self, sample: Callable[[str, str], bytes], now: datetime
    ) -> None:
        headers = {"paypal-cert-url": "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1"}
        (found,) = paypal.normalise(Webhook("till", headers, sample("paypal", "payment.sale.completed"), now), SOURCE)
        assert found.test

    @pytest.mark.parametrize(
        ("name", "envelope"),
        [
            ("payment.sale.completed", {"id": None}),
            ("payment.sale.completed", {"resource": {}}),
            ("payment.sale.completed", {"resource": {"amount": {}}}),
            ("checkout.order.completed", {"resource": {"status": "COMPLETED"}}),
            ("invoicing.invoice.paid", {"resource": {"status": "PAID"}}),
            ("customer.dispute.created", {"resource": {"status": "OPEN"}}),
            ("billing.subscription.created", {"resource": {"status": "ACTIVE"}}),
        ],
    )
    def test_an_event_without_what_it_is_about_is_an_error(
        self, name: str, envelope: dict[str, Any], read: Read
    ) -> None:
        with pytest.raises(PayloadError, match=r"^The PayPal event .+ (names|has) no .+\.$"):
            read(name, envelope)

    def test_a_body_without_a_type_is_an_error(self, now: datetime) -> None:
        with pytest.raises(PayloadError, match=r"^The body "):
            paypal.normalise(Webhook("till", {}, b'{"id": "WH-1"}', now), SOURCE)

    def test_an_unwanted_kind_is_ignored_whatever_it_holds(self, now: datetime) -> None:
        assert paypal.normalise(Webhook("till", {}, b'{"event_type": "BRAND.NEW"}', now), SOURCE) == ()

    @pytest.mark.parametrize(
        "name", ["payment.capture.completed", "checkout.order.completed", "customer.dispute.created"]
    )
    def test_a_source_of_one_merchant_ignores_the_others(
        self, name: str, sample: Callable[[str, str], bytes], now: datetime
    ) -> None:
        webhook = Webhook("till", {}, sample("paypal", name), now)
        assert paypal.normalise(webhook, replace(SOURCE, account="7KQ2M5ZV9WXYA"))
        assert paypal.normalise(webhook, replace(SOURCE, account="ANOTHER")) == ()

    def test_what_names_no_merchant_counts_for_every_source(
        self, sample: Callable[[str, str], bytes], now: datetime
    ) -> None:
        webhook = Webhook("till", {}, sample("paypal", "payment.sale.completed"), now)
        assert paypal.normalise(webhook, replace(SOURCE, account="7KQ2M5ZV9WXYA"))


class TestFacts:
    def test_an_order_and_its_capture_are_one_fact(self, read: Read) -> None:
        order, capture = read("checkout.order.completed"), read("payment.capture.completed")
        assert (order.fact, order.touchpoint, order.money) == (capture.fact, capture.touchpoint, capture.money)
        assert order.objects["order"] == capture.objects["order"]

    def test_a_capture_finds_its_order_by_a_link_too(self, read: Read) -> None:
        event = read("payment.capture.completed", supplementary_data=None)
        assert event.objects["order"] == "8JV21946PC703583A"

    def test_an_order_is_known_by_its_first_capture_that_was_paid(self, read: Read) -> None:
        captures = [{"id": "A", "status": "DECLINED"}, {"id": "B"}, {"id": "C", "status": "COMPLETED"}]
        event = read("checkout.order.completed", purchase_units=[{"payments": {"captures": captures}}])
        assert event.objects["capture"] == "B"

    def test_an_order_whose_captures_are_pending_only_teaches(self, read: Read) -> None:
        event = read("checkout.order.completed.pending")
        assert (event.touchpoint, event.customer.email) == (None, "amelie.novak@example.com")

    @pytest.mark.parametrize("name", ["payment.sale.denied", "payment.capture.denied", "payment.capture.declined"])
    def test_a_denied_payment_failed(self, name: str, read: Read) -> None:
        reading = read(name)
        kind = "sale" if "sale" in name else "capture"
        assert reading.fact == f"paypal||{reading.objects[kind]}|payment_failed|"

    def test_an_invoice_paid_through_paypal_is_one_fact_with_the_sale(self, read: Read) -> None:
        invoice = read("invoicing.invoice.paid")
        assert invoice.fact == read("payment.sale.completed", id="7YE28460GJ915372N").fact

    def test_two_payments_of_one_subscription_are_two_facts(self, read: Read) -> None:
        first, second = (read("payment.sale.completed.renewed", id=id_) for id_ in ("A", "B"))
        assert first.fact != second.fact
        assert not set(first.links) & set(second.links)

    def test_a_subscription_starts_and_ends_once(self, read: Read) -> None:
        assert (
            read("billing.subscription.activated", {"id": "WH-2"}).fact == read("billing.subscription.activated").fact
        )
        cancelled = "billing.subscription.cancelled"
        assert read(cancelled, {"id": "WH-2"}).fact == read(cancelled).fact

    def test_two_failed_attempts_are_two_facts(self, read: Read) -> None:
        name = "billing.subscription.payment.failed"
        later = {"last_failed_payment": {"time": "2025-12-08T10:00:10Z"}}
        assert read(name).fact != read(name, billing_info=later).fact
        assert read(f"v1.{name}").fact != read(f"v1.{name}", {"id": "WH-2"}).fact

    @pytest.mark.parametrize(
        ("paid", "refund"),
        [
            ("payment.sale.completed", "payment.sale.refunded"),
            ("payment.capture.completed", "payment.capture.refunded"),
            ("checkout.order.completed", "payment.capture.reversed"),
            ("v1.payment.capture.completed", "v1.payment.capture.refunded"),
            ("invoicing.invoice.paid", "invoicing.invoice.refunded"),
            ("v2.invoicing.invoice.paid", "v2.invoicing.invoice.refunded"),
            ("payment.capture.completed", "customer.dispute.created"),
            ("payment.sale.completed", "risk.dispute.created"),
        ],
    )
    def test_what_takes_a_payment_back_finds_it(self, paid: str, refund: str, read: Read) -> None:
        assert set(read(paid).links) & set(read(refund).links)

    def test_a_refund_finds_its_payment_by_a_link_alone(self, read: Read) -> None:
        event = read("payment.sale.refunded", sale_id=None, parent_payment=None)
        assert event.objects["sale"] == "4HR81273KD550162M"

    @pytest.mark.parametrize("links", [None, [7], [{"href": 7}], [{"href": "captures"}], [{"href": "x/captures/"}]])
    def test_a_refund_with_other_links_names_none_and_is_asked_about(self, links: object, read_all: ReadAll) -> None:
        refund, question = read_all("payment.capture.refunded", links=links)
        assert "capture" not in refund.objects
        assert isinstance(question, ObjectReference)

    def test_a_refund_may_name_its_capture_among_the_related_ids(self, read: Read) -> None:
        related = {"related_ids": {"capture_id": "6BD94027MR318854E", "order_id": "5O190127TN364715T"}}
        event = read("payment.capture.refunded", links=None, supplementary_data=related)
        assert event.objects["capture"] == "6BD94027MR318854E"

    def test_two_refunds_of_one_payment_are_two_facts(self, read: Read) -> None:
        assert read("payment.sale.refunded").fact != read("payment.sale.refunded", id="OTHER").fact

    def test_every_transaction_of_a_dispute_is_linked(self, read: Read) -> None:
        disputed = [{"seller_transaction_id": "A"}, {"seller_transaction_id": "B"}]
        objects = read("customer.dispute.created", disputed_transactions=disputed).objects
        assert (objects["transaction"], objects["transaction_2"]) == ("A", "B")


class TestMoney:
    @pytest.mark.parametrize(
        ("amount", "money"),
        [
            ({"total": "0.48", "currency": "USD"}, Money(48, "USD")),
            ({"value": "7.47", "currency_code": "eur"}, Money(747, "EUR")),
            ({"value": "500", "currency_code": "JPY"}, Money(500, "JPY")),
            ({"value": "12"}, None),
            ({"value": 12.5, "currency_code": "EUR"}, Money(1250, "EUR")),
            ({"value": "822.0160", "currency_code": "CZK"}, None),
            (None, None),
        ],
    )
    def test_amounts_of_both_generations(self, amount: object, money: Money | None, read: Read) -> None:
        assert read("payment.capture.completed", amount=amount).money == money

    def test_a_negative_refund_is_what_was_paid_back(self, read: Read) -> None:
        assert read("payment.sale.refunded").money == Money(1000, "EUR")
        assert read("payment.sale.refunded", amount=None).money is None

    def test_a_failed_payment_of_a_subscription_is_what_failed_else_what_is_owed(self, read: Read) -> None:
        name = "billing.subscription.payment.failed"
        assert read(name).money == Money(1200, "USD")
        owed = {"outstanding_balance": {"value": "24.00", "currency_code": "USD"}}
        assert read(name, billing_info=owed).money == Money(2400, "USD")
        assert read(f"v1.{name}").money == Money(1200, "USD")

    def test_an_order_without_a_sum_has_that_of_its_capture(self, read: Read) -> None:
        assert read("checkout.order.completed", gross_amount=None).money == Money(5840, "GBP")

    def test_a_subscription_starts_with_its_last_payment(self, read: Read) -> None:
        assert read("billing.subscription.activated").money == Money(1200, "USD")


class TestCustomers:
    def test_a_subscriber_is_known_with_name_country_and_id(self, read: Read) -> None:
        expected = CustomerRef("N2VH7QKX5TDLA", "jonas.weber@example.com", "Jonas Weber", country="AT")
        assert read("billing.subscription.activated").customer == expected

    def test_the_payer_of_an_older_agreement_is_known_too(self, read: Read) -> None:
        customer = read("v1.billing.subscription.created").customer
        assert (customer.email, customer.name, customer.country) == ("priya.menon@example.org", "Priya Menon", "US")
        assert customer.attributes == {"payment_method": "paypal"}

    def test_the_recipient_of_an_invoice_is_known_in_both_generations(self, read: Read) -> None:
        older, newer = read("invoicing.invoice.paid").customer, read("v2.invoicing.invoice.paid").customer
        assert older == CustomerRef(email="samir.rahman@example.net", name="Samir Rahman", locale="en_GB", country="GB")
        assert newer == CustomerRef(email="ines.costa@example.org", name="Ines Costa", locale="pt_PT", country="PT")

    def test_a_company_that_was_billed_has_its_own_name(self, read: Read) -> None:
        event = read("invoicing.invoice.paid", billing_info=[{"business_name": "Dock Ltd"}])
        assert event.customer.name == "Dock Ltd"

    @pytest.mark.parametrize(
        ("name", "nobody"),
        [
            ("payment.capture.completed", {}),
            ("checkout.order.completed", {"payer": None}),
            ("invoicing.invoice.paid", {"billing_info": None}),
            (
                "v2.invoicing.invoice.paid",
                {"invoice": {"id": "INV2-1", "invoicer": {"email_address": "till@example.org"}}},
            ),
            (
                "customer.dispute.created",
                {
                    "disputed_transactions": [
                        {"seller_transaction_id": "A", "seller": {"email": "till@example.org"}},
                    ]
                },
            ),
            ("risk.dispute.created", {"buyer_email": None}),
        ],
    )
    def test_the_seller_is_never_taken_for_the_customer(self, name: str, nobody: dict[str, Any], read: Read) -> None:
        assert read(name, **nobody).customer.email is None

    def test_the_number_of_failed_payments_is_learned(self, read: Read) -> None:
        assert read("billing.subscription.payment.failed").customer.attributes["dunning_attempt"] == "1"
        assert read("v1.billing.subscription.payment.failed").customer.attributes["dunning_attempt"] == "2"
        assert (
            "dunning_attempt" not in read("billing.subscription.payment.failed", billing_info=None).customer.attributes
        )

    @pytest.mark.parametrize(
        ("plan", "known_as"),
        [
            ({"name": "Tea club"}, "Tea club"),
            ({"id": "P-9"}, "P-3KD91748TQ502861MNAXR5WI"),
            (None, "P-3KD91748TQ502861MNAXR5WI"),
        ],
    )
    def test_a_plan_has_its_name_else_its_id(self, plan: Mapping[str, str] | None, known_as: str, read: Read) -> None:
        assert read("billing.subscription.activated", plan=plan).plan == known_as

    def test_products_are_the_items_of_order_and_invoice(self, read: Read) -> None:
        assert read("checkout.order.completed").products == ("Cargo strap", "Roof box")
        assert read("invoicing.invoice.paid").products == ("Frame repair",)


class TestApi:
    @pytest.mark.parametrize(
        ("name", "email"),
        [
            ("payment.sale.completed.renewed", "jonas.weber@example.com"),
            ("payment.sale.completed.sandbox", "priya.menon@example.org"),
            ("payment.capture.completed", "amelie.novak@example.com"),
            ("payment.sale.completed", "rita.salo@example.net"),
        ],
        ids=["subscription", "agreement", "order", "payment"],
    )
    def test_who_paid_is_asked_where_the_payment_belongs(
        self, name: str, email: str, read: Read, apis: MemoryApis
    ) -> None:
        found = paypal.find_customer(read(name), SOURCE, apis.call)
        assert found.customer.email == email
        assert found.fact == read(name).fact

    def test_a_subscription_brings_its_plan_and_keeps_what_was_known(self, read: Read, apis: MemoryApis) -> None:
        found = paypal.find_customer(read("payment.sale.completed.renewed"), SOURCE, apis.call)
        assert found.plan == "P-3KD91748TQ502861MNAXR5WI"
        assert found.customer.attributes == {"payment_method": "INSTANT_TRANSFER"}

    def test_what_is_unknown_there_too_stays_as_it_was(self, read: Read) -> None:
        event, apis = read("payment.sale.completed.renewed", id="A", billing_agreement_id="../x"), MemoryApis()
        assert paypal.find_customer(event, SOURCE, apis.call) == event
        assert apis.asked == [
            "/v1/billing/subscriptions/..%2Fx",
            "/v1/payments/billing-agreements/..%2Fx",
            "/v1/payments/sale/A",
        ]

    def test_an_agreement_that_the_newer_api_cannot_take_is_asked_for_at_the_older_one(
        self, read: Read, apis: MemoryApis
    ) -> None:
        def call(path: str, **_: object) -> object:
            if path.startswith("/v1/billing/"):
                raise PayloadError("status 400")
            return apis.call(path)

        found = paypal.find_customer(read("payment.sale.completed.sandbox"), SOURCE, call)
        assert found.customer.email == "priya.menon@example.org"

    def test_when_the_api_is_down_nobody_is_taken_for_unknown(self, read: Read) -> None:
        with pytest.raises(TransientError):
            paypal.find_customer(read("payment.sale.completed.renewed"), SOURCE, MemoryApis(down=True).call)

    def test_a_payment_that_belongs_to_nothing_is_asked_for_itself(self, read: Read) -> None:
        event, apis = read("v1.payment.capture.completed", parent_payment=None), MemoryApis()
        assert paypal.find_customer(event, SOURCE, apis.call) == event
        assert apis.asked == [f"/v2/payments/captures/{event.objects['capture']}"]

    @pytest.mark.parametrize("objects", [{"sale": "9CX60418BT734915L"}, {"transaction": "9CX60418BT734915L"}])
    def test_the_payer_of_what_is_taken_back_is_found_over_its_sale(
        self, objects: dict[str, str], read: Read, apis: MemoryApis
    ) -> None:
        event = replace(read("payment.sale.refunded"), objects=objects)
        assert paypal.find_customer(event, SOURCE, apis.call).customer.email == "jonas.weber@example.com"


class TestThinReversals:
    @pytest.mark.parametrize("name", ["payment.sale.refunded.no_sale", "payment.sale.reversed"])
    def test_the_api_ties_a_refund_to_the_sale_that_it_does_not_name(
        self, name: str, read: Read, read_all: ReadAll, apis: MemoryApis
    ) -> None:
        taken_back, question = read_all(name)
        (tie,) = paypal.resolve(question, SOURCE, apis.call)
        paid = read("payment.sale.completed.renewed")
        assert isinstance(tie, BillingEvent)
        assert tie.touchpoint is None
        assert set(tie.links) == {*taken_back.links, *paid.links}

    def test_whose_money_it_is_is_asked_over_refund_sale_and_subscription(self, read: Read, apis: MemoryApis) -> None:
        found = paypal.find_customer(read("payment.sale.refunded.no_sale"), SOURCE, apis.call)
        assert found.customer.email == "jonas.weber@example.com"
        assert found.objects["sale"] == "9CX60418BT734915L"

    def test_a_refund_of_the_newer_api_is_found_there(self, read_all: ReadAll) -> None:
        def call(path: str, **_: object) -> object:
            if path.startswith("/v1/"):
                raise PayloadError("status 400")
            return {"links": [{"href": "https://api.paypal.com/v2/payments/captures/6BD94027MR318854E", "rel": "up"}]}

        _, question = read_all("payment.capture.refunded.unmatched")
        (tie,) = paypal.resolve(question, SOURCE, call)
        assert isinstance(tie, BillingEvent)
        assert tie.objects["capture"] == "6BD94027MR318854E"

    def test_the_api_ties_a_dispute_to_its_transaction(self, read: Read, read_all: ReadAll, apis: MemoryApis) -> None:
        _, question = read_all("customer.dispute.created.no_transaction")
        (tie,) = paypal.resolve(question, SOURCE, apis.call)
        assert isinstance(tie, BillingEvent)
        assert set(tie.links) & set(read("payment.capture.completed").links)

    @pytest.mark.parametrize("answer", [{}, {"id": "8LOST428MN0374615", "billing_agreement_id": "I-1"}])
    def test_what_the_api_cannot_match_either_becomes_a_task(self, answer: object, read_all: ReadAll) -> None:
        _, question = read_all("payment.capture.refunded.unmatched")
        apis = MemoryApis({"/v1/payments/refund/8LOST428MN0374615": answer})
        (task,) = paypal.resolve(question, SOURCE, apis.call)
        assert isinstance(task, OperatorTask)
        assert (task.source, task.kind, task.id) == ("till", UNMATCHED, "8LOST428MN0374615")


class TestReturnedMoney:
    @pytest.mark.parametrize(
        ("name", "changed"),
        [
            ("payment.sale.refunded", {"amount": {"total": "0.00", "currency": "EUR"}}),
            ("payment.sale.refunded", {"state": "failed"}),
            ("payment.capture.refunded", {"status": "CANCELLED"}),
            ("invoicing.invoice.refunded", {"invoice": {"id": "INV-1", "refunded_amount": {"paypal": NO_MONEY}}}),
        ],
    )
    def test_what_gives_nothing_back_is_no_refund(self, name: str, changed: dict[str, Any], read_all: ReadAll) -> None:
        assert read_all(name, **changed) == ()

    def test_money_on_its_way_back_is_a_refund(self, read: Read) -> None:
        assert read("payment.capture.refunded", status="PENDING").touchpoint is Touchpoint.REFUNDED

    def test_what_paypal_takes_back_is_a_reversal(self, read: Read) -> None:
        assert read("payment.capture.reversed").touchpoint is Touchpoint.PAYMENT_REVERSED

    @pytest.mark.parametrize("kind", ["sale", "capture"])
    def test_a_denial_names_the_payment_that_it_takes_back_if_that_was_completed(self, kind: str, read: Read) -> None:
        denied, completed = (read(f"payment.{kind}.{what}", id="A") for what in ("denied", "completed"))
        assert denied.takes_back == completed.fact

    def test_an_order_that_was_given_back_is_not_paid(self, read: Read) -> None:
        captures = [{"id": "A", "status": "PARTIALLY_REFUNDED"}]
        assert (
            read("checkout.order.completed", purchase_units=[{"payments": {"captures": captures}}]).touchpoint is None
        )


class TestSubscriptions:
    @pytest.mark.parametrize(
        ("name", "state"),
        [
            ("billing.subscription.activated", SubscriptionState.RUNNING),
            ("billing.subscription.updated", SubscriptionState.RUNNING),
            ("billing.subscription.suspended", None),
            ("v1.billing.subscription.re-activated", SubscriptionState.RUNNING),
            ("billing.subscription.expired", SubscriptionState.EXPIRED),
            ("billing.subscription.cancelled", None),
        ],
    )
    def test_an_event_proves_a_state(self, name: str, state: SubscriptionState | None, read: Read) -> None:
        event = read(name)
        assert event.subscription_state is state
        assert {"subscription", "customer"} <= event.objects.keys()

    def test_a_plan_that_ends_as_planned_is_no_cancellation(self, read: Read) -> None:
        assert read("billing.subscription.expired").touchpoint is None

    def test_a_draft_teaches_nothing(self, read_all: ReadAll) -> None:
        assert read_all("billing.subscription.created") == ()

    def test_the_begin_of_a_free_trial_is_learned(self, read: Read) -> None:
        event = read("billing.subscription.activated.trial")
        assert (event.touchpoint, event.subscription_state) == (None, SubscriptionState.RUNNING)

    def test_a_trial_that_costs_something_is_a_start(self, read: Read) -> None:
        billed = {
            "cycle_executions": [{"tenure_type": "TRIAL", "cycles_completed": 1}],
            "last_payment": {"amount": {"value": "1.00", "currency_code": "USD"}},
        }
        event = read("billing.subscription.activated", billing_info=billed)
        assert event.touchpoint is Touchpoint.SUBSCRIPTION_STARTED

    def test_a_subscription_that_ran_before_does_not_start_again(self, read: Read) -> None:
        event = read("billing.subscription.activated.again")
        assert (event.touchpoint, event.subscription_state) == (None, SubscriptionState.RUNNING)


@pytest.mark.parametrize(
    "name", ["checkout.order.voided", "checkout.payment-approval.reversed", "payment.order.cancelled"]
)
def test_a_cancelled_order_takes_back_itself_alone(name: str, read: Read) -> None:
    event = read(name)
    assert event.touchpoint is Touchpoint.ORDER_CANCELLED
    assert event.links == (f"paypal||{event.objects['order']}",)


def test_known_faults_are_read_as_what_they_are(payloads: Path, now: datetime) -> None:
    folder = payloads.parent / "faults" / "paypal"
    if not folder.exists():
        pytest.skip("the folder of known faults is not here")
    started, expired, refund = (
        paypal.normalise(Webhook("till", {}, (folder / f"{name}.json").read_bytes(), now), SOURCE)
        for name in ("6a.activated", "6b.expired-one-cycle-plan", "7.sale.refunded.no_sale_id")
    )
    assert started[0].touchpoint is Touchpoint.SUBSCRIPTION_STARTED
    assert (expired[0].touchpoint, expired[0].subscription_state) == (None, SubscriptionState.EXPIRED)
    apis = MemoryApis({"/v1/payments/refund/9SL1": {"id": "9SL1", "sale_id": "SALE-1"}})
    (tie,) = paypal.resolve(refund[1], SOURCE, apis.call)
    assert isinstance(tie, BillingEvent)
    assert set(tie.links) == {"paypal||SALE-1", "paypal||9SL1"}


def test_every_recorded_payload_is_understood(payloads: Path, now: datetime) -> None:
    meant = {}
    for file in sorted((payloads / "paypal").glob("*.json")):
        recorded = json.loads(file.read_bytes())
        body = json.dumps(recorded.get("body", recorded)).encode()
        (event,) = paypal.normalise(Webhook("till", recorded.get("headers", {}), body, now), SOURCE)
        meant[file.stem.removeprefix("captured.")] = (event.touchpoint, event.money and event.money.amount, event.test)
    assert meant == {
        "billing.subscription.created": (None, None, False),
        "billing.subscription.activated": (Touchpoint.SUBSCRIPTION_STARTED, 50000, False),
        "billing.subscription.cancelled": (Touchpoint.CANCELLED, None, False),
        "billing.subscription.payment.failed": (Touchpoint.PAYMENT_FAILED, 50000, False),
        "checkout.order.completed": (Touchpoint.PAYMENT_SUCCEEDED, 10000, True),
        "invoicing.invoice.paid": (Touchpoint.PAYMENT_SUCCEEDED, 100, False),
        "payment.capture.completed": (Touchpoint.PAYMENT_SUCCEEDED, 747, False),
        "payment.sale.completed": (Touchpoint.PAYMENT_SUCCEEDED, 48, False),
        "payment.sale.refunded": (Touchpoint.REFUNDED, 2, False),
    }
