import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.connectors import recurly
from afterbill.connectors._kit.json import parse
from afterbill.model.billing import (
    UNMATCHED,
    BillingEvent,
    CustomerRef,
    Money,
    ObjectReference,
    OperatorTask,
    SubscriptionState,
    Touchpoint,
    fact_key,
)
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook
from afterbill_cli.memory.keys import MemoryApis

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "events" / "webhooks" / "recurly"
ANSWERS = dict(parse((ROOT / "events" / "apis" / "recurly.json").read_bytes()))
NOW = datetime(2025, 11, 3, 12, 0, 30, tzinfo=UTC)
SITE = "tq0site4x2pz"
SOURCE = Source("recurly", "recurly", account=SITE, currency="GBP")
KEY = "6f1d2c3b"
JSON, XML = b'{"object_type": "account"}', b" <new_account_notification/>"
SUBSCRIPTION = "7b1e55aa0c9d4e1f8a2b3c4d5e6f7081"

Edit = tuple[str, str]
Say = Callable[..., Any]


def webhook(body: bytes = JSON, **headers: str) -> Webhook:
    return Webhook("recurly", {name.replace("_", "-"): value for name, value in headers.items()}, body, NOW)


def verdict(request: Webhook, *secrets: str, now: datetime = NOW) -> Refusal | None:
    return recurly.verify(request, secrets or [KEY], now)


def mac(stamp: str, body: bytes = JSON, key: str = KEY) -> str:
    return hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


@pytest.fixture
def say() -> Say:
    """Read a sample after texts in it were replaced; a reference is resolved, a missing customer looked up."""

    def normalise(name: str, *edits: Edit, source: Source = SOURCE, answers: dict[str, Any] | None = None) -> Any:
        (file,) = FOLDER.glob(f"{name}.[jx][sm][ol]*")
        body = file.read_text()
        for old, new in edits:
            assert old in body
            body = body.replace(old, new)
        event = recurly.normalise(webhook(body.encode()), source)[0]
        call = MemoryApis(ANSWERS if answers is None else answers).call
        if isinstance(event, ObjectReference):
            event = recurly.resolve(event, source, call)[0]
        return event if event.customer.address else recurly.find_customer(event, source, call)

    return normalise


def without(*paths: str, **changed: dict[str, Any]) -> dict[str, Any]:
    """The recorded answers, less some and with some others changed (`i10412={...}` for /invoices/number-10412)."""
    answers: dict[str, Any] = {path: answer for path, answer in ANSWERS.items() if path not in paths}
    for name, values in changed.items():
        path = f"/invoices/number-{name[1:]}"
        answers[path] = answers[path] | values
    return answers


@pytest.mark.parametrize("stamp", ["1762171230", "1762171230999", "1762170930", "1762171530000"])
def test_the_time_is_in_seconds_or_milliseconds(stamp: str) -> None:
    assert verdict(webhook(recurly_signature=f"{stamp},{mac(stamp)}")) is None


@pytest.mark.parametrize(
    ("stamp", "refusal"),
    [
        ("1762170929", Refusal.STALE),
        ("1762170929000", Refusal.STALE),
        ("1762171531", Refusal.FUTURE),
        ("1762171531000", Refusal.FUTURE),
    ],
)
def test_a_time_too_far_off_is_refused_either_way(stamp: str, refusal: Refusal) -> None:
    assert verdict(webhook(recurly_signature=f"{stamp},{mac(stamp)}")) is refusal


def test_the_signature_comes_before_the_time() -> None:
    assert verdict(webhook(recurly_signature=f"5,{mac('6')}")) is Refusal.MISMATCH


def test_one_of_several_signatures_under_one_of_several_keys_is_enough() -> None:
    stamp = "1762171230"
    header = f"{stamp}, {mac(stamp, key='old')} ,junk,{mac(stamp)}"
    assert verdict(webhook(recurly_signature=header), "new", "", KEY) is None


@pytest.mark.parametrize("header", ["1762171230", "1762171230,", ",", f"x,{mac('x')}", "12:00,ab", "٣,ab", " "])
def test_a_header_of_another_shape_is_malformed(header: str) -> None:
    assert verdict(webhook(recurly_signature=header)) is Refusal.MALFORMED


def test_json_is_signed_as_of_its_time_in_milliseconds() -> None:
    signed = recurly.sign(webhook(), KEY)
    assert signed.headers["recurly-signature"].startswith("1762171230000,")
    assert verdict(signed) is None


def test_signed_json_takes_no_password() -> None:
    password = recurly.sign(webhook(XML), "afterbill:pw").headers["authorization"]
    assert verdict(webhook(JSON, authorization=password), "afterbill:pw") is Refusal.MISSING


@pytest.mark.parametrize("body", [XML, b"\xef\xbb\xbf<a/>", "<a/>".encode("utf-16")])
def test_xml_takes_a_password(body: bytes) -> None:
    signed = recurly.sign(webhook(body), "afterbill:pw")
    assert "recurly-signature" not in signed.headers
    assert verdict(signed, "old", "afterbill:pw") is None
    assert verdict(signed, "afterbill:other") is Refusal.MISMATCH


def test_xml_takes_a_signature_or_a_password() -> None:
    stamp = "1762171230"
    password = recurly.sign(webhook(XML), KEY).headers["authorization"]
    assert verdict(webhook(XML, recurly_signature=f"{stamp},{mac(stamp, XML)}")) is None
    assert verdict(webhook(XML, recurly_signature=f"{stamp},junk", authorization=password)) is None
    assert verdict(webhook(XML, recurly_signature=f"{stamp},junk")) is Refusal.MISMATCH
    assert verdict(webhook(XML, recurly_signature=f"{stamp},junk", authorization="Basic !")) is Refusal.MALFORMED
    assert verdict(webhook(XML)) is Refusal.MISSING


def test_a_recorded_signature_is_recomputed(payloads: Path) -> None:
    vectors = json.loads((payloads / "_signature_vectors" / "vectors.json").read_bytes())["vectors"]
    (vector,) = (one for one in vectors if one["provider"] == "recurly")
    request = Webhook("recurly", vector["headers"], vector["body"].encode(), NOW)
    signed_at = datetime(2022, 9, 13, 21, 18, 45, tzinfo=UTC)
    assert recurly.verify(request, [vector["secret"]], signed_at) is None
    assert recurly.verify(request, [vector["secret"]], signed_at + timedelta(minutes=6)) is Refusal.STALE


def test_a_payment_in_xml_is_read_in_full(say: Say) -> None:
    event = say("successful_payment_notification")
    assert event.fact == fact_key("recurly", SITE, SUBSCRIPTION, "payment", "2025-11-03")
    assert event.occurred_at == datetime(2025, 11, 3, 12, 0, 7, tzinfo=UTC)
    assert (event.money, event.test) == (Money(2900, "GBP"), False)
    customer = event.customer
    assert (customer.id, customer.email, customer.name) == ("anwar-22", "samira.anwar@example.com", "Samira Anwar")
    assert (customer.country, customer.attributes) == ("GB", {"payment_method": "credit_card"})


def test_a_payment_in_json_is_read_from_its_invoice(say: Say) -> None:
    event = say("payment.succeeded")
    assert (event.touchpoint, event.money, event.plan) == (Touchpoint.RENEWED, Money(2900, "GBP"), "Reader")
    assert (event.products, event.customer.locale, event.customer.country) == (("Reader",), "en-GB", "GB")
    assert event.customer.attributes == {"payment_method": "credit_card"}


@pytest.mark.parametrize(
    "kind",
    [
        "payment.succeeded",
        "charge_invoice.paid",
        "subscription.renewed",
        "successful_payment_notification",
        "paid_charge_invoice_notification",
        "renewed_subscription_notification",
    ],
)
def test_whatever_tells_a_renewal_it_is_one_fact(say: Say, kind: str) -> None:
    assert say(kind).fact == fact_key("recurly", SITE, SUBSCRIPTION, "payment", "2025-11-03")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("charge_invoice.paid.started", "subscription.created"),
        ("charge_invoice.paid.started", "paid_charge_invoice_notification.started"),
        ("charge_invoice.paid.started", "new_subscription_notification"),
        ("payment.succeeded.one_off", "successful_payment_notification.one_off"),
        ("payment.succeeded.one_off", "paid_charge_invoice_notification.one_off"),
        ("payment.failed", "failed_payment_notification"),
        ("payment.failed", "new_dunning_event_notification"),
        ("charge_invoice.past_due", "past_due_charge_invoice_notification"),
        ("charge_invoice.past_due", "invoice.past_due"),
        ("payment.refunded", "successful_refund_notification"),
        ("canceled_subscription_notification", "expired_subscription_notification"),
        ("subscription.canceled", "subscription.expired"),
    ],
)
def test_twins_are_one_fact_under_one_name(say: Say, one: str, other: str) -> None:
    assert (say(one).fact, say(one).touchpoint) == (say(other).fact, say(other).touchpoint)


def test_the_older_name_of_a_paid_invoice_is_one_fact_with_its_payment(say: Say) -> None:
    invoice = say("closed_invoice_notification", (">310<", ">10413<"))
    payment = say("successful_payment_notification.one_off")
    assert (invoice.fact, invoice.touchpoint) == (payment.fact, payment.touchpoint)
    assert invoice.money == Money(900, "GBP")


def test_the_next_period_the_next_attempt_and_the_next_end_are_other_facts(say: Say) -> None:
    renewed = ("2025-11-03T12:00:00Z", "2025-12-03T12:00:00Z")
    assert say("renewed_subscription_notification", renewed).fact != say("renewed_subscription_notification").fact
    assert say("failed_payment_notification", ("f605", "f606")).fact != say("failed_payment_notification").fact
    again = ("2025-11-04T17:20:11Z", "2026-02-01T10:00:00Z")
    assert say("canceled_subscription_notification", again).fact != say("canceled_subscription_notification").fact


@pytest.mark.parametrize(
    ("refund", "payment"),
    [
        ("successful_refund_notification", "successful_payment_notification"),
        ("void_payment_notification", "successful_payment_notification"),
        ("payment.refunded", "payment.succeeded"),
        ("payment.voided", "payment.succeeded.one_off"),
    ],
)
def test_a_refund_finds_its_payment(say: Say, refund: str, payment: str) -> None:
    assert set(say(refund).links) & set(say(payment).links)


# Late failures and reversals


DAYS_BEFORE = ("2025-11-03T12:00:07Z", "2025-10-31T12:00:07Z")
"""The attempt, three days before the notification comes."""


@pytest.mark.parametrize(
    ("paid", "failed", "tried"),
    [
        ("payment.succeeded", "payment.failed.late", []),
        ("successful_payment_notification", "failed_payment_notification.late", [DAYS_BEFORE]),
    ],
)
def test_a_payment_by_bank_that_fails_late_names_what_it_takes_back(
    say: Say, paid: str, failed: str, tried: list[Edit]
) -> None:
    late, success = say(failed, *tried), say(paid, *tried)
    assert late.occurred_at > success.occurred_at
    assert (late.touchpoint, late.takes_back) == (Touchpoint.PAYMENT_FAILED, success.fact)
    assert set(success.links) & set(late.links)


@pytest.mark.parametrize("failed", ["payment.failed", "failed_payment_notification"])
def test_a_declined_attempt_takes_no_renewal_back_that_was_told_before(say: Say, failed: str) -> None:
    told_at_once = ("2025-10-31T12:00:00Z", "2025-11-03T12:00:10Z")
    assert say(failed, told_at_once).takes_back == ""


def test_a_failure_without_a_subscription_names_what_it_takes_back_whenever_it_is_told(say: Say) -> None:
    alone = ("<subscription_id>7b1e55aa0c9d4e1f8a2b3c4d5e6f7081</subscription_id>", "")
    assert say("failed_payment_notification", alone).takes_back == fact_key("recurly", SITE, "10414", "payment")


def test_a_recovery_that_fails_late_is_taken_back_as_such(say: Say) -> None:
    body = (FOLDER / "payment.failed.late.json").read_bytes().replace(b"5f601", b"5f603")
    (reference,) = recurly.normalise(webhook(body), SOURCE)
    assert isinstance(reference, ObjectReference)
    (late,) = recurly.resolve(reference, SOURCE, MemoryApis(ANSWERS).call)
    assert isinstance(late, BillingEvent)
    assert late.takes_back == say("payment.succeeded.recovered").fact


def test_a_failure_in_xml_is_of_the_day_it_was_told_only_if_that_is_later(say: Say) -> None:
    minutes = ("2025-10-31T12:00:00Z", "2025-11-03T11:58:00Z")
    assert say("failed_payment_notification").occurred_at == NOW
    assert say("failed_payment_notification", minutes).occurred_at == NOW.replace(minute=58, hour=11, second=0)
    assert say("new_dunning_event_notification").occurred_at < NOW


@pytest.mark.parametrize("name", ["void_payment_notification.card_check", "successful_refund_notification.nothing"])
def test_what_moved_no_money_gives_none_back(name: str) -> None:
    assert recurly.normalise(webhook((FOLDER / f"{name}.xml").read_bytes()), SOURCE) == ()


def test_an_authorisation_that_is_voided_gives_no_money_back() -> None:
    assert resolved("payment.voided.authorization", ANSWERS) == ()


@pytest.mark.parametrize("changed", [{"status": "declined"}, {"amount": "0.00"}])
def test_a_refund_that_returns_nothing_is_none(changed: dict[str, Any]) -> None:
    path = "/transactions/uuid-7b1f0a94c2e84d5f90a1b2c3d4e5f6f1"
    assert resolved("payment.refunded", {**ANSWERS, path: ANSWERS[path] | changed}) == ()


def test_a_refund_names_the_payment_and_invoice_that_it_gives_back(say: Say) -> None:
    objects = say("payment.refunded").objects
    assert (objects["payment"], objects["invoice"]) == ("7b1f0a94c2e84d5f90a1b2c3d4e5f601", "10412")


def test_a_refund_that_names_a_credit_note_alone_finds_the_invoice_credited(say: Say) -> None:
    assert say("payment.refunded.credit_invoice").objects["invoice"] == "10412"


def test_a_refund_told_under_its_payments_own_id_is_of_that_payment() -> None:
    path = "/transactions/uuid-7b1f0a94c2e84d5f90a1b2c3d4e5f6f1"
    answers = {**ANSWERS, path: ANSWERS["/transactions/uuid-7b1f0a94c2e84d5f90a1b2c3d4e5f601"]}
    (refunded,) = resolved("payment.refunded", answers)
    assert isinstance(refunded, BillingEvent)
    assert refunded.objects["payment"] == "7b1f0a94c2e84d5f90a1b2c3d4e5f601"


def test_a_refund_told_as_a_payment_is_a_refund() -> None:
    path = "/transactions/uuid-7b1f0a94c2e84d5f90a1b2c3d4e5f601"
    answers = {**ANSWERS, path: ANSWERS["/transactions/uuid-7b1f0a94c2e84d5f90a1b2c3d4e5f6f1"]}
    (refunded,) = resolved("payment.succeeded", answers)
    assert isinstance(refunded, BillingEvent)
    assert refunded.touchpoint is Touchpoint.REFUNDED


@pytest.mark.parametrize("answers", [ANSWERS, {}])
def test_a_refund_whose_payment_nobody_names_becomes_a_task(answers: dict[str, Any]) -> None:
    *_, in_json = resolved("payment.refunded.unmatched", answers)
    *_, in_xml = resolved("successful_refund_notification.unmatched", answers)
    for task in (in_json, in_xml):
        assert isinstance(task, OperatorTask)
        assert (task.kind, task.id) == (UNMATCHED, "7b1f0a94c2e84d5f90a1b2c3d4e5f6f9")


def test_a_refund_in_xml_is_tied_to_its_payment_by_the_api(say: Say) -> None:
    (tie,) = resolved("successful_refund_notification", ANSWERS)
    assert isinstance(tie, BillingEvent)
    assert tie.touchpoint is None
    assert set(tie.links) & set(say("successful_payment_notification").links)
    assert set(tie.links) & set(say("successful_refund_notification").links)


@pytest.mark.parametrize(("test_mode", "count"), [(False, 1), (True, 2)])
def test_the_api_is_asked_about_a_test_refund_only_where_tests_count(*, test_mode: bool, count: int) -> None:
    body = (FOLDER / "successful_refund_notification.xml").read_bytes()
    source = Source("recurly", "recurly", test_mode=test_mode)
    tested = body.replace(b'<test type="boolean">false', b'<test type="boolean">true')
    assert len(recurly.normalise(webhook(tested), source)) == count


def resolved(name: str, answers: dict[str, Any]) -> tuple[BillingEvent | OperatorTask, ...]:
    """What the API says of the object that a sample refers to."""
    (file,) = FOLDER.glob(f"{name}.[jx][sm][ol]*")
    *_, reference = recurly.normalise(webhook(file.read_bytes()), SOURCE)
    assert isinstance(reference, ObjectReference)
    return recurly.resolve(reference, SOURCE, MemoryApis(answers).call)


# States of subscriptions


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("subscription.created", SubscriptionState.RUNNING),
        ("subscription.updated", SubscriptionState.RUNNING),
        ("subscription.reactivated", SubscriptionState.RUNNING),
        ("subscription.resumed", SubscriptionState.RUNNING),
        ("subscription.expired.planned", SubscriptionState.EXPIRED),
        ("subscription.expired", None),
        ("subscription.canceled", None),
        ("new_subscription_notification", SubscriptionState.RUNNING),
        ("updated_subscription_notification", None),
        ("reactivated_account_notification", SubscriptionState.RUNNING),
        ("subscription_resumed_notification", SubscriptionState.RUNNING),
        ("expired_subscription_notification.planned", SubscriptionState.EXPIRED),
        ("expired_subscription_notification", None),
        ("canceled_subscription_notification", None),
        ("updated_account_notification", None),
    ],
)
def test_a_notice_proves_a_state_of_a_subscription_that_it_names(
    say: Say, name: str, state: SubscriptionState | None
) -> None:
    event = say(name)
    assert event.subscription_state is state
    assert event.objects["customer"] == "anwar-22"
    assert ("subscription" in event.objects) is (name != "updated_account_notification")


def test_a_canceled_subscription_that_is_updated_does_not_run_on(say: Say) -> None:
    canceled = ("<state>active</state>", "<state>canceled</state>")
    assert say("updated_subscription_notification", canceled).subscription_state is None


def test_an_account_alone_that_is_reactivated_proves_nothing() -> None:
    body = b"<reactivated_account_notification><account><account_code>a</account_code></account>"
    (event,) = recurly.normalise(webhook(body + b"</reactivated_account_notification>"), SOURCE)
    assert isinstance(event, BillingEvent)
    assert event.subscription_state is None


NOT_CANCELED = ('<canceled_at type="datetime">2025-11-04T17:20:11Z</canceled_at>', "")
SOONER = ("2025-12-03T12:00:00Z</expires_at>", "2025-11-24T12:00:00Z</expires_at>")


@pytest.mark.parametrize(
    ("said", "planned"),
    [
        ("", True),
        ("<auto_renew>false</auto_renew>", True),
        ("<auto_renew>true</auto_renew>", False),
        ("<remaining_billing_cycles>2</remaining_billing_cycles>", False),
        ("<total_billing_cycles>6</total_billing_cycles><remaining_billing_cycles>0</remaining_billing_cycles>", True),
        ("<remaining_billing_cycles>some</remaining_billing_cycles>", True),
    ],
)
def test_an_end_that_nobody_announced_is_planned_unless_more_was_to_come(say: Say, said: str, *, planned: bool) -> None:
    event = say("expired_subscription_notification", NOT_CANCELED, ("</subscription>", f"{said}</subscription>"))
    assert (event.touchpoint is None) is planned


def test_an_end_within_a_period_was_not_planned(say: Say) -> None:
    assert say("expired_subscription_notification", NOT_CANCELED, SOONER).touchpoint is Touchpoint.CANCELLED
    assert say("expired_subscription_notification.unpaid").touchpoint is Touchpoint.CANCELLED


# Trials


@pytest.mark.parametrize("name", ["subscription.created.trial", "new_subscription_notification.trial"])
def test_the_begin_of_a_trial_is_learned(say: Say, name: str) -> None:
    event = say(name)
    assert event.touchpoint is None
    assert event.subscription_state is SubscriptionState.RUNNING


@pytest.mark.parametrize("name", ["subscription.renewed.converted", "renewed_subscription_notification.converted"])
def test_the_first_period_after_a_trial_is_its_conversion(say: Say, name: str) -> None:
    event = say(name)
    assert event.touchpoint is Touchpoint.TRIAL_CONVERTED
    assert event.fact == fact_key("recurly", SITE, f"{SUBSCRIPTION[:-1]}3", "trial_converted")


def test_an_invoice_of_nothing_for_a_trial_is_no_start(say: Say) -> None:
    assert say("paid_charge_invoice_notification.trial").touchpoint is None


@pytest.mark.parametrize(("total", "touchpoints"), [("0.00", []), ("5.00", [Touchpoint.PAYMENT_SUCCEEDED])])
def test_what_setting_up_a_trial_costs_is_a_payment(total: str, touchpoints: list[Touchpoint]) -> None:
    path = "/subscriptions/tq1sub000002"
    answers = without(i10400={"total": total, "paid": total})
    answers[path] = ANSWERS[path] | {"trial_ends_at": "2025-12-03T09:15:04Z"}
    found = resolved("charge_invoice.paid.started", answers)
    assert [one.touchpoint for one in found if isinstance(one, BillingEvent)] == touchpoints


# Payments, accounts and money


def test_an_invoice_that_was_paid_in_another_way_has_its_total_as_the_amount(say: Say) -> None:
    assert say("charge_invoice.paid.transfer").money == Money(12000, "GBP")


def test_an_address_that_only_the_parent_account_has_is_found_there(say: Say) -> None:
    document = ANSWERS["/subscriptions/uuid-7b1e55aa0c9d4e1f8a2b3c4d5e6f7081"]
    answers = {
        "/subscriptions/uuid-7b1e55aa0c9d4e1f8a2b3c4d5e6f7081": document | {"account": {"code": "anwar-22"}},
        "/accounts/code-anwar-22": {"code": "anwar-22", "email": None, "parent_account_id": "tq1acct00009"},
        "/accounts/tq1acct00009": {"email": "hq@example.org"},
    }
    event = say("subscription.canceled", answers=answers)
    assert (event.customer.id, event.customer.email) == ("anwar-22", "hq@example.org")


def test_an_amount_without_any_currency_is_none(say: Say) -> None:
    source = Source("recurly", "recurly")
    assert say("successful_payment_notification", source=source).money is None
    assert say("renewed_subscription_notification", source=source).customer.attributes == {}
    assert say("paid_charge_invoice_notification", source=source).money == Money(2900, "GBP")
    assert say("renewed_subscription_notification").customer.attributes == {
        "recurring_amount": "2900",
        "currency": "GBP",
    }


def test_an_amount_that_is_nil_is_none_although_it_stands_there(say: Say) -> None:
    nil = ('<total_amount_in_cents type="integer">', '<total_amount_in_cents type="integer" nil="true">')
    assert say("renewed_subscription_notification", nil).money is None


def test_a_test_payment_says_so(say: Say) -> None:
    assert say("successful_payment_notification.test").test is True
    assert say("successful_payment_notification.one_off").test is False


def test_an_invoice_number_includes_its_countrys_prefix(say: Say) -> None:
    assert say("successful_payment_notification.test").objects["invoice"] == "FR1001"


def test_a_notice_without_its_time_happened_when_it_came(say: Say) -> None:
    assert say("successful_payment_notification", ("2025-11-03T12:00:07Z", "lately")).occurred_at == NOW


def test_the_retry_of_an_xml_notice_has_the_same_id(say: Say) -> None:
    one, other = say("new_account_notification"), say("new_account_notification", ("Samira", "Sam"))
    assert one.event_id == say("new_account_notification").event_id != other.event_id


def test_a_parcel_is_addressed_to_somebody_else(say: Say) -> None:
    parcel = "<shipping_address><email>ebba@example.net</email></shipping_address></subscription>"
    event = say("renewed_subscription_notification", ("</subscription>", parcel), ("samira.anwar@example.com", ""))
    assert event.customer.email == "samira.anwar@example.com"  # the account's, from the API
    assert "ebba" not in repr(event)


def test_another_sites_notifications_are_ignored() -> None:
    body = (FOLDER / "subscription.renewed.json").read_bytes()
    assert recurly.normalise(webhook(body), Source("recurly", "recurly", account="another")) == ()


def test_without_a_configured_site_json_names_it_and_xml_falls_back_to_the_source(say: Say) -> None:
    plain = Source("books", "recurly")
    assert say("subscription.renewed", source=plain).fact.startswith(f"recurly|{SITE}|")
    assert say("renewed_subscription_notification", source=plain).fact.startswith("recurly|books|")


def test_a_notification_without_an_id_is_known_by_its_bytes(say: Say) -> None:
    assert len(say("account.created", ('"id"', '"ID"')).event_id) == 32
    body = (FOLDER / "payment.succeeded.json").read_bytes().replace(b'"id"', b'"ID"')
    (event,) = recurly.normalise(webhook(body), SOURCE)
    assert event.event_id == "payment-7b1f0a94c2e84d5f90a1b2c3d4e5f601"


@pytest.mark.parametrize(
    ("name", "key", "missing"),
    [
        ("payment.succeeded", "uuid", "no uuid"),
        ("subscription.renewed", "uuid", "no uuid"),
        ("charge_invoice.paid", "invoice_number", "no invoice_number"),
        ("account.created", "account_code", "no account_code"),
        ("account.created", "event_time", "no usable event_time"),
        ("charge_invoice.paid", "event_time", "no usable event_time"),
    ],
)
def test_json_without_its_object_or_time_says_what_is_missing(name: str, key: str, missing: str) -> None:
    payload = json.loads((FOLDER / f"{name}.json").read_bytes()) | {key: None}
    with pytest.raises(PayloadError, match=rf"^The Recurly notification {name} has {missing}\.$"):
        recurly.normalise(webhook(json.dumps(payload).encode()), SOURCE)


@pytest.mark.parametrize(
    ("root", "missing"),
    [
        ("successful_payment", "payment"),
        ("paid_charge_invoice", "invoice"),
        ("failed_payment", "payment"),
        ("successful_refund", "payment"),
        ("past_due_charge_invoice", "invoice"),
        ("renewed_subscription", "subscription"),
        ("canceled_subscription", "subscription"),
    ],
)
def test_xml_without_its_object_says_what_is_missing(root: str, missing: str) -> None:
    with pytest.raises(PayloadError, match=rf"^The Recurly notification {root}_notification names no {missing}\.$"):
        recurly.normalise(webhook(f"<{root}_notification/>".encode()), SOURCE)


@pytest.mark.parametrize(
    "body", [b"<html></html>", b"<a", b'{"object_type": "account"}', b'{"event_type": "created"}', b"{}", b"[]"]
)
def test_what_is_no_notification_of_recurly_is_an_error(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^The body .*\.$"):
        recurly.normalise(webhook(body), SOURCE)


def test_a_card_check_a_paper_invoice_and_a_subscription_to_come_only_teach(say: Say) -> None:
    lessons = ["successful_payment_notification.card_check", "new_dunning_event_notification.paper"]
    for name in (*lessons, "new_subscription_notification.future", "closed_invoice_notification.failed"):
        assert say(name).touchpoint is None


def test_of_all_reminders_the_end_of_a_trial_is_one(say: Say) -> None:
    assert say("prerenewal_notification").fact.endswith("|trial_ending|2025-11-06")
    body = (FOLDER / "prerenewal_notification.bill_date.xml").read_bytes()
    assert recurly.normalise(webhook(body), SOURCE) == ()


def test_unknown_kinds_of_either_format_are_ignored() -> None:
    for body in (b'{"object_type": "usage", "event_type": "created"}', b"<new_usage_notification/>"):
        assert recurly.normalise(webhook(body), SOURCE) == ()


def test_a_payment_unknown_to_the_api_comes_to_nothing() -> None:
    for kind in ("payment.succeeded", "charge_invoice.paid"):
        reference = ObjectReference("recurly", "n1", NOW, kind, "x/y", SITE)
        apis = MemoryApis()
        assert recurly.resolve(reference, SOURCE, apis.call) == ()
        assert apis.asked[0].endswith("-x%2Fy")


def test_a_credit_invoice_is_no_payment() -> None:
    reference = ObjectReference("recurly", "n1", NOW, "charge_invoice.paid", "10412", SITE)
    answers = without(i10412={"type": "credit"})
    assert recurly.resolve(reference, SOURCE, MemoryApis(answers).call) == ()


def test_a_payment_whose_invoice_is_gone_stands_for_itself(say: Say) -> None:
    event = say("payment.succeeded", answers=without("/invoices/number-10412"))
    assert event.fact == fact_key("recurly", SITE, "7b1f0a94c2e84d5f90a1b2c3d4e5f601", "payment")
    assert event.money == Money(2900, "GBP")


def test_a_payment_whose_subscription_is_gone_is_of_its_invoice(say: Say) -> None:
    event = say("charge_invoice.paid", answers=without("/subscriptions/tq1sub000001"))
    assert (event.fact, event.touchpoint) == (fact_key("recurly", SITE, "10412", "payment"), Touchpoint.RENEWED)


def test_the_first_payment_of_a_subscription_is_a_start_even_at_the_second_attempt(say: Say) -> None:
    answers = without(i10400={"transactions": [{"status": "declined"}, {"status": "success", "uuid": "p9"}]})
    event = say("charge_invoice.paid.started", answers=answers)
    assert (event.touchpoint, event.objects["payment"]) == (Touchpoint.SUBSCRIPTION_STARTED, "p9")


def test_a_payment_after_a_failed_attempt_is_a_recovery_and_a_fact_of_its_own(say: Say) -> None:
    event = say("payment.succeeded.recovered")
    assert event.touchpoint is Touchpoint.PAYMENT_RECOVERED
    assert event.fact == fact_key("recurly", SITE, "10414", "payment")


def test_an_invoice_without_its_day_is_of_the_day_it_was_told(say: Say) -> None:
    answers = without(i10412={"created_at": None, "paid": None, "line_items": {"data": [{"description": "A"}]}})
    event = say("charge_invoice.paid", answers=answers)
    assert (event.fact[-10:], event.money, event.products) == ("2025-11-03", Money(2900, "GBP"), ("A",))


def test_a_failed_payment_gets_its_customer_and_amount_from_the_api(say: Say) -> None:
    event = say("payment.failed")
    assert (event.customer.email, event.money) == ("samira.anwar@example.com", Money(2900, "GBP"))
    assert event.objects["customer"] == "anwar-22"


def test_a_renewal_gets_its_amount_from_the_subscription_and_an_end_gets_none(say: Say) -> None:
    assert (say("subscription.renewed").money, say("subscription.renewed").plan) == (Money(2900, "GBP"), "Reader")
    assert (say("subscription.canceled").money, say("subscription.canceled").plan) == (None, "Reader")


@pytest.mark.parametrize("name", ["payment.failed", "charge_invoice.failed", "subscription.renewed", "account.created"])
def test_an_api_that_knows_nothing_changes_nothing(say: Say, name: str) -> None:
    assert say(name, answers={}).customer.email is None


def test_an_event_of_nothing_asks_nothing() -> None:
    event = BillingEvent("recurly", "n1", NOW, CustomerRef())
    apis = MemoryApis()
    assert recurly.find_customer(event, SOURCE, apis.call) == event
    assert apis.asked == []


def test_what_a_notice_said_of_its_customer_is_kept_beside_the_address(say: Say) -> None:
    event = say("successful_payment_notification", ("samira.anwar@example.com", ""), (">Samira<", ">Sam<"))
    customer = event.customer
    assert (customer.email, customer.name, customer.locale) == ("samira.anwar@example.com", "Sam Anwar", "en-GB")
    assert customer.attributes == {"payment_method": "credit_card"}


def test_an_account_that_is_gone_leaves_the_brief_one_of_the_invoice(say: Say) -> None:
    event = say("payment.succeeded", answers=without("/accounts/code-anwar-22"))
    assert (event.customer.email, event.customer.locale) == ("samira.anwar@example.com", None)


def test_recorded_notifications_are_understood(payloads: Path) -> None:
    events = {
        path.stem: recurly.normalise(webhook(path.read_bytes()), Source("recurly", "recurly", currency="USD"))[0]
        for path in sorted((payloads / "recurly").iterdir())
    }
    assert events["successful_payment_notification"].money == Money(1000, "USD")
    assert events["failed_payment_notification"].test is True
    assert events["renewed_subscription_notification"].plan == "Bootstrap"
    assert events["account.created"].customer.id == "adfas23zzz14123"
