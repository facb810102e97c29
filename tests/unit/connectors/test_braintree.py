"""Braintree: its handshake and signatures, what is one fact, and whom it is about."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from afterbill.connectors import braintree
from afterbill.model.billing import (
    UNMATCHED,
    BillingEvent,
    CustomerRef,
    Money,
    OperatorTask,
    SubscriptionState,
    Touchpoint,
)
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook

PUBLIC, PRIVATE = "public_7vt2k", "private_9xq4m"
SECRET = f"{PUBLIC}:{PRIVATE}"
CHALLENGE = "0123456789abcdef0123456789"
SOURCE = Source("gateway", "braintree")

Read = Callable[..., BillingEvent]
ReadAll = Callable[..., tuple[Any, ...]]
Form = Callable[..., Webhook]


def encoded(xml: str) -> str:
    return base64.encodebytes(xml.encode()).decode()


def mac(signed: str, private: str = PRIVATE) -> str:
    key = hashlib.sha1(private.encode(), usedforsecurity=False).digest()
    return hmac.new(key, signed.encode(), hashlib.sha1).hexdigest()


@pytest.fixture
def form(now: datetime) -> Form:
    return lambda **fields: Webhook("gateway", {}, urlencode(fields).encode(), now)


@pytest.fixture
def xml(sample: Callable[[str, str], bytes]) -> Callable[[str], str]:
    return lambda name: base64.b64decode(json.loads(sample("braintree", name))["bt_payload"]).decode()


@pytest.fixture
def read_all(xml: Callable[[str], str], form: Form) -> ReadAll:
    """All that a sample says in whose XML something was replaced first."""

    def normalise(name: str, *changes: tuple[str, str], source: Source = SOURCE) -> tuple[Any, ...]:
        text = xml(name)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return braintree.normalise(form(bt_payload=encoded(text)), source)

    return normalise


@pytest.fixture
def read(read_all: ReadAll) -> Read:
    """The event in such a sample, without what else it says."""
    return lambda *args, **more: read_all(*args, **more)[0]


class TestHandshake:
    @pytest.fixture
    def asked(self, now: datetime) -> Webhook:
        return Webhook("gateway", {}, b"", now, method="GET", query={"bt_challenge": CHALLENGE})

    def test_the_riddle_is_answered_with_the_first_pair_of_keys(self, asked: Webhook) -> None:
        reply = braintree.handshake(asked, ["", "half", ":x", "x:", SECRET, "other:pair"])
        assert reply
        assert (reply.status, reply.body) == (200, f"{PUBLIC}|{mac(CHALLENGE)}")

    def test_without_keys_it_is_refused_in_the_way_that_fetches_them(self, asked: Webhook, now: datetime) -> None:
        assert braintree.handshake(asked, [" "]) is None
        assert braintree.verify(asked, [" "], now) is Refusal.MISMATCH

    @pytest.mark.parametrize("challenge", ["", "abc", "0" * 19, "0" * 33, "G" * 20, f"{CHALLENGE}\n", "A" * 20])
    def test_only_20_to_32_hex_digits_are_a_riddle(self, challenge: str, asked: Webhook, now: datetime) -> None:
        other = replace(asked, query={"bt_challenge": challenge})
        assert braintree.handshake(other, [SECRET]) is None
        assert braintree.verify(other, [SECRET], now) is Refusal.MISSING

    def test_nothing_but_a_get_is_a_riddle(self, asked: Webhook) -> None:
        assert braintree.handshake(replace(asked, method="POST"), [SECRET]) is None

    def test_a_signed_riddle_is_no_webhook(self, form: Form, now: datetime) -> None:
        forged = form(bt_signature=f"{PUBLIC}|{mac(CHALLENGE)}", bt_payload=CHALLENGE)
        assert braintree.verify(forged, [SECRET], now) is Refusal.MALFORMED


class TestSignatures:
    PAYLOAD = encoded("<notification><kind>check</kind></notification>")

    @pytest.mark.parametrize(
        "signature",
        [
            f"{PUBLIC}|{mac(PAYLOAD)}",
            f"another_key|{'0' * 40}&{PUBLIC}|{mac(PAYLOAD)}",
            f"{PUBLIC}|{'0' * 40}&{PUBLIC}|{mac(PAYLOAD)}&",
        ],
    )
    def test_the_entry_of_the_own_public_key_counts(self, signature: str, form: Form, now: datetime) -> None:
        signed = form(bt_signature=signature, bt_payload=self.PAYLOAD)
        assert braintree.verify(signed, ["old:pair", f" {SECRET}\n"], now) is None

    @pytest.mark.parametrize(
        "signature",
        [
            f"another_key|{mac(PAYLOAD)}",
            f"{PUBLIC}|",
            f"{PUBLIC}|é",
            mac(PAYLOAD),
            f"{PUBLIC}|{mac(PAYLOAD)[:-1]}",
            f"{PUBLIC}|{mac(PAYLOAD, 'other')}",
            "&&|",
        ],
    )
    def test_any_other_entry_is_a_mismatch(self, signature: str, form: Form, now: datetime) -> None:
        signed = form(bt_signature=signature, bt_payload=self.PAYLOAD)
        assert braintree.verify(signed, [SECRET], now) is Refusal.MISMATCH

    def test_a_payload_may_lose_its_last_newline(self, form: Form, now: datetime) -> None:
        cut = form(bt_signature=f"{PUBLIC}|{mac(self.PAYLOAD)}", bt_payload=self.PAYLOAD.removesuffix("\n"))
        assert braintree.verify(cut, [SECRET], now) is None

    @pytest.mark.parametrize("payload", ["PHg+PC94Pg==é", "<x></x>", "PHg+ PC94Pg==", "a\x00"])
    def test_only_base64_with_line_breaks_is_a_payload(self, payload: str, form: Form, now: datetime) -> None:
        signed = form(bt_signature=f"{PUBLIC}|{mac(payload)}", bt_payload=payload)
        assert braintree.verify(signed, [SECRET], now) is Refusal.MALFORMED

    def test_lines_may_end_as_on_windows(self, form: Form, now: datetime) -> None:
        payload = self.PAYLOAD.replace("\n", "\r\n")
        signed = form(bt_signature=f"{PUBLIC}|{mac(payload)}", bt_payload=payload)
        assert braintree.verify(signed, [SECRET], now) is None

    @pytest.mark.parametrize("missing", ["bt_signature", "bt_payload"])
    def test_half_a_form_is_refused(self, missing: str, form: Form, now: datetime) -> None:
        fields = {"bt_signature": f"{PUBLIC}|{mac(self.PAYLOAD)}", "bt_payload": self.PAYLOAD} | {missing: ""}
        assert braintree.verify(form(**fields), [SECRET], now) is Refusal.MISSING

    def test_what_is_no_form_is_refused(self, now: datetime) -> None:
        assert braintree.verify(Webhook("gateway", {}, b"\xff\xfe", now), [SECRET], now) is Refusal.MALFORMED

    @pytest.mark.parametrize("secret", ["", " ", PUBLIC, f"{PUBLIC}:", f":{PRIVATE}", ":", "\ud800:\ud800"])
    def test_half_a_pair_of_keys_verifies_nothing(self, secret: str, form: Form, now: datetime) -> None:
        signed = form(bt_signature=f"{PUBLIC}|{mac(self.PAYLOAD, '')}&|{mac(self.PAYLOAD)}", bt_payload=self.PAYLOAD)
        assert braintree.verify(signed, [secret], now) is Refusal.MISMATCH

    def test_no_time_is_signed(self, form: Form, now: datetime) -> None:
        signed = braintree.sign(form(bt_payload=self.PAYLOAD), SECRET)
        assert braintree.verify(signed, [SECRET], now + timedelta(days=30)) is None


class TestFacts:
    def test_a_charge_and_its_settlement_are_one_fact(self, read: Read) -> None:
        assert read("subscription_charged_successfully.renewed").fact == read("transaction_settled").fact

    def test_two_renewals_are_two_facts(self, read: Read) -> None:
        assert read("subscription_charged_successfully").fact != read("subscription_charged_successfully.renewed").fact

    def test_two_charges_of_nothing_are_two_facts(self, read: Read) -> None:
        name = "subscription_charged_successfully.free"
        assert read(name).fact != read(name, ("2025-12-03T11:58:05Z", "2026-01-03T11:58:05Z")).fact

    def test_every_failed_attempt_is_a_transaction_and_none_is_the_payment(self, read: Read) -> None:
        failed = read("subscription_charged_unsuccessfully")
        again = read("subscription_charged_unsuccessfully", ("8nk5ty2c", "8nk5ty2d"))
        assert len({failed.fact, again.fact, read("subscription_charged_successfully.recovered").fact}) == 3

    def test_the_latest_transaction_counts_wherever_it_stands_in_the_list(self, read: Read) -> None:
        swapped = read(
            "subscription_charged_successfully.renewed",
            ("2025-12-03T11:58:04Z", "2025-10-03T11:58:04Z"),
        )
        assert swapped.objects["transaction"] == "4wr8zk1n"

    def test_a_refund_among_the_transactions_is_not_the_charge(self, read: Read) -> None:
        charge = "<status>submitted_for_settlement</status><type>sale</type>"
        refund = "<status>submitted_for_settlement</status><type>credit</type>"
        event = read("subscription_charged_successfully.renewed", (charge, refund))
        assert event.objects["transaction"] == "4wr8zk1n"

    def test_the_first_cycle_starts_a_subscription_even_after_a_failure(self, read: Read) -> None:
        event = read("subscription_charged_successfully", ('integer">0</failure', 'integer">1</failure'))
        assert event.touchpoint is Touchpoint.SUBSCRIPTION_STARTED

    def test_a_failure_count_tells_a_recovery_too(self, read: Read) -> None:
        event = read("subscription_charged_successfully.renewed", ('integer">0</failure', 'integer">2</failure'))
        assert event.touchpoint is Touchpoint.PAYMENT_RECOVERED

    def test_a_failure_in_another_period_is_not_recovered_now(self, read: Read) -> None:
        declined = ("<status>settled</status>", "<status>processor_declined</status>")
        event = read("subscription_charged_successfully.renewed", declined)
        assert event.touchpoint is Touchpoint.RENEWED

    def test_without_periods_no_failure_is_taken_for_this_ones(self, read: Read) -> None:
        event = read("subscription_charged_successfully.recovered", ("billing-period-start-date", "unknown"))
        assert event.touchpoint is Touchpoint.RENEWED

    @pytest.mark.parametrize("reversal", ["transaction_settled.refund", "dispute_opened"])
    def test_a_refund_and_a_dispute_share_an_object_with_their_payment_and_with_no_other(
        self, reversal: str, read: Read
    ) -> None:
        links = set(read(reversal).links)
        assert links & set(read("subscription_charged_successfully.renewed").links)
        assert not links & set(read("subscription_charged_successfully").links)

    def test_the_last_planned_cycle_is_no_cancellation(self, read: Read) -> None:
        expired = read("subscription_expired")
        assert (expired.touchpoint, expired.subscription_state) == (None, SubscriptionState.EXPIRED)
        assert expired.objects == {"subscription": "9kq4vt", "customer": "441870233"}

    @pytest.mark.parametrize("name", ["subscription_went_active", "subscription_charged_successfully"])
    def test_an_active_subscription_runs(self, name: str, read: Read) -> None:
        assert read(name).subscription_state is SubscriptionState.RUNNING

    def test_a_subscription_that_is_past_due_proves_nothing(self, read: Read) -> None:
        assert read("subscription_went_past_due").subscription_state is None

    def test_the_difference_to_a_dearer_plan_is_no_second_start(self, read: Read) -> None:
        event = read("subscription_charged_successfully.prorated")
        assert (event.touchpoint, event.money) == (Touchpoint.PAYMENT_SUCCEEDED, Money(1450, "USD"))

    def test_a_settlement_that_is_declined_names_the_charge_that_it_takes_back(self, read: Read) -> None:
        declined = read("transaction_settlement_declined", ("7gm2cs5d", "4wr8zk1n"))
        assert declined.takes_back == read("subscription_charged_successfully").fact

    def test_a_charge_that_fails_later_names_what_it_takes_back_too(self, read: Read) -> None:
        failed = read("subscription_charged_unsuccessfully")
        assert failed.takes_back == failed.fact.replace("payment_failed", "payment")

    def test_a_settled_sale_that_names_its_refund_is_given_back(self, read_all: ReadAll, read: Read) -> None:
        paid, refunded = read_all("transaction_settled.refunded")
        assert (paid.touchpoint, refunded.touchpoint) == (Touchpoint.PAYMENT_SUCCEEDED, Touchpoint.REFUNDED)
        assert refunded.fact == read("transaction_settled.refund").fact
        assert set(paid.links) < set(refunded.links)

    def test_a_credit_of_nothing_is_no_refund(self, read_all: ReadAll) -> None:
        assert read_all("transaction_settled.refund", ("29.00", "0.00")) == ()

    @pytest.mark.parametrize(
        ("name", "own"),
        [("transaction_settled.unmatched_refund", "8sx4km2w"), ("dispute_opened.no_transaction", "pz7w3n5d1c8rk2hv")],
    )
    def test_what_takes_back_a_payment_that_it_does_not_name_becomes_a_task(
        self, name: str, own: str, read_all: ReadAll
    ) -> None:
        _, task = read_all(name)
        assert isinstance(task, OperatorTask)
        assert (task.source, task.kind, task.id) == ("gateway", UNMATCHED, own)

    @pytest.mark.parametrize("name", ["local_payment_completed", "local_payment_funded"])
    def test_a_local_payment_is_tied_to_its_transaction_and_reversed_with_it(self, name: str, read: Read) -> None:
        tie, reversed_ = read(name), read("local_payment_reversed")
        assert tie.fact == read("transaction_settled", ("6bq3mv9x", "2jt6vb8q")).fact
        assert reversed_.touchpoint is Touchpoint.PAYMENT_REVERSED
        assert set(reversed_.links) < set(tie.links)

    def test_the_end_shares_no_passing_object_with_any_payment(self, read: Read) -> None:
        assert read("subscription_canceled").links == ()

    def test_two_merchants_may_use_the_same_ids(self, read: Read) -> None:
        sources = [SOURCE, replace(SOURCE, name="other"), replace(SOURCE, account="m_own")]
        assert len({read("subscription_charged_successfully", source=source).fact for source in sources}) == 3

    def test_a_notification_that_names_its_merchant_is_one_fact_with_its_twin_that_does_not(self, read: Read) -> None:
        named = ("<subject>", "<source-merchant-id>m_own</source-merchant-id><subject>")
        assert read("transaction_settled", named).fact == read("transaction_settled").fact

    def test_what_another_merchant_sent_is_ignored(self, xml: Callable[[str], str], form: Form) -> None:
        foreign = xml("transaction_settled").replace(
            "<subject>", "<source-merchant-id>m_partner</source-merchant-id><subject>"
        )
        webhook = form(bt_payload=encoded(foreign))
        assert braintree.normalise(webhook, replace(SOURCE, account="m_own")) == ()
        assert braintree.normalise(webhook, replace(SOURCE, account="m_partner"))


class TestWhatIsLearned:
    def test_money_is_exact(self, read: Read) -> None:
        assert read("subscription_charged_successfully").money == Money(2900, "USD")
        assert read("transaction_settled.refund").money == Money(2900, "USD")
        assert read("dispute_opened").money == Money(2900, "USD")
        yen = read("subscription_charged_successfully", ("USD", "JPY"), ("29.00", "2900"))
        assert yen.money == Money(2900, "JPY")
        assert read("subscription_charged_successfully", ("USD", "JPY"), ("29.00", "29.50")).money is None

    def test_an_amount_without_a_currency_has_the_sources(self, read: Read) -> None:
        bare = ("<currency-iso-code>USD</currency-iso-code>", "")
        event = read("subscription_charged_successfully", bare, source=replace(SOURCE, currency="EUR"))
        assert event.money == Money(2900, "EUR")

    def test_a_charge_names_its_customer_and_plan(self, read: Read) -> None:
        event = read("subscription_charged_successfully")
        assert event.plan == "studio-monthly"
        assert event.customer == CustomerRef(
            id="441870233",
            email="priya.nair@example.net",
            name="Priya Nair",
            country="IN",
            attributes={"payment_method": "credit_card"},
        )

    def test_who_works_for_the_seller_is_never_the_customer(self, read: Read) -> None:
        assert read("subscription_canceled.never_charged").customer == CustomerRef()

    def test_of_a_paypal_payment_the_payers_address_counts(self, read: Read) -> None:
        event = read(
            "transaction_settled",
            ("<email>priya.nair@example.net</email>", '<email nil="true"/>'),
            ("</transaction>", "<paypal><payer-email>priya@example.org</payer-email></paypal></transaction>"),
        )
        assert event.customer.email == "priya@example.org"

    def test_an_address_that_only_an_earlier_transaction_has_is_found_there(self, read: Read) -> None:
        event = read(
            "subscription_charged_successfully.prorated",
            ("9dz2pr6h</id>", "9dz2pr6h</id><customer><email/></customer>"),
        )
        assert event.customer.email == "priya.nair@example.net"

    def test_a_company_is_known_by_its_name(self, read: Read) -> None:
        event = read(
            "transaction_settled",
            ("<first-name>Priya</first-name><last-name>Nair</last-name>", ""),
            ('<company nil="true"/>', "<company>Nair Studio</company>"),
        )
        assert event.customer.name == "Nair Studio"

    def test_the_same_form_has_the_same_event_id(self, read: Read) -> None:
        name = "subscription_charged_successfully"
        assert read(name).event_id == read(name).event_id != read("transaction_settled").event_id


class TestErrors:
    @pytest.mark.parametrize(
        "payload",
        [
            "",
            "A",
            encoded("no XML"),
            encoded("<notification/>"),
            encoded("<other><kind>check</kind></other>"),
            encoded("<notification><kind>check</kind><kind>check</kind></notification>"),
            encoded("<!DOCTYPE x [<!ENTITY y 'z'>]><notification><kind>&y;</kind></notification>"),
            encoded("<a>" * 40 + "</a>" * 40),
        ],
        ids=["none", "not-base64", "no-xml", "no-kind", "other-xml", "two-kinds", "entities", "deep"],
    )
    def test_what_is_no_notification_says_so(self, payload: str, form: Form) -> None:
        with pytest.raises(PayloadError, match=r"^The body .+\.$"):
            braintree.normalise(form(bt_payload=payload), SOURCE)

    @pytest.mark.parametrize(
        ("name", "old", "missing"),
        [
            ("subscription_charged_successfully", "timestamp", "timestamp"),
            ("subscription_charged_successfully", "subject", "subscription"),
            ("subscription_charged_successfully.free", "<id>9kq4vt</id>", "subscription"),
            ("transaction_settled", "<id>6bq3mv9x</id>", "transaction"),
            ("transaction_settlement_declined", "<id>7gm2cs5d</id>", "transaction"),
            ("dispute_opened", "<id>kx4d7q2v9m1zt8bc</id>", "dispute"),
            ("subscription_canceled", "<id>9kq4vt</id>", "subscription"),
        ],
    )
    def test_a_notification_without_what_it_is_about_is_an_error(
        self, name: str, old: str, missing: str, read: Read
    ) -> None:
        with pytest.raises(PayloadError, match=rf"^The Braintree notification .* no (usable )?{missing}\.$"):
            read(name, (old, "" if old.startswith("<") else "other"))

    def test_a_tag_where_a_word_should_be_is_no_word(self, read: Read) -> None:
        event = read("subscription_charged_successfully.renewed", ("<status>settled</status>", "<status><a/></status>"))
        assert event.touchpoint is Touchpoint.RENEWED

    def test_blanks_before_the_xml_are_no_obstacle(self, xml: Callable[[str], str], form: Form) -> None:
        payload = encoded(f"\n   {xml('transaction_settled')}")
        assert braintree.normalise(form(bt_payload=payload), SOURCE)


RECORDED = {
    "subscription_charged_successfully": (Touchpoint.RENEWED, "17jt85d2", "test@example.com"),
    "subscription_trial_ended": (Touchpoint.TRIAL_CONVERTED, None, None),
}


@pytest.mark.parametrize(("name", "meaning"), RECORDED.items(), ids=list(RECORDED))
def test_recorded_payloads_mean_what_they_should(
    name: str, meaning: tuple[Touchpoint | None, str | None, str | None], payloads: Path, form: Form
) -> None:
    fields = json.loads((payloads / "braintree" / f"{name}.json").read_bytes())
    (event,) = braintree.normalise(form(**fields), SOURCE)
    assert (event.touchpoint, event.objects.get("transaction"), event.customer.email) == meaning
